/* infra exec: a program with the environment of a consumer, secrets included. */
#include "../topology_access.h"
#include "fops/cli/call.h"
#include "fops/flow/env_exec.h"
#include "infra.h"

struct exec_options {
	bool pure;
};

static const struct command_option options[] = {
	{ "pure", 0, SLOT(struct exec_options, pure), NULL, NULL,
	  "give the program the contract's variables and nothing else", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

/* A warning would be lost with this program, so what is not known to be the present state is not used. */
static bool check_fresh(const struct topology *topology, struct error *err)
{
	size_t count = 0;
	const struct topology_revision *revisions = topology_revisions(topology, &count);

	for (size_t i = 0; i < count; i++) {
		if (!revisions[i].stale)
			continue;
		fail(err, ERROR_PLANE_UNAVAILABLE, "the topology %s is stale", revisions[i].url);
		error_cause(err, "%s", revisions[i].cause);
		return false;
	}
	return true;
}

static bool execute(struct call *call, struct error *err)
{
	const struct exec_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	const struct env_contract *contract;
	struct env_values values;

	return call_topology(call, &topology, err) && check_fresh(topology, err) &&
	       env_contract_find(call->arena, topology, call->arguments.items[0], &contract, err) &&
	       env_values_find(call->arena, topology, contract, &values, err) &&
	       env_exec(call->arena, &values, call->rest, wanted->pure, err);
}

static const char *const examples[] = {
	"fops infra exec portal -- env",
	"fops infra exec portal --pure -- /usr/bin/printenv LANGBOARD_URL",
	NULL,
};

static const int exits[] = { EXIT_NOT_STARTED, EXIT_NOT_EXECUTABLE, EXIT_COMMAND_NOT_FOUND, -1 };

const struct command infra_exec_command = {
	.name = "exec",
	.summary = "Run a program with the environment of a consumer",
	.about = "Reads the secrets of the EnvContract and becomes the program: the values are in its environment and "
	         "nowhere else, neither in its words nor in a log or file, and they are gone when it ends. Signals and "
	         "the "
	         "exit status are the program's own.\n\n"
	         "The program is looked up on PATH and started without a shell. It inherits this environment with the "
	         "contract's variables in it; --pure leaves it these alone, not even PATH. Secrets behind openbao:// "
	         "references cannot be read by this version.",
	.arguments = "CONSUMER",
	.arguments_min = 1,
	.arguments_max = 1,
	.rest = "COMMAND [ARGUMENT...]",
	.rest_min = 1,
	.options = options,
	.options_size = sizeof(struct exec_options),
	.examples = examples,
	.exits = exits,
	.see = "fops infra generate-env, fops help secrets, fops help exit-codes",
	.flags = COMMAND_TOPOLOGY | COMMAND_SETTINGS | COMMAND_OWN_EXIT | COMMAND_EXECUTES,
	.run = execute,
};
