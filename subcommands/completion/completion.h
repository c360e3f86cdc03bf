/* The records of `completion`. */
#ifndef FOPS_SUBCOMMANDS_COMPLETION_H
#define FOPS_SUBCOMMANDS_COMPLETION_H

#include "fops/cli/command.h"

extern const struct command completion_command;
extern const struct command complete_command;

#endif
