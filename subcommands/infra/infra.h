/* The records of `infra`. */
#ifndef FOPS_SUBCOMMANDS_INFRA_H
#define FOPS_SUBCOMMANDS_INFRA_H

#include "fops/cli/command.h"

/* Words that a shell makes of a pattern over many files. */
#define INFRA_MOST_PATHS 100000

extern const struct command infra_command;
extern const struct command infra_validate_command;
extern const struct command infra_fmt_command;
extern const struct command infra_generate_env_command;
extern const struct command infra_env_check_command;
extern const struct command infra_exec_command;
extern const struct command infra_apply_ssot_command;
extern const struct command infra_import_kubeconfig_command;

#endif
