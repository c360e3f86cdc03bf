/* What `run` on one asset and on many share. */
#ifndef FOPS_SUBCOMMANDS_RUNTIME_ASSETS_RUN_H
#define FOPS_SUBCOMMANDS_RUNTIME_ASSETS_RUN_H

#include "fops/asset/run.h"
#include "fops/cli/call.h"
#include "runtime_assets.h"

struct run_options {
	struct selection_options selection;
	bool shell;
	struct text_list env;
	const char *workdir;
	const char *user;
	bool input;
	bool terminal;
	bool raw;
	const char *result_file;
	bool fail_fast;
	struct optional_int max_failures;
	const char *deadline; /* a duration */
	const char *only_failed;
};

/* Do the flags ask for the way of many, also when the selection holds one asset? */
bool run_is_many(const struct call *call, const struct run_options *options);

/* The flags that only many take are in order; ret_request and ret_deadline get their values. errors  USAGE_* */
CHECKED bool run_many_check(const struct call *call, const struct run_options *options, struct run_request *ret_request,
                            struct deadline *ret_deadline, struct error *err);

/*
 * The assets of the selection for which --only-failed finds work; *ret_count 0 is possible then, and is said on
 * standard error. errors  as selection_resolve and run_rest_read
 */
CHECKED bool run_select_rest(struct call *call, const struct topology *topology, const char *path,
                             const struct asset_selection *selection, struct runtime_asset **ret_assets,
                             size_t *ret_count, struct error *err);

/* Run on all of them and print: lines or events, the result file, the summary, the verdict. */
CHECKED bool run_many(struct call *call, struct asset_context *context, const struct runtime_asset *assets,
                      size_t count, const struct run_request *request, struct error *err);

#endif
