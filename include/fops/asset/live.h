/* `list --live`: what machines are doing now, for thousands of assets with little memory for each. */
#ifndef FOPS_ASSET_LIVE_H
#define FOPS_ASSET_LIVE_H

#include "fops/asset/driver.h"

/* One machine; texts in the context's arena. */
struct live_state {
	const char
	        *state; /* "running", "unready", "stopped", "leaving", "missing", "unreachable", "refused", "unknown" */
	const char *cause; /* one sentence, NULL when it runs and is ready; may hold text of a remote */
	bool asked;        /* false: it could not be asked, cause says why */
	const char *phase; /* these as far as the driver knows them */
	const char *reason;
	struct instant since;
	struct optional_int restarts;
};

/* Reads asset i into an arena that is rewound soon after; called more than once for an asset. */
typedef bool live_read(void *user, size_t i, struct arena *arena, struct runtime_asset *ret_asset, struct error *err);

struct live;

/*
 * The first `known` assets have been seen, more of them than before; called while others are still looked at. false: it
 * has not done with all of them yet, and is called again soon.
 */
typedef bool live_seen(void *user, const struct live *live, size_t known);

/*
 * Look at all machines, each once, until all are seen or the deadline passes; what is then open is "unknown". seen may
 * be NULL; it is not called for what is known last. ret_live is filled as well when err is INTERRUPTED or TERMINATED.
 * errors  INTERRUPTED, TERMINATED, INTERNAL; as read
 */
CHECKED bool live_look(struct asset_context *context, size_t count, live_read *read, live_seen *seen, void *user,
                       struct live **ret_live, struct error *err);

/* The state of asset i, of those that are known. */
struct live_state live_state_of(const struct live *live, size_t i);

/* How many assets could not be asked. */
size_t live_unasked(const struct live *live);

#endif
