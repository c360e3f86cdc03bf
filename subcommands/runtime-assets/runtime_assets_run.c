/* runtime-assets run: a command on one asset, or on many at once. */
#include "runtime_assets_run.h"

#include "../topology_access.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

#define OPTION(member) SLOT(struct run_options, member)

static const struct command_option options[] = {
	SELECTION_OPTIONS(struct run_options),
	SELECTION_ALL(struct run_options, "run on every asset that matches, several at a time"),
	{ "shell", 0, OPTION(shell), NULL, NULL, "join the words and hand them to sh -c on the asset", NULL,
	  VALUES_NONE, 0, 0 },
	{ "env", 'e', OPTION(env), "NAME[=VALUE]", NULL, "set a variable for the command; NAME alone passes your own",
	  NULL, VALUES_NONE, 0, 0 },
	{ "workdir", 'w', OPTION(workdir), "FOLDER", NULL, "start the command in this folder of the asset", NULL,
	  VALUES_NONE, 0, 0 },
	{ "user", 'u', OPTION(user), "USER", NULL, "run as this user (name or UID[:GID]) of the asset", NULL,
	  VALUES_NONE, 0, 0 },
	{ "stdin", 'i', OPTION(input), NULL, NULL, "pass standard input on; without it the command reads nothing", NULL,
	  VALUES_NONE, 0, 0 },
	{ "tty", 't', OPTION(terminal), NULL, NULL, "give the command a terminal", NULL, VALUES_NONE, 0, 0 },
	{ "raw", 0, OPTION(raw), NULL, NULL, "do not filter control characters on a terminal", NULL, VALUES_NONE, 0,
	  0 },
	{ "result-file", 0, OPTION(result_file), "FILE", NULL, "write the outcome as JSON; of many: as events", NULL,
	  VALUES_FILES, 0, 0 },
	{ "fail-fast", 0, OPTION(fail_fast), NULL, NULL, "of many: begin no further asset after the first that fails",
	  NULL, VALUES_NONE, 0, 0 },
	{ "max-failures", 0, OPTION(max_failures), "COUNT", NULL,
	  "of many: begin no further asset after so many that fail", NULL, VALUES_NONE, 0, 0 },
	{ "deadline", 0, OPTION(deadline), "TIME", NULL, "of many: limit of all together; --timeout is that of each",
	  NULL, VALUES_NONE, 0, 0 },
	{ "only-failed", 0, OPTION(only_failed), "FILE", NULL,
	  "only assets whose last result in FILE (of -o jsonl or --result-file) is no success", NULL, VALUES_FILES, 0,
	  0 },
	{ 0 },
};

static bool run_one(struct call *call, struct asset_context *context, const struct runtime_asset *asset,
                    const struct run_request *request, struct error *err)
{
	struct run_result result;
	struct error outcome;

	if (!run_on_asset(context, asset, request, &result, &outcome, err))
		return false;
	if (result.unwritten != NULL)
		output_warning(call->output, "%s", result.unwritten);
	if (!text_equal(result.state, "exited")) {
		/* once the command ran its own status stands, whatever the number */
		call->answered = !text_equal(result.state, "not-started");
		*err = outcome;
		err->exit_status = (int)result.exit_status;
		return false;
	}
	call->verdict = (int)result.exit_status;
	return true;
}

static bool select_assets(struct call *call, const struct topology *topology, const struct asset_selection *selection,
                          struct text_list *warnings, struct runtime_asset **ret_assets, size_t *ret_count,
                          struct error *err)
{
	const struct run_options *wanted = call->options;

	if (wanted->only_failed != NULL)
		return run_select_rest(call, topology, wanted->only_failed, selection, warnings, ret_assets, ret_count,
		                       err);
	return selection_resolve(call->arena, topology, selection, ret_assets, ret_count, err);
}

/* Once the words of the command line are in order. */
static bool run_selected(struct call *call, const struct asset_selection *selection, const struct run_request *request,
                         struct deadline deadline, struct error *err)
{
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_context context = { 0 };
	struct text_list warnings = { 0 };
	struct runtime_asset *assets;
	size_t count;
	bool done;

