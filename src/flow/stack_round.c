/* Endpoints, assets and metrics begin in one turn of the loop; at its end members' verdicts become those of stacks. */
#include "stack_round.h"

#include "fops/asset/check.h"
#include "fops/asset/endpoint_survey.h"
#include "fops/base/arena.h"
#include "stack_judge.h"
#include "stack_metric.h"

#define TOO_LATE    "no answer before the limit of the command"
#define INTERRUPTED "interrupted before it answered"
#define REPEAT      "Repeat when ready."

/* What is bound to any of the stacks: each endpoint and asset once. */
struct round {
	struct asset_context *context;
	const struct stack_map *map;
	const bool *wanted;  /* by row of the map */
	size_t *endpoint_at; /* by index of the topology: 1 + index below, 0 is not asked */
	struct endpoint *endpoints;
	struct endpoint_result *endpoint_results;
	size_t endpoint_count;
	struct endpoint_survey *survey;
	size_t *asset_at;
	struct runtime_asset *assets;
	struct check_result *asset_results;
	size_t asset_count;
	struct check_round *check;
	struct stack_gauge **gauges; /* by row of the map */
	size_t gauges_open;
};

/* The chosen rows and all that they stand on. */
static const bool *want_rows(struct arena *arena, const struct stack_map *map, const size_t *chosen, size_t count)
{
	bool *wanted = arena_array(arena, map->count + 1, sizeof *wanted);
	size_t *stack = arena_array(arena, map->count + 1, sizeof *stack);
	size_t depth = 0;

	for (size_t i = 0; i < count; i++) {
		if (!wanted[chosen[i]])
			stack[depth++] = chosen[i];
		wanted[chosen[i]] = true;
	}
	while (depth > 0) {
		const struct stack_entry *entry = &map->entries[stack[--depth]];

		for (size_t i = 0; i < entry->need_count; i++) {
			if (!wanted[entry->needs[i]])
				stack[depth++] = entry->needs[i];
			wanted[entry->needs[i]] = true;
		}
	}
	return wanted;
}

static bool add_endpoints(struct round *round, const struct stack *stack, struct error *err)
{
	const struct topology *topology = round->context->topology;

	for (size_t i = 0; i < stack->endpoints.count; i++) {
		size_t index;

		/* an id that leads nowhere is a finding of the topology, and an unknown member here */
		if (!topology_find(topology, KIND_ENDPOINT, stack->endpoints.items[i], &index) ||
		    round->endpoint_at[index] != 0)
			continue;
		if (!topology_read_endpoint(topology, index, round->context->arena,
		                            &round->endpoints[round->endpoint_count], err))
			return false;
		round->endpoint_at[index] = ++round->endpoint_count;
	}
	return true;
}

static bool add_assets(struct round *round, const struct stack *stack, struct error *err)
{
	const struct topology *topology = round->context->topology;

	for (size_t i = 0; i < stack->assets.count; i++) {
		size_t index;

		if (!topology_find(topology, KIND_RUNTIME_ASSET, stack->assets.items[i], &index) ||
		    round->asset_at[index] != 0)
			continue;
		if (!topology_read_asset(topology, index, round->context->arena, &round->assets[round->asset_count],
		                         err))
			return false;
		round->asset_at[index] = ++round->asset_count;
	}
	return true;
}

/* How much the wanted rows name at most, so that the arrays are large enough. */
static void make_room(struct round *round)
{
	struct arena *arena = round->context->arena;
	const struct topology *topology = round->context->topology;
	size_t endpoints = 0, assets = 0;

	for (size_t i = 0; i < round->map->count; i++) {
		if (!round->wanted[i])
			continue;
		endpoints += round->map->entries[i].stack.endpoints.count;
		assets += round->map->entries[i].stack.assets.count;
	}
	round->endpoint_at = arena_array(arena, topology_count(topology, KIND_ENDPOINT) + 1, sizeof(size_t));
	round->endpoints = arena_array(arena, endpoints + 1, sizeof *round->endpoints);
	round->asset_at = arena_array(arena, topology_count(topology, KIND_RUNTIME_ASSET) + 1, sizeof(size_t));
	round->assets = arena_array(arena, assets + 1, sizeof *round->assets);
	round->gauges = arena_array(arena, round->map->count + 1, sizeof *round->gauges);
}

static void start_metrics(struct round *round, size_t row)
{
	const struct record_list *list = &round->map->entries[row].stack.metrics;
	const struct stack_metric *metrics = list->items;

	round->gauges[row] = arena_array(round->context->arena, list->count + 1, sizeof **round->gauges);
	for (size_t i = 0; i < list->count; i++)
		stack_metric_start(round->context, &metrics[i], &round->gauges_open, &round->gauges[row][i]);
}

