/* `check`: is each asset alive as its contract says, all in parallel under one deadline. */
#ifndef FOPS_ASSET_CHECK_H
#define FOPS_ASSET_CHECK_H

#include "fops/asset/driver.h"

/* One verdict; texts in the context's arena. */
struct check_result {
	const char *asset_id;
	const char *role;
	const char *kind;
	const char *driver;
	const char *state;   /* "ok", "degraded" (machine good, health bad), "down", "unknown" (limit ran out, or not
	                        observable) */
	const char *machine; /* "running", "unready", "stopped", "leaving", "missing", "unreachable", "refused",
	                        "unknown" */
	const char *health;  /* "ok", "bad", "none" (no contract), "unknown" */
	struct optional_int latency_ms; /* of the health request, else of the attach */
	const char *cause; /* one sentence, NULL when ok; text of a remote is shortened and escaped by the printer */
	const char *fix;   /* one sentence or command, NULL when ok; never text of a remote */
	struct instant checked_at;
	/* what the driver knows of the machine beyond that; NULL or absent otherwise */
	const char *phase;
	const char *reason;
	struct instant since;
	struct optional_int restarts;
};

/*
 * Check assets at once: the same machine is observed once (driver->identity), health requests go over one connection
 * pool. ret_results in input order. Always all rows: what the deadline cut is "unknown". A SIGINT or SIGTERM ends it:
 * err INTERRUPTED or TERMINATED, results so far are filled. ret_good: every row is "ok". errors  INTERRUPTED,
 * TERMINATED; INTERNAL
 */
CHECKED bool check_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                          struct check_result *ret_results, bool *ret_good, struct error *err);

struct check_round;

/*
 * Begin one look at all assets (borrowed until the end) and return at once, for callers that look at other things in
 * the same loop: turn it until check_round_is_open says no, then end. errors  as the driver's and asset_http
 */
CHECKED bool check_round_start(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                               struct check_round **ret_round, struct error *err);

/* Is there something that has not ended? */
bool check_round_is_open(const struct check_round *round);

/* Give up what is open ("unknown" for that cause and fix), free what the round holds, fill all results in input order.
 */
void check_round_end(struct check_round *round, const char *cause, const char *fix, struct check_result *ret_results);

/*
 * check_assets, repeated until every asset is ok, with pauses of 250 ms growing to 5 s. Returns at once when it already
 * holds. At the deadline the last results stay filled and err is TIMEOUT, whose cause lists what was still missing.
 * on_round (may be NULL) sees each round's results.
 */
CHECKED bool check_assets_wait(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                               void (*on_round)(void *user, const struct check_result *results, size_t count),
                               void *user, struct check_result *ret_results, struct error *err);

#endif
