/* The records of `extensions`. */
#ifndef FOPS_SUBCOMMANDS_EXTENSIONS_H
#define FOPS_SUBCOMMANDS_EXTENSIONS_H

#include "fops/cli/command.h"

extern const struct command extensions_command;
extern const struct command extensions_list_command;

#endif
