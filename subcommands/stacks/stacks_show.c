/* stacks show: everything the catalogue and the topology say of one stack. */
#include "fops/base/arena.h"
#include "fops/cli/output.h"
#include "stacks.h"

struct endpoint_part {
	const char *endpoint;
	const char *plane;
	const char *public_url;
	const char *executor_url;
	const char *documentation;
};

struct asset_part {
	const char *asset_id;
	const char *role;
	const char *kind;
	const char *owner;
};

struct metric_part {
	const char *name;
	const char *endpoint;
	const char *query;
	const char *tenant;
	const char *unit;
	const char *direction;
	const struct value *warn;
	const struct value *fail;
};

struct operation_part {
	const char *name;
	const char *run;
	const char *refused;
};

struct stack_record {
	const char *name;
	const char *text;
	const char *state;
	const char *ownership;
	const char *ownership_class;
	const char *owner;
	struct operation_part operation;
	struct record_list endpoints;
	struct record_list assets;
	struct record_list metrics;
	struct text_list depends_on;
	struct text_list used_by;
	int64_t layer;
	bool catalogue;
	const char *origin;
	const char *topology;
};

#define PART(type, member) SLOT(struct type, member)

static const struct column operation_columns[] = {
	{ "name", "NAME", PART(operation_part, name), 0, "its primary operation", NULL, NULL, 0 },
	{ "run", "RUN", PART(operation_part, run), COLUMN_STATE, "what stacks run does with it", "proposal|refused",
	  NULL, 0 },
	{ "refused", "REFUSED", PART(operation_part, refused), 0, "why it is refused", NULL, NULL, 0 },
	{ 0 },
};

static const struct column endpoint_columns[] = {
	{ "endpoint", "ENDPOINT", PART(endpoint_part, endpoint), 0, "id of the endpoint", NULL, NULL, 0 },
	{ "plane", "PLANE", PART(endpoint_part, plane), 0, "plane it belongs to", NULL, NULL, 0 },
	{ "public_url", "PUBLIC URL", PART(endpoint_part, public_url), 0, "for people", NULL, NULL, 0 },
	{ "executor_url", "EXECUTOR URL", PART(endpoint_part, executor_url), 0, "for machines", NULL, NULL, 0 },
	{ "documentation", "DOCUMENTATION", PART(endpoint_part, documentation), 0, "what people read about it", NULL,
	  NULL, 0 },
	{ 0 },
};

static const struct column asset_columns[] = {
	{ "asset_id", "ASSET ID", PART(asset_part, asset_id), 0, "identifier of the asset", NULL, NULL, 0 },
	{ "role", "ROLE", PART(asset_part, role), 0, "role that the asset plays", NULL, NULL, 0 },
	{ "kind", "KIND", PART(asset_part, kind), 0, "kind of machine", "lxc|kubernetes", NULL, 0 },
	{ "owner", "OWNER", PART(asset_part, owner), 0, "who answers for it", NULL, NULL, 0 },
	{ 0 },
};

static const struct column metric_columns[] = {
	{ "name", "NAME", PART(metric_part, name), 0, "name of the metric", NULL, NULL, 0 },
	{ "endpoint", "ENDPOINT", PART(metric_part, endpoint), 0, "endpoint that is asked", NULL, NULL, 0 },
	{ "query", "QUERY", PART(metric_part, query), 0, "its PromQL", NULL, NULL, 0 },
	{ "tenant", "TENANT", PART(metric_part, tenant), 0, "tenant (X-Scope-OrgID)", NULL, NULL, 0 },
	{ "unit", "UNIT", PART(metric_part, unit), 0, "unit of the value", NULL, NULL, 0 },
	{ "direction", "DIRECTION", PART(metric_part, direction), 0, "on which side of the thresholds is bad",
	  "above|below", NULL, 0 },
	{ "warn", "WARN", PART(metric_part, warn), 0, "degraded from here on", NULL, NULL, 0 },
	{ "fail", "FAIL", PART(metric_part, fail), 0, "down from here on", NULL, NULL, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct stack_record, member)

static const struct column columns[] = {
	{ "name", "NAME", ROW(name), 0, "name of the stack", NULL, NULL, 0 },
	{ "text", "TEXT", ROW(text), 0, "what it is, in a sentence", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_STATE, "is anything bound to it?", STACK_BOUND "|" STACK_UNBOUND, NULL,
	  0 },
	{ "ownership", "OWNERSHIP", ROW(ownership), 0, "may it have operations?", STACK_OWNERSHIPS, NULL, 0 },
	{ "ownership_class", "CLASS", ROW(ownership_class), 0, STACK_CLASS_TEXT, NULL, NULL, 0 },
	{ "owner", "OWNER", ROW(owner), 0, "who answers for it", NULL, NULL, 0 },
	{ "operation", "OPERATION", SLOT_EMBEDDED(struct stack_record, operation), 0, "what brings it about", NULL,
	  operation_columns, 0 },
	{ "endpoints", "ENDPOINTS", ROW(endpoints), 0, "endpoints that are bound to it", NULL, endpoint_columns,
	  sizeof(struct endpoint_part) },
	{ "assets", "ASSETS", ROW(assets), 0, "assets that are bound to it", NULL, asset_columns,
	  sizeof(struct asset_part) },
	{ "metrics", "METRICS", ROW(metrics), 0, "metrics that are bound to it", NULL, metric_columns,
	  sizeof(struct metric_part) },
	{ "depends_on", "DEPENDS ON", ROW(depends_on), 0, "stacks that it depends on", NULL, NULL, 0 },
	{ "used_by", "USED BY", ROW(used_by), 0, "stacks that depend on it", NULL, NULL, 0 },
	{ "layer", "LAYER", ROW(layer), 0, STACK_LAYER_TEXT, NULL, NULL, 0 },
	{ "catalogue", "CATALOGUE", ROW(catalogue), 0, "is it a row of the built-in catalogue?", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), 0, "file and line of its document", NULL, NULL, 0 },
	{ "topology", "TOPOLOGY", ROW(topology), 0, "SHA-256 of the topology's contents", NULL, NULL, 0 },
	{ 0 },
};

