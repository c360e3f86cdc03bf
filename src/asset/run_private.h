/* What running on one asset and on many share. */
#ifndef FOPS_ASSET_RUN_PRIVATE_H
#define FOPS_ASSET_RUN_PRIVATE_H

#include "fops/asset/run.h"

#define RUN_GRACE_MS 10000 /* after the first signal: for the command to end by itself */
#define RUN_STOP_MS  2000  /* after the limit: from SIGTERM to SIGKILL */
#define RUN_KILL_MS  1000  /* after SIGKILL: for the driver to tell the end */

/* Why a command was told to stop; the first reason counts. */
struct run_stop {
	int signal;       /* SIGINT, SIGTERM or SIGHUP came */
	bool limit;       /* the time ran out */
	int output_errno; /* standard output or error could not be written */
	bool forced;      /* it was killed, or given up without an outcome */
};

/*
 * What the driver needs to know of a request: words, environment, abilities. Streams are left out (input closed,
 * nothing direct). errors  USAGE_BAD_VALUE, USAGE_CONFLICT what the driver cannot do
 */
CHECKED bool run_prepare(struct arena *arena, const struct asset_driver *driver, const struct run_request *request,
                         struct session_request *ret_request, struct error *err);

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

#endif
