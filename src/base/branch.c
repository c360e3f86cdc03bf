/* A forked copy that nobody waits for longer than the limit: a pipe for its messages, SIGKILL for its end. */
#include "fops/base/branch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fops/base/arena.h"
#include "fops/base/loop.h"
#include "fops/base/process.h"
#include "fops/base/sanitizer.h"

#define PRIVATE_MASK 077

/* The copy under way, seen from the program. */
struct branch {
	const struct branch_request *request;
	struct deadline limit;
	int answers;
	bool ended;
	int signalled;
	size_t filled;
	unsigned char message[BRANCH_MESSAGE_MOST];
};

void branch_say(int answers, const void *message, size_t message_bytes)
{
	const unsigned char *at = message;

	while (message_bytes > 0) {
		ssize_t written = write(answers, at, message_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		at += written;
		message_bytes -= (size_t)written;
	}
}

static void become_copy(struct arena *arena, const struct branch_request *request)
{
	struct rlimit no_core = { 0, 0 };
	struct rlimit files = { request->file_bytes, request->file_bytes };
	struct rlimit memory = { request->memory_bytes, request->memory_bytes };
	char **environment = arena_array(arena, request->environment.count + 1, sizeof *environment);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)setrlimit(RLIMIT_FSIZE, &files);
	if (!ADDRESS_SANITIZER)
		(void)setrlimit(RLIMIT_AS, &memory);
	(void)umask(PRIVATE_MASK);
	for (size_t i = 0; i < request->environment.count; i++)
		environment[i] =
		        arena_text(arena, request->environment.items[i], strlen(request->environment.items[i]));
	environ = environment;
}

static void hear(void *user, int descriptor, unsigned events)
{
	struct branch *branch = user;
	ssize_t got =
	        read(descriptor, branch->message + branch->filled, branch->request->message_bytes - branch->filled);

	(void)events;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		branch->ended = true;
		return;
	}
	branch->filled += (size_t)got;
	if (branch->filled < branch->request->message_bytes)
		return;
	branch->filled = 0;
	branch->request->heard(branch->request->user, branch->message, &branch->limit);
}

static void note_signal(void *user, int number)
{
	struct branch *branch = user;

	if (number != SIGWINCH)
		branch->signalled = number;
}

static bool wait_for_end(struct branch *branch, struct loop *loop, struct error *err)
{
	if (!loop_catch_signals(loop, note_signal, branch, err) ||
	    !loop_watch(loop, branch->answers, LOOP_READ, hear, branch, err))
		return false;
	while (!branch->ended && branch->signalled == 0) {
		if (deadline_passed(branch->limit))
			return fail(err, ERROR_TIMEOUT, "the time limit ran out");
		if (!loop_turn(loop, branch->limit, err))
			return false;
	}
	loop_unwatch(loop, branch->answers);
	if (branch->signalled == SIGINT)
		return fail(err, ERROR_INTERRUPTED, "interrupted by SIGINT");
	if (branch->signalled != 0)
		return fail(err, ERROR_TERMINATED, "ended by a signal");
	return true;
}

static void end_copy(pid_t copy)
{
	(void)kill(copy, SIGKILL);
	while (waitpid(copy, NULL, 0) < 0 && errno == EINTR) {
	}
}

bool branch_run(struct arena *arena, const struct branch_request *request, struct error *err)
{
	struct branch branch = { .request = request, .limit = request->limit };
	struct loop *loop = NULL;
	int ends[2];
	pid_t copy;
	bool good;

	if (request->message_bytes > BRANCH_MESSAGE_MOST)
		return fail(err, ERROR_INTERNAL, "a message of %zu bytes is too large", request->message_bytes);
	if (!process_pipe(ends, err))
		return false;
	copy = fork();
	if (copy == 0) {
		(void)close(ends[0]);
		become_copy(arena, request);
		request->work(request->user, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	branch.answers = ends[0];
	if (copy < 0) {
		(void)close(ends[0]);
		fail(err, ERROR_INTERNAL_MEMORY, "no further process can be made");
		error_cause(err, "%s", errno_text(errno));
		return false;
	}
	good = loop_new(&loop, err) && wait_for_end(&branch, loop, err);
	end_copy(copy);
	loop_free(loop);
	(void)close(ends[0]);
	return good;
}
