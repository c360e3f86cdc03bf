/* runtime-assets run: a command on one asset, or on many at once. */
#include "fops/asset/run.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "runtime_assets.h"

struct run_options {
	struct selection_options selection;
	bool shell;
	struct text_list env;
	const char *workdir;
	const char *user;
	bool input;
	bool terminal;
	bool raw;
	const char *result_file;
};

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
	{ "result-file", 0, OPTION(result_file), "FILE", NULL, "write the outcome as JSON", NULL, VALUES_FILES, 0, 0 },
	{ 0 },
};

/* What the lines of several assets go through. */
struct many {
	struct call *call;
	bool jsonl;
	size_t failed;
	size_t count;
};

struct line_event {
	const char *asset_id;
	int stream;
	const char *line;
	size_t len;
};

static void emit_line(struct emitter *emitter, const void *data)
{
	const struct line_event *event = data;

	emit_key(emitter, "asset_id");
	emit_text(emitter, event->asset_id);
	emit_key(emitter, "stream");
	emit_text(emitter, event->stream == 2 ? "stderr" : "stdout");
	emit_key(emitter, "line");
	emit_text_len(emitter, event->line, event->len);
}

static void print_line(void *user, const char *asset_id, int stream, const char *line, size_t len)
{
	struct many *many = user;
	struct buffer text = BUFFER((size_t)1 << 20);
	int descriptor = stream == 2 ? STDERR_FILENO : STDOUT_FILENO;
	ssize_t written;

	if (many->jsonl) {
		output_event(many->call->output, "output", emit_line,
		             &(struct line_event){ asset_id, stream, line, len });
		return;
	}
	buffer_format(&text, "%s: ", asset_id);
	if (terminal_is(descriptor))
		terminal_escape(&text, line, len);
	else
		buffer_append(&text, line, len);
	buffer_byte(&text, '\n');
	if (stream == 2) {
		written = write(descriptor, buffer_string(&text), text.len);
		(void)written; /* a lost line on stderr does not change the outcome */
	} else {
		output_bytes(many->call->output, buffer_string(&text), text.len);
		output_flush(many->call->output);
	}
	buffer_done(&text);
}

static void emit_result(struct emitter *emitter, const void *data)
{
	const struct run_result *result = data;

	emit_key(emitter, "item");
	run_result_emit(emitter, result);
}

static void note_result(void *user, const struct run_result *result)
{
	struct many *many = user;

	many->failed += result->exit_status != 0 ? 1 : 0;
	if (many->jsonl)
		output_event(many->call->output, "item", emit_result, result);
	else if (result->exit_status != 0)
		log_detail(&many->call->log, "%s: %s, status %lld", result->asset_id, result->state,
		           (long long)result->exit_status);
}

/* The status of the worst asset: what never ended well counts more than what ended badly. */
static int worst_status(const struct run_result *results, size_t count)
{
	int worst = 0;

	for (size_t i = 0; i < count; i++) {
		if (results[i].exit_status > worst)
			worst = (int)results[i].exit_status;
	}
	return worst;
}

static void print_summary(const struct many *many, const struct run_result *results)
{
	struct buffer text = BUFFER((size_t)4 << 20);
	ssize_t written;

	if (many->jsonl || many->call->globals.quiet > 0)
		return;
	for (size_t i = 0; i < many->count; i++) {
		if (results[i].exit_status != 0)
			buffer_format(&text, "%s: %s, status %lld%s%s\n", results[i].asset_id, results[i].state,
			              (long long)results[i].exit_status, results[i].message == NULL ? "" : ": ",
			              results[i].message == NULL ? "" : results[i].message);
	}
	buffer_format(&text, "%zu assets: %zu ok, %zu failed\n", many->count, many->count - many->failed, many->failed);
	written = write(STDERR_FILENO, buffer_string(&text), text.len);
	(void)written;
	buffer_done(&text);
}

