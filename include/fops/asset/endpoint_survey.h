/* Looks at many endpoints at once: reached, authorised, ready, as their health contracts say. */
#ifndef FOPS_ASSET_ENDPOINT_SURVEY_H
#define FOPS_ASSET_ENDPOINT_SURVEY_H

#include "fops/asset/driver.h"

/* One verdict; texts in the context's arena or static. */
struct endpoint_result {
	const char *id;
	const char *plane;
	/*
	 * "ok"        ready, and within its latency
	 * "live"      its process answers, and no route tells more
	 * "degraded"  alive, but not ready or too slow
	 * "down"      not reached, or its liveness fails
	 * "unknown"   the limit ran out, or nothing could be asked (a secret that cannot be read)
	 * "none"      nothing to ask: no executorUrl, or no health contract
	 */
	const char *state;
	/* three separate facts, each "yes", "no" or "unknown" */
	const char *reached;
	const char *authorised;
	const char *ready;
	struct optional_int latency_ms; /* of the readiness request, else of liveness */
	const char *version;            /* as the answer tells it; text of a remote; NULL */
	struct instant tls_expires;     /* of the server's certificate; absent (zero) without TLS */
	struct optional_int tls_days;   /* whole days until then, negative when it is over */
	struct optional_int
	        clock_skew_ms; /* the server's Date minus ours, in the middle of the exchange; whole seconds */
	const char
	        *cause;  /* one sentence, NULL when ok or live; text of a remote is shortened, escaped by the printer */
	const char *fix; /* one sentence or command, NULL when ok; never text of a remote */
	struct instant checked_at;
};

/* "ok|live|degraded|down|unknown|none" */
#define ENDPOINT_STATES "ok|live|degraded|down|unknown|none"

/* Is a state a finding (exit 12)? "ok", "live" and "none" are not. */
bool endpoint_state_is_bad(const char *state);

struct endpoint_survey;

/*
 * Begin to look at count endpoints (borrowed until the end), all at once over one connection pool. on_result (may be
 * NULL) is called from the loop for each endpoint that ended, in the order in which they end. Turn the loop until
 * endpoint_survey_is_open says no, or use endpoint_survey_run. What is wrong with one endpoint is told in its result.
 * errors  as asset_http
 */
CHECKED bool endpoint_survey_start(struct asset_context *context, const struct endpoint *endpoints, size_t count,
                                   void (*on_result)(void *user, size_t i, const struct endpoint_result *result),
                                   void *user, struct endpoint_survey **ret_survey, struct error *err);

/* Is there an endpoint that has not ended? */
bool endpoint_survey_is_open(const struct endpoint_survey *survey);

/* Give up what is open: "unknown" for that cause and fix (as survey_end). Results stay. */
void endpoint_survey_end(struct endpoint_survey *survey, const char *cause, const char *fix);

/* The results in the order of the endpoints, after endpoint_survey_end. */
const struct endpoint_result *endpoint_survey_results(const struct endpoint_survey *survey);

/*
 * start, turn the loop under the context's deadline, end. ret_results has count rows in input order, filled also when
 * false is returned for a limit or signal. errors  TIMEOUT, INTERRUPTED, TERMINATED; as endpoint_survey_start
 */
CHECKED bool endpoint_survey_run(struct asset_context *context, const struct endpoint *endpoints, size_t count,
                                 void (*on_result)(void *user, size_t i, const struct endpoint_result *result),
                                 void *user, struct endpoint_result *ret_results, struct error *err);

#endif
