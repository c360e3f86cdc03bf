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

/* Is it the URL of a git revision rather than a path? */
bool settings_is_revision(const char *path);

/* "a:b" in pieces; the colons of a git URL's scheme, host and port divide nothing. In arena. */
struct text_list settings_split_paths(struct arena *arena, const char *text);

/* A path of a file seen from the file's folder, a git URL as it is; NULL when it has a colon that would divide it. */
const char *settings_place_path(struct arena *arena, const char *folder, const char *path);

/* The git block of a context; false with findings. */
bool settings_read_git(struct arena *arena, const char *path, const struct value *object, struct context_git *ret_git,
                       struct findings *findings);

/* The block as names and values, for people. */
struct text_map settings_describe_git(struct arena *arena, const struct context_git *git);

/* Read one file; a missing one is fine. errors CONFIG_* */
CHECKED bool settings_read_file(struct collected *collected, const char *path, bool project, struct error *err);

#endif
