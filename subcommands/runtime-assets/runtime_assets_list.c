/* runtime-assets list: the assets of the topology, one row each. */
#include "fops/asset/live.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "runtime_assets.h"

/* About what a pipe takes at once. */
#define ROWS_AT_ONCE ((size_t)16)

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

/* What was chosen, printed from the first to the last; a row that --live asks for waits for all before it. */
struct listing {
	struct output *output;
	const struct topology *topology;
	const struct asset_choice *choice;
	struct arena *scratch;
	size_t printed;
	bool broken; /* an asset could not be read: err says why */
	struct error err;
};

/* The rows up to that one; live may be NULL: then nothing was asked. */
static bool print_assets(struct listing *listing, const struct live *live, size_t end, struct error *err)
{
	for (; listing->printed < end && !output_is_done(listing->output); listing->printed++) {
		struct arena_mark mark = arena_mark(listing->scratch);
		struct live_state state = { 0 };
		size_t index = listing->choice->indexes[listing->printed];
		struct runtime_asset asset;

		if (live != NULL)
			state = live_state_of(live, listing->printed);
		if (!topology_read_asset(listing->topology, index, listing->scratch, &asset, err))
			return false;
		output_row(listing->output,
		           &(struct asset_row){
		                   asset.asset_id, asset.role, asset.kind, runtime_asset_driver(&asset), asset.owner,
		                   asset.executor_ref, asset.policy.run, asset.policy.request, asset.labels,
		                   topology_origin(listing->topology, KIND_RUNTIME_ASSET, index, listing->scratch),
		                   state.state, state.since, state.restarts, state.phase, state.reason, state.cause });
		arena_rewind(listing->scratch, mark);
	}
	return true;
}

static bool read_chosen(void *user, size_t i, struct arena *arena, struct runtime_asset *ret_asset, struct error *err)
{
	const struct listing *listing = user;

	return topology_read_asset(listing->topology, listing->choice->indexes[i], arena, ret_asset, err);
}

/* As long as the reader takes them: it must not keep the looks at other machines waiting. */
static bool print_known(void *user, const struct live *live, size_t known)
{
	struct listing *listing = user;

	while (!listing->broken && listing->printed < known && !output_is_done(listing->output)) {
		size_t left = known - listing->printed;

		if (!output_offer(listing->output))
			return false;
		listing->broken =
		        !print_assets(listing, live, listing->printed + (left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE),
		                      &listing->err);
	}
	return output_offer(listing->output) || output_is_done(listing->output);
}

/* The other formats need all rows: for their widths, or because their head says whether any is missing. */
static bool is_streamed(const struct output *output)
{
	enum output_format format = output_format(output);

	return format == OUTPUT_JSONL || format == OUTPUT_TSV || format == OUTPUT_NAME;
}

static bool print_live(struct call *call, struct asset_context *context, void *user, struct error *err)
{
	struct listing *listing = user;
	size_t count = listing->choice->count;
	struct live *live = NULL;
	struct error unprinted;
	size_t unasked;
	bool seen;

	output_widen(call->output);
	seen = live_look(context, count, read_chosen, is_streamed(call->output) ? print_known : NULL, listing, &live,
	                 err);
	if (listing->broken) {
		*err = listing->err;
		return false;
	}
	if (live == NULL || !asset_look_leaves_rows(call, seen, err))
		return false;
	unasked = live_unasked(live);
	if (unasked > 0)
		output_warning(call->output,
		               "%zu of %zu assets could not be asked; their causes are in -o wide and -o json", unasked,
		               count);
	call->answered = print_assets(listing, live, count, seen ? err : &unprinted);
	return call->answered && seen;
}

static bool list_assets(struct call *call, struct error *err)
{
	const struct list_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);
	struct asset_selection selection;
	struct asset_choice choice;
	struct listing listing;

	if (!selection_read(&wanted->selection, &selection, err) || !call_topology(call, &topology, err) ||
	    !asset_select(call->arena, topology, &selection, &choice, err))
		return false;
	output_list(call->output);
	listing = (struct listing){ call->output, topology, &choice, scratch, 0, false, { 0 } };
	return wanted->live ? asset_access_use(call, topology, print_live, &listing, err)
	                    : print_assets(&listing, NULL, choice.count, err);
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
