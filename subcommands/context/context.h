/* The records of `context`. */
#ifndef FOPS_SUBCOMMANDS_CONTEXT_H
#define FOPS_SUBCOMMANDS_CONTEXT_H

#include "fops/cli/command.h"

extern const struct command context_command;
extern const struct command context_list_command;
extern const struct command context_show_command;
extern const struct command context_use_command;

#endif
