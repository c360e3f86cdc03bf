/* The one place that starts programs; a lint names who may: src/asset, `infra exec`, the pager and extensions. */
#ifndef FOPS_BASE_PROCESS_H
#define FOPS_BASE_PROCESS_H

#include <sys/types.h>

#include "fops/base/error.h"
#include "fops/base/text.h"

struct arena;

/* A started program; descriptor is a pidfd that becomes readable when the program ends. pid 0: none. */
struct process {
	pid_t pid;
	int descriptor;
};

struct process_request {
	const char *const *argv;   /* NULL-terminated; argv[0] is looked up on PATH */
	struct text_list set;      /* "NAME=value" additions to the environment */
	int input, output, errors; /* become descriptors 0, 1, 2; -1 is /dev/null */
	const char *terminal;      /* path of a pty slave: controlling terminal and all three streams; or NULL */
	const char *folder;        /* working directory; NULL: the caller's */
	bool keep_group;           /* stay in the caller's process group (extensions, pager); else a new session */
};

/*
 * Start a program. With keep_group it gets the caller's environment without FOPS_TOKEN; otherwise only what lxc and ssh
 * need of it (PATH, HOME, locale, SSH agent …), so that no secret variable is passed on, and `set`. Signal dispositions
 * are the defaults, the signal mask is empty, and no descriptor above 2 is inherited.
 * errors  ASSET_DRIVER with the cause when the program is missing or may not run
 */
CHECKED bool process_start(struct arena *arena, const struct process_request *request, struct process *ret_process,
                           struct error *err);

/* Replace this program (extensions); returns only on failure, with errors EXTENSION. */
bool process_replace(struct arena *arena, const char *path, const char *const *argv, struct text_list set,
                     struct error *err);

/*
 * Replace this program by argv, looked up on PATH, with the caller's environment without FOPS_TOKEN and `set`
 * ("NAME=value"), or alone with `set`: whatever becomes of it, exit status and signals are those of the new program.
 * Returns only on failure, when the copies of `set` that it made are wiped.
 * errors  RUN_COMMAND_NOT_FOUND, RUN_NOT_EXECUTABLE, RUN_NOT_STARTED
 */
bool process_become(struct arena *arena, const char *const *argv, struct text_list set, bool alone, struct error *err);

/* Send a signal to the program's whole session group; harmless when it is gone. */
void process_signal(const struct process *process, int number);

/*
 * Collect an ended program and close its descriptor. ret_status is 0–255, or 128 + signal. Without wait it returns
 * false while the program still runs, and when there is none.
 */
bool process_collect(struct process *process, bool wait, int *ret_status);

/* A pipe whose ends are close-on-exec; [0] reads. errors INTERNAL */
CHECKED bool process_pipe(int ret_ends[2], struct error *err);

/* Make a descriptor non-blocking (ends of pipes that the loop serves). */
void descriptor_unblock(int descriptor);

/*
 * A new pty: its master descriptor and the path of its slave in arena. errors INTERNAL
 */
CHECKED bool process_terminal(struct arena *arena, int *ret_master, const char **ret_slave, struct error *err);

#endif
