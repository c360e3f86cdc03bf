/* A check of stacks, once or again and again until everything is well. */
#include "fops/flow/stack_check.h"

#include <signal.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "stack_round.h"

#define FIRST_PAUSE_MS   250
#define LONGEST_PAUSE_MS 5000
#define ROUND_LIMIT      ((size_t)1024 * 1024 * 1024)
#define MOST_NAMES       10

static void signalled(void *user, int number)
{
	int *signal = user;

	if (*signal == 0 && number != SIGWINCH)
		*signal = number;
}

/* The callback may still be called after the check: what it writes to lives in the arena. */
static bool catch_signals(struct asset_context *context, const int **ret_signal, struct error *err)
{
	int *signal = arena_alloc(context->arena, sizeof *signal);

	*ret_signal = signal;
	return loop_catch_signals(context->loop, signalled, signal, err);
}

static bool interrupted(int number, struct error *err)
{
	fail(err, number == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "the check of stacks was interrupted");
	error_effect(err, "nothing was changed");
	return false;
}

bool stack_check_run(struct asset_context *context, const struct stack_map *map, const size_t *chosen, size_t count,
                     struct stack_result *ret_results, struct error *err)
{
	const int *signal;

	if (!catch_signals(context, &signal, err) ||
	    !stack_round(context, map, chosen, count, signal, ret_results, err))
		return false;
	return *signal == 0 || interrupted(*signal, err);
}

static size_t count_bad(const struct stack_result *results, size_t count)
{
	size_t bad = 0;

	for (size_t i = 0; i < count; i++)
		bad += stack_state_is_bad(results[i].state) ? 1 : 0;
	return bad;
}

static bool still_bad(const struct stack_result *results, size_t count, struct error *err)
{
	struct buffer names = BUFFER(sizeof err->cause);
	size_t bad = count_bad(results, count);
	size_t shown = 0;

	for (size_t i = 0; i < count && shown < MOST_NAMES; i++) {
		if (!stack_state_is_bad(results[i].state))
			continue;
		buffer_format(&names, "%s%s (%s)", shown == 0 ? "" : ", ", results[i].name, results[i].state);
		shown++;
	}
	fail(err, ERROR_TIMEOUT, "%zu of %zu stacks were not ok in time", bad, count);
	if (bad > shown)
		error_cause(err, "%s and %zu more", buffer_string(&names), bad - shown);
	else
		error_cause(err, "%s", buffer_string(&names));
	error_effect(err, "nothing was changed");
	buffer_done(&names);
	return false;
}

/* Results of a round stand in its own arena: only the last ones are kept. */
static void keep_result(struct arena *arena, struct stack_result *result)
{
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

static bool pause_between(struct asset_context *context, int64_t ms, const int *signal, struct error *err)
{
	struct deadline until = deadline_earlier(deadline_after(ms), context->deadline);

	while (*signal == 0 && !deadline_passed(until)) {
		if (!loop_turn(context->loop, until, err))
			return false;
	}
	return true;
}

/* A round that was cut short says "unknown" of what the round before saw: that still tells more. */
static void prefer_seen(struct stack_result *results, const struct stack_result *before, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(results[i].state, "unknown") && before[i].state != NULL)
			results[i] = before[i];
	}
}

struct waiting {
	struct asset_context *context;
	const struct stack_map *map;
	const size_t *chosen;
	size_t count;
	const int *signal;
	struct stack_result *before;
};

/* One more round, in an arena that the round after the next one takes over. */
static bool look_again(const struct waiting *waiting, struct arena *arena, struct stack_result *results,
                       struct error *err)
{
	struct asset_context round = *waiting->context;

	arena_rewind(arena, (struct arena_mark){ 0 });
	round.arena = arena;
	round.owner = waiting->context;
	memcpy(waiting->before, results, waiting->count * sizeof *results);
	if (!stack_round(&round, waiting->map, waiting->chosen, waiting->count, waiting->signal, results, err))
		return false;
	if (*waiting->signal != 0 || deadline_passed(waiting->context->deadline))
		prefer_seen(results, waiting->before, waiting->count);
	return true;
}

static bool repeat(const struct waiting *waiting,
                   void (*on_round)(void *user, const struct stack_result *results, size_t count), void *user,
                   struct stack_result *results, struct error *err)
{
	struct asset_context *context = waiting->context;
	struct arena *arenas[] = { arena_new(ROUND_LIMIT), arena_new(ROUND_LIMIT) };
	int64_t pause_ms = FIRST_PAUSE_MS;
	bool good = true;

	for (size_t i = 0; good; i++) {
		good = look_again(waiting, arenas[i % 2], results, err);
		if (good && on_round != NULL)
			on_round(user, results, waiting->count);
		if (!good || *waiting->signal != 0 || count_bad(results, waiting->count) == 0 ||
		    deadline_passed(context->deadline))
			break;
		good = pause_between(context, pause_ms, waiting->signal, err);
		if (*waiting->signal != 0 || deadline_passed(context->deadline))
			break;
		pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
	}
	for (size_t i = 0; good && i < waiting->count; i++)
		keep_result(context->arena, &results[i]);
	arena_free(arenas[0]);
	arena_free(arenas[1]);
	return good;
}

bool stack_check_wait(struct asset_context *context, const struct stack_map *map, const size_t *chosen, size_t count,
                      void (*on_round)(void *user, const struct stack_result *results, size_t count), void *user,
                      struct stack_result *ret_results, struct error *err)
{
	struct waiting waiting = { context, map, chosen, count, NULL, NULL };
	struct http *http;

	/* the client keeps its connections between rounds, so it may not live in a round's arena */
	if (!catch_signals(context, &waiting.signal, err) || !asset_http(context, &http, err))
		return false;
	memset(ret_results, 0, count * sizeof *ret_results);
	waiting.before = arena_array(context->arena, count + 1, sizeof *waiting.before);
	if (!repeat(&waiting, on_round, user, ret_results, err))
		return false;
	if (*waiting.signal != 0)
		return interrupted(*waiting.signal, err);
	return count_bad(ret_results, count) == 0 || still_bad(ret_results, count, err);
}
