/* stacks list: the rows of the catalogue and of the topology, with what is bound to them. */
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "stacks.h"

#define COMPACT_FIELDS "name,state,drift"

struct list_options {
	bool compact;
	bool live;
};

static const struct command_option options[] = {
	{ "compact", 0, SLOT(struct list_options, compact), NULL, NULL,
	  "one line a stack: name, state and drift, without a heading", NULL, VALUES_NONE, 0, 0 },
	{ "live", 0, SLOT(struct list_options, live), NULL, NULL, "look at what is bound and show how it is", NULL,
	  VALUES_NONE, 0, 0 },
	{ 0 },
};

struct stack_row {
	const char *name;
	const char *state;
	const char *ownership;
	const char *ownership_class;
	const char *primary_operation;
	struct text_list endpoints;
	struct text_list assets;
	struct text_list depends_on;
	const char *owner;
	struct optional_int drift;
	struct text_list metrics;
	int64_t layer;
	const char *text;
	const char *origin;
	const char *cause;
};

#define ROW(member) SLOT(struct stack_row, member)

static const struct column columns[] = {
	{ "name", "NAME", ROW(name), COLUMN_KEEP, "name of the stack", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE,
	  "bound or unbound; with --live: the verdict of stacks check", STACK_LIST_STATES, NULL, 0 },
	{ "ownership", "OWNERSHIP", ROW(ownership), 0, "may it have operations?", STACK_OWNERSHIPS, NULL, 0 },
	{ "endpoints", "ENDPOINTS", ROW(endpoints), 0, "endpoints that are bound to it", NULL, NULL, 0 },
	{ "assets", "ASSETS", ROW(assets), 0, "assets that are bound to it", NULL, NULL, 0 },
	{ "depends_on", "DEPENDS ON", ROW(depends_on), 0, "stacks that it depends on", NULL, NULL, 0 },
	{ "owner", "OWNER", ROW(owner), 0, "who answers for it", NULL, NULL, 0 },
	{ "primary_operation", "PRIMARY OPERATION", ROW(primary_operation), 0, "what brings it about", NULL, NULL, 0 },
	{ "ownership_class", "CLASS", ROW(ownership_class), COLUMN_WIDE | COLUMN_ASIDE, STACK_CLASS_TEXT, NULL, NULL,
	  0 },
	{ "drift", "DRIFT", ROW(drift), COLUMN_WIDE,
	  "with --live: how many of its endpoints, assets and metrics are seen to be degraded or down", NULL, NULL, 0 },
	{ "metrics", "METRICS", ROW(metrics), COLUMN_WIDE | COLUMN_ASIDE, "metrics that are bound to it", NULL, NULL,
	  0 },
	{ "layer", "LAYER", ROW(layer), COLUMN_WIDE | COLUMN_ASIDE, STACK_LAYER_TEXT, NULL, NULL, 0 },
	{ "text", "TEXT", ROW(text), COLUMN_WIDE | COLUMN_ASIDE, "what it is, in a sentence", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), COLUMN_WIDE | COLUMN_ASIDE, "file and line of its document", NULL, NULL, 0 },
	{ "cause", "CAUSE", ROW(cause), COLUMN_WIDE | COLUMN_ASKED | COLUMN_UNTRUSTED, "with --live: why it is not ok",
	  NULL, NULL, 0 },
	{ 0 },
};

static struct text_list metric_names(struct arena *arena, const struct record_list *list)
{
	const struct stack_metric *metrics = list->items;
	struct text_list names = { 0 };

	for (size_t i = 0; i < list->count; i++)
		text_list_add(arena, &names, metrics[i].name);
	return names;
}

/* results may be NULL: then nothing was asked. */
static void print_stacks(struct call *call, const struct stack_map *map, const struct stack_result *results)
{
	output_list(call->output);
	for (size_t i = 0; i < map->count && !output_is_done(call->output); i++) {
		const struct stack_entry *entry = &map->entries[i];
		const struct stack *stack = &entry->stack;
		struct optional_int drift = { 0 };

		if (results != NULL)
			drift = results[i].drift;
		output_row(call->output, &(struct stack_row){
		                                 .name = stack->name,
		                                 .state = results == NULL ? stack_plain_state(stack) : results[i].state,
		                                 .ownership = stack_ownership_name(entry->ownership),
		                                 .ownership_class = stack->ownership_class,
		                                 .primary_operation = stack->primary_operation,
		                                 .endpoints = stack->endpoints,
		                                 .assets = stack->assets,
		                                 .depends_on = stack->depends_on,
		                                 .owner = stack->owner,
		                                 .drift = drift,
		                                 .metrics = metric_names(call->arena, &stack->metrics),
		                                 .layer = (int64_t)entry->layer,
		                                 .text = stack->text,
		                                 .origin = entry->origin,
		                                 .cause = results == NULL ? NULL : results[i].cause,
		                         });
	}
}

/* What ended the look early still leaves rows, as with check. */
static bool list_live(struct call *call, struct topology *topology, const struct stack_map *map, bool compact,
                      struct error *err)
{
	struct stack_result *results = arena_array(call->arena, map->count + 1, sizeof *results);
	bool partial;
	bool done = stacks_look(call, topology, map, results, &partial, err);

	if (!done && !partial)
		return false;
	if (partial)
		output_partial(call->output);
	if (!compact)
		output_widen(call->output);
	print_stacks(call, map, results);
	call->answered = true;
	return done;
}

static bool no_topology(const struct call *call, struct error *err)
{
	fail(err, ERROR_CONFIG_MISSING, "--live needs a topology, which says what is bound");
	error_fix(err, "%s --topology PATH %s --live", call->program, call->path);
	return false;
}

static bool list_stacks(struct call *call, struct error *err)
{
	const struct list_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct stack_map map;

	if (wanted->compact && !output_choose(call->output, "--compact", OUTPUT_TSV, COMPACT_FIELDS, err))
		return false;
	if (!stacks_open(call, &topology, &map, err))
		return false;
	if (wanted->live)
		return topology == NULL ? no_topology(call, err)
		                        : list_live(call, topology, &map, wanted->compact, err);
	print_stacks(call, &map, NULL);
	return true;
}

static const char *const examples[] = {
	"fops stacks list",
	"fops stacks list --compact",
	"fops stacks list --filter ownership=integration-endpoint -o name",
	"fops stacks list --live --compact",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command stacks_list_command = {
	.name = "list",
	.summary = "List the stacks and what is bound to them",
	.about =
	        "Lists the rows of the catalogue and those of the topology, sorted by name. Nothing is contacted: the "
	        "state "
	        "is bound when the topology binds an endpoint, an asset or a metric to the row, else unbound. It works "
	        "without a topology.\n\n"
	        "--live looks at everything that is bound, all side by side, and shows the verdict of stacks check as "
	        "the "
	        "state; drift is how many of the bound things are seen to be degraded or down. The exit status stays "
	        "0.\n\n"
	        "--compact is made for programs that pay for every word: name, state and drift, divided by tabs, one "
	        "line a "
	        "stack, always in the same order; a drift that nobody looked for is -.",
	.options = options,
	.options_size = sizeof(struct list_options),
	.columns = columns,
	.row_size = sizeof(struct stack_row),
	.item = "stack",
	.schema = "fops.stack.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help topology, fops help output",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_SETTINGS,
	.run = list_stacks,
};
