/* The list of nouns, in the order of help. */
#include "root.h"

#include "completion/completion.h"
#include "config/config.h"
#include "context/context.h"
#include "doctor/doctor.h"
#include "endpoints/endpoints.h"
#include "env/env.h"
#include "extensions/extensions.h"
#include "help/help.h"
#include "infra/infra.h"
#include "metrics/metrics.h"
#include "pick/pick.h"
#include "prompt/prompt.h"
#include "render/render.h"
#include "rules/rules.h"
#include "runtime-assets/runtime_assets.h"
#include "schema/schema.h"
#include "stacks/stacks.h"
#include "version/version.h"

static const struct command *const nouns[] = {
	&runtime_assets_command, &endpoints_command, &stacks_command,   &metrics_command, &doctor_command,
	&infra_command,          &rules_command,     &config_command,   &context_command, &env_command,
	&extensions_command,     &pick_command,      &prompt_command,   &schema_command,  &completion_command,
	&help_command,           &version_command,   &complete_command, &render_command,  NULL,
};

static const char *const examples[] = {
	"fops runtime-assets list",
	"fops runtime-assets check --all",
	"fops runtime-assets run --role daytona_runtime -- uname -r",
	NULL,
};

const struct command root_command = {
	.name = "fops",
	.summary = "The command line of an organization's control plane",
	.about = "fops reads typed contracts (the topology) and talks straight to the planes behind them. It runs no "
	         "daemon, owns no truth and "
	         "keeps nothing but a cache that may be deleted.\n\n"
	         "Machines are runtime assets, chosen only by asset id or role. Results go to stdout, everything else "
	         "to stderr; the exit "
	         "status tells verdicts (10-18) from errors (64-78).",
	.examples = examples,
	.see = "fops help topology, fops help exit-codes, fops help global-flags",
	.verbs = nouns,
};
