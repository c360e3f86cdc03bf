/* An exchange with the access of an endpoint, asked once more when a 401 finds that there is a newer token. */
#include "fops/asset/endpoint_request.h"

#include "access.h"
#include "fops/base/arena.h"

struct asking {
	struct endpoint_request *request;
	struct http *http;
	struct access *access;
	struct http_exchange exchange;
	bool renewed;
};

static bool send(struct asking *asking, struct error *err);

static void fill_answer(struct endpoint_request *request, const struct http_exchange *exchange)
{
	request->status = exchange->status;
	request->body = exchange->body == NULL ? "" : exchange->body;
	request->body_len = exchange->body == NULL ? 0 : exchange->body_received;
	request->retry_after_ms = exchange->retry_after_ms;
	request->latency_us = exchange->total_us;
}

static void answered(struct http_exchange *exchange)
{
	struct asking *asking = exchange->user;
	struct endpoint_request *request = asking->request;

	if (!exchange->failed && exchange->status == 401 && !asking->renewed && access_renew(asking->access)) {
		asking->renewed = true;
		if (send(asking, &request->error))
			return;
		request->failed = true;
	} else if (exchange->failed) {
		request->failed = true;
		request->error = exchange->error;
	} else {
		fill_answer(request, exchange);
	}
	request->on_done(request);
}

static bool send(struct asking *asking, struct error *err)
{
	struct endpoint_request *request = asking->request;
	struct arena *arena = request->context->arena;
	struct http_exchange *exchange = &asking->exchange;

	if (!access_refresh(asking->access, err))
		return false;
	*exchange = (struct http_exchange){
		.method = request->method,
		.url = url_build(arena, &asking->access->url, request->path, NULL),
		.headers = request->headers,
		.timeout_ms = request->timeout_ms,
		.request_timeout_ms = request->timeout_ms,
		.tries = request->harmless ? HTTP_TRIES_HARMLESS : HTTP_TRIES_SAFE,
		.data = request->data,
		.data_len = request->data_len,
		.keep_bytes = request->most_bytes,
		.on_done = answered,
		.user = asking,
	};
	access_prepare(request->context, asking->access, exchange);
	return http_start(asking->http, arena, exchange, err);
}

bool endpoint_request_start(struct endpoint_request *request, struct error *err)
{
	struct asking *asking = arena_alloc(request->context->arena, sizeof *asking);

	asking->request = request;
	if (!asset_http(request->context, &asking->http, err) ||
	    !access_open(request->context, request->endpoint, &asking->access, err) || !send(asking, err))
		return false;
	request->state = asking;
	return true;
}

void endpoint_request_cancel(struct endpoint_request *request)
{
	struct asking *asking = request->state;

	if (asking != NULL)
		http_cancel(asking->http, &asking->exchange);
}

bool endpoint_request_judge(const struct endpoint_request *request, const char *what, struct error *err)
{
	const struct asking *asking = request->state;

	return http_judge(&asking->exchange, what, err);
}
