/* --watch: rounds at an interval, each in memory that the one after the next takes over. */
#include "fops/cli/watch.h"

#include "endpoints.h"
#include "fops/base/arena.h"
#include "fops/cli/settings.h"

#define ROUND_LIMIT ((size_t)1024 * 1024 * 1024)
#define ROUND_MS    60000 /* limit of a round without --timeout */

struct watched {
	struct call *call;
	struct asset_context *context;
	const struct endpoint *endpoints;
	size_t count;
	struct watch *watch;
	struct arena *arenas[2];
	struct endpoints_row *rows[2]; /* a row is borrowed until the same one of the next round is there */
	struct endpoints_row *now;
	const struct endpoints_row *last; /* of the last round that ended; NULL: none did */
	bool *told;                       /* of the round under way */
	struct arena *arena;
	int64_t round_ms;
	uint64_t rounds;
};

/* Equal but for their numbers: a cause that tells a time or a port differs in every round. */
static bool same_words(const char *a, const char *b)
{
	static const char digits[] = "0123456789";

	if (a == NULL || b == NULL)
		return a == b;
	while (*a != '\0' && *b != '\0') {
		size_t a_digits = strspn(a, digits), b_digits = strspn(b, digits);

		if ((a_digits == 0) != (b_digits == 0) || (a_digits == 0 && *a != *b))
			return false;
		a += a_digits == 0 ? 1 : a_digits;
		b += b_digits == 0 ? 1 : b_digits;
	}
	return *a == *b;
}

/* Latency and time change always and are no news. */
static bool differs(const void *before, const void *now)
{
	const struct endpoints_row *a = before, *b = now;

	return !text_equal(a->result.state, b->result.state) || !text_equal(a->result.reached, b->result.reached) ||
	       !text_equal(a->result.authorised, b->result.authorised) ||
	       !text_equal(a->result.ready, b->result.ready) || !text_equal(a->result.version, b->result.version) ||
	       a->result.tls_expires.unix_ms != b->result.tls_expires.unix_ms || !text_equal(a->warning, b->warning) ||
	       !same_words(a->result.cause, b->result.cause);
}

static void tell(struct watched *watched, size_t i, const struct endpoint_result *result)
{
	watched->told[i] = true;
	watched->now[i] = endpoints_row_of(watched->arena, result);
	watch_row(watched->watch, i, &watched->now[i]);
}

/* What the limit cut is news as well; what q or a signal cut is not. */
static void ended(void *user, size_t i, const struct endpoint_result *result)
{
	struct watched *watched = user;

	if (!watch_is_over(watched->watch))
		tell(watched, i, result);
}

/* Every row moves on to this round's memory. */
static void tell_rest(struct watched *watched, const struct endpoint_survey *survey)
{
	const struct endpoint_result *results = endpoint_survey_results(survey);

	for (size_t i = 0; i < watched->count; i++) {
		if (!watched->told[i])
			ended(watched, i, &results[i]);
	}
}

static bool look(struct watched *watched, struct error *err)
{
	struct asset_context round = *watched->context;
	struct endpoint_survey *survey = NULL;
	bool good = true;

	round.owner = watched->context;
	round.arena = watched->arena;
	round.deadline = deadline_after(watched->round_ms);
	memset(watched->told, 0, watched->count);
	if (!endpoint_survey_start(&round, watched->endpoints, watched->count, ended, watched, &survey, err))
		return false;
	while (good && endpoint_survey_is_open(survey) && !watch_is_over(watched->watch) &&
	       !deadline_passed(round.deadline))
		good = loop_turn(round.loop, round.deadline, err);
	endpoint_survey_end(survey, "no answer before the limit of the round", error_codes[ERROR_TIMEOUT].fix);
	tell_rest(watched, survey);
	return good;
}

static bool go_round(struct watched *watched, struct error *err)
{
	size_t turn = watched->rounds++ % 2;

	watched->arena = watched->arenas[turn];
	watched->now = watched->rows[turn];
	arena_rewind(watched->arena, (struct arena_mark){ 0 });
	watch_begin_round(watched->watch);
	if (!look(watched, err))
		return false;
	if (!watch_is_over(watched->watch)) {
		watched->last = watched->now;
		watch_end_round(watched->watch);
	}
	return watch_is_over(watched->watch) || watch_wait(watched->watch, err);
}

static bool go_on(struct watched *watched, struct error *err)
{
	struct arena *arena = watched->call->arena;

	for (size_t i = 0; i < 2; i++)
		watched->rows[i] = arena_array(arena, watched->count + 1, sizeof *watched->rows[i]);
	watched->told = arena_array(arena, watched->count + 1, sizeof *watched->told);
	for (size_t i = 0; i < watched->count; i++) {
		/* the second set of rows is not used before the first one is told */
		watched->rows[1][i].result.id = watched->endpoints[i].id;
		watched->rows[1][i].result.plane = watched->endpoints[i].plane;
		watch_expect(watched->watch, i, &watched->rows[1][i]);
	}
	do {
		if (!go_round(watched, err))
			return false;
	} while (!watch_is_over(watched->watch));
	return true;
}

/* The verdict is that of the last round that ended. */
static void judge(struct watched *watched)
{
	for (size_t i = 0; watched->last != NULL && i < watched->count; i++) {
		if (endpoints_row_is_bad(&watched->last[i]))
			watched->call->verdict = EXIT_CHECK_FAILED;
	}
}

bool endpoints_watch(struct call *call, struct asset_context *context, const struct endpoint *endpoints, size_t count,
                     int64_t interval_ms, uint64_t rounds, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *even = arena_new(ROUND_LIMIT);
	CLEANUP(arena_cleanup) struct arena *odd = arena_new(ROUND_LIMIT);
	struct watch_plan plan = { interval_ms, rounds, count, differs };
	struct watched watched = { .call = call,
		                   .context = context,
		                   .endpoints = endpoints,
		                   .count = count,
		                   .arenas = { even, odd },
		                   .round_ms = ROUND_MS };
	struct http *http;
	struct error unclosed;
	bool done;

	/* only rounds have a limit */
	context->deadline = NO_DEADLINE;
	if (call->settings->timeout_ms > 0)
		watched.round_ms = call->settings->timeout_ms;
	/* the client keeps its connections between rounds, so it may not live in a round's arena */
	if (!asset_http(context, &http, err) || !watch_open(call, context->loop, &plan, &watched.watch, err))
		return false;
	done = go_on(&watched, err);
	judge(&watched);
	call->answered = true;
	return watch_close(watched.watch, done ? err : &unclosed) && done;
}
