/* Finds out where HTTP for an asset goes: to its executor, or through the API server to a pod or a service. */
#include "route.h"
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

static void tell(void *user)
{
	struct route *route = user;

	if (!route->failed)
		route->failed = !access_refresh(route->access, &route->error);
	route->on_route(route);
}

/* Told by the loop even when everything is known at once, so that owners have one order of events. */
static void tell_soon(struct route *route)
{
	loop_arm(route->context->loop, &route->soon, 0, tell, route);
}

/*
 * The proxy's path: [https:]NAME[:PORT]. A port must follow https, be it empty. Ends with a slash only where requests
 * append their own path without one.
 */
static void lead_through(struct route *route, const char *kind, const char *name, const char *port)
{
	const struct kubernetes_block *block = &route->asset->kubernetes;
	struct arena *arena = route->context->arena;
	bool secure = text_equal(block->scheme, "https");
	size_t base = strlen(route->access->url.path);

	while (base > 0 && route->access->url.path[base - 1] == '/')
		base--;
	route->through_api = true;
	route->base = route->access->url;
	route->base.path = arena_format(arena, "%.*s/api/v1/namespaces/%s/%s/%s%s%s%s/proxy", (int)base,
	                                route->access->url.path, block->name_space, kind, secure ? "https:" : "", name,
	                                secure || port != NULL ? ":" : "", port == NULL ? "" : port);
}

/* The API server resolves port names of services, not of pods. */
static bool find_port(const struct route *route, const struct pod *pod, const char **ret_port, struct error *err)
{
	const char *port = route->asset->kubernetes.port;
	uint64_t number;

	*ret_port = port;
	if (port == NULL || parse_count(port, &number))
		return true;
	if (pod->port == 0) {
		fail(err, ERROR_CONTRACT_INVALID, "the pod of %s has no port named %s", route->asset->asset_id, port);
		error_fix(err, "Correct kubernetes.port in the asset's contract, or give the port's number.");
		return false;
	}
	*ret_port = arena_format(route->context->arena, "%lld", (long long)pod->port);
	return true;
}

static void pod_found(struct pod_look *look)
{
	struct route *route = look->user;
	const char *port;

	if (look->failed) {
		route->failed = true;
		route->error = *look->error;
	} else if (!pod_judge(route->asset, &look->pod, false, &route->error) ||
	           !find_port(route, &look->pod, &port, &route->error)) {
		route->failed = true;
		error_object(&route->error, "runtime-asset/%s", route->asset->asset_id);
	} else {
		log_detail(route->context->log, "%s: pod %s/%s", route->asset->asset_id, look->pod.name_space,
		           look->pod.name);
		lead_through(route, "pods", look->pod.name, port);
	}
	tell(route);
}

static bool no_way(const struct runtime_asset *asset, struct error *err)
{
	bool pod = text_equal(asset->kind, "kubernetes");

	fail(err, ERROR_ASSET_NO_EXECUTOR, "%s has no executor", asset->asset_id);
	error_cause(err, pod ? "its contract has neither executorRef nor kubernetes.via"
	                     : "its contract has no executorRef");
	if (pod)
		error_fix(err,
		          "Set kubernetes.via to pod-proxy or service-proxy, or bind an endpoint with executorRef.");
	error_object(err, "runtime-asset/%s", asset->asset_id);
	return false;
}

bool route_open(struct route *route, struct error *err)
{
	const struct runtime_asset *asset = route->asset;
	const struct kubernetes_block *block = &asset->kubernetes;

	if (asset->executor_ref != NULL) {
		if (!access_open(route->context, asset->executor_ref, &route->access, err))
			return false;
		route->base = route->access->url;
		tell_soon(route);
		return true;
	}
	if (!block->present || block->via == NULL)
		return no_way(asset, err);
	if (!access_open(route->context, block->cluster, &route->access, err))
		return false;
	if (text_equal(block->via, "service-proxy")) {
		lead_through(route, "services", block->service, block->port);
		tell_soon(route);
		return true;
	}
	route->look =
	        (struct pod_look){ .context = route->context, .asset = asset, .on_pod = pod_found, .user = route };
	return pod_look_start(&route->look, err);
}

void route_stop(struct route *route)
{
	loop_disarm(route->context->loop, &route->soon);
	pod_look_stop(&route->look);
}

void route_prepare(const struct route *route, const char *path, const struct text_map *query,
                   struct http_exchange *exchange)
{
	struct arena *arena = route->context->arena;

	exchange->url = url_build(arena, &route->base, path, query);
	access_prepare(route->context, route->access, exchange);
	if (route->through_api)
		exchange->inside = arena_format(arena, "%s/", route->base.path);
}

/* --- whose answer is it --- */

/* What an API server says in a Status of its own; an answer with any other header comes from behind it. */
static const char *const own_headers[] = {
	"audit-id",
	"cache-control",
	"content-length",
	"content-type",
	"date",
	"retry-after",
	"vary",
	"warning",
	"x-content-type-options",
	"connection",
	"expires",
	"strict-transport-security",
	"x-kubernetes-pf-flowschema-uid",
	"x-kubernetes-pf-prioritylevel-uid",
	"www-authenticate",
};

static bool is_own_header(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(own_headers); i++) {
		if (text_equal(own_headers[i], name))
			return true;
	}
	return false;
}

bool kubernetes_may_be_api_answer(const struct http_exchange *exchange)
{
	const struct text_map *headers = &exchange->answer_headers;
	size_t audits = 0;

	if (exchange->status < 400 || !text_equal(text_map_get(headers, "content-type"), "application/json"))
		return false;
	for (size_t i = 0; i < headers->count; i++) {
		if (!is_own_header(headers->items[i].key))
			return false;
		audits += text_equal(headers->items[i].key, "audit-id") ? 1 : 0;
	}
	/* two: an API server answered behind the API server */
	return audits <= 1;
}

static void explain(const struct runtime_asset *asset, const char *message, struct error *err)
{
	if (!text_starts(message, "error trying to reach service") && !text_starts(message, "no endpoints available") &&
	    !text_starts(message, "address not allowed"))
		return;
	(void)snprintf(err->message, sizeof err->message, "the API server does not reach %s", asset->asset_id);
	error_fix(err, "Check via, service, port and scheme of its contract, and that something listens there.");
}

bool kubernetes_api_answer(struct arena *arena, const struct runtime_asset *asset, const struct http_exchange *exchange,
                           const char *data, size_t len, struct error *err)
{
	struct kubernetes_status status;
	char *text;

	if (!kubernetes_may_be_api_answer(exchange) || len > LONGEST_REFUSAL)
		return false;
	text = arena_text(arena, data, len);
	if (exchange->access.credential != NULL)
		secret_mask(exchange->access.credential, text);
	if (!kubernetes_status_read(arena, text, strlen(text), &status) || !status.typed || status.success ||
	    status.code != exchange->status)
		return false;
	kubernetes_refused(arena, asset, NULL, arena_format(arena, "the request to %s", asset->asset_id),
	                   exchange->status, text, strlen(text), exchange->retry_after_ms, err);
	explain(asset, status.message, err);
	return true;
}
