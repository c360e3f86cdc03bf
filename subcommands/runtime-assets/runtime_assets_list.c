/* runtime-assets list: the assets of the topology, one row each. */
#include "fops/asset/live.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "runtime_assets.h"

struct list_options {
	struct selection_options selection;
	bool live;
};

static const struct command_option options[] = {
	SELECTION_OPTIONS(struct list_options),
	{ "live", 0, SLOT(struct list_options, live), NULL, NULL, "look at each machine and show its state", NULL,
	  VALUES_NONE, 0, 0 },
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
	const char *live;
	struct instant since;
	struct optional_int restarts;
	const char *phase;
	const char *reason;
	const char *cause;
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
	{ "labels", "LABELS", ROW(labels), COLUMN_WIDE | COLUMN_ASIDE, "labels, as KEY=VALUE", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), COLUMN_WIDE | COLUMN_ASIDE, "file and line of its document", NULL, NULL, 0 },
	{ "live", "LIVE", ROW(live), COLUMN_WIDE | COLUMN_ASKED | COLUMN_KEEP | COLUMN_STATE,
	  "with --live: what the driver saw", OBSERVED_WORDS, NULL, 0 },
	{ "since", "SINCE", ROW(since), COLUMN_WIDE | COLUMN_ASKED,
	  "with --live: when it started, where the driver knows", NULL, NULL, 0 },
	{ "restarts", "RESTARTS", ROW(restarts), COLUMN_WIDE | COLUMN_ASKED,
	  "with --live: how often its container was started anew", NULL, NULL, 0 },
	{ "phase", "PHASE", ROW(phase), COLUMN_WIDE | COLUMN_ASKED | COLUMN_ASIDE | COLUMN_UNTRUSTED,
	  "with --live: state in the platform's own words", NULL, NULL, 0 },
	{ "reason", "REASON", ROW(reason), COLUMN_WIDE | COLUMN_ASKED | COLUMN_ASIDE | COLUMN_UNTRUSTED,
	  "with --live: why it does not run or is not ready", NULL, NULL, 0 },
	{ "cause", "CAUSE", ROW(cause), COLUMN_WIDE | COLUMN_ASKED | COLUMN_ASIDE | COLUMN_UNTRUSTED,
	  "with --live: what is wrong, in a sentence", NULL, NULL, 0 },
	{ 0 },
};

/* live may be NULL: then nothing was asked. */
static bool print_assets(struct call *call, const struct topology *topology, const struct asset_choice *choice,
                         const struct live *live, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);

	output_list(call->output);
	for (size_t i = 0; i < choice->count && !output_is_done(call->output); i++) {
		struct arena_mark mark = arena_mark(scratch);
		struct live_state state = { 0 };
		size_t index = choice->indexes[i];
		struct runtime_asset asset;

		if (live != NULL)
			state = live_state_of(live, i);
		if (!topology_read_asset(topology, index, scratch, &asset, err))
			return false;
		output_row(call->output,
		           &(struct asset_row){
		                   asset.asset_id, asset.role, asset.kind, runtime_asset_driver(&asset), asset.owner,
		                   asset.executor_ref, asset.policy.run, asset.policy.request, asset.labels,
		                   topology_origin(topology, KIND_RUNTIME_ASSET, index, scratch), state.state,
		                   state.since, state.restarts, state.phase, state.reason, state.cause });
		arena_rewind(scratch, mark);
	}
	return true;
}

struct chosen {
	const struct topology *topology;
	const struct asset_choice *choice;
};

static bool read_chosen(void *user, size_t i, struct arena *arena, struct runtime_asset *ret_asset, struct error *err)
{
	const struct chosen *chosen = user;

	return topology_read_asset(chosen->topology, chosen->choice->indexes[i], arena, ret_asset, err);
}

/* What ended the look early still leaves rows, as with check. */
static bool print_live(struct call *call, struct topology *topology, const struct asset_choice *choice,
                       struct asset_context *context, struct error *err)
{
	struct chosen chosen = { topology, choice };
	struct live *live = NULL;
	struct error unprinted;
	bool seen = live_look(context, choice->count, read_chosen, &chosen, &live, err);
	size_t unasked;

	if (live == NULL || (!seen && err->id != ERROR_INTERRUPTED && err->id != ERROR_TERMINATED))
		return false;
	unasked = live_unasked(live);
	if (unasked > 0)
		output_warning(call->output,
		               "%zu of %zu assets could not be asked; their causes are in -o wide and -o json", unasked,
		               choice->count);
	if (!seen)
		output_partial(call->output);
	output_widen(call->output);
	if (!print_assets(call, topology, choice, live, seen ? err : &unprinted))
		return false;
	call->answered = true;
	return seen;
}

static bool list_live(struct call *call, struct topology *topology, const struct asset_choice *choice,
                      struct error *err)
{
	struct asset_context context = { 0 };
	bool done =
	        asset_access_open(call, topology, &context, err) && print_live(call, topology, choice, &context, err);

	asset_access_close(&context);
	return done;
}

static bool list_assets(struct call *call, struct error *err)
{
	const struct list_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_selection selection;
	struct asset_choice choice;

	if (!selection_read(&wanted->selection, &selection, err) || !call_topology(call, &topology, err) ||
	    !asset_select(call->arena, topology, &selection, &choice, err))
		return false;
	return wanted->live ? list_live(call, topology, &choice, err)
	                    : print_assets(call, topology, &choice, NULL, err);
}

static const char *const examples[] = {
	"fops runtime-assets list",
	"fops runtime-assets list --kind lxc --label tier=lab",
	"fops runtime-assets list -o json --fields asset_id,role",
	"fops runtime-assets list --live --filter live=unready",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command runtime_assets_list_command = {
	.name = "list",
	.summary = "List the assets of the topology",
	.about = "Without selection flags every asset is listed, sorted by id. Nothing is contacted: the answer comes "
	         "from the contracts alone.\n\n"
	         "--live also looks at the machines, each once and all side by side, and adds what they do now. Pods "
	         "of a "
	         "namespace are read with one list, however many assets there are. That something does not run is an "
	         "answer "
	         "and no failure: the exit status stays 0. For a verdict and for health contracts, use check.",
	.options = options,
	.options_size = sizeof(struct list_options),
	.columns = columns,
	.row_size = sizeof(struct asset_row),
	.item = "runtime-asset",
	.schema = "fops.runtime-asset.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help selection, fops help output",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_SETTINGS,
	.run = list_assets,
};
