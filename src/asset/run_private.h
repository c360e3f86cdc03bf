/* What running on one asset and on many share. */
#ifndef FOPS_ASSET_RUN_PRIVATE_H
#define FOPS_ASSET_RUN_PRIVATE_H

#include "fops/asset/run.h"
#include "fops/base/buffer.h"

#define RUN_GRACE_MS 10000 /* after the first signal: for the command to end by itself */
#define RUN_STOP_MS  2000  /* after the limit: from SIGTERM to SIGKILL */
#define RUN_KILL_MS  1000  /* after SIGKILL: for the driver to tell the end */

/* Why a command was told to stop; the first reason counts. */
struct run_stop {
	int signal;       /* SIGINT, SIGTERM or SIGHUP came */
	bool limit;       /* the time ran out */
	int output_errno; /* standard output or error could not be written; below 0: for an unknown reason */
	bool forced;      /* it was killed, or given up without an outcome */
};

/*
 * What the driver needs to know of a request: words, environment, abilities. Streams are left out (input closed,
 * nothing direct). errors  USAGE_BAD_VALUE, USAGE_CONFLICT what the driver cannot do
 */
CHECKED bool run_prepare(struct arena *arena, const struct asset_driver *driver, const struct run_request *request,
                         struct session_request *ret_request, struct error *err);

/* Can the driver do what the request asks for? errors  USAGE_CONFLICT */
CHECKED bool run_check_driver(const struct asset_driver *driver, const struct run_request *request, struct error *err);

/* A result with a fresh run id, state "not-started", exit status 125. */
void run_result_begin(struct arena *arena, const struct runtime_asset *asset, struct run_result *ret_result);

/*
 * Conclude a result from what stopped it and what the driver told (outcome NULL: it told nothing). err is filled when
 * the state is not "exited". started_us is clock_monotonic_us() of the start.
 */
void run_result_conclude(struct arena *arena, const struct run_stop *stop, const struct session_outcome *outcome,
                         int64_t started_us, struct run_result *result, struct error *err);

/* The command could not even be handed to the driver. */
void run_result_refuse(struct arena *arena, struct error *err, struct run_result *result);

/* The status of many and their counts; the other members of the summary stay. */
void run_result_count(const struct run_result *results, size_t count, struct run_summary *summary);

/* The output of one asset of many, cut into lines; zeroed and with the first members filled it is ready. */
struct run_lines {
	const struct run_listener *listener;
	const char *asset_id;
	struct buffer pending[2];
	uint64_t bytes[2]; /* taken in all */
};

/* Deliver the lines that data completes; false when the listener takes no more. */
bool run_lines_take(struct run_lines *lines, int stream, const char *data, size_t len);

/* The streams ended: what is left is a line too. Frees the memory. */
bool run_lines_finish(struct run_lines *lines);

#endif
