/* Starting programs: streams, environment, descriptors, signals and exit statuses. */
#include "fops/base/process.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "fops/base/arena.h"

#define LIMIT       ((size_t)1024 * 1024)
#define PATIENCE_MS 20000

/* Start a shell line with its output in a pipe; returns the end to read. */
static int start_shell(struct arena *arena, const char *line, struct text_list set, struct process *ret_process)
{
	const char *const argv[] = { "sh", "-c", line, NULL };
	struct process_request request = { .argv = argv, .set = set, .input = -1, .errors = -1 };
	struct error err;
	int ends[2];

	cr_assert(process_pipe(ends, &err));
	request.output = ends[1];
	cr_assert(process_start(arena, &request, ret_process, &err), "%s: %s", err.message, err.cause);
	(void)close(ends[1]);
	return ends[0];
}

static const char *read_to_end(struct arena *arena, int descriptor)
{
	char *text = arena_alloc(arena, 65536);
	size_t len = 0;
	ssize_t got;

	while ((got = read(descriptor, text + len, 65535 - len)) > 0)
		len += (size_t)got;
	(void)close(descriptor);
	return text;
}

/* Run a shell line to its end; returns its output. */
static const char *run(struct arena *arena, const char *line, int *ret_status)
{
	struct process process = { 0 };
	const char *text = read_to_end(arena, start_shell(arena, line, (struct text_list){ 0 }, &process));

	cr_assert(process_collect(&process, true, ret_status));
	cr_assert_eq(process.pid, 0);
	return text;
}

Test(process, passes_the_exit_status)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	int status = -1;

	cr_assert_str_eq(run(arena, "echo out", &status), "out\n");
	cr_assert_eq(status, 0);
	(void)run(arena, "exit 37", &status);
	cr_assert_eq(status, 37);
	(void)run(arena, "kill -KILL $$", &status);
	cr_assert_eq(status, 128 + SIGKILL);
}

Test(process, has_an_empty_input_when_none_is_given)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	int status = -1;

	cr_assert_str_eq(run(arena, "cat; echo end", &status), "end\n");
}

Test(process, is_refused_when_the_program_is_missing)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	const char *const argv[] = { "no-such-program-anywhere", NULL };
	struct process_request request = { .argv = argv, .input = -1, .output = -1, .errors = -1 };
	struct process process = { 0 };
	struct error err = { 0 };

	cr_assert_not(process_start(arena, &request, &process, &err));
	cr_assert_eq(err.id, ERROR_ASSET_DRIVER);
	cr_assert_str_eq(err.cause, "No such file or directory");
	cr_assert_eq(process.pid, 0);
}

Test(process, inherits_no_descriptor_above_two)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	int status = -1;
	/* not close-on-exec, as a careless caller of the program would leave it */
	int careless = open("/dev/null", O_RDONLY);

	cr_assert_geq(careless, 3);
	/* the shell itself opens the folder that it lists */
	cr_assert_str_eq(run(arena, "for i in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$i ] || echo $i; done", &status),
	                 "");
	(void)close(careless);
}

Test(process, gets_the_needed_environment_with_additions_and_without_secrets)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	const char *items[] = { "ADDED=new", "REPLACED=new", "EMPTY=" };
	struct process process = { 0 };
	const char *text;
	int status = -1;

	cr_assert_eq(setenv("REPLACED", "old", 1), 0);
	cr_assert_eq(setenv("LC_KEPT", "kept", 1), 0);
	cr_assert_eq(setenv("FOPS_TOKEN", "secret", 1), 0);
	cr_assert_eq(setenv("HIDDEN", "secret", 1), 0);
	text = read_to_end(
	        arena,
	        start_shell(arena, "echo $ADDED,$REPLACED,$LC_KEPT,${EMPTY-unset},${FOPS_TOKEN-unset},${HIDDEN-unset}",
	                    (struct text_list){ items, 3 }, &process));
	cr_assert_str_eq(text, "new,new,kept,,unset,unset\n");
	cr_assert(process_collect(&process, true, &status));
}

Test(process, starts_with_default_signals)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;
	int status = -1;

	cr_assert_eq(sigaction(SIGPIPE, &ignore, NULL), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	cr_assert_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	(void)run(arena, "kill -PIPE $$; exit 1", &status);
	cr_assert_eq(status, 128 + SIGPIPE);
	(void)run(arena, "kill -TERM $$; exit 1", &status);
	cr_assert_eq(status, 128 + SIGTERM);
}

