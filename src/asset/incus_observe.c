/* Asks an Incus server for the state of an instance. */
#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "incus.h"

#define LONGEST_ANSWER ((size_t)1024 * 1024)

struct incus_look {
	struct http_exchange exchange;
	struct http *http;
	bool running;
};

static void judge(struct observation *observation, const struct http_exchange *exchange)
{
	struct arena *arena = observation->context->arena;
	const struct runtime_asset *asset = observation->asset;
	struct error *err = &observation->error;
	struct incus_answer answer;
	const struct value *status;

	if (!incus_answer_read(arena, asset, exchange, &answer, err)) {
		observation->result = err->id == ERROR_ASSET_NOT_RUNNING ? OBSERVED_MISSING
		                      : err->id == ERROR_PLANE_AUTH      ? OBSERVED_REFUSED
		                                                         : OBSERVED_UNREACHABLE;
		return;
	}
	status = value_member(answer.metadata, "status");
	if (status != NULL && status->kind == VALUE_TEXT && text_equal(status->text.data, "Running")) {
		observation->result = OBSERVED_RUNNING;
		return;
	}
	observation->result = OBSERVED_STOPPED;
	fail(err, ERROR_ASSET_NOT_RUNNING, "%s does not run", asset->asset_id);
	error_cause(err, "its instance is %s",
	            status != NULL && status->kind == VALUE_TEXT ? status->text.data : "in no known state");
	error_object(err, "runtime-asset/%s", asset->asset_id);
}

static void answered(struct http_exchange *exchange)
{
	struct observation *observation = exchange->user;
	struct incus_look *look = observation->state;

	look->running = false;
	observation->latency_us = exchange->total_us;
	judge(observation, exchange);
	observation->on_observed(observation);
}

bool incus_observe(struct observation *observation, struct error *err)
{
	struct asset_context *context = observation->context;
	struct incus_look *look = arena_alloc(context->arena, sizeof *look);
	struct access *access;

	if (!access_open(context, observation->asset->lxc.incus.endpoint, &access, err) ||
	    !access_refresh(access, err) || !asset_http(context, &look->http, err))
		return false;
	look->exchange = (struct http_exchange){
		.method = "GET",
		.url = incus_url(context->arena, access, observation->asset,
		                 incus_instance_path(context->arena, observation->asset, ""), NULL),
		.keep_bytes = LONGEST_ANSWER,
		.on_done = answered,
		.user = observation,
	};
	access_prepare(context, access, &look->exchange);
	observation->state = look;
	look->running = http_start(look->http, context->arena, &look->exchange, err);
	return look->running;
}

void incus_stop_observing(struct observation *observation)
{
	struct incus_look *look = observation->state;

	if (look->running)
		http_cancel(look->http, &look->exchange);
	look->running = false;
}
