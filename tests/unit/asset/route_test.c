/* Where HTTP for an asset goes, and whose answer comes back. */
#include "route.h"

#include <criterion/criterion.h>

#include "cluster.h"
#include "fops/asset/check.h"
#include "fops/asset/request.h"

TestSuite(route, .init = cluster_make, .fini = cluster_close);

static struct route found;

static void take(struct route *route)
{
	(void)route;
	cluster.answered++;
}

static struct runtime_asset *through(const char *via, const char *port, const char *scheme)
{
	struct runtime_asset *asset = by_label("boards", "board");

	asset->kubernetes.via = via;
	asset->kubernetes.service = "web";
	asset->kubernetes.port = port;
	asset->kubernetes.scheme = scheme;
	return asset;
}

static const char *path_to(const struct runtime_asset *asset)
{
	struct error err;

	cluster.answered = 0;
	found = (struct route){ .context = &cluster.context, .asset = asset, .on_route = take };
	cr_assert(route_open(&found, &err), "%s", err.message);
	cr_assert_eq(cluster.answered, 0, "never from inside");
	wait_for(1);
	cr_assert(!found.failed, "%s", found.error.message);
	return found.base.path;
}

#define PREFIX "/api/v1/namespaces/boards/"

Test(route, leads_to_services_and_pods)
{
	struct http_exchange exchange = { 0 };

	OPEN(answer(list("", POD("p-0", APP("board"), "True"))));
	cr_assert_str_eq(path_to(through("service-proxy", NULL, "http")), PREFIX "services/web/proxy");
	cr_assert_str_eq(path_to(through("service-proxy", "http", "http")), PREFIX "services/web:http/proxy");
	cr_assert_str_eq(path_to(through("service-proxy", NULL, "https")), PREFIX "services/https:web:/proxy");
	cr_assert_str_eq(path_to(through("service-proxy", "443", "https")), PREFIX "services/https:web:443/proxy");
	cr_assert_str_eq(path_to(through("pod-proxy", NULL, "http")), PREFIX "pods/p-0/proxy");
	cr_assert_str_eq(path_to(through("pod-proxy", "8081", "http")), PREFIX "pods/p-0:8081/proxy");
	cr_assert_str_eq(path_to(through("pod-proxy", "http", "https")), PREFIX "pods/https:p-0:8080/proxy");
	cr_assert(found.through_api);
	route_prepare(&found, "/health", NULL, &exchange);
	cr_assert(text_ends(exchange.url, PREFIX "pods/https:p-0:8080/proxy/health"), "%s", exchange.url);
	cr_assert_str_eq(exchange.inside, PREFIX "pods/https:p-0:8080/proxy/");
}

Test(route, prefers_the_executor)
{
	struct runtime_asset *asset = through("pod-proxy", NULL, "http");

	OPEN(answer("{}"));
	asset->executor_ref = "cluster";
	cr_assert_str_eq(path_to(asset), "/");
	cr_assert(!found.through_api);
	cr_assert_eq(server_requests(cluster.server), 0);
}

Test(route, needs_an_executor_or_a_way)
{
	struct error err;

	OPEN(answer("{}"));
	found = (struct route){ .context = &cluster.context, .asset = by_label("boards", "board"), .on_route = take };
	cr_assert(!route_open(&found, &err));
	cr_assert_eq(err.id, ERROR_ASSET_NO_EXECUTOR);
	cr_assert_not_null(strstr(err.fix, "kubernetes.via"));
}

Test(route, fails_without_a_pod_or_its_port)
{
	static const char *const ports[] = { NULL, "https" };
	static const enum error_id ids[] = { ERROR_ASSET_NOT_RUNNING, ERROR_CONTRACT_INVALID };
	struct error err;

	OPEN(answer(list("", POD("p-0", APP("board"), "False"))), answer(list("", POD("p-0", APP("board"), "True"))));
	for (size_t i = 0; i < 2; i++) {
		found = (struct route){ .context = &cluster.context,
			                .asset = through("pod-proxy", ports[i], "http"),
			                .on_route = take };
		cr_assert(route_open(&found, &err));
		wait_for(i + 1);
		cr_assert(found.failed);
		cr_assert_eq(found.error.id, ids[i], "%s", found.error.message);
	}
}

