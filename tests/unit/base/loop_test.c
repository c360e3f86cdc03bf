/* The event loop: descriptors, regular files, timers and signals. No test waits longer than what it waits for. */
#include "fops/base/loop.h"

#include <criterion/criterion.h>
#include <fcntl.h>

#include "fops/base/process.h"
#include "loop_inspect.h"

#define PATIENCE_MS INT64_C(20000)

struct seen {
	struct loop *loop;
	int count;
	unsigned events;
	int descriptor;
	int number;
	char order[16];
};

static struct loop *new_loop(void)
{
	struct loop *loop = NULL;
	struct error err;

	cr_assert(loop_new(&loop, &err), "%s", err.message);
	return loop;
}

static void drop_loop(struct loop **loop)
{
	loop_free(*loop);
}

static void turn(struct loop *loop)
{
	struct error err;

	cr_assert(loop_turn(loop, deadline_after(PATIENCE_MS), &err), "%s", err.message);
}

static void note(void *user, int descriptor, unsigned events)
{
	struct seen *seen = user;

	seen->count++;
	seen->events = events;
	seen->descriptor = descriptor;
}

static void watch(struct loop *loop, int descriptor, unsigned events, struct seen *seen)
{
	struct error err;

	cr_assert(loop_watch(loop, descriptor, events, note, seen, &err), "%s", err.message);
}

static void make_pipe(int ends[2])
{
	struct error err;

	cr_assert(process_pipe(ends, &err), "%s", err.message);
}

Test(loop, tells_readable_and_writable_descriptors)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen reader = { 0 }, writer = { 0 };
	int ends[2];

	make_pipe(ends);
	watch(loop, ends[0], LOOP_READ, &reader);
	watch(loop, ends[1], LOOP_WRITE, &writer);
	turn(loop);
	cr_assert_eq(reader.count, 0);
	cr_assert_eq(writer.events, LOOP_WRITE);
	cr_assert_eq(writer.descriptor, ends[1]);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	turn(loop);
	cr_assert_eq(reader.events, LOOP_READ);
	loop_unwatch(loop, ends[0]);
	loop_unwatch(loop, ends[1]);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

Test(loop, tells_a_hang_up_that_nobody_asked_for)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen seen = { 0 };
	int ends[2];

	make_pipe(ends);
	watch(loop, ends[0], 0, &seen);
	(void)close(ends[1]);
	turn(loop);
	cr_assert_eq(seen.events, LOOP_HANGUP);
	loop_unwatch(loop, ends[0]);
	(void)close(ends[0]);
}

Test(loop, changes_what_is_watched)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen first = { 0 }, second = { 0 };
	int ends[2];

	make_pipe(ends);
	watch(loop, ends[1], LOOP_WRITE, &first);
	watch(loop, ends[1], LOOP_WRITE, &second);
	cr_assert_eq(loop_pending(loop), 1);
	turn(loop);
	cr_assert_eq(first.count, 0);
	cr_assert_eq(second.count, 1);
	loop_unwatch(loop, ends[1]);
	loop_unwatch(loop, ends[1]);
	loop_unwatch(loop, 100000);
	loop_unwatch(loop, -1);
	cr_assert_eq(loop_pending(loop), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

Test(loop, treats_a_regular_file_as_always_ready)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen seen = { 0 };
	int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	cr_assert_geq(descriptor, 0);
	watch(loop, descriptor, LOOP_READ, &seen);
	turn(loop);
	turn(loop);
	cr_assert_eq(seen.count, 2);
	cr_assert_eq(seen.events, LOOP_READ);
	watch(loop, descriptor, 0, &seen);
	cr_assert_eq(loop_pending(loop), 1);
	loop_unwatch(loop, descriptor);
	cr_assert_eq(loop_pending(loop), 0);
	(void)close(descriptor);
}

Test(loop, refuses_a_descriptor_that_is_not_open)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct error err = { 0 };

	cr_assert_not(loop_watch(loop, -1, LOOP_READ, note, NULL, &err));
	cr_assert_eq(err.id, ERROR_INTERNAL);
	cr_assert_not(loop_watch(loop, 1000, LOOP_READ, note, NULL, &err));
	cr_assert_eq(err.id, ERROR_INTERNAL);
	cr_assert_eq(loop_pending(loop), 0);
}

struct pair {
	struct loop *loop;
	int ends[2][2];
	int calls;
};

static void remove_both(void *user, int descriptor, unsigned events)
{
	struct pair *pair = user;

	(void)descriptor;
	(void)events;
	pair->calls++;
	loop_unwatch(pair->loop, pair->ends[0][0]);
	loop_unwatch(pair->loop, pair->ends[1][0]);
}

Test(loop, forgets_a_descriptor_that_a_callback_of_the_same_turn_removed)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct pair pair = { .loop = loop };
	struct error err;

	for (int i = 0; i < 2; i++) {
		make_pipe(pair.ends[i]);
		cr_assert_eq(write(pair.ends[i][1], "x", 1), 1);
		cr_assert(loop_watch(loop, pair.ends[i][0], LOOP_READ, remove_both, &pair, &err));
	}
	turn(loop);
	cr_assert_eq(pair.calls, 1);
	for (int i = 0; i < 4; i++)
		(void)close(pair.ends[i / 2][i % 2]);
}

static void expire_a(void *user)
{
	struct seen *seen = user;

	seen->order[seen->count++] = 'a';
}

static void expire_b(void *user)
{
	struct seen *seen = user;

	seen->order[seen->count++] = 'b';
}

