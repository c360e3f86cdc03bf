/* stacks check: a verdict on each stack, causes before what they block. */
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/output.h"
#include "fops/cli/progress.h"
#include "fops/cli/settings.h"
#include "stacks.h"

struct check_options {
	bool all;
	const char *wait;
};

static const struct command_option options[] = {
	{ "all", 0, SLOT(struct check_options, all), NULL, NULL, "check every stack, as without a name", NULL,
	  VALUES_NONE, 0, 0 },
	{ "wait", 0, SLOT(struct check_options, wait), "COND", NULL, "return when every stack is ok or unbound", "ok",
	  VALUES_CHOICES, OPTION_VALUE_OPTIONAL, 0 },
	{ 0 },
};

#define PART(member) SLOT(struct stack_member, member)

static const struct column member_columns[] = {
	{ "kind", "KIND", PART(kind), 0, "what is bound", "endpoint|asset|metric", NULL, 0 },
	{ "name", "NAME", PART(name), 0, "its id or name", NULL, NULL, 0 },
	{ "state", "STATE", PART(state), COLUMN_STATE, "the verdict on it", STACK_MEMBER_STATES, NULL, 0 },
	{ "latency_ms", "LATENCY MS", PART(latency_ms), 0, "time of the answer", NULL, NULL, 0 },
	{ "value", "VALUE", PART(value), 0, "the worst sample of a metric", NULL, NULL, 0 },
	{ "unit", "UNIT", PART(unit), 0, "its unit", NULL, NULL, 0 },
	{ "cause", "CAUSE", PART(cause), COLUMN_UNTRUSTED, "why it is not well", NULL, NULL, 0 },
	{ "fix", "FIX", PART(fix), 0, "what helps", NULL, NULL, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct stack_result, member)

static const struct column columns[] = {
	{ "name", "NAME", ROW(name), COLUMN_KEEP, "name of the stack", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE, "the verdict", STACK_STATES, NULL, 0 },
	{ "endpoints", "ENDPOINTS", ROW(endpoints), 0, "endpoints that are well, of those that were asked", NULL, NULL,
	  0 },
	{ "assets", "ASSETS", ROW(assets), 0, "assets that are well, of those that were asked", NULL, NULL, 0 },
	{ "metrics", "METRICS", ROW(metrics), 0, "metrics with their worst sample; ? is not known", NULL, NULL, 0 },
	{ "cause", "CAUSE", ROW(cause), COLUMN_KEEP | COLUMN_UNTRUSTED, "why the verdict is not ok", NULL, NULL, 0 },
	{ "fix", "FIX", ROW(fix), 0, "what helps", NULL, NULL, 0 },
	{ "drift", "DRIFT", ROW(drift), COLUMN_WIDE, "how many of what is bound are seen to be degraded or down", NULL,
	  NULL, 0 },
	{ "because", "BECAUSE", ROW(because), COLUMN_WIDE, "blocked: the stacks that are its causes", NULL, NULL, 0 },
	{ "checked_at", "CHECKED AT", ROW(checked_at), COLUMN_WIDE, "when the verdict was reached", NULL, NULL, 0 },
	{ "members", "MEMBERS", ROW(members), COLUMN_WIDE | COLUMN_UNTRUSTED, "the verdict on each thing that is bound",
	  NULL, member_columns, sizeof(struct stack_member) },
	{ 0 },
};

static void report_round(void *user, const struct stack_result *results, size_t count)
{
	struct progress *progress = user;
	size_t good = 0;

	for (size_t i = 0; i < count; i++)
		good += stack_state_is_bad(results[i].state) ? 0 : 1;
	progress_report(progress, good, count, "stacks ok");
}

static void print_results(struct call *call, struct stack_result *results, size_t count)
{
	qsort(results, count, sizeof *results, stack_result_compare);
	output_list(call->output);
	for (size_t i = 0; i < count; i++) {
		output_row(call->output, &results[i]);
		if (stack_state_is_bad(results[i].state))
			call->verdict = EXIT_CHECK_FAILED;
	}
}

/* Indexes of the map. */
struct chosen {
	const struct stack_map *map;
	size_t *indexes;
	size_t count;
};

static bool check_chosen(struct call *call, struct asset_context *context, void *user, struct error *err)
{
	const struct check_options *wanted = call->options;
	const struct chosen *chosen = user;
	struct stack_result *results = arena_array(call->arena, chosen->count + 1, sizeof *results);
	struct progress *progress = progress_start(call);
	bool done;

	if (wanted->wait != NULL)
		done = stack_check_wait(context, chosen->map, chosen->indexes, chosen->count, report_round, progress,
		                        results, err);
	else
		done = stack_check_run(context, chosen->map, chosen->indexes, chosen->count, results, err);
	progress_end(progress);
	if (!asset_look_leaves_rows(call, done, err))
		return false;
	print_results(call, results, chosen->count);
	return done;
}

/* The rows that are named, each once; all of them without a name. */
static bool choose(struct call *call, const struct stack_map *map, struct chosen *ret_chosen, struct error *err)
{
	bool *taken = arena_array(call->arena, map->count + 1, sizeof *taken);
	struct chosen chosen = { map, arena_array(call->arena, map->count + 1, sizeof *chosen.indexes), 0 };
	size_t index;

	for (size_t i = 0; i < call->arguments.count; i++) {
		if (!stack_map_find(call->arena, map, call->arguments.items[i], &index, err))
			return false;
		taken[index] = true;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (taken[i] || call->arguments.count == 0)
			chosen.indexes[chosen.count++] = i;
	}
	*ret_chosen = chosen;
	return true;
}

static bool check(struct call *call, struct error *err)
{
	const struct check_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct stack_map map;
	struct chosen chosen;

	if (wanted->all && call->arguments.count > 0)
		return fail(err, ERROR_USAGE_CONFLICT, "--all and names of stacks exclude each other");
	return call_topology(call, &topology, err) && stack_map_read(call->arena, topology, &map, err) &&
	       choose(call, &map, &chosen, err) && asset_access_use(call, topology, check_chosen, &chosen, err);
}

static const char *const examples[] = {
	"fops stacks check",
	"fops stacks check langboard daytona -o json",
	"fops stacks check --fields name,state,cause",
	"fops stacks check langboard --wait --timeout 2m",
	NULL,
};

static const int exits[] = { EXIT_CHECK_FAILED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, EXIT_TIMEOUT, -1 };

const struct command stacks_check_command = {
	.name = "check",
	.summary = "Check that stacks are as their contracts say",
	.about = "Looks at the endpoints, assets and metrics that are bound to the stacks, all side by side under one "
	         "deadline, and gives one verdict a stack: the worst of what is bound to it decides.\n\n"
	         "A stack that is down while a stack that it depends on is down is blocked: it names its cause and "
	         "nothing more. What named stacks depend on is looked at as well, and not listed. Causes come before "
	         "what they block, worse before better. A row is unbound when nothing is bound to it that can "
	         "be asked, which is no finding.\n\n"
	         "The verdict is the exit status: 0 when every stack is ok or unbound, 12 otherwise. --wait repeats "
	         "until that holds or --timeout runs out.",
	.arguments = "[NAME...]",
	.arguments_max = SIZE_MAX,
	.argument_values = VALUES_STACKS,
	.options = options,
	.options_size = sizeof(struct check_options),
	.columns = columns,
	.row_size = sizeof(struct stack_result),
	.item = "stack",
	.schema = "fops.stack.check/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help exit-codes, fops help topology",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_VERDICT |
	         COMMAND_PROGRESS | COMMAND_SETTINGS,
	.run = check,
};
