/* Everything that is rendered from the command tree: help, manual, completion, catalogue, topics. */
#ifndef FOPS_CLI_HELP_H
#define FOPS_CLI_HELP_H

#include "fops/base/buffer.h"
#include "fops/cli/call.h"
#include "fops/data/emit.h"

/*
 * The help page of a command for the terminal, at most 80 columns (cli-anchors §8 layout): purpose, usage, examples,
 * commands or flags, fields, exit codes, see. full: with the about text (for --help and `help`); a bare noun prints the
 * short form.
 */
void help_render(struct arena *arena, struct buffer *out, const char *program, const struct command *command,
                 const char *path, bool full);

/* The global flags with their promises, for `fops help global-flags`. */
void help_render_globals(struct arena *arena, struct buffer *out);

/* One help topic; the table ends with a row without a name. Topics whose text is generated have render. */
struct help_topic {
	const char *name;
	const char *summary;
	const char *text; /* paragraphs; lines that start with a blank are kept as they are */
	void (*render)(struct arena *arena, struct buffer *out);
};
extern const struct help_topic help_topics[];
const struct help_topic *help_topic_find(const char *name);
void help_topic_render(struct arena *arena, struct buffer *out, const struct help_topic *topic);

/* What an error code means: cause, example, fix. name is the code's text; false when there is none. */
bool help_error_render(struct arena *arena, struct buffer *out, const char *name);

/* One manual page in mdoc(7): "fops.1" for path "", "fops-runtime-assets-run.1" for a verb. Deterministic: the date is
 * the given one ("2026-11-21"). */
void manual_render(struct arena *arena, struct buffer *out, const struct command *root, const struct command *command,
                   const char *path, const char *date);
/* A topic as fops-TOPIC.7. */
void manual_render_topic(struct arena *arena, struct buffer *out, const struct help_topic *topic, const char *date);
/* "fops-runtime-assets-run" for "runtime-assets run". In arena. */
const char *manual_name(struct arena *arena, const char *path);

/* The completion script for "bash", "zsh" or "fish", under 4 KiB, completing both fops and fractalops; NULL for another
 * shell. */
const char *completion_script(const char *shell);

/* Supplies live values: appends "value\tdescription" lines for a source; must be quick and silent. */
typedef void completion_values(void *user, enum value_source source, struct buffer *out);

/*
 * Candidates for the last word of a partial command line (words[count - 1] may be ""), one "value\tdescription" a line:
 * commands, flags, choices, formats, fields (after a comma too), contexts, assets, roles (through values). The line
 * ":files" or ":folders" asks the shell for paths. Words behind `--` give ":files".
 */
void completion_complete(struct arena *arena, const struct command *root, const char *const *words, size_t count,
                         completion_values *values, void *user, struct buffer *out);

/* The catalogue (fops.catalogue/1): every command with flags, types, choices, defaults, exit codes, effect, fields;
 * global flags; error codes; exit codes. */
void catalogue_emit(struct arena *arena, struct emitter *emitter, const struct command *root);

/* JSON Schema 2020-12 of a command's -o json output (list envelope or record), from its columns. */
void command_schema_emit(struct arena *arena, struct emitter *emitter, const struct command *command, const char *path);

#endif
