/* Signals reach the command and not the program that carries it. */
#include "process_family.h"

#include <criterion/criterion.h>
#include <sys/wait.h>

#include "fops/base/arena.h"
#include "fops/base/process.h"

/* A leader that ignores nothing and waits for its child, as lxc-attach does; ready once it wrote a byte. */
static struct process start_leader(struct arena *arena, const char *script, int ready[2])
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct process_request request = { .argv = argv, .input = -1, .errors = -1 };
	struct process process;
	struct error err;
	char byte;

	cr_assert(process_pipe(ready, &err));
	request.output = ready[1];
	cr_assert(process_start(arena, &request, &process, &err));
	(void)close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	return process;
}

Test(process_family, signals_the_group_but_not_its_leader, .timeout = 20)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	int ready[2];
	int status = -1;
	struct process process = start_leader(arena, "sh -c 'echo x; exec sleep 30'; exit $?", ready);

	cr_assert_eq(family_signal(process.pid, SIGTERM), 1);
	cr_assert(process_collect(&process, true, &status));
	cr_assert_eq(status, 143, "the leader told the status of its child, it was not ended itself: %d", status);
	(void)close(ready[0]);
	arena_free(arena);
}

Test(process_family, finds_a_session_that_a_child_leads, .timeout = 20)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	int ready[2];
	int status = -1;
	struct process process =
	        start_leader(arena, "setsid --wait sh -c 'echo x; exec sleep 30' & wait $!; exit $?", ready);

	cr_assert_geq(family_signal(process.pid, SIGKILL), 1);
	cr_assert(process_collect(&process, true, &status));
	cr_assert_eq(status, 137);
	(void)close(ready[0]);
	arena_free(arena);
}

Test(process_family, touches_nothing_without_a_program)
{
	cr_assert_eq(family_signal(0, 0), 0);
	cr_assert_eq(family_signal(1, 0), 0);
	cr_assert_eq(family_signal(-1, 0), 0);
}
