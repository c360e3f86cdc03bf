/* runtime-assets check: a verdict on each asset's liveness. */
#include "fops/asset/check.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/progress.h"
#include "runtime_assets.h"

struct check_options {
	struct selection_options selection;
	const char *wait;
};

static const struct command_option options[] = {
	SELECTION_OPTIONS(struct check_options),
	SELECTION_ALL(struct check_options, "check every asset of the topology"),
	{ "wait", 0, SLOT(struct check_options, wait), "COND", NULL, "return when every asset is ok", "ok",
	  VALUES_CHOICES, OPTION_VALUE_OPTIONAL, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct check_result, member)

static const struct column columns[] = {
	{ "asset_id", "ASSET ID", ROW(asset_id), COLUMN_KEEP, "identifier of the asset", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE, "the verdict", "ok|degraded|down|unknown", NULL,
	  0 },
	{ "latency_ms", "LATENCY MS", ROW(latency_ms), 0, "time of the health request, else of the attach", NULL, NULL,
	  0 },
	{ "cause", "CAUSE", ROW(cause), COLUMN_UNTRUSTED, "why the verdict is not ok", NULL, NULL, 0 },
	{ "fix", "FIX", ROW(fix), 0, "what helps", NULL, NULL, 0 },
	{ "machine", "MACHINE", ROW(machine), COLUMN_WIDE | COLUMN_STATE, "what the driver saw", OBSERVED_WORDS, NULL,
	  0 },
	{ "health", "HEALTH", ROW(health), COLUMN_WIDE | COLUMN_STATE, "result of the health contract",
	  "ok|bad|none|unknown", NULL, 0 },
	{ "role", "ROLE", ROW(role), COLUMN_WIDE, "role that the asset plays", NULL, NULL, 0 },
	{ "kind", "KIND", ROW(kind), COLUMN_WIDE, "kind of machine", "lxc|kubernetes", NULL, 0 },
	{ "driver", "DRIVER", ROW(driver), COLUMN_WIDE, "driver that reaches it", NULL, NULL, 0 },
	{ "phase", "PHASE", ROW(phase), COLUMN_WIDE | COLUMN_UNTRUSTED, "state in the platform's own words", NULL, NULL,
	  0 },
	{ "reason", "REASON", ROW(reason), COLUMN_WIDE | COLUMN_UNTRUSTED, "why it does not run or is not ready", NULL,
	  NULL, 0 },
	{ "since", "SINCE", ROW(since), COLUMN_WIDE, "when it started, where the driver knows", NULL, NULL, 0 },
	{ "restarts", "RESTARTS", ROW(restarts), COLUMN_WIDE, "how often its container was started anew", NULL, NULL,
	  0 },
	{ "checked_at", "CHECKED AT", ROW(checked_at), COLUMN_WIDE, "when the verdict was reached", NULL, NULL, 0 },
	{ 0 },
};

static void report_round(void *user, const struct check_result *results, size_t count)
{
	struct progress *progress = user;
	size_t good = 0;

	for (size_t i = 0; i < count; i++)
		good += text_equal(results[i].state, "ok") ? 1 : 0;
	progress_report(progress, good, count, "assets ok");
}

static void print_results(struct call *call, const struct check_result *results, size_t count)
{
	output_list(call->output);
	for (size_t i = 0; i < count; i++) {
		output_row(call->output, &results[i]);
		if (!text_equal(results[i].state, "ok"))
			call->verdict = EXIT_CHECK_FAILED;
	}
}

struct chosen {
	struct runtime_asset *assets;
	size_t count;
};

static bool check_chosen(struct call *call, struct asset_context *context, void *user, struct error *err)
{
	const struct check_options *wanted = call->options;
	const struct chosen *chosen = user;
	struct check_result *results = arena_array(call->arena, chosen->count, sizeof *results);
	struct progress *progress = progress_start(call);
	bool all_good;
	bool done;

	if (wanted->wait != NULL)
		done = check_assets_wait(context, chosen->assets, chosen->count, report_round, progress, results, err);
	else
		done = check_assets(context, chosen->assets, chosen->count, results, &all_good, err);
	progress_end(progress);
	if (!asset_look_leaves_rows(call, done, err))
		return false;
	print_results(call, results, chosen->count);
	return done;
}

static bool check(struct call *call, struct error *err)
{
	const struct check_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_selection selection;
	struct chosen chosen;

	if (!selection_read(&wanted->selection, &selection, err))
		return false;
	/* a filter by label, kind or owner asks for all that match; an id or role for exactly one */
	if (selection.asset_id == NULL && selection.role == NULL &&
	    (selection.labels.count > 0 || selection.kind != NULL || selection.owner != NULL))
		selection.all = true;
	if (!call_topology(call, &topology, err) ||
	    !selection_resolve(call->arena, topology, &selection, &chosen.assets, &chosen.count, err))
		return false;
	return asset_access_use(call, topology, check_chosen, &chosen, err);
}

static const char *const examples[] = {
	"fops runtime-assets check --role langboard_executor",
	"fops runtime-assets check --all --fields asset_id,state,cause",
	"fops runtime-assets check --role daytona_runtime --wait --timeout 2m",
	NULL,
};

static const int exits[] = { EXIT_CHECK_FAILED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, EXIT_TIMEOUT, -1 };

const struct command runtime_assets_check_command = {
	.name = "check",
	.summary = "Check that assets are alive as their contract says",
	.about = "Looks whether each machine runs and takes commands, and whether its executor answers as the health "
	         "contract says: method, path, "
	         "status and, optionally, one JSON value. A pod is looked at through its cluster's API server, with "
	         "one list "
	         "of pods for all assets of a namespace. All assets are checked at once under one deadline; one row "
	         "each, with cause and fix.\n\n"
	         "The verdict is the exit status: 0 when every asset is ok, 12 otherwise. --wait repeats until all are "
	         "ok or --timeout runs out.",
	.options = options,
	.options_size = sizeof(struct check_options),
	.columns = columns,
	.row_size = sizeof(struct check_result),
	.item = "runtime-asset",
	.schema = "fops.runtime-asset.check/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help topology, fops help exit-codes",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_VERDICT |
	         COMMAND_PROGRESS | COMMAND_SETTINGS,
	.run = check,
};
