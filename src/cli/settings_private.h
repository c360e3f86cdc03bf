/* What the files of the settings share. */
#ifndef FOPS_CLI_SETTINGS_PRIVATE_H
#define FOPS_CLI_SETTINGS_PRIVATE_H

#include "fops/cli/settings.h"
#include "fops/data/document.h"

#define SETTING_COUNT_MOST 16

/* The collection under way: one text and origin per row of setting_rows. */
struct collected {
	struct call *call;
	struct settings *settings;
	const char *values[SETTING_COUNT_MOST];
	const char *origins[SETTING_COUNT_MOST];
	const char *project_context; /* what the project file pins */
	struct context_row *contexts;
	size_t context_count;
};

/* Index of a setting by name; its row exists. */
size_t setting_index(const char *name);

/* Store a text form after checking it; where is the origin. errors CONFIG_INVALID */
CHECKED bool setting_store(struct collected *collected, size_t index, const char *value, const char *origin,
                           struct error *err);

/* Read one file; a missing one is fine. errors CONFIG_* */
CHECKED bool settings_read_file(struct collected *collected, const char *path, bool project, struct error *err);

#endif
