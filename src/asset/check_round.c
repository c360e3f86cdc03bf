/* Machines and executors are looked at side by side: each machine once, each executor by its own health contract. */
#include "check_round.h"

#include "access.h"
#include "fops/base/arena.h"

#define LONGEST_ANSWER ((size_t)1024 * 1024)

struct round;

/* One machine, shared by all assets that it is behind. */
struct machine {
	struct round *round;
	struct observation observation;
	const struct asset_driver *driver;
	const char *identity;
	bool running;
	bool done;
	const char *state;
};

/* One executor of the topology, resolved once. */
struct resolved {
	const char *reference;
	struct access *access;
	bool good;
	struct error error;
};

struct row {
	struct round *round;
	const struct runtime_asset *asset;
	struct machine *machine;
	struct health health;
	struct resolved *executor;
	struct http_exchange exchange;
	bool running;
	const char *state; /* of the health contract */
	const char *cause;
	const char *fix;
};

struct round {
	struct asset_context *context;
	struct http *http;
	struct row *rows;
	size_t count;
	struct machine *machines;
	size_t machine_count;
	size_t next;
	size_t observing;
	struct resolved *executors;
	size_t executor_count;
	size_t open; /* observations and exchanges that have not ended */
};

static const char *fix_of(const struct error *err)
{
	return err->fix[0] == '\0' ? error_codes[err->id].fix : err->fix;
}

static const char *cause_of(struct arena *arena, const struct error *err)
{
	if (err->cause[0] == '\0')
		return arena_copy(arena, err->message);
	return arena_format(arena, "%s: %s", err->message, err->cause);
}

static const char *machine_state(enum observation_state state)
{
	switch (state) {
	case OBSERVED_RUNNING:
		return "running";
	case OBSERVED_STOPPED:
		return "stopped";
	case OBSERVED_MISSING:
		return "missing";
	case OBSERVED_UNREACHABLE:
		return "unreachable";
	case OBSERVED_REFUSED:
		return "refused";
	case OBSERVED_UNREADY:
		return "unready";
	}
	return "unknown";
}

static void observe_next(struct round *round);

static void end_machine(struct machine *machine, const char *state)
{
	machine->done = true;
	machine->state = state;
	machine->round->open--;
}

static void observed(struct observation *observation)
{
	struct machine *machine = observation->user;

	machine->running = false;
	machine->round->observing--;
	end_machine(machine, observation->error.id == ERROR_TIMEOUT && observation->result == OBSERVED_UNREACHABLE
	                             ? "unknown"
	                             : machine_state(observation->result));
	observe_next(machine->round);
}

static void observe(struct round *round, struct machine *machine)
{
	struct error *err = &machine->observation.error;

	machine->observation.on_observed = observed;
	machine->observation.user = machine;
	if (!machine->driver->observe(&machine->observation, err)) {
		end_machine(machine, "unknown");
		return;
	}
	machine->running = true;
	round->observing++;
}

static void observe_next(struct round *round)
{
	size_t most = round->context->most_parallel == 0 ? 1 : round->context->most_parallel;

	while (round->next < round->machine_count && round->observing < most)
		observe(round, &round->machines[round->next++]);
}

static int compare_identities(const void *first, const void *second)
{
	const struct machine *const *a = first;
	const struct machine *const *b = second;

	return strcmp((*a)->identity, (*b)->identity);
}

