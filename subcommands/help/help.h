/* The records of `help`. */
#ifndef FOPS_SUBCOMMANDS_HELP_H
#define FOPS_SUBCOMMANDS_HELP_H

#include "fops/cli/command.h"

extern const struct command help_command;

#endif
