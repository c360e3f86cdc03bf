/* runtime-assets show: everything the contract says of one asset. */
#include "../health_part.h"
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "runtime_assets.h"

struct show_options {
	struct selection_options selection;
};

static const struct command_option options[] = {
	SELECTION_OPTIONS(struct show_options),
	{ 0 },
};

struct policy_part {
	const char *run;
	const char *request;
};

struct endpoint_part {
	const char *endpoint;
	const char *plane;
	const char *url;
	const char *proxy_url;
	const char *auth;
	const char *secret_ref;
	const char *certificate_ref;
	const char *key_ref;
	const char *server_name;
	const char *pin;
	const char *fingerprint;
};

struct asset_record {
	const char *asset_id;
	const char *role;
	const char *kind;
	const char *driver;
	const char *owner;
	struct text_map labels;
	struct policy_part policy;
	struct endpoint_part executor;
	struct endpoint_part control;
	struct health_part health;
	struct text_list abilities;
	const char *origin;
	const char *topology;
};

#define PART(type, member) SLOT(struct type, member)

static const struct column policy_columns[] = {
	{ "run", "RUN", PART(policy_part, run), 0, "policy of run", "open|proposal", NULL, 0 },
	{ "request", "REQUEST", PART(policy_part, request), 0, "policy of request", "open|proposal", NULL, 0 },
	{ 0 },
};

static const struct column endpoint_columns[] = {
	{ "endpoint", "ENDPOINT", PART(endpoint_part, endpoint), 0, "id of the endpoint", NULL, NULL, 0 },
	{ "plane", "PLANE", PART(endpoint_part, plane), 0, "plane it belongs to", NULL, NULL, 0 },
	{ "url", "URL", PART(endpoint_part, url), 0, "executor URL, for machines only", NULL, NULL, 0 },
	{ "proxy_url", "PROXY URL", PART(endpoint_part, proxy_url), 0, "proxy in front of the executor URL", NULL, NULL,
	  0 },
	{ "auth", "AUTH", PART(endpoint_part, auth), 0, "mode of authentication",
	  "none|bearer|basic|api-key|client-certificate|oidc-client|signed|token-file|oidc-token|in-cluster|"
	  "api-token",
	  NULL, 0 },
	{ "secret_ref", "SECRET REF", PART(endpoint_part, secret_ref), 0, "where its secret is; never the value", NULL,
	  NULL, 0 },
	{ "certificate_ref", "CERTIFICATE REF", PART(endpoint_part, certificate_ref), 0,
	  "where the client's certificate is", NULL, NULL, 0 },
	{ "key_ref", "KEY REF", PART(endpoint_part, key_ref), 0, "where its key is; never the value", NULL, NULL, 0 },
	{ "server_name", "SERVER NAME", PART(endpoint_part, server_name), 0, "name that its certificate must have",
	  NULL, NULL, 0 },
	{ "pin", "PIN", PART(endpoint_part, pin), 0, "pinned public key", NULL, NULL, 0 },
	{ "fingerprint", "FINGERPRINT", PART(endpoint_part, fingerprint), 0, "pinned certificate", NULL, NULL, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct asset_record, member)

static const struct column columns[] = {
	{ "asset_id", "ASSET ID", ROW(asset_id), 0, "identifier of the asset", NULL, NULL, 0 },
	{ "role", "ROLE", ROW(role), 0, "role that the asset plays", NULL, NULL, 0 },
	{ "kind", "KIND", ROW(kind), 0, "kind of machine", "lxc|kubernetes", NULL, 0 },
	{ "driver", "DRIVER", ROW(driver), 0, "driver that reaches it", NULL, NULL, 0 },
	{ "owner", "OWNER", ROW(owner), 0, "who answers for it", NULL, NULL, 0 },
	{ "labels", "LABELS", ROW(labels), 0, "labels, as KEY=VALUE", NULL, NULL, 0 },
	{ "policy", "POLICY", SLOT_EMBEDDED(struct asset_record, policy), 0, "what needs a proposal", NULL,
	  policy_columns, 0 },
	{ "executor", "EXECUTOR", SLOT_EMBEDDED(struct asset_record, executor), 0, "how it is controlled over HTTP",
	  NULL, endpoint_columns, 0 },
	{ "control", "CONTROL", SLOT_EMBEDDED(struct asset_record, control), 0,
	  "the cluster or server through which its driver reaches it", NULL, endpoint_columns, 0 },
	{ "health", "HEALTH", SLOT_EMBEDDED(struct asset_record, health), 0, "health contract that check uses", NULL,
	  health_part_columns, 0 },
	{ "abilities", "ABILITIES", ROW(abilities), 0, "what run can do on it", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), 0, "file and line of its document", NULL, NULL, 0 },
	{ "topology", "TOPOLOGY", ROW(topology), 0, "SHA-256 of the topology's contents", NULL, NULL, 0 },
	{ 0 },
};