/* Two pipes that became readable together; whichever is served first replaces the other. */
struct replacement {
	struct loop *loop;
	int readers[2];
	int quiet; /* read end of a pipe that nothing was written into */
	int served;
	struct seen fresh;
};

static void replace_the_other(void *user, int descriptor, unsigned events)
{
	struct replacement *pair = user;
	int other = descriptor == pair->readers[0] ? pair->readers[1] : pair->readers[0];

	(void)events;
	pair->served++;
	loop_unwatch(pair->loop, descriptor);
	loop_unwatch(pair->loop, other);
	/* closes the other and gives its number to the quiet pipe, as the next open() may */
	cr_assert_eq(dup2(pair->quiet, other), other);
	watch(pair->loop, other, LOOP_READ, &pair->fresh);
}

Test(loop, does_not_wake_a_newcomer_for_the_descriptor_whose_number_it_took)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct replacement pair = { .loop = loop };
	struct error err;
	int pipes[3][2];

	for (size_t i = 0; i < ARRAY_LEN(pipes); i++)
		make_pipe(pipes[i]);
	pair.quiet = pipes[2][0];
	for (size_t i = 0; i < ARRAY_LEN(pair.readers); i++) {
		pair.readers[i] = pipes[i][0];
		cr_assert_eq(write(pipes[i][1], "x", 1), 1);
		cr_assert(loop_watch(loop, pair.readers[i], LOOP_READ, replace_the_other, &pair, &err), "%s",
		          err.message);
	}
	turn(loop);
	cr_assert_eq(pair.served, 1);
	cr_assert_eq(pair.fresh.count, 0);
	/* it is watched all the same */
	cr_assert_eq(write(pipes[2][1], "x", 1), 1);
	turn(loop);
	cr_assert_eq(pair.fresh.count, 1);
	for (size_t i = 0; i < ARRAY_LEN(pipes); i++) {
		(void)close(pipes[i][0]);
		(void)close(pipes[i][1]);
	}
}

Test(loop, lets_timers_expire_in_order)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen seen = { 0 };
	struct loop_timer late = { 0 }, soon = { 0 }, never = { 0 };

	loop_arm(loop, &late, 12, expire_b, &seen);
	loop_arm(loop, &never, 5, expire_b, &seen);
	loop_arm(loop, &soon, 1, expire_a, &seen);
	cr_assert_eq(loop_pending(loop), 3);
	loop_disarm(loop, &never);
	loop_disarm(loop, &never);
	while (loop_pending(loop) > 0)
		turn(loop);
	cr_assert_str_eq(seen.order, "ab");
	cr_assert_not(late.armed || soon.armed || never.armed);
}

Test(loop, moves_a_timer_that_is_armed_again)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen seen = { 0 };
	struct loop_timer timer = { 0 };

	loop_arm(loop, &timer, PATIENCE_MS * 10, expire_b, &seen);
	loop_arm(loop, &timer, -5, expire_a, &seen);
	cr_assert_eq(loop_pending(loop), 1);
	turn(loop);
	cr_assert_str_eq(seen.order, "a");
}

struct chain {
	struct loop *loop;
	struct loop_timer timer;
	int count;
};

static void arm_again(void *user)
{
	struct chain *chain = user;

	if (++chain->count < 5)
		loop_arm(chain->loop, &chain->timer, 1, arm_again, chain);
}

Test(loop, lets_a_timer_arm_itself_again)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct chain chain = { .loop = loop };

	loop_arm(loop, &chain.timer, 0, arm_again, &chain);
	while (loop_pending(loop) > 0)
		turn(loop);
	cr_assert_eq(chain.count, 5);
}

Test(loop, returns_at_the_deadline)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct deadline deadline = deadline_after(5);
	struct error err;

	cr_assert(loop_turn(loop, deadline, &err));
	cr_assert(deadline_passed(deadline));
}

static void note_signal(void *user, int number)
{
	struct seen *seen = user;

	seen->count++;
	seen->number = number;
}

Test(loop, delivers_signals_to_the_callback)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	struct seen seen = { 0 };
	struct error err;

	cr_assert(loop_catch_signals(loop, note_signal, &seen, &err));
	cr_assert_eq(loop_pending(loop), 0, "signals alone are nothing to wait for");
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(raise(caught[i]), 0);
		turn(loop);
		cr_assert_eq(seen.count, i + 1);
		cr_assert_eq(seen.number, caught[i]);
	}
}

Test(loop, gives_signals_to_the_last_callback_that_asked)
{
	CLEANUP(drop_loop) struct loop *loop = new_loop();
	struct seen first = { 0 }, second = { 0 };
	struct error err;
	int before, after;

	cr_assert(loop_catch_signals(loop, note_signal, &first, &err));
	before = dup(STDIN_FILENO);
	(void)close(before);
	for (int i = 0; i < 3; i++)
		cr_assert(loop_catch_signals(loop, note_signal, &second, &err));
	after = dup(STDIN_FILENO);
	(void)close(after);
	cr_assert_eq(before, after, "no descriptor is opened anew");
	cr_assert_eq(raise(SIGTERM), 0);
	turn(loop);
	cr_assert_eq(first.count, 0);
	cr_assert_eq(second.count, 1);
}

Test(loop, lets_signals_through_again_when_freed, .signal = SIGTERM)
{
	struct loop *loop = new_loop();
	struct seen seen = { 0 };
	struct error err;

	cr_assert(loop_catch_signals(loop, note_signal, &seen, &err));
	loop_free(loop);
	(void)raise(SIGTERM);
}

Test(loop, accepts_null_where_it_frees)
{
	loop_free(NULL);
}
