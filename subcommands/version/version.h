/* The records of `version`. */
#ifndef FOPS_SUBCOMMANDS_VERSION_H
#define FOPS_SUBCOMMANDS_VERSION_H

#include "fops/cli/command.h"

extern const struct command version_command;

#endif
