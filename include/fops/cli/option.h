/* Parsing flag values into slots, by table. */
#ifndef FOPS_CLI_OPTION_H
#define FOPS_CLI_OPTION_H

#include "fops/cli/command.h"

/* The row of a long name (without dashes and without a leading "no-") or letter, or NULL. */
const struct command_option *option_find(const struct command_option *options, const char *name, size_t len);
const struct command_option *option_find_letter(const struct command_option *options, char letter);

/* Does the flag stand alone (bool, counted), without an argument? */
bool option_stands_alone(const struct command_option *option);

/* The slot of options that print as --no-NAME because they are on by default. */
bool option_is_on_by_default(const struct command_option *option);

/* Fill record (zeroed) with the presets of a table. errors INTERNAL when a preset does not parse: a mistake in the
 * table */
CHECKED bool option_apply_presets(struct arena *arena, const struct command_option *options, void *record,
                                  struct error *err);

/*
 * Store one value. value NULL: the flag stood alone. Texts are borrowed.
 * errors  USAGE_BAD_VALUE naming the flag and what it accepts, USAGE_MISSING_ARGUMENT
 */
CHECKED bool option_store(struct arena *arena, const struct command_option *option, void *record, const char *value,
                          struct error *err);

/* "--name NAME", "--wait[=COND]", "--no-cache": as help and manual show it; the same without the argument. In arena. */
const char *option_spelling(struct arena *arena, const struct command_option *option);
const char *option_flag(struct arena *arena, const struct command_option *option);

#endif