static bool run_many(struct call *call, struct asset_context *context, const struct runtime_asset *assets, size_t count,
                     const struct run_request *request, struct error *err)
{
	struct many many = { call, output_format(call->output) == OUTPUT_JSONL, 0, count };
	struct run_listener listener = { print_line, note_result, &many };
	struct run_result *results = arena_array(call->arena, count, sizeof *results);

	if (request->input || request->terminal)
		return fail(err, ERROR_USAGE_CONFLICT, "--%s needs a single asset", request->input ? "stdin" : "tty");
	if (!run_on_assets(context, assets, count, request, &listener, results, err))
		return false;
	print_summary(&many, results);
	call->verdict = worst_status(results, count);
	return true;
}

static bool run_one(struct call *call, struct asset_context *context, const struct runtime_asset *asset,
                    const struct run_request *request, struct error *err)
{
	struct run_result result;
	struct error outcome;

	if (!run_on_asset(context, asset, request, &result, &outcome, err))
		return false;
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

static bool run_on(struct call *call, struct asset_context *context, const struct runtime_asset *assets, size_t count,
                   struct error *err)
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

	if (wanted->selection.all || output_format(call->output) == OUTPUT_JSONL) {
		if (request.result_file != NULL)
			return fail(err, ERROR_USAGE_CONFLICT, "--result-file needs a single asset; use -o jsonl");
		return run_many(call, context, assets, count, &request, err);
	}
	return run_one(call, context, &assets[0], &request, err);
}

static bool run(struct call *call, struct error *err)
{
	const struct run_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_context context = { 0 };
	struct asset_selection selection;
	struct runtime_asset *assets;
	size_t count;
	bool done;

	if (output_format(call->output) != OUTPUT_TABLE && output_format(call->output) != OUTPUT_JSONL) {
		fail(err, ERROR_USAGE_BAD_VALUE, "run prints the command's own output, or -o jsonl");
		error_fix(err, "add --result-file FILE for the outcome as JSON");
		return false;
	}
	if (!selection_read(&wanted->selection, &selection, err) || !call_topology(call, &topology, err) ||
	    !selection_resolve(call->arena, topology, &selection, &assets, &count, err) ||
	    !policy_check(assets, count, "run", err))
		return false;
	done = asset_access_open(call, topology, &context, err) && run_on(call, &context, assets, count, err);
	asset_access_close(&context);
	return done;
}

static const char *const examples[] = {
	"fops runtime-assets run --role daytona_runtime -- python -V",
	"fops runtime-assets run --asset-id daytona-01 --stdin -- sha256sum",
	"fops runtime-assets run --label tier=lab --all -o jsonl -- uname -r",
	NULL,
};

static const int exits[] = { EXIT_PROPOSAL_REQUIRED, EXIT_TIMEOUT,     EXIT_NOT_STARTED, EXIT_NOT_EXECUTABLE,
	                     EXIT_COMMAND_NOT_FOUND, EXIT_INTERRUPTED, EXIT_LINK_LOST,   -1 };

const struct command runtime_assets_run_command = {
	.name = "run",
	.summary = "Run a command on an asset",
	.about = "The words behind -- are the command and its arguments, passed exactly and without a shell. Standard "
	         "output and error stay apart "
	         "and are streamed; the exit status is the command's own. A command killed by signal N gives 128+N.\n\n"
	         "Every failure of fops before the start is 125 (13 when the contract asks for a proposal); nothing "
	         "ran then. 255 means that the "
	         "link broke after the start and the outcome is unknown. --result-file always tells which it was.\n\n"
	         "The first Ctrl-C goes to the remote command, the second ends it hard. With --all the output lines "
	         "are prefixed by the asset's id, and "
	         "the exit status is the highest one.",
	.rest = "COMMAND [ARGUMENT...]",
	.rest_min = 1,
	.options = options,
	.options_size = sizeof(struct run_options),
	.examples = examples,
	.exits = exits,
	.see = "fops help run, fops help selection",
	.flags = COMMAND_EVENTS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_OWN_EXIT |
	         COMMAND_EXECUTES | COMMAND_NO_DEADLINE | COMMAND_SETTINGS,
	.run = run,
};