static bool show_endpoints(struct call *call, const struct topology *topology, const struct text_list *ids,
                           struct record_list *ret_list, struct error *err)
{
	struct endpoint_part *parts = arena_array(call->arena, ids->count + 1, sizeof *parts);

	for (size_t i = 0; i < ids->count; i++) {
		struct endpoint endpoint;
		size_t index;

		parts[i].endpoint = ids->items[i];
		if (!topology_find(topology, KIND_ENDPOINT, ids->items[i], &index))
			continue;
		if (!topology_read_endpoint(topology, index, call->arena, &endpoint, err))
			return false;
		parts[i] = (struct endpoint_part){ endpoint.id, endpoint.plane, endpoint_url(&endpoint, URL_PUBLIC),
			                           endpoint_url(&endpoint, URL_EXECUTOR), endpoint.documentation };
	}
	*ret_list = (struct record_list){ parts, ids->count };
	return true;
}

static bool show_assets(struct call *call, const struct topology *topology, const struct text_list *ids,
                        struct record_list *ret_list, struct error *err)
{
	struct asset_part *parts = arena_array(call->arena, ids->count + 1, sizeof *parts);

	for (size_t i = 0; i < ids->count; i++) {
		struct runtime_asset asset;
		size_t index;

		parts[i].asset_id = ids->items[i];
		if (!topology_find(topology, KIND_RUNTIME_ASSET, ids->items[i], &index))
			continue;
		if (!topology_read_asset(topology, index, call->arena, &asset, err))
			return false;
		parts[i] = (struct asset_part){ asset.asset_id, asset.role, asset.kind, asset.owner };
	}
	*ret_list = (struct record_list){ parts, ids->count };
	return true;
}

static struct record_list show_metrics(struct arena *arena, const struct record_list *list)
{
	const struct stack_metric *metrics = list->items;
	struct metric_part *parts = arena_array(arena, list->count + 1, sizeof *parts);

	for (size_t i = 0; i < list->count; i++)
		parts[i] = (struct metric_part){ metrics[i].name,   metrics[i].endpoint, metrics[i].query,
			                         metrics[i].tenant, metrics[i].unit,     metrics[i].direction,
			                         metrics[i].warn,   metrics[i].fail };
	return (struct record_list){ parts, list->count };
}

static bool print_stack(struct call *call, const struct topology *topology, const struct stack_map *map,
                        const struct stack_entry *entry, struct error *err)
{
	const struct stack *stack = &entry->stack;
	bool refused = entry->ownership == STACK_INTEGRATION;
	struct stack_record record = {
		.name = stack->name,
		.text = stack->text,
		.state = stack_plain_state(stack),
		.ownership = stack_ownership_name(entry->ownership),
		.ownership_class = stack->ownership_class,
		.owner = stack->owner,
		.operation = { stack->primary_operation, refused ? "refused" : "proposal",
		               refused ? stack_integration_refused : NULL },
		.metrics = show_metrics(call->arena, &stack->metrics),
		.depends_on = stack_map_names(call->arena, map, entry->needs, entry->need_count),
		.used_by = stack_map_names(call->arena, map, entry->users, entry->user_count),
		.layer = (int64_t)entry->layer,
		.catalogue = entry->in_catalogue,
		.origin = entry->origin,
		.topology = topology == NULL ? NULL : topology_digest(topology, call->arena),
	};

	if (!show_endpoints(call, topology, &stack->endpoints, &record.endpoints, err) ||
	    !show_assets(call, topology, &stack->assets, &record.assets, err))
		return false;
	output_record(call->output, &record);
	return true;
}

static bool show(struct call *call, struct error *err)
{
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct stack_map map;
	size_t index;

	return stacks_open(call, &topology, &map, err) &&
	       stack_map_find(call->arena, &map, call->arguments.items[0], &index, err) &&
	       print_stack(call, topology, &map, &map.entries[index], err);
}

static const char *const examples[] = {
	"fops stacks show langboard",
	"fops stacks show runtime-storage -o yaml",
	"fops stacks show langboard -o jsonpath={.endpoints[0].public_url}",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command stacks_show_command = {
	.name = "show",
	.summary = "Show one stack: what it is, whose, where, on what",
	.about = "Shows what the catalogue and the topology say; nothing is contacted. Public URLs are for people and "
	         "executor URLs for machines; neither stands in for the other. It works without a topology.",
	.arguments = "NAME",
	.arguments_min = 1,
	.arguments_max = 1,
	.argument_values = VALUES_STACKS,
	.columns = columns,
	.row_size = sizeof(struct stack_record),
	.item = "stack",
	.schema = "fops.stack.show/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help topology",
	.flags = COMMAND_RECORD | COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = show,
};
