/* The records of `config`. */
#ifndef FOPS_SUBCOMMANDS_CONFIG_H
#define FOPS_SUBCOMMANDS_CONFIG_H

#include "fops/cli/command.h"

extern const struct command config_command;
extern const struct command config_show_command;

#endif
