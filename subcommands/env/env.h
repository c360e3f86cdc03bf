/* The records of `env`. */
#ifndef FOPS_SUBCOMMANDS_ENV_H
#define FOPS_SUBCOMMANDS_ENV_H

#include "fops/cli/command.h"

extern const struct command env_command;

#endif