Test(process, is_told_ended_by_its_descriptor)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct process process = { 0 };
	int output = start_shell(arena, "exit 3", (struct text_list){ 0 }, &process);
	struct pollfd wait = { process.descriptor, POLLIN, 0 };
	int status = -1;

	cr_assert_eq(poll(&wait, 1, PATIENCE_MS), 1);
	cr_assert(process_collect(&process, false, &status));
	cr_assert_eq(status, 3);
	cr_assert_eq(fcntl(wait.fd, F_GETFD), -1, "the descriptor is closed");
	(void)close(output);
}

Test(process, is_not_collected_while_it_runs)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct process process = { 0 };
	int status = -1;
	/* the child of the shell is killed with it: they share the session's group */
	int output = start_shell(arena, "sleep 1000 & echo ready; wait", (struct text_list){ 0 }, &process);
	char ready[6];

	cr_assert_eq(read(output, ready, sizeof ready), 6);
	cr_assert_not(process_collect(&process, false, &status));
	cr_assert_eq(status, -1);
	process_signal(&process, SIGKILL);
	cr_assert(process_collect(&process, true, &status));
	cr_assert_eq(status, 128 + SIGKILL);
	/* end of file: the grandchild that held the other end is gone as well */
	cr_assert_eq(read(output, ready, sizeof ready), 0);
	(void)close(output);
}

Test(process, that_is_none_is_left_alone)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct process none = { 0, -1 }, other = { 0 };
	int output = start_shell(arena, "exit 5", (struct text_list){ 0 }, &other);
	struct pollfd wait = { other.descriptor, POLLIN, 0 };
	int status = -1;

	cr_assert_eq(poll(&wait, 1, PATIENCE_MS), 1);
	process_signal(&none, SIGKILL);
	cr_assert_not(process_collect(&none, true, &status), "it must not collect the other one");
	cr_assert(process_collect(&other, true, &status));
	cr_assert_eq(status, 5);
	(void)close(output);
}

Test(process, may_have_a_terminal_of_its_own)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	const char *const argv[] = { "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && exec 3</dev/tty && echo yes",
		                     NULL };
	struct process_request request = { .argv = argv, .input = -1, .output = -1, .errors = -1 };
	struct process process = { 0 };
	struct error err;
	char text[16] = { 0 };
	int master = -1;
	int status = -1;

	cr_assert(process_terminal(arena, &master, &request.terminal, &err), "%s", err.cause);
	cr_assert(process_start(arena, &request, &process, &err), "%s", err.cause);
	cr_assert_eq(read(master, text, sizeof text - 1), 5);
	cr_assert_str_eq(text, "yes\r\n");
	cr_assert(process_collect(&process, true, &status));
	cr_assert_eq(status, 0);
	(void)close(master);
}

Test(process, replaced_by_a_missing_program_is_a_failure)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	const char *const argv[] = { "x", NULL };
	struct error err = { 0 };

	cr_assert_not(process_replace(arena, "/no/such/program", argv, (struct text_list){ 0 }, &err));
	cr_assert_eq(err.id, ERROR_EXTENSION);
	cr_assert_str_eq(err.cause, "No such file or directory");
}

Test(process, replaced_ends_with_the_new_status, .exit_code = 42)
{
	struct arena *arena = arena_new(LIMIT);
	const char *const argv[] = { "sh", "-c", "test \"$ADDED\" = new && exit 42", NULL };
	const char *items[] = { "ADDED=new" };
	struct error err;

	(void)process_replace(arena, "/bin/sh", argv, (struct text_list){ items, 1 }, &err);
}

Test(descriptor, does_not_block_when_told_so)
{
	struct error err;
	int ends[2];
	char byte;

	cr_assert(process_pipe(ends, &err));
	cr_assert_eq(fcntl(ends[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	descriptor_unblock(ends[0]);
	cr_assert_eq(read(ends[0], &byte, 1), -1);
	cr_assert_eq(errno, EAGAIN);
	descriptor_unblock(-1);
	(void)close(ends[0]);
	(void)close(ends[1]);
}
