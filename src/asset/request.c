/* One HTTP request to an executor, from the checked words of the command line to the answer's judgement. */
#include "fops/asset/request.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/document.h"
#include "request_body.h"
#include "route.h"

#define LONGEST_HEADER ((size_t)8192)

static bool check_method(const char *method, struct error *err)
{
	size_t len = strlen(method);
	bool letters = len > 0 && len <= 32;

	for (size_t i = 0; letters && i < len; i++)
		letters = isalpha((unsigned char)method[i]) != 0;
	if (letters && strcasecmp(method, "CONNECT") != 0 && strcasecmp(method, "TRACE") != 0)
		return true;
	return fail(err, ERROR_USAGE_BAD_VALUE, "--method \"%s\" cannot be sent", method);
}

/* Header names that the client sets itself, or that would change where or how the request is framed. */
static bool is_reserved(const char *header, size_t len)
{
	static const char *const names[] = {
		"authorization", "host",   "content-length", "transfer-encoding",  "connection", "upgrade", "te",
		"trailer",       "expect", "cookie",         "proxy-authorization"
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == len && strncasecmp(names[i], header, len) == 0)
			return true;
	}
	return false;
}

/* RFC 9110 section 5: a token, a colon, a value without control characters. */
static bool check_header(const char *header, struct error *err)
{
	size_t name = strcspn(header, ":");
	size_t len = strlen(header);

	for (size_t i = 0; i < name; i++) {
		if (!isalnum((unsigned char)header[i]) && strchr("!#$%&'*+-.^_`|~", header[i]) == NULL)
			name = len;
	}
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)header[i] < 0x20 && header[i] != '\t') || header[i] == 0x7F)
			name = len;
	}
	if (name == 0 || name == len || len > LONGEST_HEADER)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--header takes \"Name: value\" in one line");
	if (is_reserved(header, name)) {
		fail(err, ERROR_USAGE_BAD_VALUE, "--header may not set %.*s", (int)name, header);
		error_fix(err,
		          "name the credential with auth.secretRef of the endpoint; the rest is set by the client");
		return false;
	}
	return true;
}

static bool check_json(struct arena *arena, const char *text, struct error *err)
{
	struct arena_mark mark = arena_mark(arena);
	struct value value;

	/* the error may point into the arena, so it is rewound only after success */
	if (!json_parse(arena, "--json", text, strlen(text), &document_default_limits, &value, err))
		return false;
	arena_rewind(arena, mark);
	return true;
}

bool asset_request_check(struct arena *arena, const struct asset_request *request, struct error *err)
{
	if (!check_method(request->method, err) || !url_check_path(request->path, err))
		return false;
	for (size_t i = 0; i < request->headers.count; i++) {
		if (!check_header(request->headers.items[i], err))
			return false;
	}
	if (request->data != NULL && request->json != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--data and --json exclude each other");
	if (request->json != NULL && !check_json(arena, request->json, err))
		return false;
	return request_body_check(request, err);
}

/* What the callbacks of one exchange need. */
struct sending {
	struct request_body body; /* first, because the body finds itself through exchange->user */
	struct asset_context *context;
	const struct runtime_asset *asset;
	const struct asset_answer_listener *listener;
	struct route route;
	bool routed;
	struct http_exchange exchange;
	struct asset_answer answer;
	/* the beginning of an answer that may be the API server's and not the asset's */
	struct buffer held;
	bool holding;
	bool renewed;
	int64_t started_us;
	bool done;
	int signal;
};

static struct sending *sending_of(const struct http_exchange *exchange)
{
	return exchange->user;
}

static void fill_answer(struct sending *sending)
{
	const struct http_exchange *exchange = &sending->exchange;

	sending->answer = (struct asset_answer){
		.asset_id = sending->asset->asset_id,
		.status = exchange->status,
		.reason = exchange->reason == NULL ? "" : exchange->reason,
		.http_version = exchange->http_version == NULL ? "" : exchange->http_version,
		.headers = exchange->answer_headers,
		.body_bytes = exchange->body_received,
		.duration_ms = (clock_monotonic_us() - sending->started_us) / 1000,
		.request_id = exchange->request_id,
		.tries = exchange->tries_made,
	};
}

static bool give_head(struct sending *sending, struct error *err)
{
	fill_answer(sending);
	return sending->listener->on_head(sending->listener->user, &sending->answer, err);
}

static bool take_head(struct http_exchange *exchange, struct error *err)
{
	struct sending *sending = sending_of(exchange);

	sending->holding = sending->route.through_api && kubernetes_may_be_api_answer(exchange);
	buffer_clear(&sending->held);
	return sending->holding || give_head(sending, err);
}

/* It is the asset's answer: deliver what was held back. */
static bool release(struct sending *sending, struct error *err)
{
	const struct asset_answer_listener *listener = sending->listener;

	sending->holding = false;
	return give_head(sending, err) &&
	       (sending->held.len == 0 ||
	        listener->on_body(listener->user, buffer_string(&sending->held), sending->held.len, err));
}

static bool take_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct sending *sending = sending_of(exchange);

	if (sending->holding && sending->held.len + len <= LONGEST_REFUSAL)
		return buffer_append(&sending->held, data, len) ||
		       fail(err, ERROR_INTERNAL, "the answer cannot be held");
	if (sending->holding && !release(sending, err))
		return false;
	return sending->listener->on_body(sending->listener->user, data, len, err);
}

