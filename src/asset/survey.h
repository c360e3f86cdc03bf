/* Looks at many machines: each once, side by side, with little memory for each. */
#ifndef FOPS_ASSET_SURVEY_H
#define FOPS_ASSET_SURVEY_H

#include "fops/asset/driver.h"

/* What was seen of one machine; texts in the context's arena or static. */
struct survey_view {
	const char
	        *state; /* "running", "unready", "stopped", "leaving", "missing", "unreachable", "refused", "unknown" */
	const char *cause; /* one sentence, NULL when it runs and is ready */
	const char *fix;   /* one sentence of ours, NULL when it runs and is ready */
	bool asked;        /* it answered, or its state is known for sure; false: unreachable or unknown */
	int64_t latency_us;
	const char *phase; /* these as the driver's observation has them */
	const char *reason;
	struct instant since;
	struct optional_int restarts;
};

/* The assets, by number: read into an arena that is rewound soon after. */
typedef bool survey_read(void *user, size_t i, struct arena *arena, struct runtime_asset *ret_asset, struct error *err);

struct survey;

/*
 * Find the machines behind count assets and begin to look at them: all at once where the driver shares its calls,
 * else context->most_parallel at a time. Turn the loop until survey_is_open says no. errors  as asset_driver_of and
 * read; what is wrong with one machine is told in its view
 */
CHECKED bool survey_start(struct asset_context *context, size_t count, survey_read *read, void *user,
                          struct survey **ret_survey, struct error *err);

/* Is there a machine that has not been seen? */
bool survey_is_open(const struct survey *survey);

/* Causes and a fix for survey_end. */
#define SURVEY_INTERRUPTED "interrupted before the answer"
#define SURVEY_TOO_LATE    "no answer before the time limit"
#define SURVEY_REPEAT      "Repeat when ready."

/* Give up what is open: those machines are "unknown" for that cause and fix. Free what the survey holds; views stay. */
void survey_end(struct survey *survey, const char *cause, const char *fix);

/* Has the machine of asset i been seen, or given up? */
bool survey_has_seen(const struct survey *survey, size_t i);

/* The machine of asset i, once it has been seen. */
const struct survey_view *survey_view_of(const struct survey *survey, size_t i);
const struct asset_driver *survey_driver_of(const struct survey *survey, size_t i);

/* The sentence of an error that helps: its fix or its code's. */
const char *survey_fix_of(const struct error *err);

#endif