/* One machine for each distinct identity. */
static bool find_machines(struct round *round, const struct runtime_asset *assets, struct error *err)
{
	struct arena *arena = round->context->arena;
	struct machine *all = arena_array(arena, round->count + 1, sizeof *all);
	struct machine **order = arena_array(arena, round->count + 1, sizeof *order);

	for (size_t i = 0; i < round->count; i++) {
		if (!asset_driver_of(&assets[i], &all[i].driver, err))
			return false;
		all[i].identity = all[i].driver->identity(arena, &assets[i]);
		all[i].observation.context = round->context;
		all[i].observation.asset = &assets[i];
		order[i] = &all[i];
	}
	qsort(order, round->count, sizeof *order, compare_identities);
	round->machines = arena_array(arena, round->count + 1, sizeof *round->machines);
	for (size_t i = 0; i < round->count; i++) {
		if (i == 0 || !text_equal(order[i]->identity, order[i - 1]->identity)) {
			round->machines[round->machine_count] = *order[i];
			round->machines[round->machine_count++].round = round;
		}
		round->rows[order[i] - all].machine = &round->machines[round->machine_count - 1];
	}
	return true;
}

static struct resolved *resolve(struct round *round, const struct runtime_asset *asset)
{
	struct resolved *resolved;

	for (size_t i = 0; i < round->executor_count; i++) {
		if (text_equal(round->executors[i].reference, asset->executor_ref))
			return &round->executors[i];
	}
	resolved = &round->executors[round->executor_count++];
	resolved->reference = asset->executor_ref;
	resolved->good = executor_open(round->context, asset, &resolved->access, &resolved->error);
	return resolved;
}

static void end_health(struct row *row, const char *state, const char *cause, const char *fix)
{
	row->state = state;
	row->cause = cause;
	row->fix = fix;
}

static void answered(struct http_exchange *exchange)
{
	struct row *row = exchange->user;
	struct arena *arena = row->round->context->arena;
	const char *wrong;

	row->running = false;
	row->round->open--;
	if (exchange->failed) {
		bool late = exchange->error.id == ERROR_TIMEOUT;
		bool cut = late && deadline_passed(row->round->context->deadline);

		end_health(row, cut ? "unknown" : "bad", cause_of(arena, &exchange->error),
		           late && !cut ? "Find out what is slow, or raise health.timeout in the contract."
		                        : fix_of(&exchange->error));
		return;
	}
	wrong = health_judge(arena, &row->health, exchange->status, exchange->body == NULL ? "" : exchange->body,
	                     exchange->body == NULL ? 0 : exchange->body_received);
	if (wrong == NULL)
		end_health(row, "ok", NULL, NULL);
	else
		end_health(row, "bad", arena_format(arena, "%s %s: %s", row->health.method, row->health.path, wrong),
		           "Compare the health contract with what the executor answers.");
}

static bool skip_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	(void)exchange;
	(void)data;
	(void)len;
	(void)err;
	return true;
}

static void ask_health(struct row *row)
{
	struct round *round = row->round;
	struct arena *arena = round->context->arena;
	struct http_exchange *exchange = &row->exchange;
	struct error err;

	*exchange = (struct http_exchange){
		.method = row->health.method,
		.url = url_build(arena, &row->executor->access->url, row->health.path, NULL),
		.timeout_ms = row->health.timeout.ms,
		.request_timeout_ms = row->health.timeout.ms,
		.tries = HTTP_TRIES_SAFE,
		.on_body = row->health.expect.pointer == NULL ? skip_body : NULL,
		.keep_bytes = LONGEST_ANSWER,
		.on_done = answered,
		.user = row,
	};
	access_prepare(round->context, row->executor->access, exchange);
	if (!http_start(round->http, arena, exchange, &err)) {
		end_health(row, "unknown", cause_of(arena, &err), fix_of(&err));
		return;
	}
	row->running = true;
	round->open++;
}

static bool begin_health(struct row *row, struct error *err)
{
	const struct runtime_asset *asset = row->asset;
	struct arena *arena = row->round->context->arena;

	row->state = "none";
	if (asset->executor_ref == NULL && !asset->health.present)
		return true;
	row->executor = resolve(row->round, asset);
	if (!row->executor->good) {
		end_health(row, "unknown", cause_of(arena, &row->executor->error), fix_of(&row->executor->error));
		return true;
	}
	row->health = asset->health.present ? asset->health : row->executor->access->endpoint.health;
	if (!row->health.present)
		return true;
	row->state = "unknown";
	if (row->round->http == NULL && !asset_http(row->round->context, &row->round->http, err))
		return false;
	ask_health(row);
	return true;
}

