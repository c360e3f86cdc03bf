/* endpoints show: everything the contract says of one endpoint, its health contract as it will be asked. */
#include "../health_part.h"
#include "../topology_access.h"
#include "endpoints.h"
#include "fops/base/arena.h"
#include "fops/cli/output.h"

struct auth_part {
	const char *mode;
	const char *secret_ref;
	const char *user;
	const char *header;
	const char *token_file;
	const char *token_id;
	const char *certificate_ref;
	const char *key_ref;
	const char *token_url;
	const char *client_id;
	struct text_list scopes;
	const char *audience;
	const char *access_key_ref;
	const char *region;
	const char *service;
};

struct tls_part {
	const char *minimum_version;
	const char *server_name;
	const char *pin;
	const char *fingerprint;
	struct optional_int authorities;
};

struct rate_part {
	struct optional_int requests;
	struct optional_int period_ms;
	struct optional_int burst;
};

struct show_record {
	const char *id;
	const char *plane;
	const char *owner;
	struct text_map labels;
	const char *documentation;
	const char *public_url;
	const char *executor_url;
	const char *internal_url;
	const char *proxy_url;
	struct auth_part auth;
	struct tls_part tls;
	struct rate_part rate_limit;
	const char *preset;
	const char *note;
	struct health_part liveness;
	struct health_part readiness;
	struct text_list used_by;
	const char *origin;
	const char *topology;
};

#define PART(type, member) SLOT(struct type, member)

static const struct column auth_columns[] = {
	{ "mode", "MODE", PART(auth_part, mode), 0, "mode of authentication", NULL, NULL, 0 },
	{ "secret_ref", "SECRET REF", PART(auth_part, secret_ref), 0, "where its secret is; never the value", NULL,
	  NULL, 0 },
	{ "user", "USER", PART(auth_part, user), 0, "who asks, with mode basic", NULL, NULL, 0 },
	{ "header", "HEADER", PART(auth_part, header), 0, "header that carries the key, with mode api-key", NULL, NULL,
	  0 },
	{ "token_file", "TOKEN FILE", PART(auth_part, token_file), 0, "file that holds the token", NULL, NULL, 0 },
	{ "token_id", "TOKEN ID", PART(auth_part, token_id), 0, "id of the API token", NULL, NULL, 0 },
	{ "certificate_ref", "CERTIFICATE REF", PART(auth_part, certificate_ref), 0,
	  "where the client's certificate is", NULL, NULL, 0 },
	{ "key_ref", "KEY REF", PART(auth_part, key_ref), 0, "where its key is; never the value", NULL, NULL, 0 },
	{ "token_url", "TOKEN URL", PART(auth_part, token_url), 0, "where a token is asked for, with mode oidc-client",
	  NULL, NULL, 0 },
	{ "client_id", "CLIENT ID", PART(auth_part, client_id), 0, "client that asks for it", NULL, NULL, 0 },
	{ "scopes", "SCOPES", PART(auth_part, scopes), 0, "scopes that it asks for", NULL, NULL, 0 },
	{ "audience", "AUDIENCE", PART(auth_part, audience), 0, "audience that it asks for", NULL, NULL, 0 },
	{ "access_key_ref", "ACCESS KEY REF", PART(auth_part, access_key_ref), 0,
	  "where the access key's id is, with mode signed", NULL, NULL, 0 },
	{ "region", "REGION", PART(auth_part, region), 0, "region of the signature", NULL, NULL, 0 },
	{ "service", "SERVICE", PART(auth_part, service), 0, "service of the signature", NULL, NULL, 0 },
	{ 0 },
};

static const struct column tls_columns[] = {
	{ "minimum_version", "MINIMUM VERSION", PART(tls_part, minimum_version), 0, "lowest version of TLS", NULL, NULL,
	  0 },
	{ "server_name", "SERVER NAME", PART(tls_part, server_name), 0, "name that its certificate must have", NULL,
	  NULL, 0 },
	{ "pin", "PIN", PART(tls_part, pin), 0, "pinned public key", NULL, NULL, 0 },
	{ "fingerprint", "FINGERPRINT", PART(tls_part, fingerprint), 0, "pinned certificate", NULL, NULL, 0 },
	{ "authorities", "AUTHORITIES", PART(tls_part, authorities), 0, "certificates in tls.ca", NULL, NULL, 0 },
	{ 0 },
};