static bool start(struct round *round, struct error *err)
{
	struct arena *arena = round->context->arena;

	make_room(round);
	for (size_t i = 0; i < round->map->count; i++) {
		if (round->wanted[i] && (!add_endpoints(round, &round->map->entries[i].stack, err) ||
		                         !add_assets(round, &round->map->entries[i].stack, err)))
			return false;
	}
	round->asset_results = arena_array(arena, round->asset_count + 1, sizeof *round->asset_results);
	if (!endpoint_survey_start(round->context, round->endpoints, round->endpoint_count, NULL, NULL, &round->survey,
	                           err) ||
	    !check_round_start(round->context, round->assets, round->asset_count, &round->check, err))
		return false;
	for (size_t i = 0; i < round->map->count; i++) {
		if (round->wanted[i])
			start_metrics(round, i);
	}
	return true;
}

static bool is_open(const struct round *round)
{
	return round->gauges_open > 0 || endpoint_survey_is_open(round->survey) || check_round_is_open(round->check);
}

/* Also what failed half-way is ended here. */
static void end(struct round *round, bool interrupted)
{
	const char *cause = interrupted ? INTERRUPTED : TOO_LATE;
	const char *fix = interrupted ? REPEAT : error_codes[ERROR_TIMEOUT].fix;

	if (round->survey != NULL)
		endpoint_survey_end(round->survey, cause, fix);
	if (round->check != NULL)
		check_round_end(round->check, cause, fix, round->asset_results);
	for (size_t i = 0; i < round->map->count; i++) {
		size_t count = round->map->entries[i].stack.metrics.count;

		for (size_t k = 0; round->gauges != NULL && round->gauges[i] != NULL && k < count; k++)
			stack_metric_end(&round->gauges[i][k], cause, fix);
	}
}

static struct stack_member endpoint_member(const struct round *round, const char *id)
{
	const struct endpoint_result *result;
	size_t index;

	if (!topology_find(round->context->topology, KIND_ENDPOINT, id, &index))
		return (struct stack_member){ .kind = "endpoint", .name = id, .state = "unknown" };
	result = &endpoint_survey_results(round->survey)[round->endpoint_at[index] - 1];
	return (struct stack_member){ .kind = "endpoint",
		                      .name = id,
		                      .state = result->state,
		                      .latency_ms = result->latency_ms,
		                      .cause = result->cause,
		                      .fix = result->fix };
}

static struct stack_member asset_member(const struct round *round, const char *id)
{
	const struct check_result *result;
	size_t index;

	if (!topology_find(round->context->topology, KIND_RUNTIME_ASSET, id, &index))
		return (struct stack_member){ .kind = "asset", .name = id, .state = "unknown" };
	result = &round->asset_results[round->asset_at[index] - 1];
	return (struct stack_member){ .kind = "asset",
		                      .name = id,
		                      .state = result->state,
		                      .latency_ms = result->latency_ms,
		                      .cause = result->cause,
		                      .fix = result->fix };
}

static struct record_list members_of(const struct round *round, size_t row)
{
	const struct stack *stack = &round->map->entries[row].stack;
	size_t most = stack->endpoints.count + stack->assets.count + stack->metrics.count;
	struct stack_member *members = arena_array(round->context->arena, most + 1, sizeof *members);
	size_t count = 0;

	for (size_t i = 0; i < stack->endpoints.count; i++)
		members[count++] = endpoint_member(round, stack->endpoints.items[i]);
	for (size_t i = 0; i < stack->assets.count; i++)
		members[count++] = asset_member(round, stack->assets.items[i]);
	for (size_t i = 0; i < stack->metrics.count; i++)
		members[count++] = round->gauges[row][i].member;
	return (struct record_list){ members, count };
}

static void judge_all(const struct round *round, const size_t *chosen, size_t count, struct stack_result *ret_results)
{
	struct arena *arena = round->context->arena;
	struct stack_result *all = arena_array(arena, round->map->count + 1, sizeof *all);

	for (size_t i = 0; i < round->map->count; i++) {
		all[i] = (struct stack_result){ .name = round->map->entries[i].stack.name,
			                        .state = "unbound",
			                        .layer = round->map->entries[i].layer };
		if (round->wanted[i])
			all[i] = stack_judge(arena, &round->map->entries[i], members_of(round, i));
	}
	stack_judge_causes(arena, round->map, all);
	for (size_t i = 0; i < count; i++)
		ret_results[i] = all[chosen[i]];
}

bool stack_round(struct asset_context *context, const struct stack_map *map, const size_t *chosen, size_t count,
                 const int *signal, struct stack_result *ret_results, struct error *err)
{
	struct round *round = arena_alloc(context->arena, sizeof *round);
	bool good;

	round->context = context;
	round->map = map;
	round->wanted = want_rows(context->arena, map, chosen, count);
	good = start(round, err);
	while (good && is_open(round) && *signal == 0 && !deadline_passed(context->deadline))
		good = loop_turn(context->loop, context->deadline, err);
	end(round, *signal != 0);
	if (good)
		judge_all(round, chosen, count, ret_results);
	return good;
}
