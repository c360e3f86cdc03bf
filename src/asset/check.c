/* A check of assets, once or again and again until everything is well. */
#include "fops/asset/check.h"

#include "check_round.h"
#include "fops/asset/rounds.h"
#include "fops/base/arena.h"

static bool is_bad(const void *row)
{
	const struct check_result *result = row;

	return !text_equal(result->state, "ok");
}

bool check_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                  struct check_result *ret_results, bool *ret_good, struct error *err)
{
	const int *signal;
	bool good = true;

	if (!rounds_catch_signals(context, &signal, err) ||
	    !check_round(context, assets, count, signal, ret_results, err))
		return false;
	if (*signal != 0)
		return rounds_interrupted(*signal, "the check", err);
	for (size_t i = 0; i < count; i++)
		good = good && !is_bad(&ret_results[i]);
	*ret_good = good;
	return true;
}

struct waiting {
	const struct runtime_asset *assets;
	size_t count;
	void (*on_round)(void *user, const struct check_result *results, size_t count);
	void *user;
};

static bool look(void *user, struct asset_context *round, const int *signal, void *rows, struct error *err)
{
	const struct waiting *waiting = user;

	return check_round(round, waiting->assets, waiting->count, signal, rows, err);
}

static void keep(struct arena *arena, void *row)
{
	struct check_result *result = row;

	result->cause = arena_copy(arena, result->cause);
	result->fix = arena_copy(arena, result->fix);
	result->phase = arena_copy(arena, result->phase);
	result->reason = arena_copy(arena, result->reason);
}

static void tell_round(void *user, const void *rows)
{
	const struct waiting *waiting = user;

	if (waiting->on_round != NULL)
		waiting->on_round(waiting->user, rows, waiting->count);
}

bool check_assets_wait(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                       void (*on_round)(void *user, const struct check_result *results, size_t count), void *user,
                       struct check_result *ret_results, struct error *err)
{
	struct waiting waiting = { assets, count, on_round, user };
	struct rounds rounds = {
		.context = context,
		.count = count,
		.row_size = sizeof *ret_results,
		.name_offset = offsetof(struct check_result, asset_id),
		.state_offset = offsetof(struct check_result, state),
		.what = "assets were not ok",
		.look = look,
		.is_bad = is_bad,
		.keep = keep,
		.on_round = tell_round,
		.user = &waiting,
	};

	return rounds_wait(&rounds, ret_results, err);
}