static void take_done(struct http_exchange *exchange)
{
	sending_of(exchange)->done = true;
}

static void signalled(void *user, int number)
{
	struct sending *sending = user;

	if (sending->signal == 0 && number != SIGWINCH)
		sending->signal = number;
}

static const char *upper_case(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text, strlen(text));

	for (char *at = copy; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	return copy;
}

static bool has_header(const struct text_list *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++) {
		if (strncasecmp(headers->items[i], name, strlen(name)) == 0)
			return true;
	}
	return false;
}

static void fill_exchange(struct sending *sending, const struct asset_request *request)
{
	struct arena *arena = sending->context->arena;
	struct http_exchange *exchange = &sending->exchange;

	*exchange = (struct http_exchange){
		.method = upper_case(arena, request->method),
		.timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : 0,
		.tries = HTTP_TRIES_SAFE,
		.on_head = take_head,
		.on_body = take_body,
		.on_done = take_done,
	};
	for (size_t i = 0; i < request->headers.count; i++)
		text_list_add(arena, &exchange->headers, request->headers.items[i]);
	if (request->json != NULL && !has_header(&request->headers, "content-type:"))
		text_list_add(arena, &exchange->headers, "Content-Type: application/json");
	route_prepare(&sending->route, request->path, &request->query, exchange);
}

static bool interrupted(int number, const char *method, struct error *err)
{
	bool reads = text_equal(method, "GET") || text_equal(method, "HEAD") || text_equal(method, "OPTIONS");

	fail(err, number == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "the request was interrupted");
	error_effect(err, reads ? "nothing was changed" : "the server may have received and done it");
	return false;
}

static bool exchange_run(struct sending *sending, struct http *http, struct error *err)
{
	sending->done = false;
	if (!http_start(http, sending->context->arena, &sending->exchange, err))
		return false;
	while (!sending->done && sending->signal == 0) {
		if (loop_turn(sending->context->loop, NO_DEADLINE, err))
			continue;
		http_cancel(http, &sending->exchange);
		return false;
	}
	if (!sending->done) {
		http_cancel(http, &sending->exchange);
		return interrupted(sending->signal, sending->exchange.method, err);
	}
	if (sending->exchange.failed) {
		*err = sending->exchange.error;
		return false;
	}
	return true;
}

/* A refusal of the API server came before the asset was asked, so that one more try with a new token repeats nothing.
 */
static bool may_ask_again(struct sending *sending)
{
	const struct http_exchange *exchange = &sending->exchange;

	if (exchange->status != 401 || exchange->read_body != NULL || sending->renewed ||
	    !access_renew(sending->route.access))
		return false;
	sending->renewed = true;
	return true;
}

