/* infra: documents of the infrastructure, made and checked. */
#include "infra.h"

static const struct command *const verbs[] = {
	&infra_validate_command, &infra_fmt_command,        &infra_generate_env_command,      &infra_env_check_command,
	&infra_exec_command,     &infra_apply_ssot_command, &infra_import_kubeconfig_command, NULL
};

static const char *const examples[] = { "fops infra validate topology/", "fops infra fmt --check topology/",
	                                "fops infra import-kubeconfig ~/.kube/config", NULL };

const struct command infra_command = {
	.name = "infra",
	.summary = "Check, write and apply documents of the infrastructure",
	.examples = examples,
	.see = "fops help topology, fops help secrets",
	.verbs = verbs,
};
