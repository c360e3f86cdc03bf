/* The records of `infra`. */
#ifndef FOPS_SUBCOMMANDS_INFRA_H
#define FOPS_SUBCOMMANDS_INFRA_H

#include "fops/cli/command.h"

extern const struct command infra_command;
extern const struct command infra_import_kubeconfig_command;

#endif
