/* infra apply-ssot: what it takes to bring environments to what the topology says, up to the gate. */
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "fops/flow/env_plan.h"
#include "fops/flow/plan_print.h"
#include "infra.h"

#define PLAN_BYTES     ((size_t)32 * 1024 * 1024)
#define PLAN_MODE      0644
#define MOST_CONSUMERS 1024
#define TARGET_WORD    "--target="

struct apply_options {
	struct text_list target;
	bool dry_run;
	const char *plan_out;
	const char *plan;
	const char *output;
};

static const struct command_option options[] = {
	{ "target", 0, SLOT(struct apply_options, target), "TARGET", NULL,
	  "only env-file, kubernetes, a file's path, or ENDPOINT/NAMESPACE/NAME; may be repeated", NULL, VALUES_NONE, 0,
	  0 },
	{ "dry-run", 0, SLOT(struct apply_options, dry_run), NULL, NULL,
	  "show the plan and say by the exit status whether anything differs", NULL, VALUES_NONE, 0, 0 },
	{ "plan-out", 0, SLOT(struct apply_options, plan_out), "FILE", NULL, "write the plan into a file", NULL,
	  VALUES_FILES, 0, 0 },
	{ "plan", 0, SLOT(struct apply_options, plan), "FILE", NULL,
	  "apply this plan, and nothing when the world is not as it was when the plan was made", NULL, VALUES_FILES, 0,
	  0 },
	{ "output", 'o', SLOT(struct apply_options, output), "FORMAT", "text", "print the plan as text or json",
	  "text|json", VALUES_CHOICES, 0, 0 },
	{ 0 },
};

/* What is planned: from the command line, or from the plan file that was made of one. */
struct wish {
	struct text_list consumers;
	struct text_list targets;
	const char *digest; /* of the plan file; NULL without one */
};

static bool read_wish(struct call *call, struct wish *ret_wish, struct error *err)
{
	const struct apply_options *wanted = call->options;
	struct wish wish = { .consumers = call->arguments, .targets = wanted->target };
	struct plan_file file;

	if (wanted->plan == NULL) {
		*ret_wish = wish;
		return true;
	}
	if (call->arguments.count > 0 || wanted->target.count > 0)
		return fail(err, ERROR_USAGE_CONFLICT, "--plan says itself which consumers and targets are meant");
	if (!plan_read(call->arena, wanted->plan, &file, err))
		return false;
	if (!text_equal(file.action, call->path)) {
		fail(err, ERROR_DATA, "the plan %s is not one of %s", wanted->plan, call->path);
		return false;
	}
	wish.digest = file.digest;
	for (size_t i = 0; i < file.arguments.count; i++) {
		const char *word = file.arguments.items[i];

		if (text_starts(word, TARGET_WORD))
			text_list_add(call->arena, &wish.targets, word + sizeof TARGET_WORD - 1);
		else
			text_list_add(call->arena, &wish.consumers, word);
	}
	*ret_wish = wish;
	return true;
}

static bool find_values(struct call *call, const struct topology *topology, struct wish *wish,
                        struct env_values **ret_values, struct error *err)
{
	struct env_values *values;
	bool all = wish->consumers.count == 0;

	for (size_t i = 0; all && i < topology_count(topology, KIND_ENV_CONTRACT); i++)
		text_list_add(call->arena, &wish->consumers, topology_id(topology, KIND_ENV_CONTRACT, i));
	values = arena_array(call->arena, wish->consumers.count, sizeof *values);
	for (size_t i = 0; i < wish->consumers.count; i++) {
		const struct env_contract *contract;

		if (!env_contract_find(call->arena, topology, wish->consumers.items[i], &contract, err) ||
		    !env_values_find(call->arena, topology, contract, &values[i], err))
			return false;
	}
	*ret_values = values;
	return true;
}

static bool make_plan(struct call *call, struct wish *wish, struct plan *ret_plan, struct error *err)
{
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_context context = { 0 };
	struct env_values *values;
	bool good;

	if (!call_topology(call, &topology, err) || !find_values(call, topology, wish, &values, err))
		return false;
	good = asset_access_open(call, topology, &context, err) &&
	       env_plan(&context, values, wish->consumers.count, &wish->targets, ret_plan, err);
	asset_access_close(&context);
	return good;
}

static bool check_digest(const struct wish *wish, const char *digest, struct error *err)
{
	if (wish->digest == NULL || text_equal(wish->digest, digest))
		return true;
	fail(err, ERROR_PLAN_STALE, "the plan no longer fits: the topology or the targets have changed");
	error_cause(err, "plan %.8s was made, and now it would be %.8s", wish->digest, digest);
	error_fix(err, "fops infra apply-ssot --plan-out FILE");
	return false;
}

