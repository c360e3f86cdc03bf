/* stacks run: an operation is never done here; it goes through a proposal into the queue. */
#include "fops/base/arena.h"
#include "fops/contract/continuity.h"
#include "stacks.h"

#define PROPOSAL_PLANE "proposals"
#define QUEUE_PLANE    "temporal"

struct run_options {
	const char *continuity;
	const char *proposal;
};

static const struct command_option options[] = {
	{ "continuity", 0, SLOT(struct run_options, continuity), "WORD", "fresh",
	  "begin anew or go on where the last run ended: " CONTINUITY_WORDS, NULL, VALUES_NONE, 0, 0 },
	{ "proposal", 0, SLOT(struct run_options, proposal), "ID", NULL, "the approved proposal that allows it", NULL,
	  VALUES_NONE, 0, 0 },
	{ 0 },
};

static bool refuse_integration(const struct stack *stack, struct error *err)
{
	fail(err, ERROR_STACK_REFUSED, "%s of stack %s is not run", stack->primary_operation, stack->name);
	error_cause(err, "%s", stack_integration_refused);
	error_fix(err, "fops stacks show %s", stack->name);
	error_object(err, "stack/%s", stack->name);
	return false;
}

static bool has_plane(struct arena *arena, const struct topology *topology, const char *plane)
{
	size_t count = topology == NULL ? 0 : topology_count(topology, KIND_ENDPOINT);

	for (size_t i = 0; i < count; i++) {
		struct arena_mark mark = arena_mark(arena);
		struct endpoint endpoint;
		struct error ignored;
		bool found = topology_read_endpoint(topology, i, arena, &endpoint, &ignored) &&
		             text_equal(endpoint.plane, plane);

		arena_rewind(arena, mark);
		if (found)
			return true;
	}
	return false;
}

/* What is missing before the operation can be put into the queue. */
static void explain_missing(struct call *call, const struct topology *topology, const char *proposal, struct error *err)
{
	bool gate = has_plane(call->arena, topology, PROPOSAL_PLANE);
	bool queue = has_plane(call->arena, topology, QUEUE_PLANE);

	if (!gate && !queue)
		error_cause(err, "the topology binds neither a proposal plane (" PROPOSAL_PLANE
		                 ") nor a queue (" QUEUE_PLANE ")");
	else if (!gate)
		error_cause(err, "the topology binds no proposal plane (" PROPOSAL_PLANE ")");
	else if (!queue)
		error_cause(err, "the topology binds no queue (" QUEUE_PLANE ")");
	else if (proposal == NULL)
		error_cause(err, "no approved proposal is named");
	else
		error_cause(err, "proposal %s is not known to be approved", proposal);
}

static bool need_proposal(struct call *call, const struct topology *topology, const struct stack *stack,
                          enum continuity continuity, struct error *err)
{
	const struct run_options *wanted = call->options;

	fail(err, ERROR_PROPOSAL_REQUIRED, "%s of stack %s runs from the queue, after a proposal",
	     stack->primary_operation, stack->name);
	explain_missing(call, topology, wanted->proposal, err);
	error_effect(err, "nothing was queued and nothing was changed");
	error_fix(err,
	          "fops proposals open --action stacks.run --stack %s --operation %s --continuity %s --reason \"TEXT\"",
	          stack->name, stack->primary_operation, continuity_name(continuity));
	error_object(err, "stack/%s", stack->name);
	return false;
}

static bool run(struct call *call, struct error *err)
{
	const struct run_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	enum continuity continuity;
	const struct stack_entry *entry;
	struct stack_map map;
	size_t index;

	if (!continuity_parse(wanted->continuity, &continuity, err))
		return false;
	if (wanted->proposal != NULL && !is_identifier(wanted->proposal))
		return fail(err, ERROR_USAGE_BAD_VALUE, "--proposal takes the id of a proposal");
	if (!stacks_open(call, &topology, &map, err) ||
	    !stack_map_find(call->arena, &map, call->arguments.items[0], &index, err))
		return false;
	entry = &map.entries[index];
	if (entry->ownership == STACK_INTEGRATION)
		return refuse_integration(&entry->stack, err);
	return need_proposal(call, topology, &entry->stack, continuity, err);
}

static const char *const examples[] = {
	"fops stacks run clickhouse",
	"fops stacks run langboard --continuity resume --proposal prop-0042",
	NULL,
};

static const int exits[] = { EXIT_PROPOSAL_REQUIRED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_AUTH, EXIT_CONFIG, -1 };

const struct command stacks_run_command = {
	.name = "run",
	.summary = "Ask for the primary operation of a stack",
	.about = "An operation of an execution substrate is bound to a proposal and done by the queue; there is no "
	         "shorter way. Without a proposal plane, a queue and an approved proposal the answer is exit status "
	         "13, with what is missing and the command that files a proposal.\n\n"
	         "An integration endpoint has no operations: the answer is exit status 77.",
	.arguments = "NAME",
	.arguments_min = 1,
	.arguments_max = 1,
	.argument_values = VALUES_STACKS,
	.options = options,
	.options_size = sizeof(struct run_options),
	.examples = examples,
	.exits = exits,
	.see = "fops help exit-codes",
	.flags = COMMAND_TOPOLOGY | COMMAND_SETTINGS | COMMAND_EXECUTES,
	.run = run,
};
