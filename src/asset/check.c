/* A check, once or again and again until everything is well. */
#include "fops/asset/check.h"

#include "check_round.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"

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
	fail(err, number == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "the check was interrupted");
	error_effect(err, "nothing was changed");
	return false;
}

static size_t count_good(const struct check_result *results, size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++)
		good += text_equal(results[i].state, "ok") ? 1 : 0;
	return good;
}

bool check_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                  struct check_result *ret_results, bool *ret_good, struct error *err)
{
	const int *signal;

	if (!catch_signals(context, &signal, err) || !check_round(context, assets, count, signal, ret_results, err))
		return false;
	if (*signal != 0)
		return interrupted(*signal, err);
	*ret_good = count_good(ret_results, count) == count;
	return true;
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

static bool still_missing(const struct check_result *results, size_t count, struct error *err)
{
	struct buffer names = BUFFER(sizeof err->cause);
	size_t missing = count - count_good(results, count);
	size_t shown = 0;

	for (size_t i = 0; i < count && shown < MOST_NAMES; i++) {
		if (text_equal(results[i].state, "ok"))
			continue;
		buffer_format(&names, "%s%s (%s)", shown == 0 ? "" : ", ", results[i].asset_id, results[i].state);
		shown++;
	}
	fail(err, ERROR_TIMEOUT, "%zu of %zu assets were not ok in time", missing, count);
	if (missing > shown)
		error_cause(err, "%s and %zu more", buffer_string(&names), missing - shown);
	else
		error_cause(err, "%s", buffer_string(&names));
	error_effect(err, "nothing was changed");
	buffer_done(&names);
	return false;
}

/* Results of a round stand in its own arena: only the last ones are kept. */
static void keep_texts(struct arena *arena, struct check_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		results[i].cause = arena_copy(arena, results[i].cause);
		results[i].fix = arena_copy(arena, results[i].fix);
		results[i].phase = arena_copy(arena, results[i].phase);
		results[i].reason = arena_copy(arena, results[i].reason);
	}
}

/* A round that was cut short says "unknown" of what the round before saw: that still tells more. */
static void prefer_seen(struct check_result *results, const struct check_result *before, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(results[i].state, "unknown") && before[i].state != NULL)
			results[i] = before[i];
	}
}

bool check_assets_wait(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                       void (*on_round)(void *user, const struct check_result *results, size_t count), void *user,
                       struct check_result *ret_results, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *even = arena_new(ROUND_LIMIT);
	CLEANUP(arena_cleanup) struct arena *odd = arena_new(ROUND_LIMIT);
	struct check_result *before = arena_array(context->arena, count + 1, sizeof *before);
	struct arena_mark marks[] = { arena_mark(even), arena_mark(odd) };
	int64_t pause_ms = FIRST_PAUSE_MS;
	const int *signal;
	struct http *http;
	bool good = false;

	/* the client keeps its connections between rounds, so it may not live in a round's arena */
	if (!catch_signals(context, &signal, err) || !asset_http(context, &http, err))
		return false;
	for (size_t number = 0;; number++) {
		struct asset_context round = *context;

		/* two arenas by turns, so that the results of the round before stay readable */
		round.owner = context;
		round.arena = number % 2 == 0 ? even : odd;
		arena_rewind(round.arena, marks[number % 2]);
		if (!check_round(&round, assets, count, signal, ret_results, err))
			return false;
		if (*signal != 0 || deadline_passed(context->deadline))
			prefer_seen(ret_results, before, count);
		good = count_good(ret_results, count) == count;
		if (on_round != NULL)
			on_round(user, ret_results, count);
		if (good || *signal != 0 || deadline_passed(context->deadline) ||
		    !pause_between(context, pause_ms, signal, err))
			break;
		if (*signal != 0 || deadline_passed(context->deadline))
			break;
		pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
		memcpy(before, ret_results, count * sizeof *before);
	}
	keep_texts(context->arena, ret_results, count);
	if (good)
		return true;
	return *signal != 0 ? interrupted(*signal, err) : still_missing(ret_results, count, err);
}
