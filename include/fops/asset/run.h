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
	int64_t timeout_ms;      /* of the command on one asset; -1: none */
	const char *result_file; /* of one asset; or NULL */
	size_t most_failures;    /* of many: after so many that did not end well no further one begins; 0: no limit */
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
	const char
	        *target; /* where the driver chose to run it, for the result file alone; NULL: the contract says it */
	int64_t duration_ms;
	uint64_t output_bytes, error_bytes; /* relayed through fops; 0 when streams were handed over */
	const char *unwritten;              /* why the result file still tells an unknown outcome; NULL: it does not */
	bool skipped;                       /* one of many whose turn never came */
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

/* Did the command run to its end and end with 0? */
bool run_ended_well(const struct run_result *result);

/*
 * Receives what many runs produce, outside the drivers' callbacks or from the loop. false: nobody takes it any more;
 * then no further asset begins, and the commands under way are told to stop.
 */
struct run_backlog {
	size_t bytes;   /* taken, and not yet written */
	int descriptor; /* whose reader they wait for */
};

struct run_listener {
	/* a whole line (without its newline), or a piece of a line longer than 16 KiB; stream 1 or 2 */
	bool (*on_line)(void *user, const char *asset_id, int stream, const char *line, size_t len);
	/* one asset is through, or will not begin; results come as they end */
	bool (*on_result)(void *user, const struct run_result *result);
	void *user;
	/*
	 * Write what waits, as much as its readers take at once, and tell what is left. While that is much, commands
	 * that print are held back and no further one begins; limits and signals hold all the same. NULL: nothing ever
	 * waits
	 */
	bool (*pass_on)(void *user, struct run_backlog *ret_backlog);
};

/* How a run on many assets went; ok + failed + not_started is their count. */
struct run_summary {
	size_t ok;          /* run_ended_well */
	size_t failed;      /* began, and anything else came of it */
	size_t not_started; /* nothing ran there */
	size_t skipped;     /* those of them whose turn never came */
	const char *reason; /* why it did not, NULL when none was skipped */
	/* 0 when all ended well; what all of them ended with when that is one and the same; else EXIT_PARTIAL */
	int exit_status;
	bool output_lost;   /* the listener took no more */
	bool cut;           /* a signal or the deadline ended it; error says which */
	struct error error; /* INTERRUPTED, TERMINATED, TIMEOUT, or INTERNAL when the loop failed */
};

/*
 * Run on many assets, at most context->most_parallel at a time (fewer when the limit on descriptors asks for it), input
 * closed. Each session works in an arena of its own that ends with it: beside the results, memory grows with the assets
 * under way and not with those that are done. ret_results has count places, in input order; every one is filled when
 * this returns true. The total deadline is context->deadline: when it passes, the commands under way are told to stop
 * as at their own limit. A signal goes to all commands under way, a second one ends them hard. Assets that do not begin
 * for one of these reasons, or after request->most_failures, are "not-started", and their cause says why.
 * errors  USAGE_*, CONTRACT_INVALID; nothing was started then
 */
CHECKED bool run_on_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                           const struct run_request *request, const struct run_listener *listener,
                           struct run_result *ret_results, struct run_summary *ret_summary, struct error *err);

/* What earlier runs left to do, by their results. */
struct run_rest {
	bool *waits;              /* by the topology's index: the last result was no good end, or there was none */
	size_t count;             /* how many wait */
	struct text_list unknown; /* "FILE:LINE: …" for those that wait and are not in the topology */
	const char *cut;          /* "FILE:LINE: …" when the last line was cut and left out, else NULL */
};

/*
 * Read the results of earlier runs: the events of -o jsonl or of a result file of many, result documents one a line or
 * alone, or a document with "items". The last result of an asset counts; an asset that a run selected and that has no
 * result behind that waits too, so a run that was cut can be resumed. path "-" is standard input.
 * errors  INPUT_NOT_FOUND, IO_READ; DATA "FILE:LINE: …" for a broken line, another document, or no result at all
 */
CHECKED bool run_rest_read(struct arena *arena, const struct topology *topology, const char *path,
                           struct run_rest *ret_rest, struct error *err);

/* One result as an object, the shape of fops.run-result/1, at the emitter's position. */
void run_result_emit(struct emitter *emitter, const struct run_result *result);

/* A stand-alone JSON document of one result, for --result-file. errors IO_CREATE */
CHECKED bool run_result_write(const struct run_result *result, const char *path, struct error *err);

#endif
