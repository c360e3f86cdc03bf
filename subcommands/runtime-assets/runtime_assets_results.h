/* Results of many assets as events: on standard output, and in the file that --only-failed reads. */
#ifndef FOPS_SUBCOMMANDS_RUNTIME_ASSETS_RESULTS_H
#define FOPS_SUBCOMMANDS_RUNTIME_ASSETS_RESULTS_H

#include "fops/asset/run.h"
#include "fops/data/emit.h"

struct run_selected {
	const struct runtime_asset *assets;
	size_t count;
};

/* The members behind "type" of an event: "selected" (struct run_selected), "item" (struct run_result) and "summary"
 * (struct run_summary). */
void run_event_selected(struct emitter *emitter, const void *data);
void run_event_item(struct emitter *emitter, const void *data);
void run_event_summary(struct emitter *emitter, const void *data);

/* Append one event as a line of JSON. */
void run_event_add(struct buffer *text, const char *type, void (*emit)(struct emitter *emitter, const void *data),
                   const void *data);

/* The file of --result-file for many; filled line by line, so that a run that was killed can be resumed from it. */
struct result_file {
	const char *path;
	int descriptor;
	int failed; /* errno of the first write that failed */
};

#define RESULT_FILE ((struct result_file){ .descriptor = -1 })

/* Replace the file by the first lines of a run: its start and what was selected. errors  IO_CREATE */
CHECKED bool result_file_open(struct result_file *file, const char *path, const struct run_selected *selected,
                              struct error *err);

void result_file_add(struct result_file *file, const struct run_result *result);

/* The last lines. errors  IO_CREATE when not everything could be written */
CHECKED bool result_file_end(struct result_file *file, const struct run_summary *summary, int exit_status,
                             struct error *err);

/* CLEANUP(result_file_close) */
void result_file_close(struct result_file *file);

#endif
