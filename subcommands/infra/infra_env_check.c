/* infra env-check: an environment against the contract of its consumer. */
#include "../topology_access.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/flow/env_check.h"
#include "infra.h"

struct check_options {
	const char *file;
	bool strict;
};

static const struct command_option options[] = {
	{ "file", 0, SLOT(struct check_options, file), "FILE", NULL,
	  "check this dotenv file, not the environment of this process", NULL, VALUES_FILES, 0, 0 },
	{ "strict", 0, SLOT(struct check_options, strict), NULL, NULL,
	  "report every variable that the contract does not name", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct env_check_row, member)

static const struct column columns[] = {
	{ "variable", "VARIABLE", ROW(variable), COLUMN_KEEP, "name of the variable", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE, "the verdict", ENV_CHECK_STATES, NULL, 0 },
	{ "expected", "EXPECTED", ROW(expected), 0, "what the topology says; of a secret only whether it is set", NULL,
	  NULL, 0 },
	{ "found", "FOUND", ROW(found), COLUMN_UNTRUSTED,
	  "what was found; of a secret and of a name outside the contract only whether it is set", NULL, NULL, 0 },
	{ "rule", "RULE", ROW(rule), 0, "the rule of the constitution that is broken", NULL, NULL, 0 },
	{ "fix", "FIX", ROW(fix), 0, "what helps", NULL, NULL, 0 },
	{ 0 },
};

static bool check(struct call *call, struct error *err)
{
	const struct check_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	const struct env_contract *contract;
	struct env_surroundings surroundings;
	struct env_values values;
	struct env_check result;

	if (!call_topology(call, &topology, err) ||
	    !env_contract_find(call->arena, topology, call->arguments.items[0], &contract, err) ||
	    !env_values_find(call->arena, topology, contract, &values, err))
		return false;
	if (wanted->file == NULL)
		surroundings = env_surroundings_own(call->arena);
	else if (!env_surroundings_read(call->arena, wanted->file, &surroundings, err))
		return false;
	env_check(call->arena, &values, &surroundings, wanted->strict, &result);
	output_list(call->output);
	for (size_t i = 0; i < result.count; i++)
		output_row(call->output, &result.rows[i]);
	if (result.findings)
		call->verdict = EXIT_CHECK_FAILED;
	else if (result.drift)
		call->verdict = EXIT_DRIFT;
	return true;
}

static const char *const examples[] = {
	"fops infra env-check portal",
	"fops infra env-check portal --file .env.portal --strict",
	"fops infra env-check portal --filter state!=ok",
	NULL,
};

static const int exits[] = { EXIT_DRIFT, EXIT_CHECK_FAILED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command infra_env_check_command = {
	.name = "env-check",
	.summary = "Check an environment against its contract",
	.about = "Compares the environment of this process, or a dotenv file, with what the topology says for the "
	         "consumer: a variable that is missing, a URL of another kind than the contract asks for (R12), an "
	         "address where a name belongs (R07), a secret in a file (R02), another value (drift), a name that the "
	         "contract does not have (extra). Extra are names that begin with the consumer's own name or with the "
	         "first word of one of its variables, as in PORTAL_ and LANGBOARD_; with --strict all, but for those "
	         "of system and shell in an environment.\n\n"
	         "The value of a secret is never shown, wherever it was found. The verdict is the exit status: 0 when "
	         "every row is ok, 10 when there is only drift, 12 otherwise.",
	.arguments = "CONSUMER",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = options,
	.options_size = sizeof(struct check_options),
	.columns = columns,
	.row_size = sizeof(struct env_check_row),
	.item = "variable",
	.schema = "fops.infra.env-check/1",
	.examples = examples,
	.exits = exits,
	.see = "fops infra generate-env, fops rules list, fops help exit-codes",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_SETTINGS | COMMAND_VERDICT,
	.run = check,
};
