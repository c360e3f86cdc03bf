/* The records of `endpoints`, and what its verbs share. */
#ifndef FOPS_SUBCOMMANDS_ENDPOINTS_H
#define FOPS_SUBCOMMANDS_ENDPOINTS_H

#include "fops/asset/endpoint_survey.h"
#include "fops/cli/call.h"

extern const struct command endpoints_command;
extern const struct command endpoints_list_command;
extern const struct command endpoints_show_command;
extern const struct command endpoints_check_command;

/* The selection flags of a verb, as the first member of its options. */
struct endpoints_options {
	const char *plane;
	struct text_list labels;
};

/* The rows of the selection flags for a verb's option table. */
/* clang-format off */
#define ENDPOINTS_OPTIONS(type)                                                                                    \
	{ "plane", 0, SLOT(type, selection.plane), "PLANE", NULL, "endpoints of this plane", NULL, VALUES_NONE, 0,   \
	  0 },                                                                                                       \
	{ "label", 0, SLOT(type, selection.labels), "KEY=VALUE", NULL, "endpoints with this label; repeatable",      \
	  NULL, VALUES_NONE, 0, 0 }
/* clang-format on */

/* Are the flags well formed? errors USAGE_BAD_VALUE */
CHECKED bool endpoints_options_check(const struct endpoints_options *options, struct error *err);

/* Do plane and labels match? */
bool endpoints_match(const struct endpoints_options *options, const struct endpoint *endpoint);

/*
 * The index of the endpoint that a word names; "endpoint/ID", as -o name prints it, is accepted. errors
 * USAGE_BAD_VALUE; NOT_FOUND with suggestions
 */
CHECKED bool endpoints_find(struct call *call, const struct topology *topology, const char *word, size_t *ret_index,
                            struct error *err);

/* How many of an endpoint's results are no findings; for progress. */
size_t endpoints_count_good(const struct endpoint_result *results, size_t count);

/* A row of `endpoints check`. */
struct endpoints_row {
	struct endpoint_result result;
	const char *warning; /* what will be wrong soon, or NULL */
};

/* The columns of `endpoints check`, and the row of a result; texts in arena. */
extern const struct column endpoints_check_columns[];
struct endpoints_row endpoints_row_of(struct arena *arena, const struct endpoint_result *result);

/* Is the row a finding (exit 12)? */
bool endpoints_row_is_bad(const struct endpoints_row *row);

/* --watch: look again and again; interval as watch_read_interval takes it. errors as watch_open and the survey */
CHECKED bool endpoints_watch(struct call *call, struct asset_context *context, const struct endpoint *endpoints,
                             size_t count, int64_t interval_ms, uint64_t rounds, struct error *err);

/*
 * --wait: look until no row is a finding. ret_results has count places, filled also when false is returned for the
 * limit or a signal; their texts live in the call's arena. errors TIMEOUT, INTERRUPTED, TERMINATED; as the survey
 */
CHECKED bool endpoints_wait(struct call *call, struct asset_context *context, const struct endpoint *endpoints,
                            size_t count, struct endpoint_result *ret_results, struct error *err);

#endif
