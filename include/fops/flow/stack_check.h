/* `stacks check`: endpoints, assets and metrics of all stacks side by side, and one verdict on each stack. */
#ifndef FOPS_FLOW_STACK_CHECK_H
#define FOPS_FLOW_STACK_CHECK_H

#include "fops/asset/driver.h"
#include "fops/flow/stack_map.h"

/* What one thing bound to a stack came to; texts in the context's arena or static. */
struct stack_member {
	const char *kind;  /* "endpoint", "asset", "metric" */
	const char *name;  /* id of the endpoint or asset, name of the metric */
	const char *state; /* "ok", "live", "degraded", "down", "unknown", "none" (an endpoint with nothing to ask) */
	struct optional_int latency_ms;
	const char *value; /* of a metric: its worst sample, "83.5", "NaN"; else NULL */
	const char *unit;  /* of a metric, or NULL */
	const char *cause; /* one sentence, NULL when it is well; text of a remote is escaped by the printer */
	const char *fix;   /* one sentence or command, NULL when it is well; never text of a remote */
};

#define STACK_MEMBER_STATES "ok|live|degraded|down|unknown|none"

struct stack_result {
	const char *name;
	/*
	 * "ok"        everything that is bound is well
	 * "degraded"  the worst of it is degraded: not ready, too slow, beyond a warning
	 * "down"      something bound is down, or beyond its limit
	 * "blocked"   it is down, and a stack that it depends on is down, which is told as its cause
	 * "unknown"   something could not be asked, and nothing is worse
	 * "unbound"   nothing is bound to it that can be asked, which is no finding
	 */
	const char *state;
	const char *endpoints;     /* well of those asked, "2/3"; NULL when none was */
	const char *assets;        /* likewise */
	const char *metrics;       /* "storage-used 83.5 percent", joined by ", "; NULL when none is bound */
	struct optional_int drift; /* how many of what is bound are seen to be degraded or down; absent when unbound */
	const char *cause;         /* NULL when ok or unbound */
	const char *fix;           /* likewise */
	struct instant checked_at;
	size_t layer;               /* as in the stack map */
	struct record_list members; /* struct stack_member: endpoints, assets, metrics, each in the contract's order */
	struct text_list because;   /* blocked: names of the stacks that are its causes */
};

#define STACK_STATES "ok|degraded|down|blocked|unknown|unbound"

/* Is a state a finding (exit 12)? All but "ok" and "unbound" are. */
bool stack_state_is_bad(const char *state);

/* The order of rows: causes before what they block, worse before better, then by layer and by name. For qsort. */
int stack_result_compare(const void *first, const void *second);

/*
 * Check the chosen rows (indexes of the map) and, for the sake of causes, all that they depend on; each endpoint and
 * asset is asked once however many stacks name it. One loop, one deadline. ret_results in the order of chosen. What the
 * deadline cut is "unknown". errors  INTERRUPTED, TERMINATED (results are filled); as asset_http
 */
CHECKED bool stack_check_run(struct asset_context *context, const struct stack_map *map, const size_t *chosen,
                             size_t count, struct stack_result *ret_results, struct error *err);

/*
 * The same, repeated until no result is a finding, with pauses of 250 ms growing to 5 s. At the deadline the last
 * results stay filled and err is TIMEOUT. on_round (may be NULL) sees each round's results.
 */
CHECKED bool stack_check_wait(struct asset_context *context, const struct stack_map *map, const size_t *chosen,
                              size_t count,
                              void (*on_round)(void *user, const struct stack_result *results, size_t count),
                              void *user, struct stack_result *ret_results, struct error *err);

#endif
