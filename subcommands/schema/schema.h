/* The records of `schema`. */
#ifndef FOPS_SUBCOMMANDS_SCHEMA_H
#define FOPS_SUBCOMMANDS_SCHEMA_H

#include "fops/cli/command.h"

extern const struct command schema_command;

#endif