static bool send_once(struct sending *sending, const struct asset_request *request, struct http *http, bool *ret_again,
                      struct error *err)
{
	const struct buffer *held = &sending->held;
	bool good;

	fill_exchange(sending, request);
	if (!request_body_open(request, sending->context, http, &sending->exchange, &sending->body, err))
		return false;
	sending->exchange.user = sending;
	good = exchange_run(sending, http, err);
	request_body_done(&sending->body);
	*ret_again = false;
	if (!good || !sending->holding)
		return good;
	if (!kubernetes_api_answer(sending->context->arena, sending->asset, &sending->exchange, buffer_string(held),
	                           held->len, err))
		return release(sending, err);
	*ret_again = may_ask_again(sending);
	return *ret_again;
}

static bool send_to(struct sending *sending, const struct asset_request *request, struct error *err)
{
	struct http *http;
	bool again = true;

	if (!asset_http(sending->context, &http, err))
		return false;
	while (again) {
		if (!send_once(sending, request, http, &again, err))
			return false;
	}
	return true;
}

/* --- where to --- */

static void take_route(struct route *route)
{
	struct sending *sending = route->user;

	sending->routed = true;
}

static bool find_route(struct sending *sending, const char *method, struct error *err)
{
	struct route *route = &sending->route;

	*route = (struct route){
		.context = sending->context, .asset = sending->asset, .on_route = take_route, .user = sending
	};
	if (!route_open(route, err))
		return false;
	while (!sending->routed && sending->signal == 0) {
		if (loop_turn(sending->context->loop, NO_DEADLINE, err))
			continue;
		route_stop(route);
		return false;
	}
	if (!sending->routed) {
		route_stop(route);
		interrupted(sending->signal, method, err);
		error_effect(err, "nothing was changed");
		return false;
	}
	if (route->failed)
		*err = route->error;
	return !route->failed;
}

/* Headers by which a client tells an API server who it is, or that it keeps for itself. */
static bool is_of_api(const char *header)
{
	static const char *const prefixes[] = { "impersonate-", "x-remote-", "audit-id:", "x-kubernetes-",
		                                "sec-websocket-" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (strncasecmp(header, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static bool check_headers_through(const struct text_list *headers, struct error *err)
{
	for (size_t i = 0; i < headers->count; i++) {
		if (!is_of_api(headers->items[i]))
			continue;
		fail(err, ERROR_USAGE_BAD_VALUE, "--header may not set %.*s on the way through an API server",
		     (int)strcspn(headers->items[i], ":"), headers->items[i]);
		error_cause(err, "the API server would take it for itself");
		return false;
	}
	return true;
}

bool asset_request_send(struct asset_context *context, const struct runtime_asset *asset,
                        const struct asset_request *request, const struct asset_answer_listener *listener,
                        struct asset_answer *ret_answer, struct error *ret_refusal, struct error *err)
{
	struct sending *sending = arena_alloc(context->arena, sizeof *sending);
	bool good;

	sending->context = context;
	sending->asset = asset;
	sending->listener = listener;
	sending->held = BUFFER(LONGEST_REFUSAL);
	sending->started_us = clock_monotonic_us();
	if (!loop_catch_signals(context->loop, signalled, sending, err))
		return false;
	good = find_route(sending, request->method, err) &&
	       (!sending->route.through_api || check_headers_through(&request->headers, err)) &&
	       send_to(sending, request, err);
	buffer_done(&sending->held);
	if (!good) {
		if (err->object[0] == '\0')
			error_object(err, "runtime-asset/%s", asset->asset_id);
		return false;
	}
	fill_answer(sending);
	*ret_answer = sending->answer;
	*ret_refusal = (struct error){ .exit_status = EXIT_OK };
	(void)http_judge(&sending->exchange,
	                 arena_format(context->arena, "%s %s of %s", sending->exchange.method, request->path,
	                              asset->asset_id),
	                 ret_refusal);
	return true;
}
