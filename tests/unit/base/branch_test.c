/* Work in a copy of the program: its messages, its limits, its end. */
#include "fops/base/branch.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fops/base/arena.h"

struct message {
	int number;
	bool clean;
};

struct heard {
	int count;
	struct message last;
	int64_t more_ms;
};

static void hear(void *user, const void *message, struct deadline *limit)
{
	struct heard *heard = user;

	heard->count++;
	memcpy(&heard->last, message, sizeof heard->last);
	if (heard->more_ms > 0)
		*limit = deadline_after(heard->more_ms);
}

static bool run(void (*work)(void *user, int answers), struct heard *heard, int64_t limit_ms, struct error *err)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct branch_request request = { .work = work,
		                          .heard = hear,
		                          .user = heard,
		                          .message_bytes = sizeof(struct message),
		                          .limit = deadline_after(limit_ms),
		                          .file_bytes = 4096,
		                          .memory_bytes = (uint64_t)1 << 32 };
	bool good;

	text_list_add(arena, &request.environment, "ONLY=this");
	good = branch_run(arena, &request, err);
	arena_free(arena);
	return good;
}

static void say_three(void *user, int answers)
{
	(void)user;
	for (int i = 1; i <= 3; i++)
		branch_say(answers, &(struct message){ .number = i }, sizeof(struct message));
}

Test(branch, delivers_every_message_in_order)
{
	struct heard heard = { 0 };
	struct error err;

	cr_assert(run(say_three, &heard, 10000, &err), "%s", err.message);
	cr_assert_eq(heard.count, 3);
	cr_assert_eq(heard.last.number, 3);
}

static void tell_surroundings(void *user, int answers)
{
	mode_t mask = umask(0);
	struct message message = { .number = (int)mask };

	(void)user;
	message.clean = getenv("PATH") == NULL && getenv("ONLY") != NULL;
	branch_say(answers, &message, sizeof message);
}

Test(branch, has_only_the_environment_that_it_was_given)
{
	struct heard heard = { 0 };
	struct error err;

	cr_assert(run(tell_surroundings, &heard, 10000, &err));
	cr_assert(heard.last.clean);
	cr_assert_eq(heard.last.number, 077);
	cr_assert_not_null(getenv("PATH"), "the program's own environment stays");
}

static void hang(void *user, int answers)
{
	(void)user;
	branch_say(answers, &(struct message){ .number = (int)getpid() }, sizeof(struct message));
	for (;;)
		pause();
}

Test(branch, is_ended_when_its_time_is_up)
{
	struct heard heard = { 0 };
	struct error err;

	cr_assert_not(run(hang, &heard, 100, &err));
	cr_assert_eq(err.id, ERROR_TIMEOUT);
	cr_assert_eq(heard.count, 1);
	cr_assert_neq(kill(heard.last.number, 0), 0, "the copy is gone and collected");
}

Test(branch, gets_more_time_when_a_message_says_so)
{
	struct heard heard = { .more_ms = 10000 };
	struct error err;

	cr_assert(run(say_three, &heard, 200, &err));
	heard = (struct heard){ .more_ms = 150 };
	cr_assert_not(run(hang, &heard, 60000, &err));
	cr_assert_eq(err.id, ERROR_TIMEOUT);
}

static void interrupt_parent(void *user, int answers)
{
	(void)user;
	(void)answers;
	(void)kill(getppid(), SIGINT);
	for (;;)
		pause();
}

Test(branch, ends_with_the_signal_that_its_program_got)
{
	struct heard heard = { 0 };
	struct error err;

	cr_assert_not(run(interrupt_parent, &heard, 10000, &err));
	cr_assert_eq(err.id, ERROR_INTERRUPTED);
}

static void say_nothing(void *user, int answers)
{
	(void)user;
	(void)answers;
}

Test(branch, may_end_without_a_word)
{
	struct heard heard = { 0 };
	struct error err;

	cr_assert(run(say_nothing, &heard, 10000, &err));
	cr_assert_eq(heard.count, 0);
}
