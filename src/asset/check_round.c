/* Machines and what answers for them are looked at side by side: each machine once, each asset by its health contract.
 */
#include "check_round.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "route.h"
#include "survey.h"

#define LONGEST_ANSWER ((size_t)1024 * 1024)

struct check_round;

/* One asset's health. */
struct row {
	struct check_round *round;
	const struct runtime_asset *asset;
	struct health health;
	struct route *route; /* NULL: nothing is asked over HTTP */
	bool routing;
	struct http_exchange exchange;
	struct buffer refusal; /* the beginning of an answer that may be the API server's */
	bool renewed;
	bool running;
	const char *state; /* of the health contract */
	const char *cause;
	const char *fix;
};

struct check_round {
	struct asset_context *context;
	const struct runtime_asset *assets;
	struct http *http;
	struct survey *survey;
	struct row *rows;
	size_t count;
	size_t open; /* routes and exchanges that have not ended */
};

static const char *cause_of(struct arena *arena, const struct error *err)
{
	if (err->cause[0] == '\0')
		return arena_copy(arena, err->message);
	return arena_format(arena, "%s: %s", err->message, err->cause);
}

static void end_health(struct row *row, const char *state, const char *cause, const char *fix)
{
	row->state = state;
	row->cause = cause;
	row->fix = fix;
}

static void end_unasked(struct row *row, const struct error *err)
{
	struct arena *arena = row->round->context->arena;

	end_health(row, "unknown", cause_of(arena, err), arena_copy(arena, survey_fix_of(err)));
}

static void ask_health(struct row *row);

static void end_unanswered(struct row *row)
{
	const struct error *err = &row->exchange.error;
	struct arena *arena = row->round->context->arena;
	bool late = err->id == ERROR_TIMEOUT;
	bool cut = late && deadline_passed(row->round->context->deadline);

	end_health(row, cut ? "unknown" : "bad", cause_of(arena, err),
	           late && !cut ? "Find out what is slow, or raise health.timeout in the contract."
	                        : arena_copy(arena, survey_fix_of(err)));
}

/* The API server answered instead of the asset; true when that is all there is to say. */
static bool end_refused(struct row *row)
{
	const struct http_exchange *exchange = &row->exchange;
	struct arena *arena = row->round->context->arena;
	bool kept = exchange->body != NULL;
	struct error err;

	if (!row->route->through_api ||
	    !kubernetes_api_answer(arena, row->asset, exchange, kept ? exchange->body : buffer_string(&row->refusal),
	                           kept ? exchange->body_received : row->refusal.len, &err))
		return false;
	if (row->exchange.status == 401 && !row->renewed && access_renew(row->route->access)) {
		row->renewed = true;
		ask_health(row);
		return true;
	}
	end_unasked(row, &err);
	if (err.id != ERROR_PLANE_AUTH && err.id != ERROR_PLANE_BUSY)
		row->state = "bad";
	return true;
}

static void answered(struct http_exchange *exchange)
{
	struct row *row = exchange->user;
	struct arena *arena = row->round->context->arena;
	const char *wrong;

	row->running = false;
	row->round->open--;
	if (exchange->failed) {
		end_unanswered(row);
		return;
	}
	if (end_refused(row))
		return;
	wrong = health_judge(arena, &row->health, exchange->status, exchange->body == NULL ? "" : exchange->body,
	                     exchange->body == NULL ? 0 : exchange->body_received);
	if (wrong == NULL)
		end_health(row, "ok", NULL, NULL);
	else
		end_health(row, "bad",
		           arena_format(arena, "%s %s: %s", row->health.method,
		                        row->health.path == NULL ? "/" : row->health.path, wrong),
		           "Compare the health contract with what the executor answers.");
}

/* Only what may be a refusal is kept, and only its beginning. */
static bool skip_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct row *row = exchange->user;

	(void)err;
	if (row->route->through_api && kubernetes_may_be_api_answer(exchange))
		(void)buffer_append(&row->refusal, data, len);
	return true;
}

static bool has_body_rules(const struct health_expect *expect)
{
	return expect->pointer != NULL || expect->body != NULL || expect->body_starts != NULL;
}

static void ask_health(struct row *row)
{
	struct check_round *round = row->round;
	struct http_exchange *exchange = &row->exchange;
	struct error err;

	buffer_clear(&row->refusal);
	*exchange = (struct http_exchange){
		.method = row->health.method,
		.timeout_ms = row->health.timeout.ms,
		.request_timeout_ms = row->health.timeout.ms,
		.tries = HTTP_TRIES_SAFE,
		.on_body = has_body_rules(&row->health.expect) ? NULL : skip_body,
		.keep_bytes = LONGEST_ANSWER,
		.on_done = answered,
		.user = row,
	};
	route_prepare(row->route, row->health.path == NULL ? "/" : row->health.path, &row->health.query, exchange);
	if (!http_start(round->http, round->context->arena, exchange, &err)) {
		end_unasked(row, &err);
		return;
	}
	row->running = true;
	round->open++;
}

static void routed(struct route *route)
{
	struct row *row = route->user;

	row->routing = false;
	row->round->open--;
	if (route->failed) {
		end_unasked(row, &route->error);
		return;
	}
	/* an endpoint's own contract is used where the asset has none */
	if (!row->health.present)
		row->health = endpoint_single(row->round->context->arena, &route->access->endpoint);
	if (!row->health.present) {
		row->state = "none";
		return;
	}
	if (row->health.protocol != NULL && !text_equal(row->health.protocol, "http")) {
		end_health(row, "unknown",
		           arena_format(row->round->context->arena, "its health contract speaks %s, not http",
		                        row->health.protocol),
		           "Bind an endpoint with that contract, and use fops endpoints check.");
		return;
	}
	ask_health(row);
}

