/* The records of `prompt`. */
#ifndef FOPS_SUBCOMMANDS_PROMPT_H
#define FOPS_SUBCOMMANDS_PROMPT_H

#include "fops/cli/command.h"

extern const struct command prompt_command;

#endif
