/* The root of the command tree. */
#ifndef FOPS_SUBCOMMANDS_ROOT_H
#define FOPS_SUBCOMMANDS_ROOT_H

#include "fops/cli/command.h"

extern const struct command root_command;

#endif