/* The document, into the file that --plan-out names and, for -o json, to standard output. */
static bool put_document(struct call *call, const struct plan *plan, struct error *err)
{
	const struct apply_options *wanted = call->options;
	struct buffer text = BUFFER(PLAN_BYTES);
	bool good = plan_write(call->arena, plan, wanted->plan_out != NULL, &text, err);

	if (good && wanted->plan_out != NULL)
		good = file_write(wanted->plan_out, text.data, text.len, PLAN_MODE, true, err);
	if (good && strcmp(wanted->output, "json") == 0)
		output_bytes(call->output, text.data, text.len);
	buffer_done(&text);
	return good;
}

static void print_plan(struct call *call, const struct plan *plan, const struct digest *digest)
{
	struct buffer text = BUFFER(PLAN_BYTES);

	if (!plan_changes(plan) && plan->finding_count == 0) {
		buffer_format(&text, "no changes: %zu %s as the topology says\n", plan->count,
		              plan->count == 1 ? "object is" : "objects are");
	} else {
		plan_print(call->arena, plan, digest, call->settings->context, &text);
		buffer_format(&text, "Needs a proposal: %s\n", plan_changes(plan) ? "yes" : "no");
	}
	output_bytes(call->output, text.data, text.len);
	buffer_done(&text);
}

/* The gate: the Proposal Plane alone opens it, and there is no client of it yet. */
static bool ask_gate(struct call *call, const char *digest, struct error *err)
{
	const struct apply_options *wanted = call->options;
	const char *file = wanted->plan_out != NULL ? wanted->plan_out : wanted->plan;

	fail(err, ERROR_PROPOSAL_REQUIRED, "%s needs an approved proposal", call->path);
	error_cause(err, "plan %.8s changes what is live, and this version has no client of the Proposal Plane",
	            digest);
	error_object(err, "plan/%.8s", digest);
	if (file != NULL)
		error_fix(err, "fops proposals open --plan %s --reason \"TEXT\"", file);
	else
		error_fix(err, "fops infra apply-ssot --plan-out plan.fops; fops proposals open --plan plan.fops "
		               "--reason \"TEXT\"");
	return false;
}

static bool apply(struct call *call, struct error *err)
{
	const struct apply_options *wanted = call->options;
	struct digest digest;
	char text[DIGEST_TEXT];
	struct wish wish = { 0 };
	struct plan plan;

	/* this -o is the verb's own, and errors follow it as they do elsewhere */
	if (strcmp(wanted->output, "json") == 0)
		call->globals.format = wanted->output;
	if (!read_wish(call, &wish, err) || !make_plan(call, &wish, &plan, err) ||
	    !plan_digest(call->arena, &plan, &digest, err))
		return false;
	digest_text(&digest, text);
	if (!check_digest(&wish, text, err) || !put_document(call, &plan, err))
		return false;
	if (strcmp(wanted->output, "text") == 0)
		print_plan(call, &plan, &digest);
	call->answered = true;
	call->changed_nothing = wanted->plan_out == NULL;
	if (plan_changes(&plan) && !wanted->dry_run)
		return ask_gate(call, text, err);
	if (plan.finding_count > 0)
		call->verdict = EXIT_CHECK_FAILED;
	else if (plan_changes(&plan))
		call->verdict = EXIT_DRIFT;
	return true;
}

static const char *const examples[] = {
	"fops infra apply-ssot --dry-run",
	"fops infra apply-ssot portal --plan-out plan.fops",
	"fops infra apply-ssot portal --target kubernetes -o json",
	NULL,
};

static const int exits[] = { EXIT_DRIFT, EXIT_CHECK_FAILED, EXIT_PROPOSAL_REQUIRED, EXIT_STALE,
	                     EXIT_DATA,  EXIT_NOT_FOUND,    EXIT_PLANE_UNAVAILABLE, EXIT_AUTH,
	                     -1 };

const struct command infra_apply_ssot_command = {
	.name = "apply-ssot",
	.summary = "Plan the environments that the topology asks for",
	.about =
	        "Observes the targets of the consumers' EnvContracts (all, without CONSUMER), compares them with what "
	        "the topology says and shows the steps that are left: files, and in a cluster a ConfigMap and an "
	        "ExternalSecret. Only what the contract writes is compared; what else a target holds is not shown. A "
	        "secret is a reference in every plan.\n\n"
	        "Nothing to do is exit 0. Steps change what is live, so they need an approved proposal: exit 13 with "
	        "the command that files one, and nothing is changed. This version has no client of the Proposal Plane: "
	        "it plans and applies nothing. --dry-run ends with 10 when something differs, with 12 when a target "
	        "could not be observed. The plan's digest is made of its content alone; --plan takes a plan file back, "
	        "and exit 18 says that it no longer fits.",
	.arguments = "[CONSUMER...]",
	.arguments_max = MOST_CONSUMERS,
	.options = options,
	.options_size = sizeof(struct apply_options),
	.examples = examples,
	.exits = exits,
	.see = "fops infra generate-env, fops infra env-check, fops help exit-codes",
	.flags = COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_SETTINGS | COMMAND_WRITES | COMMAND_VERDICT,
	.run = apply,
};