static const struct column rate_columns[] = {
	{ "requests", "REQUESTS", PART(rate_part, requests), 0, "requests in each period", NULL, NULL, 0 },
	{ "period_ms", "PERIOD", PART(rate_part, period_ms), 0, "length of a period", NULL, NULL, 0 },
	{ "burst", "BURST", PART(rate_part, burst), 0, "requests that may begin at once", NULL, NULL, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct show_record, member)

static const struct column columns[] = {
	{ "id", "ID", ROW(id), 0, "identifier of the endpoint", NULL, NULL, 0 },
	{ "plane", "PLANE", ROW(plane), 0, "external system behind it", NULL, NULL, 0 },
	{ "owner", "OWNER", ROW(owner), 0, "who answers for it", NULL, NULL, 0 },
	{ "labels", "LABELS", ROW(labels), 0, "labels, as KEY=VALUE", NULL, NULL, 0 },
	{ "documentation", "DOCUMENTATION", ROW(documentation), 0, "link for people", NULL, NULL, 0 },
	{ "public_url", "PUBLIC URL", ROW(public_url), 0, "URL for people", NULL, NULL, 0 },
	{ "executor_url", "EXECUTOR URL", ROW(executor_url), 0, "URL for machines, the only one asked", NULL, NULL, 0 },
	{ "internal_url", "INTERNAL URL", ROW(internal_url), 0, "URL inside the cluster", NULL, NULL, 0 },
	{ "proxy_url", "PROXY URL", ROW(proxy_url), 0, "proxy in front of the executor URL", NULL, NULL, 0 },
	{ "auth", "AUTH", SLOT_EMBEDDED(struct show_record, auth), 0, "how requests are authenticated", NULL,
	  auth_columns, 0 },
	{ "tls", "TLS", SLOT_EMBEDDED(struct show_record, tls), 0, "how the server proves itself", NULL, tls_columns,
	  0 },
	{ "rate_limit", "RATE LIMIT", SLOT_EMBEDDED(struct show_record, rate_limit), 0, "how fast it may be asked",
	  NULL, rate_columns, 0 },
	{ "preset", "PRESET", ROW(preset), 0, "built-in health contract that it names", NULL, NULL, 0 },
	{ "note", "NOTE", ROW(note), 0, "what is worth knowing of that preset", NULL, NULL, 0 },
	{ "liveness", "LIVENESS", SLOT_EMBEDDED(struct show_record, liveness), 0, "request that shows that it lives",
	  NULL, health_part_columns, 0 },
	{ "readiness", "READINESS", SLOT_EMBEDDED(struct show_record, readiness), 0,
	  "request that shows that it does its work", NULL, health_part_columns, 0 },
	{ "used_by", "USED BY", ROW(used_by), 0, "runtime assets that name it", NULL, NULL, 0 },
	{ "origin", "ORIGIN", ROW(origin), 0, "file and line of its document", NULL, NULL, 0 },
	{ "topology", "TOPOLOGY", ROW(topology), 0, "SHA-256 of the topology's contents", NULL, NULL, 0 },
	{ 0 },
};

/* What a request of that protocol has no use for stays empty. */
static struct auth_part show_auth(const struct endpoint_auth *auth)
{
	return (struct auth_part){
		.mode = auth->mode,
		.secret_ref = auth->secret_ref,
		.user = auth->user,
		.header = auth->header,
		.token_file = auth->token_file,
		.token_id = auth->token_id,
		.certificate_ref = auth->certificate_ref,
		.key_ref = auth->key_ref,
		.token_url = auth->token_url,
		.client_id = auth->client_id,
		.scopes = auth->scopes,
		.audience = auth->audience,
		.access_key_ref = auth->access_key_ref,
		.region = auth->region,
		/* the field has a preset, which other modes have no use for */
		.service = auth->access_key_ref == NULL ? NULL : auth->service,
	};
}

static struct tls_part show_tls(const struct endpoint_tls *tls)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct tls_part part = { tls->minimum_version, tls->server_name, tls->pin, tls->fingerprint, { 0 } };

	part.authorities.present = tls->ca != NULL;
	for (const char *at = tls->ca; at != NULL && (at = strstr(at, begin)) != NULL; at++)
		part.authorities.value++;
	return part;
}