static bool begin_health(struct row *row, struct error *err)
{
	const struct runtime_asset *asset = row->asset;
	struct check_round *round = row->round;
	struct error unroutable;

	row->state = "none";
	row->health = health_single(round->context->arena, &asset->health);
	if (asset->executor_ref == NULL && !asset->health.present)
		return true;
	row->state = "unknown";
	if (round->http == NULL && !asset_http(round->context, &round->http, err))
		return false;
	row->refusal = BUFFER(LONGEST_REFUSAL);
	row->route = arena_alloc(round->context->arena, sizeof *row->route);
	*row->route = (struct route){ .context = round->context, .asset = asset, .on_route = routed, .user = row };
	if (!route_open(row->route, &unroutable)) {
		end_unasked(row, &unroutable);
		return true;
	}
	row->routing = true;
	round->open++;
	return true;
}

/* What did not end is given up. */
static void give_up_rest(struct check_round *round, const char *cause, const char *fix)
{
	if (round->survey != NULL)
		survey_end(round->survey, cause, fix);
	for (size_t i = 0; i < round->count; i++) {
		struct row *row = &round->rows[i];

		if (row->routing)
			route_stop(row->route);
		if (row->running)
			http_cancel(round->http, &row->exchange);
		if (row->routing || row->running)
			end_health(row, "unknown", cause, fix);
		buffer_done(&row->refusal);
	}
}

static const char *judge_row(const struct row *row, const char *machine)
{
	if (text_equal(machine, "unknown"))
		return "unknown";
	/* a contract that also takes pods which are not ready: it works, but not as it should */
	if (text_equal(machine, "unready") && !row->asset->kubernetes.ready_only)
		return "degraded";
	if (!text_equal(machine, "running"))
		return "down";
	if (text_equal(row->state, "bad"))
		return "degraded";
	return text_equal(row->state, "unknown") ? "unknown" : "ok";
}

static void fill_result(const struct check_round *round, size_t i, struct check_result *ret_result)
{
	const struct row *row = &round->rows[i];
	const struct survey_view *machine = survey_view_of(round->survey, i);
	bool machine_good = text_equal(machine->state, "running");

	*ret_result = (struct check_result){
		.asset_id = row->asset->asset_id,
		.role = row->asset->role,
		.kind = row->asset->kind,
		.driver = survey_driver_of(round->survey, i)->name,
		.state = judge_row(row, machine->state),
		.machine = machine->state,
		.health = row->state,
		.cause = machine_good ? row->cause : machine->cause,
		.fix = machine_good ? row->fix : machine->fix,
		.phase = machine->phase,
		.reason = machine->reason,
		.since = machine->since,
		.restarts = machine->restarts,
		.checked_at = clock_now(),
	};
	if (row->exchange.status > 0)
		ret_result->latency_ms = (struct optional_int){ row->exchange.total_us / 1000, true };
	else if (machine_good)
		ret_result->latency_ms = (struct optional_int){ machine->latency_us / 1000, true };
}

static bool read_asset(void *user, size_t i, struct arena *arena, struct runtime_asset *ret_asset, struct error *err)
{
	const struct check_round *round = user;

	(void)arena;
	(void)err;
	*ret_asset = round->assets[i];
	return true;
}

/* Looks at machines and for pods to ask begin in one turn of the loop, so that they share their lists. */
static bool begin(struct check_round *round, struct error *err)
{
	if (!survey_start(round->context, round->count, read_asset, round, &round->survey, err))
		return false;
	for (size_t i = 0; i < round->count; i++) {
		if (!begin_health(&round->rows[i], err))
			return false;
	}
	return true;
}

bool check_round_start(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                       struct check_round **ret_round, struct error *err)
{
	struct check_round *round = arena_alloc(context->arena, sizeof *round);

	*round = (struct check_round){
		.context = context,
		.assets = assets,
		.http = asset_owner(context)->http,
		.rows = arena_array(context->arena, count + 1, sizeof *round->rows),
		.count = count,
	};
	for (size_t i = 0; i < count; i++) {
		round->rows[i].round = round;
		round->rows[i].asset = &assets[i];
	}
	if (!begin(round, err)) {
		give_up_rest(round, "", "");
		return false;
	}
	*ret_round = round;
	return true;
}

bool check_round_is_open(const struct check_round *round)
{
	return round->open > 0 || survey_is_open(round->survey);
}

void check_round_end(struct check_round *round, const char *cause, const char *fix, struct check_result *ret_results)
{
	give_up_rest(round, cause, fix);
	for (size_t i = 0; i < round->count; i++)
		fill_result(round, i, &ret_results[i]);
}

bool check_round(struct asset_context *context, const struct runtime_asset *assets, size_t count, const int *signal,
                 struct check_result *ret_results, struct error *err)
{
	struct check_round *round;
	bool good = true;

	if (!check_round_start(context, assets, count, &round, err))
		return false;
	while (good && check_round_is_open(round) && *signal == 0 && !deadline_passed(context->deadline))
		good = loop_turn(context->loop, context->deadline, err);
	check_round_end(round, *signal != 0 ? SURVEY_INTERRUPTED : SURVEY_TOO_LATE,
	                *signal != 0 ? SURVEY_REPEAT : error_codes[ERROR_TIMEOUT].fix, ret_results);
	return good;
}
