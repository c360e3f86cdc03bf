/* The records of `pick`. */
#ifndef FOPS_SUBCOMMANDS_PICK_H
#define FOPS_SUBCOMMANDS_PICK_H

#include "fops/cli/command.h"

extern const struct command pick_command;

#endif