/* The part stays empty without a reference. */
static bool show_endpoint(struct call *call, const struct topology *topology, const char *id,
                          struct endpoint_part *part, struct health *ret_health, struct error *err)
{
	struct endpoint endpoint;
	size_t index;

	if (id == NULL || !topology_find(topology, KIND_ENDPOINT, id, &index))
		return true;
	if (!topology_read_endpoint(topology, index, call->arena, &endpoint, err))
		return false;
	*part = (struct endpoint_part){
		.endpoint = endpoint.id,
		.plane = endpoint.plane,
		.url = endpoint.executor_url,
		.proxy_url = endpoint.proxy_url,
		.auth = endpoint.auth.mode,
		.secret_ref = endpoint.auth.secret_ref,
		.certificate_ref = endpoint.auth.certificate_ref,
		.key_ref = endpoint.auth.key_ref,
		.server_name = endpoint.tls.server_name,
		.pin = endpoint.tls.pin,
		.fingerprint = endpoint.tls.fingerprint,
	};
	*ret_health = endpoint_single(call->arena, &endpoint);
	return true;
}

static bool show_endpoints(struct call *call, const struct topology *topology, const struct runtime_asset *asset,
                           struct asset_record *record, struct error *err)
{
	struct health own = { 0 }, unused;
	const char *control = asset->kubernetes.present    ? asset->kubernetes.cluster
	                      : asset->lxc.proxmox.present ? asset->lxc.proxmox.endpoint
	                                                   : asset->lxc.incus.endpoint;

	if (!show_endpoint(call, topology, asset->executor_ref, &record->executor, &own, err) ||
	    !show_endpoint(call, topology, control, &record->control, &unused, err))
		return false;
	if (!asset->health.present)
		record->health = health_part_of(&own);
	return true;
}

static struct text_list show_abilities(struct call *call, unsigned abilities)
{
	static const struct {
		unsigned ability;
		const char *name;
	} rows[] = {
		{ ASSET_INPUT, "stdin" },     { ASSET_HALF_CLOSE, "half-close" },
		{ ASSET_TERMINAL, "tty" },    { ASSET_SIGNALS, "signals" },
		{ ASSET_USER, "user" },       { ASSET_WORKDIR, "workdir" },
		{ ASSET_ENVIRONMENT, "env" }, { ASSET_STREAMING, "streaming" },
	};
	struct text_list list = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((abilities & rows[i].ability) != 0)
			text_list_add(call->arena, &list, rows[i].name);
	}
	return list;
}

static bool print_asset(struct call *call, const struct topology *topology, const struct runtime_asset *asset,
                        struct error *err)
{
	const struct health health = health_single(call->arena, &asset->health);
	const struct asset_driver *driver;
	struct asset_record record = {
		.asset_id = asset->asset_id,
		.role = asset->role,
		.kind = asset->kind,
		.owner = asset->owner,
		.labels = asset->labels,
		.policy = { asset->policy.run, asset->policy.request },
		.health = health_part_of(&health),
		.topology = topology_digest(topology, call->arena),
	};
	size_t index;

	if (!asset_driver_of(asset, &driver, err) || !show_endpoints(call, topology, asset, &record, err))
		return false;
	record.driver = driver->name;
	record.abilities = show_abilities(call, driver->abilities);
	if (topology_find(topology, KIND_RUNTIME_ASSET, asset->asset_id, &index))
		record.origin = topology_origin(topology, KIND_RUNTIME_ASSET, index, call->arena);
	output_record(call->output, &record);
	return true;
}

static bool show_asset(struct call *call, struct error *err)
{
	const struct show_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_selection selection;
	struct runtime_asset *assets;
	size_t count;

	if (!selection_read(&wanted->selection, &selection, err))
		return false;
	selection.single = true;
	return call_topology(call, &topology, err) &&
	       selection_resolve(call->arena, topology, &selection, &assets, &count, err) &&
	       print_asset(call, topology, &assets[0], err);
}

static const char *const examples[] = {
	"fops runtime-assets show --role daytona_runtime",
	"fops runtime-assets show --asset-id langboard-01 -o yaml",
	"fops runtime-assets show --role langboard_executor -o jsonpath={.executor.url}",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command runtime_assets_show_command = {
	.name = "show",
	.summary = "Show one asset with its executor and health contract",
	.about = "Shows what the contracts say; nothing is contacted. Secret references are shown, values never.",
	.options = options,
	.options_size = sizeof(struct show_options),
	.columns = columns,
	.row_size = sizeof(struct asset_record),
	.item = "runtime-asset",
	.schema = "fops.runtime-asset.show/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help selection",
	.flags = COMMAND_RECORD | COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = show_asset,
};