	if (!call_topology(call, &topology, err) ||
	    !select_assets(call, topology, selection, &warnings, &assets, &count, err) ||
	    !policy_check(assets, count, "run", err))
		return false;
	done = asset_access_open(call, topology, &context, err);
	if (done && run_is_many(call, call->options)) {
		context.deadline = deadline;
		done = run_many(call, &context, assets, count, request, &warnings, err);
	} else if (done) {
		done = run_one(call, &context, &assets[0], request, err);
	}
	asset_access_close(&context);
	return done;
}

static bool run(struct call *call, struct error *err)
{
	const struct run_options *wanted = call->options;
	struct run_request request = {
		.argv = call->rest,
		.shell = wanted->shell,
		.environment = wanted->env,
		.workdir = wanted->workdir,
		.user = wanted->user,
		.input = wanted->input,
		.terminal = wanted->terminal,
		.raw = wanted->raw,
		.timeout_ms = call->settings->timeout_ms,
		.result_file = wanted->result_file,
	};
	enum output_format format = output_format(call->output);
	struct asset_selection selection;
	struct deadline deadline = NO_DEADLINE;

	if (format != OUTPUT_TABLE && format != OUTPUT_JSON && format != OUTPUT_JSONL) {
		fail(err, ERROR_USAGE_BAD_VALUE, "run prints the command's own output, or -o json or -o jsonl");
		error_fix(err, "leave -o out, or add --result-file FILE for the outcome as JSON");
		return false;
	}
	return run_many_check(call, wanted, &request, &deadline, err) &&
	       selection_read(&wanted->selection, &selection, err) &&
	       run_selected(call, &selection, &request, deadline, err);
}

static const char *const examples[] = {
	"fops runtime-assets run --role daytona_runtime -- python -V",
	"fops runtime-assets run --asset-id daytona-01 --stdin -- sha256sum",
	"fops runtime-assets run --all --max-failures 3 --result-file runs.jsonl -- true",
	"fops runtime-assets run --only-failed runs.jsonl --timeout 1m -- true",
	NULL,
};

static const int exits[] = { EXIT_PROPOSAL_REQUIRED, EXIT_PARTIAL,        EXIT_TIMEOUT,
	                     EXIT_NOT_STARTED,       EXIT_NOT_EXECUTABLE, EXIT_COMMAND_NOT_FOUND,
	                     EXIT_INTERRUPTED,       EXIT_LINK_LOST,      -1 };

const struct command runtime_assets_run_command = {
	.name = "run",
	.summary = "Run a command on an asset",
	.about = "The words behind -- are the command and its arguments, passed exactly and without a shell. Standard "
	         "output and error stay apart "
	         "and are streamed; the exit status is the command's own. A command killed by signal N gives 128+N.\n\n"
	         "Every failure of fops before the start is 125 (13 when the contract asks for a proposal); nothing "
	         "ran then. 255 means that the "
	         "link broke after the start and the outcome is unknown. --result-file always tells which it was.\n\n"
	         "The first Ctrl-C goes to the remote command, the second ends it hard.\n\n"
	         "With --all the command runs on every asset that matches, --parallel at a time. Each line of output "
	         "starts with the asset's id; a summary follows on standard error. -o jsonl prints events as they "
	         "come instead, -o json one document with results and output at the end. --timeout is the limit of "
	         "each asset, --deadline of all together. --fail-fast and --max-failures begin no further asset after "
	         "failures; what is under way ends by itself.\n\n"
	         "The status of many is 0 when every asset ended with 0, the common one when all ended alike, 16 "
	         "(partial) when they differ; 124 after the deadline, 130 after Ctrl-C. Each asset's own is in its "
	         "result.\n\n"
	         "--only-failed FILE repeats a run where it failed or never came to: FILE is what an earlier run "
	         "printed with -o json or jsonl or wrote with --result-file, and the last result of an asset counts. "
	         "It needs "
	         "no --all; other selection flags narrow it down further, assets outside of them are left out, and one "
	         "that the topology no longer has is a warning.",
	.rest = "COMMAND [ARGUMENT...]",
	.rest_min = 1,
	.schema = "fops.run-result/1",
	.options = options,
	.options_size = sizeof(struct run_options),
	.examples = examples,
	.exits = exits,
	.see = "fops help run, fops help selection",
	.flags = COMMAND_EVENTS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_OWN_EXIT |
	         COMMAND_EXECUTES | COMMAND_NO_DEADLINE | COMMAND_SETTINGS,
	.run = run,
};
