/* The hidden command that writes everything generated. */
#ifndef FOPS_SUBCOMMANDS_RENDER_H
#define FOPS_SUBCOMMANDS_RENDER_H

#include "fops/cli/command.h"

extern const struct command render_command;

#endif
