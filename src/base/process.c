/* posix_spawn with a clean signal state, a session of its own and nothing inherited above descriptor 2. */
#include "fops/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fops/base/arena.h"

#define CLOSE_ON_EXEC_RANGE 4u /* CLOSE_RANGE_CLOEXEC of linux/close_range.h */
#define MOST_DESCRIPTORS    65536

static bool is_replaced(const char *entry, const struct text_list *set)
{
	size_t name = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < set->count; i++) {
		if (strncmp(entry, set->items[i], name) == 0)
			return true;
	}
	return text_starts(entry, "FOPS_TOKEN=");
}

/* What lxc and ssh need to do their work as the operator set it up; nothing that could hold a secret of ours. */
static bool is_needed(const char *entry)
{
	static const char *const names[] = {
		"PATH=", "HOME=", "USER=", "LOGNAME=",         "SHELL=",  "TERM=", "LANG=",
		"LC_",   "TZ=",   "SSH_",  "XDG_RUNTIME_DIR=", "TMPDIR=", "KRB5",  "ASAN_OPTIONS="
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (text_starts(entry, names[i]))
			return true;
	}
	return false;
}

static char **child_environment(struct arena *arena, const struct text_list *set, bool whole)
{
	size_t count = 0;
	size_t used = 0;
	char **list;

	while (environ != NULL && environ[count] != NULL)
		count++;
	list = arena_array(arena, count + set->count + 1, sizeof *list);
	for (size_t i = 0; i < count; i++) {
		if (!is_replaced(environ[i], set) && (whole || is_needed(environ[i])))
			list[used++] = environ[i];
	}
	for (size_t i = 0; i < set->count; i++)
		list[used++] = arena_text(arena, set->items[i], strlen(set->items[i]));
	return list;
}

static int add_stream(posix_spawn_file_actions_t *actions, int from, int to)
{
	if (from < 0)
		return posix_spawn_file_actions_addopen(actions, to, "/dev/null", to == 0 ? O_RDONLY : O_WRONLY, 0);
	return posix_spawn_file_actions_adddup2(actions, from, to);
}

static int add_streams(posix_spawn_file_actions_t *actions, const struct process_request *request)
{
	int failed = 0;

	if (request->folder != NULL)
		failed = posix_spawn_file_actions_addchdir_np(actions, request->folder);
	if (failed != 0)
		return failed;
	if (request->terminal != NULL) {
		/* the new session has no controlling terminal yet: the first one opened becomes it */
		failed = posix_spawn_file_actions_addopen(actions, 0, request->terminal, O_RDWR, 0);
		failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(actions, 0, 1);
		return failed != 0 ? failed : posix_spawn_file_actions_adddup2(actions, 0, 2);
	}
	failed = add_stream(actions, request->input, 0);
	failed = failed != 0 ? failed : add_stream(actions, request->output, 1);
	return failed != 0 ? failed : add_stream(actions, request->errors, 2);
}

static int set_signals(posix_spawnattr_t *attributes, bool keep_group)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, all;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	if (!keep_group)
		flags = (short)(flags | POSIX_SPAWN_SETSID);
	failed = posix_spawnattr_setsigmask(attributes, &none);
	failed = failed != 0 ? failed : posix_spawnattr_setsigdefault(attributes, &all);
	return failed != 0 ? failed : posix_spawnattr_setflags(attributes, flags);
}