static struct rate_part show_rate(const struct endpoint_rate *rate)
{
	if (!rate->present)
		return (struct rate_part){ 0 };
	return (struct rate_part){ { rate->requests, true }, { rate->period.ms, true }, { rate->burst, true } };
}

/* The assets that are controlled or reached through the endpoint. */
static bool find_users(struct call *call, const struct topology *topology, const char *id, struct text_list *users,
                       struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);
	size_t count = topology_count(topology, KIND_RUNTIME_ASSET);

	for (size_t i = 0; i < count; i++) {
		struct arena_mark mark = arena_mark(scratch);
		struct runtime_asset asset;

		if (!topology_read_asset(topology, i, scratch, &asset, err))
			return false;
		if (text_equal(asset.executor_ref, id) ||
		    (asset.kubernetes.present && text_equal(asset.kubernetes.cluster, id)) ||
		    (asset.lxc.proxmox.present && text_equal(asset.lxc.proxmox.endpoint, id)) ||
		    text_equal(asset.lxc.incus.endpoint, id))
			text_list_add(call->arena, users, arena_copy(call->arena, asset.asset_id));
		arena_rewind(scratch, mark);
	}
	return true;
}

static const char *preset_of(const struct endpoint *endpoint)
{
	const struct health *parts[] = { &endpoint->health, &endpoint->readiness, &endpoint->liveness };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i]->present && parts[i]->preset != NULL)
			return parts[i]->preset;
	}
	return NULL;
}

static bool print_endpoint(struct call *call, const struct topology *topology, size_t index,
                           const struct endpoint *endpoint, struct error *err)
{
	struct endpoint_health health = endpoint_health(call->arena, endpoint);
	const char *preset = preset_of(endpoint);
	const struct health_preset *row = preset == NULL ? NULL : health_preset_find(preset);
	struct show_record record = {
		.id = endpoint->id,
		.plane = endpoint->plane,
		.owner = endpoint->owner,
		.labels = endpoint->labels,
		.documentation = endpoint->documentation,
		.public_url = endpoint_url(endpoint, URL_PUBLIC),
		.executor_url = endpoint_url(endpoint, URL_EXECUTOR),
		.internal_url = endpoint_url(endpoint, URL_INTERNAL),
		.proxy_url = endpoint->proxy_url,
		.auth = show_auth(&endpoint->auth),
		.tls = show_tls(&endpoint->tls),
		.rate_limit = show_rate(&endpoint->rate),
		.preset = preset,
		.note = row == NULL ? NULL : row->note,
		.liveness = health_part_of(&health.liveness),
		.readiness = health_part_of(&health.readiness),
		.origin = topology_origin(topology, KIND_ENDPOINT, index, call->arena),
		.topology = topology_digest(topology, call->arena),
	};

	if (!find_users(call, topology, endpoint->id, &record.used_by, err))
		return false;
	output_record(call->output, &record);
	return true;
}

static bool show_endpoint(struct call *call, struct error *err)
{
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct endpoint endpoint;
	size_t index;

	return call_topology(call, &topology, err) &&
	       endpoints_find(call, topology, call->arguments.items[0], &index, err) &&
	       topology_read_endpoint(topology, index, call->arena, &endpoint, err) &&
	       print_endpoint(call, topology, index, &endpoint, err);
}

static const char *const examples[] = {
	"fops endpoints show langboard-executor",
	"fops endpoints show langboard-executor -o yaml",
	"fops endpoints show langboard-executor -o jsonpath={.readiness.path}",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command endpoints_show_command = {
	.name = "show",
	.summary = "Show one endpoint with its health contract expanded",
	.about = "Shows what the contract says; nothing is contacted. A health preset is shown as the requests that "
	         "check will make, liveness and readiness apart. Secret references are shown, values never.",
	.arguments = "ID",
	.arguments_min = 1,
	.arguments_max = 1,
	.argument_values = VALUES_ENDPOINTS,
	.columns = columns,
	.row_size = sizeof(struct show_record),
	.item = "endpoint",
	.schema = "fops.endpoint.show/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help health, fops help secrets",
	.flags = COMMAND_RECORD | COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = show_endpoint,
};
