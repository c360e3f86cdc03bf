/* stacks: the catalogue of what the organization runs. */
#include "stacks.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/settings.h"

static const struct command *const verbs[] = {
	&stacks_list_command,  &stacks_show_command, &stacks_check_command,
	&stacks_graph_command, &stacks_run_command,  NULL,
};

static const char *const examples[] = {
	"fops stacks list",
	"fops stacks list --compact",
	"fops stacks check --all",
	NULL,
};

const struct command stacks_command = {
	.name = "stacks",
	.summary = "List, check and draw the stacks of the catalogue",
	.about = "A stack is a row of the stack catalogue: a name, its primary operation and who owns it. Nineteen "
	         "rows are "
	         "built in; a topology adds rows, and binds endpoints, assets, metrics and dependencies to any of "
	         "them.\n\n"
	         "An execution substrate can have operations. An integration endpoint has URL, auth and readiness and "
	         "nothing else.",
	.examples = examples,
	.see = "fops help topology",
	.verbs = verbs,
};

bool stacks_open(struct call *call, struct topology **ret_topology, struct stack_map *ret_map, struct error *err)
{
	struct topology *topology = NULL;

	if (call->settings->topology.count > 0 && !call_topology(call, &topology, err))
		return false;
	*ret_topology = topology;
	return stack_map_read(call->arena, topology, ret_map, err);
}

const char *stack_plain_state(const struct stack *stack)
{
	return stack_is_bound(stack) ? STACK_BOUND : STACK_UNBOUND;
}

static bool look(struct asset_context *context, const struct stack_map *map, struct stack_result *ret_results,
                 bool *ret_partial, struct error *err)
{
	size_t *all = arena_array(context->arena, map->count + 1, sizeof *all);
	bool done;

	for (size_t i = 0; i < map->count; i++)
		all[i] = i;
	done = stack_check_run(context, map, all, map->count, ret_results, err);
	*ret_partial = !done && (err->id == ERROR_INTERRUPTED || err->id == ERROR_TERMINATED);
	return done;
}

bool stacks_look(struct call *call, struct topology *topology, const struct stack_map *map,
                 struct stack_result *ret_results, bool *ret_partial, struct error *err)
{
	struct asset_context context = { 0 };
	bool done;

	*ret_partial = false;
	done = asset_access_open(call, topology, &context, err) && look(&context, map, ret_results, ret_partial, err);
	asset_access_close(&context);
	return done;
}
