/* endpoints list: the endpoints of the topology, one row each. */
#include "../topology_access.h"
#include "endpoints.h"
#include "fops/base/arena.h"
#include "fops/cli/output.h"

struct list_options {
	struct endpoints_options selection;
};

static const struct command_option options[] = {
	ENDPOINTS_OPTIONS(struct list_options),
	{ 0 },
};

struct list_row {
	const char *id;
	const char *plane;
	const char *auth;
	const char *health;
	const char *owner;
	const char *public_url;
	const char *executor_url;
	const char *internal_url;
	struct text_map labels;
	const char *documentation;
	const char *origin;
};

#define ROW(member) SLOT(struct list_row, member)

static const struct column columns[] = {
	{ "id", "ID", ROW(id), COLUMN_KEEP, "identifier of the endpoint", NULL, NULL, 0 },
	{ "plane", "PLANE", ROW(plane), 0, "external system behind it", NULL, NULL, 0 },
	{ "auth", "AUTH", ROW(auth), 0, "mode of authentication", NULL, NULL, 0 },
	{ "health", "HEALTH", ROW(health), 0, "preset of its health contract, or custom", NULL, NULL, 0 },
	{ "owner", "OWNER", ROW(owner), 0, "who answers for it", NULL, NULL, 0 },
	{ "public_url", "PUBLIC URL", ROW(public_url), COLUMN_WIDE, "URL for people", NULL, NULL, 0 },
	{ "executor_url", "EXECUTOR URL", ROW(executor_url), COLUMN_WIDE, "URL for machines, the only one asked", NULL,
	  NULL, 0 },
	{ "internal_url", "INTERNAL URL", ROW(internal_url), COLUMN_WIDE, "URL inside the cluster", NULL, NULL, 0 },
	{ "labels", "LABELS", ROW(labels), COLUMN_WIDE, "labels, as KEY=VALUE", NULL, NULL, 0 },
	{ "documentation", "DOCUMENTATION", ROW(documentation), COLUMN_WIDE, "link for people", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), COLUMN_WIDE, "file and line of its document", NULL, NULL, 0 },
	{ 0 },
};

static const char *health_name(const struct endpoint *endpoint)
{
	const struct health *parts[] = { &endpoint->health, &endpoint->readiness, &endpoint->liveness };
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i]->present && parts[i]->preset != NULL)
			return parts[i]->preset;
		if (parts[i]->present)
			name = "custom";
	}
	return name;
}

static bool list_endpoints(struct call *call, struct error *err)
{
	const struct list_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);
	size_t count;

	if (!endpoints_options_check(&wanted->selection, err) || !call_topology(call, &topology, err))
		return false;
	count = topology_count(topology, KIND_ENDPOINT);
	output_list(call->output);
	for (size_t i = 0; i < count && !output_is_done(call->output); i++) {
		struct arena_mark mark = arena_mark(scratch);
		struct endpoint endpoint;

		if (!topology_read_endpoint(topology, i, scratch, &endpoint, err))
			return false;
		if (endpoints_match(&wanted->selection, &endpoint))
			output_row(call->output,
			           &(struct list_row){
			                   endpoint.id, endpoint.plane, endpoint.auth.mode, health_name(&endpoint),
			                   endpoint.owner, endpoint_url(&endpoint, URL_PUBLIC),
			                   endpoint_url(&endpoint, URL_EXECUTOR), endpoint_url(&endpoint, URL_INTERNAL),
			                   endpoint.labels, endpoint.documentation,
			                   topology_origin(topology, KIND_ENDPOINT, i, scratch) });
		arena_rewind(scratch, mark);
	}
	return true;
}

static const char *const examples[] = {
	"fops endpoints list",
	"fops endpoints list --plane langboard -o wide",
	"fops endpoints list --label tier=lab --fields id,executor_url",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command endpoints_list_command = {
	.name = "list",
	.summary = "List the endpoints of the topology",
	.about = "Every endpoint, sorted by id; --plane and --label narrow the list. Nothing is contacted. The three "
	         "URLs are columns of their own, in -o wide and in documents.",
	.options = options,
	.options_size = sizeof(struct list_options),
	.columns = columns,
	.row_size = sizeof(struct list_row),
	.item = "endpoint",
	.schema = "fops.endpoint.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help topology, fops help output",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = list_endpoints,
};