Test(route, may_be_stopped)
{
	struct error err;

	OPEN(answer("{}"));
	found = (struct route){ .context = &cluster.context,
		                .asset = through("pod-proxy", NULL, "http"),
		                .on_route = take };
	cr_assert(route_open(&found, &err));
	route_stop(&found);
	cr_assert(loop_turn(cluster.context.loop, deadline_after(20), &err));
	cr_assert_eq(cluster.answered, 0);
}

/* --- whose answer --- */

#define STATUS(code, message)                                                                                          \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message "\",\"code\":" code \
	"}"
#define JSON  "Content-Type: application/json\r\n"
#define AUDIT "Audit-Id: 1\r\nCache-Control: no-cache, private\r\n"

struct answer_case {
	const char *status;
	const char *headers;
	const char *body;
	bool own; /* the API server's */
	enum error_id id;
};

static const struct answer_case answers[] = {
	{ "503 Service Unavailable", AUDIT JSON, STATUS("503", "error trying to reach service: no"), true,
	  ERROR_PLANE_UNAVAILABLE },
	{ "404 Not Found", AUDIT JSON, STATUS("404", "services not found"), true, ERROR_PLANE_NOT_FOUND },
	{ "403 Forbidden", AUDIT JSON "X-Content-Type-Options: nosniff\r\n", STATUS("403", "no"), true,
	  ERROR_PLANE_AUTH },
	{ "429 Too Many Requests", AUDIT JSON "Retry-After: 1\r\nX-Kubernetes-PF-FlowSchema-UID: a\r\n",
	  STATUS("429", "slow"), true, ERROR_PLANE_BUSY },
	/* the asset's own */
	{ "503 Service Unavailable", AUDIT JSON, "{\"error\":\"mine\"}", false, 0 },
	{ "503 Service Unavailable", AUDIT JSON, STATUS("500", "another code"), false, 0 },
	{ "503 Service Unavailable", AUDIT JSON "Server: mine\r\n", STATUS("503", "mine"), false, 0 },
	{ "503 Service Unavailable", AUDIT "Audit-Id: 2\r\n" JSON, STATUS("503", "a cluster in the cluster"), false,
	  0 },
	{ "503 Service Unavailable", AUDIT "Content-Type: text/plain\r\n", STATUS("503", "mine"), false, 0 },
	{ "503 Service Unavailable", AUDIT JSON, "{\"status\":\"Failure\",\"code\":503}", false, 0 },
	{ "200 OK", AUDIT JSON, STATUS("200", "mine"), false, 0 },
};

struct received {
	int heads;
	char body[512];
	size_t len;
};

static bool on_head(void *user, const struct asset_answer *head, struct error *err)
{
	struct received *received = user;

	(void)head;
	(void)err;
	received->heads++;
	return true;
}

static bool on_body(void *user, const char *data, size_t len, struct error *err)
{
	struct received *received = user;

	(void)err;
	memcpy(received->body + received->len, data, len);
	received->len += len;
	return true;
}

Test(route, keeps_the_answers_of_the_api_server_apart)
{
	struct reply replies[ARRAY_LEN(answers)];
	const struct asset_request request = { .method = "GET", .path = "/x", .timeout_ms = -1 };

	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		replies[i] = answer_with(answers[i].status, answers[i].headers, answers[i].body);
	open_cluster(replies, ARRAY_LEN(answers), "{mode: none}");
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct received received = { 0 };
		struct asset_answer_listener listener = { on_head, on_body, &received };
		struct asset_answer head;
		struct error refusal;
		struct error err;
		bool good = asset_request_send(&cluster.context, through("service-proxy", NULL, "http"), &request,
		                               &listener, &head, &refusal, &err);

		cr_assert_eq(good, !answers[i].own, "case %zu: %s", i, good ? "" : err.message);
		cr_assert_eq(received.heads, answers[i].own ? 0 : 1, "case %zu", i);
		cr_assert_str_eq(received.body, answers[i].own ? "" : answers[i].body);
		if (answers[i].own)
			cr_assert_eq(err.id, answers[i].id, "case %zu: %s", i, err.message);
	}
}

