/* `run`: a command on one asset with the caller's own streams, or on many with collected output. */
#ifndef FOPS_ASSET_RUN_H
#define FOPS_ASSET_RUN_H

#include "fops/asset/driver.h"

struct emitter;

struct run_request {
	const char *const
	        *argv; /* NULL-terminated, what stands behind `--`; with shell: joined by blanks for `sh -c` */
	bool shell;
	struct text_list environment; /* --env NAME=value, or NAME to pass the caller's own value */
	const char *workdir;
	const char *user;
	bool input;              /* --stdin */
	bool terminal;           /* --tty */
	bool raw;                /* --raw: bytes unfiltered also to a terminal */
	int64_t timeout_ms;      /* of the command; -1: none */
	const char *result_file; /* or NULL */
};

/* How one asset fared; texts in the context's arena. */
struct run_result {
	const char *asset_id;
	const char *run_id;     /* "r-" and eight hexadecimal digits */
	const char *state;      /* "exited", "not-started", "not-found", "not-executable", "link-lost", "timeout",
	                           "interrupted" */
	struct instant started; /* absent when nothing ran */
	struct instant ended;
	struct optional_int remote_exit; /* the command's own status, when it is known */
	int64_t exit_status;             /* what fops exits with for this asset */
	const char *cause;               /* code of the error, "run.link-lost", or NULL */
	const char *message;             /* a sentence, or NULL */
	int64_t duration_ms;
	uint64_t output_bytes, error_bytes; /* relayed through fops; 0 when streams were handed over */
};

/*
 * Run on one asset with standard streams. Ctrl-C: the first SIGINT, SIGTERM or SIGHUP goes to the remote command, a
 * second ends it hard; at the limit the command is told to stop (SIGTERM, after 2 s SIGKILL). ret_result is always
 * filled once this returns true; false: nothing was started and err says why. When the result is not "exited",
 * ret_error is filled for main to print. The result file is written in every case in which the request itself was
 * sound, also when false is returned.
 * --tty without a terminal is a -v line and goes on without.
 * errors  ASSET_DRIVER; USAGE_* what the driver cannot do; IO_CREATE the result file is not writable (checked before
 * the start)
 */
CHECKED bool run_on_asset(struct asset_context *context, const struct runtime_asset *asset,
                          const struct run_request *request, struct run_result *ret_result, struct error *ret_error,
                          struct error *err);

/* Receives what many runs produce, from the loop. */
struct run_listener {
	/* a whole line (without its newline), or a piece of a line longer than 64 KiB; stream 1 or 2 */
	void (*on_line)(void *user, const char *asset_id, int stream, const char *line, size_t len);
	/* one asset is through; results come as they end */
	void (*on_result)(void *user, const struct run_result *result);
	void *user;
};

/*
 * Run on many assets, at most context->most_parallel at a time, input closed. Results in input order in ret_results
 * (count of them). A signal stops everything: unfinished assets are "interrupted", those that never began
 * "not-started".
 */
CHECKED bool run_on_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                           const struct run_request *request, const struct run_listener *listener,
                           struct run_result *ret_results, struct error *err);

/* One result as an object, the shape of fops.run-result/1, at the emitter's position. */
void run_result_emit(struct emitter *emitter, const struct run_result *result);

/* A stand-alone JSON document of one result, for --result-file. errors IO_CREATE */
CHECKED bool run_result_write(const struct run_result *result, const char *path, struct error *err);

#endif
