/* --wait: rounds with growing pauses until no endpoint is a finding. */
#include "endpoints.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/cli/progress.h"

#define FIRST_PAUSE_MS   250
#define LONGEST_PAUSE_MS 5000
#define ROUND_LIMIT      ((size_t)1024 * 1024 * 1024)
#define MOST_NAMES       10

struct waiting {
	struct asset_context *context;
	const struct endpoint *endpoints;
	size_t count;
	int signal;
};

static void signalled(void *user, int number)
{
	struct waiting *waiting = user;

	if (waiting->signal == 0 && number != SIGWINCH)
		waiting->signal = number;
}

static bool is_cut(const struct waiting *waiting)
{
	return waiting->signal != 0 || deadline_passed(waiting->context->deadline);
}

/* One look at all; texts in the round's arena. */
static bool look(const struct waiting *waiting, struct asset_context *round, struct endpoint_result *ret_results,
                 struct error *err)
{
	struct endpoint_survey *survey = NULL;
	bool good = true;

	if (!endpoint_survey_start(round, waiting->endpoints, waiting->count, NULL, NULL, &survey, err))
		return false;
	while (good && endpoint_survey_is_open(survey) && !is_cut(waiting))
		good = loop_turn(round->loop, round->deadline, err);
	endpoint_survey_end(survey, "no answer before the end of the wait", error_codes[ERROR_TIMEOUT].fix);
	memcpy(ret_results, endpoint_survey_results(survey), waiting->count * sizeof *ret_results);
	return good;
}

static bool pause_between(const struct waiting *waiting, int64_t ms, struct error *err)
{
	struct deadline until = deadline_earlier(deadline_after(ms), waiting->context->deadline);

	while (waiting->signal == 0 && !deadline_passed(until)) {
		if (!loop_turn(waiting->context->loop, until, err))
			return false;
	}
	return true;
}

/* A round that was cut says "unknown" of what the round before saw: that still tells more. */
static void prefer_seen(struct endpoint_result *results, const struct endpoint_result *before, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(results[i].state, "unknown") && before[i].state != NULL)
			results[i] = before[i];
	}
}

static void keep_texts(struct arena *arena, struct endpoint_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char **texts[] = { &results[i].state, &results[i].reached, &results[i].authorised,
			                 &results[i].ready, &results[i].version, &results[i].cause,
			                 &results[i].fix };

		for (size_t t = 0; t < ARRAY_LEN(texts); t++)
			*texts[t] = arena_copy(arena, *texts[t]);
	}
}

static bool ended_early(const struct waiting *waiting, const struct endpoint_result *results, struct error *err)
{
	struct buffer names = BUFFER(sizeof err->cause);
	size_t missing = waiting->count - endpoints_count_good(results, waiting->count);
	size_t shown = 0;

	if (waiting->signal != 0) {
		fail(err, waiting->signal == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "the wait was interrupted");
		error_effect(err, "nothing was changed");
		return false;
	}
	for (size_t i = 0; i < waiting->count && shown < MOST_NAMES; i++) {
		if (!endpoint_state_is_bad(results[i].state))
			continue;
		buffer_format(&names, "%s%s (%s)", shown == 0 ? "" : ", ", results[i].id, results[i].state);
		shown++;
	}
	fail(err, ERROR_TIMEOUT, "%zu of %zu endpoints were not well in time", missing, waiting->count);
	if (missing > shown)
		error_cause(err, "%s and %zu more", buffer_string(&names), missing - shown);
	else
		error_cause(err, "%s", buffer_string(&names));
	error_effect(err, "nothing was changed");
	buffer_done(&names);
	return false;
}

/* Rounds until all are well or the wait is cut; ret_good tells which. */
static bool repeat(struct waiting *waiting, struct progress *progress, struct arena *arenas[2],
                   struct endpoint_result *results, bool *ret_good, struct error *err)
{
	struct endpoint_result *before = arena_array(waiting->context->arena, waiting->count + 1, sizeof *before);
	struct arena_mark marks[] = { arena_mark(arenas[0]), arena_mark(arenas[1]) };
	int64_t pause_ms = FIRST_PAUSE_MS;
	bool good = false;

	for (size_t number = 0;; number++) {
		struct asset_context round = *waiting->context;

		/* two arenas by turns, so that the results of the round before stay readable */
		round.owner = waiting->context;
		round.arena = arenas[number % 2];
		arena_rewind(round.arena, marks[number % 2]);
		if (!look(waiting, &round, results, err))
			return false;
		if (is_cut(waiting))
			prefer_seen(results, before, waiting->count);
		good = endpoints_count_good(results, waiting->count) == waiting->count;
		progress_report(progress, endpoints_count_good(results, waiting->count), waiting->count,
		                "endpoints well");
		if (good || is_cut(waiting))
			break;
		if (!pause_between(waiting, pause_ms, err))
			return false;
		if (is_cut(waiting))
			break;
		pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
		memcpy(before, results, waiting->count * sizeof *before);
	}
	*ret_good = good;
	return true;
}

bool endpoints_wait(struct call *call, struct asset_context *context, const struct endpoint *endpoints, size_t count,
                    struct endpoint_result *ret_results, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *even = arena_new(ROUND_LIMIT);
	CLEANUP(arena_cleanup) struct arena *odd = arena_new(ROUND_LIMIT);
	struct waiting *waiting = arena_alloc(call->arena, sizeof *waiting);
	struct progress *progress = progress_start(call);
	struct http *http;
	bool good = false;
	bool done;

	/* the callback may still be called after the wait: what it writes to lives in the call's arena */
	*waiting = (struct waiting){ context, endpoints, count, 0 };
	/* the client keeps its connections between rounds, so it may not live in a round's arena */
	done = loop_catch_signals(context->loop, signalled, waiting, err) && asset_http(context, &http, err) &&
	       repeat(waiting, progress, (struct arena *[]){ even, odd }, ret_results, &good, err);
	progress_end(progress);
	if (!done)
		return false;
	keep_texts(call->arena, ret_results, count);
	return good || ended_early(waiting, ret_results, err);
}