/* Whatever the caller of this program left open stays out of the children: descriptors above 2 close at their start. */
static void close_inherited(void)
{
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_ON_EXEC_RANGE) == 0)
		return;
	/* a kernel before 5.11 */
	for (int descriptor = 3, limit = (int)sysconf(_SC_OPEN_MAX);
	     descriptor < limit && descriptor < MOST_DESCRIPTORS; descriptor++)
		(void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

bool process_start(struct arena *arena, const struct process_request *request, struct process *ret_process,
                   struct error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct process process = { 0, -1 };
	char **environment = child_environment(arena, &request->set, request->keep_group);
	int failed;

	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		out_of_memory();
	close_inherited();
	failed = add_streams(&actions, request);
	failed = failed != 0 ? failed : set_signals(&attributes, request->keep_group);
	if (failed == 0) {
		/* posix_spawnp wants char *const *, and promises not to write through it */
		union {
			const char *const *borrowed;
			char *const *argv;
		} argv = { request->argv };

		failed = posix_spawnp(&process.pid, request->argv[0], &actions, &attributes, argv.argv, environment);
	}
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (failed != 0) {
		fail(err, ERROR_ASSET_DRIVER, "cannot start %s", request->argv[0]);
		error_cause(err, "%s", errno_text(failed));
		return false;
	}
	process.descriptor = (int)syscall(SYS_pidfd_open, process.pid, 0);
	if (process.descriptor < 0) {
		failed = errno;
		process_signal(&process, SIGKILL);
		(void)waitpid(process.pid, NULL, 0);
		fail(err, ERROR_INTERNAL, "cannot watch the program %s", request->argv[0]);
		error_cause(err, "%s", errno_text(failed));
		return false;
	}
	*ret_process = process;
	return true;
}

bool process_replace(struct arena *arena, const char *path, const char *const *argv, struct text_list set,
                     struct error *err)
{
	char **environment = child_environment(arena, &set, true);
	struct sigaction standard = { .sa_handler = SIG_DFL };
	union {
		const char *const *borrowed;
		char *const *argv;
	} words = { argv };
	int number;

	(void)sigaction(SIGPIPE, &standard, NULL);
	(void)sigaction(SIGXFSZ, &standard, NULL);
	(void)execve(path, words.argv, environment);
	number = errno;
	fail(err, ERROR_EXTENSION, "cannot start %s", path);
	error_cause(err, "%s", errno_text(number));
	return false;
}

/* Try the program's name in each folder of PATH; returns why none could be started. A file without a known format is
 * not given to a shell. */
static int execute_from_path(struct arena *arena, const char *name, char *const *argv, char *const *environment)
{
	const char *folders = getenv("PATH");
	int number = ENOENT;

	for (const char *at = folders == NULL ? "/usr/local/bin:/usr/bin:/bin" : folders;; at++) {
		size_t len = strcspn(at, ":");

		(void)execve(arena_format(arena, "%.*s%s%s", (int)len, at, len == 0 ? "./" : "/", name), argv,
		             environment);
		if (errno != ENOENT && errno != ENOTDIR)
			number = errno;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return number;
		at += len;
		if (*at == '\0')
			return number;
	}
}

bool process_become(struct arena *arena, const char *const *argv, struct text_list set, bool alone, struct error *err)
{
	char **whole = child_environment(arena, &set, true);
	char **own = whole;
	struct sigaction standard = { .sa_handler = SIG_DFL };
	union {
		const char *const *borrowed;
		char *const *argv;
	} words = { argv };
	int number;

	while (*own != NULL)
		own++;
	own -= set.count; /* what was set stands last */
	(void)sigaction(SIGPIPE, &standard, NULL);
	(void)sigaction(SIGXFSZ, &standard, NULL);
	close_inherited();
	if (strchr(argv[0], '/') != NULL) {
		(void)execve(argv[0], words.argv, alone ? own : whole);
		number = errno;
	} else {
		number = execute_from_path(arena, argv[0], words.argv, alone ? own : whole);
	}
	for (size_t i = 0; i < set.count; i++)
		explicit_bzero(own[i], strlen(own[i]));
	if (number == ENOENT || number == ENOTDIR)
		fail(err, ERROR_RUN_COMMAND_NOT_FOUND, "cannot start %s", argv[0]);
	else if (number == EACCES || number == ENOEXEC || number == EISDIR)
		fail(err, ERROR_RUN_NOT_EXECUTABLE, "cannot start %s", argv[0]);
	else
		fail(err, ERROR_RUN_NOT_STARTED, "cannot start %s", argv[0]);
	error_cause(err, "%s", errno_text(number));
	return false;
}

void process_signal(const struct process *process, int number)
{
	if (process->pid <= 0)
		return;
	if (kill(-process->pid, number) != 0)
		(void)kill(process->pid, number);
}

bool process_collect(struct process *process, bool wait, int *ret_status)
{
	int status = 0;
	pid_t done;

	/* waitpid(0) would collect any child of the process group */
	if (process->pid <= 0)
		return false;
	do
		done = waitpid(process->pid, &status, wait ? 0 : WNOHANG);
	while (done < 0 && errno == EINTR);
	if (done == 0)
		return false;
	if (process->descriptor >= 0)
		(void)close(process->descriptor);
	*process = (struct process){ 0, -1 };
	if (done < 0)
		*ret_status = EXIT_LINK_LOST;
	else
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

bool process_pipe(int ret_ends[2], struct error *err)
{
	if (pipe2(ret_ends, O_CLOEXEC) == 0)
		return true;
	fail(err, ERROR_INTERNAL, "cannot make a pipe");
	error_cause(err, "%s", errno_text(errno));
	return false;
}

void descriptor_unblock(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);

	if (flags >= 0)
		(void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

bool process_terminal(struct arena *arena, int *ret_master, const char **ret_slave, struct error *err)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[128];
	int number;

	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof name) == 0) {
		*ret_master = master;
		*ret_slave = arena_copy(arena, name);
		return true;
	}
	number = errno;
	fail(err, ERROR_INTERNAL, "cannot make a terminal");
	error_cause(err, "%s", errno_text(number));
	if (master >= 0)
		(void)close(master);
	return false;
}
