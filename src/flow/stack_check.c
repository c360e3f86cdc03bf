/* A check of stacks, once or again and again until everything is well. */
#include "fops/flow/stack_check.h"

#include "fops/asset/rounds.h"
#include "fops/base/arena.h"
#include "stack_round.h"

bool stack_check_run(struct asset_context *context, const struct stack_map *map, const size_t *chosen, size_t count,
                     struct stack_result *ret_results, struct error *err)
{
	const int *signal;

	if (!rounds_catch_signals(context, &signal, err) ||
	    !stack_round(context, map, chosen, count, signal, ret_results, err))
		return false;
	return *signal == 0 || rounds_interrupted(*signal, "the check of stacks", err);
}

/* Results of a round stand in its own arena: only the last ones are kept. */
static void keep(struct arena *arena, void *row)
{
	struct stack_result *result = row;
	const struct stack_member *members = result->members.items;
	struct stack_member *kept = arena_array(arena, result->members.count + 1, sizeof *kept);
	struct text_list because = { 0 };

	for (size_t i = 0; i < result->members.count; i++) {
		kept[i] = members[i];
		kept[i].state = arena_copy(arena, members[i].state);
		kept[i].value = arena_copy(arena, members[i].value);
		kept[i].cause = arena_copy(arena, members[i].cause);
		kept[i].fix = arena_copy(arena, members[i].fix);
	}
	for (size_t i = 0; i < result->because.count; i++)
		text_list_add(arena, &because, result->because.items[i]);
	result->members.items = kept;
	result->because = because;
	result->state = arena_copy(arena, result->state);
	result->endpoints = arena_copy(arena, result->endpoints);
	result->assets = arena_copy(arena, result->assets);
	result->metrics = arena_copy(arena, result->metrics);
	result->cause = arena_copy(arena, result->cause);
	result->fix = arena_copy(arena, result->fix);
}

struct waiting {
	const struct stack_map *map;
	const size_t *chosen;
	size_t count;
	void (*on_round)(void *user, const struct stack_result *results, size_t count);
	void *user;
};

static bool look(void *user, struct asset_context *round, const int *signal, void *rows, struct error *err)
{
	const struct waiting *waiting = user;

	return stack_round(round, waiting->map, waiting->chosen, waiting->count, signal, rows, err);
}

static bool is_bad(const void *row)
{
	const struct stack_result *result = row;

	return stack_state_is_bad(result->state);
}

static void tell_round(void *user, const void *rows)
{
	const struct waiting *waiting = user;

	if (waiting->on_round != NULL)
		waiting->on_round(waiting->user, rows, waiting->count);
}

bool stack_check_wait(struct asset_context *context, const struct stack_map *map, const size_t *chosen, size_t count,
                      void (*on_round)(void *user, const struct stack_result *results, size_t count), void *user,
                      struct stack_result *ret_results, struct error *err)
{
	struct waiting waiting = { map, chosen, count, on_round, user };
	struct rounds rounds = {
		.context = context,
		.count = count,
		.row_size = sizeof *ret_results,
		.name_offset = offsetof(struct stack_result, name),
		.state_offset = offsetof(struct stack_result, state),
		.what = "stacks were not ok",
		.look = look,
		.is_bad = is_bad,
		.keep = keep,
		.on_round = tell_round,
		.user = &waiting,
	};

	return rounds_wait(&rounds, ret_results, err);
}