Test(route, refuses_headers_that_the_api_server_keeps)
{
	static const char *const headers[] = { "Impersonate-User: root", "impersonate-group: x", "X-Remote-User: root",
		                               "Audit-ID: 1", "Sec-WebSocket-Protocol: x" };

	OPEN(answer("{}"));
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		const char *items[] = { headers[i] };
		const struct asset_request request = {
			.method = "GET", .path = "/x", .timeout_ms = -1, .headers = { items, 1 }
		};
		struct asset_answer_listener listener = { on_head, on_body, NULL };
		struct asset_answer head;
		struct error refusal;
		struct error err;

		cr_assert(!asset_request_send(&cluster.context, through("service-proxy", NULL, "http"), &request,
		                              &listener, &head, &refusal, &err));
		cr_assert_eq(err.id, ERROR_USAGE_BAD_VALUE, "%s", headers[i]);
	}
	cr_assert_eq(server_requests(cluster.server), 0);
}

Test(route, stays_inside_the_proxys_paths)
{
	const struct asset_request request = { .method = "GET", .path = "/x", .timeout_ms = -1 };
	struct asset_answer_listener listener = { on_head, on_body, NULL };
	struct asset_answer head;
	struct error refusal;
	struct error err;

	OPEN(answer_with("307 Temporary Redirect", "Location: " PREFIX "secrets/board\r\n", ""), answer("{}"));
	cr_assert(!asset_request_send(&cluster.context, through("service-proxy", NULL, "http"), &request, &listener,
	                              &head, &refusal, &err));
	cr_assert_eq(err.id, ERROR_PLANE_REDIRECT);
	cr_assert_eq(server_requests(cluster.server), 1);
}

static struct check_result check_health(const struct runtime_asset *asset)
{
	struct runtime_asset healthy = *asset;
	struct check_result result;
	struct error err;
	bool good;

	healthy.role = "board";
	healthy.health = (struct health){
		.present = true, .method = "GET", .path = "/health", .expect = { .status = 200 }, .timeout = { 5000 }
	};
	cr_assert(check_assets(&cluster.context, &healthy, 1, &result, &good, &err), "%s", err.message);
	return result;
}

Test(route, carries_health_to_the_pod_of_the_same_list)
{
	struct check_result result;

	OPEN(answer(list("", POD("p-0", APP("board"), "True"))), answer("{}"));
	result = check_health(through("pod-proxy", "http", "http"));
	cr_assert_str_eq(result.state, "ok", "%s", result.cause);
	cr_assert_str_eq(result.health, "ok");
	cr_assert_eq(server_requests(cluster.server), 2);
	asks(1, "GET " PREFIX "pods/p-0:8080/proxy/health ");
}

Test(route, tells_in_check_that_the_api_server_reached_nothing)
{
	struct check_result result;

	OPEN(answer(list("", POD("p-0", APP("board"), "True"))),
	     answer_with("503 Service Unavailable", AUDIT JSON,
	                 STATUS("503", "error trying to reach service: refused")));
	result = check_health(through("pod-proxy", NULL, "http"));
	cr_assert_str_eq(result.state, "degraded");
	cr_assert_str_eq(result.health, "bad");
	cr_assert_not_null(strstr(result.cause, "does not reach board"), "%s", result.cause);
}

Test(route, tells_in_check_that_a_right_is_missing)
{
	struct check_result result;

	OPEN(answer(list("", POD("p-0", APP("board"), "True"))),
	     answer_with("403 Forbidden", AUDIT JSON, STATUS("403", "User cannot get resource \\\"pods/proxy\\\"")));
	result = check_health(through("pod-proxy", NULL, "http"));
	cr_assert_str_eq(result.state, "unknown");
	cr_assert_str_eq(result.health, "unknown");
	cr_assert_not_null(strstr(result.fix, "get on pods/proxy"), "%s", result.fix);
}
