/* runtime-assets list: the assets of the topology, one row each. */
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "runtime_assets.h"

struct list_options {
	struct selection_options selection;
};

static const struct command_option options[] = {
	SELECTION_OPTIONS(struct list_options),
	{ 0 },
};

struct asset_row {
	const char *asset_id;
	const char *role;
	const char *kind;
	const char *driver;
	const char *owner;
	const char *executor;
	const char *run;
	const char *request;
	struct text_map labels;
	const char *origin;
};

#define ROW(member) SLOT(struct asset_row, member)

static const struct column columns[] = {
	{ "asset_id", "ASSET ID", ROW(asset_id), COLUMN_KEEP, "identifier of the asset", NULL, NULL, 0 },
	{ "role", "ROLE", ROW(role), 0, "role that the asset plays", NULL, NULL, 0 },
	{ "kind", "KIND", ROW(kind), 0, "kind of machine", "lxc|kubernetes", NULL, 0 },
	{ "driver", "DRIVER", ROW(driver), 0, "driver that reaches it", NULL, NULL, 0 },
	{ "owner", "OWNER", ROW(owner), 0, "who answers for it", NULL, NULL, 0 },
	{ "executor", "EXECUTOR", ROW(executor), 0, "endpoint that controls it over HTTP", NULL, NULL, 0 },
	{ "run", "RUN", ROW(run), COLUMN_STATE, "policy of run", "open|proposal", NULL, 0 },
	{ "request", "REQUEST", ROW(request), COLUMN_STATE, "policy of request", "open|proposal", NULL, 0 },
	{ "labels", "LABELS", ROW(labels), COLUMN_WIDE, "labels, as KEY=VALUE", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), COLUMN_WIDE, "file and line of its document", NULL, NULL, 0 },
	{ 0 },
};

static bool print_assets(struct call *call, const struct topology *topology, const struct asset_choice *choice,
                         struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);

	output_list(call->output);
	for (size_t i = 0; i < choice->count && !output_is_done(call->output); i++) {
		struct arena_mark mark = arena_mark(scratch);
		size_t index = choice->indexes[i];
		struct runtime_asset asset;

		if (!topology_read_asset(topology, index, scratch, &asset, err))
			return false;
		output_row(call->output,
		           &(struct asset_row){ asset.asset_id, asset.role, asset.kind, runtime_asset_driver(&asset),
		                                asset.owner, asset.executor_ref, asset.policy.run, asset.policy.request,
		                                asset.labels,
		                                topology_origin(topology, KIND_RUNTIME_ASSET, index, scratch) });
		arena_rewind(scratch, mark);
	}
	return true;
}

static bool list_assets(struct call *call, struct error *err)
{
	const struct list_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_selection selection;
	struct asset_choice choice;

	return selection_read(&wanted->selection, &selection, err) && call_topology(call, &topology, err) &&
	       asset_select(call->arena, topology, &selection, &choice, err) &&
	       print_assets(call, topology, &choice, err);
}

static const char *const examples[] = {
	"fops runtime-assets list",
	"fops runtime-assets list --kind lxc --label tier=lab",
	"fops runtime-assets list -o json --fields asset_id,role",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command runtime_assets_list_command = {
	.name = "list",
	.summary = "List the assets of the topology",
	.about = "Without selection flags every asset is listed, sorted by id. Nothing is contacted: the answer comes "
	         "from the contracts alone.",
	.options = options,
	.options_size = sizeof(struct list_options),
	.columns = columns,
	.row_size = sizeof(struct asset_row),
	.item = "runtime-asset",
	.schema = "fops.runtime-asset.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help selection, fops help output",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = list_assets,
};
