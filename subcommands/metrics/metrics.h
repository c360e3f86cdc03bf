/* The records of `metrics`. */
#ifndef FOPS_SUBCOMMANDS_METRICS_H
#define FOPS_SUBCOMMANDS_METRICS_H

#include "fops/cli/command.h"

extern const struct command metrics_command;
extern const struct command metrics_query_command;

#endif