/* What did not end in time, or before the signal, is given up. */
static void give_up_rest(struct round *round, bool interrupted)
{
	const char *cause = interrupted ? "interrupted before the answer" : "no answer before the time limit";
	const char *fix = interrupted ? "Repeat when ready." : error_codes[ERROR_TIMEOUT].fix;

	for (size_t i = 0; i < round->machine_count; i++) {
		struct machine *machine = &round->machines[i];

		if (machine->done)
			continue;
		if (machine->running)
			machine->driver->stop_observing(&machine->observation);
		machine->state = "unknown";
		fail(&machine->observation.error, ERROR_TIMEOUT, "%s", cause);
		error_fix(&machine->observation.error, "%s", fix);
	}
	for (size_t i = 0; i < round->count; i++) {
		struct row *row = &round->rows[i];

		if (!row->running)
			continue;
		http_cancel(round->http, &row->exchange);
		end_health(row, "unknown", cause, fix);
	}
}

static const char *judge_row(const struct row *row, const char *machine)
{
	if (text_equal(machine, "unknown"))
		return "unknown";
	if (!text_equal(machine, "running"))
		return "down";
	if (text_equal(row->state, "bad"))
		return "degraded";
	return text_equal(row->state, "unknown") ? "unknown" : "ok";
}

static void fill_result(const struct row *row, struct check_result *ret_result)
{
	struct arena *arena = row->round->context->arena;
	const struct machine *machine = row->machine;
	const struct error *err = &machine->observation.error;
	bool machine_good = text_equal(machine->state, "running");

	*ret_result = (struct check_result){
		.asset_id = row->asset->asset_id,
		.role = row->asset->role,
		.kind = row->asset->kind,
		.driver = machine->driver->name,
		.state = judge_row(row, machine->state),
		.machine = machine->state,
		.health = row->state,
		.cause = machine_good ? row->cause
		                      : arena_copy(arena, err->cause[0] == '\0' ? err->message : err->cause),
		.fix = machine_good ? row->fix : arena_copy(arena, fix_of(err)),
		.checked_at = clock_now(),
	};
	if (row->exchange.status > 0)
		ret_result->latency_ms = (struct optional_int){ row->exchange.total_us / 1000, true };
	else if (machine_good)
		ret_result->latency_ms = (struct optional_int){ machine->observation.latency_us / 1000, true };
}

static bool begin(struct round *round, const struct runtime_asset *assets, struct error *err)
{
	if (!find_machines(round, assets, err))
		return false;
	round->open = round->machine_count;
	observe_next(round);
	for (size_t i = 0; i < round->count; i++) {
		if (!begin_health(&round->rows[i], err))
			return false;
	}
	return true;
}

bool check_round(struct asset_context *context, const struct runtime_asset *assets, size_t count, const int *signal,
                 struct check_result *ret_results, struct error *err)
{
	struct round round = {
		.context = context,
		.http = context->http,
		.rows = arena_array(context->arena, count + 1, sizeof *round.rows),
		.count = count,
		.executors = arena_array(context->arena, count + 1, sizeof *round.executors),
	};
	bool good;

	for (size_t i = 0; i < count; i++) {
		round.rows[i].round = &round;
		round.rows[i].asset = &assets[i];
	}
	good = begin(&round, assets, err);
	while (good && round.open > 0 && *signal == 0 && !deadline_passed(context->deadline))
		good = loop_turn(context->loop, context->deadline, err);
	give_up_rest(&round, *signal != 0);
	for (size_t i = 0; good && i < count; i++)
		fill_result(&round.rows[i], &ret_results[i]);
	return good;
}
