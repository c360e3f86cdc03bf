/* What `run` on one asset and on many share. */
#ifndef FOPS_SUBCOMMANDS_RUNTIME_ASSETS_RUN_H
#define FOPS_SUBCOMMANDS_RUNTIME_ASSETS_RUN_H

#include "fops/asset/run.h"
#include "fops/cli/call.h"
#include "runtime_assets.h"
#include "runtime_assets_results.h"

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
 * standard error. What of the file was left out is added to warnings. errors  as selection_resolve and run_rest_read
 */
CHECKED bool run_select_rest(struct call *call, const struct topology *topology, const char *path,
                             const struct asset_selection *selection, struct text_list *warnings,
                             struct runtime_asset **ret_assets, size_t *ret_count, struct error *err);

/* Run on all of them and print: lines, events or a document, the result file, the summary, the verdict. */
CHECKED bool run_many(struct call *call, struct asset_context *context, const struct runtime_asset *assets,
                      size_t count, const struct run_request *request, const struct text_list *warnings,
                      struct error *err);

/* A line of output as the members of an object. */
void run_emit_line(struct emitter *emitter, const char *asset_id, int stream, const char *line, size_t len);

/* What -o json collects; zeroed it is empty. Lines beyond 64 MiB are left out, and the document says so. */
struct run_document {
	struct kept_line *first, *last;
	size_t bytes;
	bool truncated;
};

void run_document_keep(struct run_document *document, struct arena *arena, const char *asset_id, int stream,
                       const char *line, size_t len);
void run_document_print(const struct run_document *document, struct call *call, const struct run_result *results,
                        size_t count, const struct run_summary *summary, const struct text_list *warnings);

#endif
