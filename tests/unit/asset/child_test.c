/* One program through the loop: all of its output, its exact status, and an end in bounded time. */
#include "child.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "loop_inspect.h"

struct watched {
	struct child child;
	struct buffer out[2];
	bool ended;
	int status;
};

static struct arena *arena;
static struct loop *loop;

static void open_loop(void)
{
	struct error err;

	arena = arena_new((size_t)1 << 24);
	cr_assert(loop_new(&loop, &err));
}

static void close_loop(void)
{
	loop_free(loop);
	arena_free(arena);
}

TestSuite(child, .init = open_loop, .fini = close_loop, .timeout = 20);

static void take_output(struct child *child, int stream, const char *data, size_t len)
{
	struct watched *watched = child->user;

	buffer_append(&watched->out[stream - 1], data, len);
}

static void take_end(struct child *child, int status)
{
	struct watched *watched = child->user;

	watched->ended = true;
	watched->status = status;
}

static void start(struct watched *watched, const char *script, struct child_request request)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct error err;

	*watched = (struct watched){ .child = { .loop = loop, .on_output = take_output, .on_ended = take_end },
		                     .out = { BUFFER((size_t)1 << 24), BUFFER((size_t)1 << 24) } };
	watched->child.user = watched;
	request.argv = argv;
	cr_assert(child_start(&watched->child, arena, &request, &err), "%s", err.message);
}

static void finish(struct watched *watched)
{
	struct error err;

	while (!watched->ended)
		cr_assert(loop_turn(loop, NO_DEADLINE, &err));
	cr_assert_eq(loop_pending(loop), 0);
}

static void done(struct watched *watched)
{
	buffer_done(&watched->out[0]);
	buffer_done(&watched->out[1]);
}

static const struct child_request pipes = { .output = CHILD_PIPE, .errors = CHILD_PIPE };

Test(child, keeps_streams_apart_and_tells_the_status)
{
	struct watched watched;

	start(&watched, "echo out; echo err >&2; pwd; exit 7", pipes);
	finish(&watched);
	cr_assert_str_eq(buffer_string(&watched.out[0]), "out\n/\n");
	cr_assert_str_eq(buffer_string(&watched.out[1]), "err\n");
	cr_assert_eq(watched.status, 7);
	done(&watched);
}

Test(child, keeps_the_order_of_merged_streams)
{
	struct child_request merged = pipes;
	struct watched watched;

	merged.merge_errors = true;
	start(&watched, "for i in 1 2 3; do echo o$i; echo e$i >&2; done", merged);
	finish(&watched);
	cr_assert_str_eq(buffer_string(&watched.out[0]), "o1\ne1\no2\ne2\no3\ne3\n");
	done(&watched);
}

Test(child, tells_a_signal_as_a_shell_does)
{
	struct watched watched;

	start(&watched, "kill -9 $$", pipes);
	finish(&watched);
	cr_assert_eq(watched.status, 137);
	done(&watched);
}

Test(child, loses_nothing_when_the_program_ends_first)
{
	struct watched watched;

	start(&watched, "head -c 3000000 /dev/zero", pipes);
	finish(&watched);
	cr_assert_eq(watched.out[0].len, 3000000);
	done(&watched);
}

Test(child, does_not_wait_for_what_the_program_left_behind)
{
	int64_t before = clock_monotonic_ms();
	struct watched watched;

	start(&watched, "sleep 15 & echo $!", pipes);
	finish(&watched);
	cr_assert_lt(clock_monotonic_ms() - before, 8000);
	cr_assert_eq(watched.status, 0);
	(void)kill((pid_t)strtol(buffer_string(&watched.out[0]), NULL, 10), SIGKILL);
	done(&watched);
}

Test(child, gives_input_and_its_end)
{
	struct child_request request = pipes;
	struct watched watched;

	request.input = CHILD_PIPE;
	start(&watched, "cat; echo end", request);
	cr_assert_eq(child_write(&watched.child, "abc\n", 4), 4);
	child_close_input(&watched.child);
	finish(&watched);
	cr_assert_str_eq(buffer_string(&watched.out[0]), "abc\nend\n");
	done(&watched);
}

Test(child, takes_less_input_when_nobody_reads)
{
	static char block[1 << 20];
	struct child_request request = pipes;
	struct watched watched;

	request.input = CHILD_PIPE;
	start(&watched, "sleep 30", request);
	cr_assert_lt(child_write(&watched.child, block, sizeof block), sizeof block);
	child_stop(&watched.child);
	cr_assert_not(watched.ended);
	cr_assert_eq(loop_pending(loop), 0);
	done(&watched);
}

Test(child, is_a_terminal_with_a_size)
{
	struct child_request request = { .terminal = true, .size = { .columns = 91, .rows = 17 } };
	struct watched watched;

	start(&watched, "test -t 0 && test -t 1 && test -t 2 && stty size", request);
	finish(&watched);
	cr_assert_str_eq(buffer_string(&watched.out[0]), "17 91\r\n");
	cr_assert_eq(watched.status, 0);
	done(&watched);
}

Test(child, reports_a_missing_program)
{
	static const char *const argv[] = { "no-such-program-here", NULL };
	struct child_request request = { .argv = argv };
	struct child child = { .loop = loop, .on_output = take_output, .on_ended = take_end };
	struct error err;

	cr_assert_not(child_start(&child, arena, &request, &err));
	cr_assert_eq(err.id, ERROR_ASSET_DRIVER);
	cr_assert_eq(loop_pending(loop), 0);
}
