/* Rounds of looks: two arenas by turns, growing pauses, and the words for an end that came too early. */
#include "fops/asset/rounds.h"

#include <signal.h>

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

bool rounds_catch_signals(struct asset_context *context, const int **ret_signal, struct error *err)
{
	/* the callback may still be called after the caller ended: what it writes to lives in the arena */
	int *signal = arena_alloc(context->arena, sizeof *signal);

	*ret_signal = signal;
	return loop_catch_signals(context->loop, signalled, signal, err);
}

bool rounds_interrupted(int signal, const char *what, struct error *err)
{
	fail(err, signal == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "%s was interrupted", what);
	error_effect(err, "nothing was changed");
	return false;
}

static void *row_at(const struct rounds *rounds, void *rows, size_t i)
{
	return (char *)rows + i * rounds->row_size;
}

static const char *text_at(const void *row, size_t offset)
{
	const char *text;

	memcpy(&text, (const char *)row + offset, sizeof text);
	return text;
}

static size_t count_bad(const struct rounds *rounds, void *rows)
{
	size_t bad = 0;

	for (size_t i = 0; i < rounds->count; i++)
		bad += rounds->is_bad(row_at(rounds, rows, i)) ? 1 : 0;
	return bad;
}

static bool too_late(const struct rounds *rounds, void *rows, struct error *err)
{
	struct buffer names = BUFFER(sizeof err->cause);
	size_t bad = count_bad(rounds, rows);
	size_t shown = 0;

	for (size_t i = 0; i < rounds->count && shown < MOST_NAMES; i++) {
		const void *row = row_at(rounds, rows, i);

		if (!rounds->is_bad(row))
			continue;
		buffer_format(&names, "%s%s (%s)", shown == 0 ? "" : ", ", text_at(row, rounds->name_offset),
		              text_at(row, rounds->state_offset));
		shown++;
	}
	fail(err, ERROR_TIMEOUT, "%zu of %zu %s in time", bad, rounds->count, rounds->what);
	if (bad > shown)
		error_cause(err, "%s and %zu more", buffer_string(&names), bad - shown);
	else
		error_cause(err, "%s", buffer_string(&names));
	error_effect(err, "nothing was changed");
	buffer_done(&names);
	return false;
}

/* A round that was cut short says "unknown" of what the round before saw: that still tells more. */
static void prefer_seen(const struct rounds *rounds, void *rows, void *before)
{
	for (size_t i = 0; i < rounds->count; i++) {
		void *row = row_at(rounds, rows, i);
		const void *seen = row_at(rounds, before, i);

		if (text_equal(text_at(row, rounds->state_offset), "unknown") &&
		    text_at(seen, rounds->state_offset) != NULL)
			memcpy(row, seen, rounds->row_size);
	}
}

static bool is_cut(const struct rounds *rounds, const int *signal)
{
	return *signal != 0 || deadline_passed(rounds->context->deadline);
}

static bool pause_between(const struct rounds *rounds, int64_t ms, const int *signal, struct error *err)
{
	struct deadline until = deadline_earlier(deadline_after(ms), rounds->context->deadline);

	while (*signal == 0 && !deadline_passed(until)) {
		if (!loop_turn(rounds->context->loop, until, err))
			return false;
	}
	return true;
}

static bool look_once(const struct rounds *rounds, struct arena *arena, const int *signal, void *rows, void *before,
                      struct error *err)
{
	struct asset_context round = *rounds->context;

	arena_rewind(arena, (struct arena_mark){ 0 });
	round.arena = arena;
	round.owner = rounds->context;
	memcpy(before, rows, rounds->count * rounds->row_size);
	if (!rounds->look(rounds->user, &round, signal, rows, err))
		return false;
	if (is_cut(rounds, signal))
		prefer_seen(rounds, rows, before);
	if (rounds->on_round != NULL)
		rounds->on_round(rounds->user, rows);
	return true;
}

/* Two arenas by turns, so that the rows of the round before stay readable. */
static bool repeat(const struct rounds *rounds, struct arena *const arenas[2], const int *signal, void *rows,
                   struct error *err)
{
	void *before = arena_array(rounds->context->arena, rounds->count + 1, rounds->row_size);
	int64_t pause_ms = FIRST_PAUSE_MS;

	for (size_t number = 0;; number++) {
		if (!look_once(rounds, arenas[number % 2], signal, rows, before, err))
			return false;
		if (count_bad(rounds, rows) == 0 || is_cut(rounds, signal))
			return true;
		if (!pause_between(rounds, pause_ms, signal, err))
			return false;
		if (is_cut(rounds, signal))
			return true;
		pause_ms = pause_ms * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause_ms * 2;
	}
}

bool rounds_wait(const struct rounds *rounds, void *ret_rows, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *even = arena_new(ROUND_LIMIT);
	CLEANUP(arena_cleanup) struct arena *odd = arena_new(ROUND_LIMIT);
	struct arena *const arenas[] = { even, odd };
	struct http *http;
	const int *signal;

	memset(ret_rows, 0, rounds->count * rounds->row_size);
	/* the client keeps its connections between rounds, so it may not live in a round's arena */
	if (!rounds_catch_signals(rounds->context, &signal, err) || !asset_http(rounds->context, &http, err) ||
	    !repeat(rounds, arenas, signal, ret_rows, err))
		return false;
	for (size_t i = 0; i < rounds->count; i++)
		rounds->keep(rounds->context->arena, row_at(rounds, ret_rows, i));
	if (count_bad(rounds, ret_rows) == 0)
		return true;
	return *signal != 0 ? rounds_interrupted(*signal, "the check", err) : too_late(rounds, ret_rows, err);
}
