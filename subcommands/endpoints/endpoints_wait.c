/* --wait: rounds of looks until no endpoint is a finding. */
#include "endpoints.h"
#include "fops/asset/rounds.h"
#include "fops/base/arena.h"
#include "fops/cli/progress.h"

struct waiting {
	const struct endpoint *endpoints;
	size_t count;
	struct progress *progress;
};

/* One look at all; texts in the round's arena. */
static bool look(void *user, struct asset_context *round, const int *signal, void *rows, struct error *err)
{
	const struct waiting *waiting = user;
	struct endpoint_survey *survey = NULL;
	bool good = true;

	if (!endpoint_survey_start(round, waiting->endpoints, waiting->count, NULL, NULL, &survey, err))
		return false;
	while (good && endpoint_survey_is_open(survey) && *signal == 0 && !deadline_passed(round->deadline))
		good = loop_turn(round->loop, round->deadline, err);
	endpoint_survey_end(survey, "no answer before the end of the wait", error_codes[ERROR_TIMEOUT].fix);
	memcpy(rows, endpoint_survey_results(survey), waiting->count * sizeof(struct endpoint_result));
	return good;
}

static bool is_bad(const void *row)
{
	const struct endpoint_result *result = row;

	return endpoint_state_is_bad(result->state);
}

static void keep(struct arena *arena, void *row)
{
	struct endpoint_result *result = row;
	const char **texts[] = { &result->state,   &result->reached, &result->authorised, &result->ready,
		                 &result->version, &result->cause,   &result->fix };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_copy(arena, *texts[i]);
}

static void tell_round(void *user, const void *rows)
{
	const struct waiting *waiting = user;

	progress_report(waiting->progress, endpoints_count_good(rows, waiting->count), waiting->count,
	                "endpoints well");
}

bool endpoints_wait(struct call *call, struct asset_context *context, const struct endpoint *endpoints, size_t count,
                    struct endpoint_result *ret_results, struct error *err)
{
	struct waiting waiting = { endpoints, count, progress_start(call) };
	struct rounds rounds = {
		.context = context,
		.count = count,
		.row_size = sizeof *ret_results,
		.name_offset = offsetof(struct endpoint_result, id),
		.state_offset = offsetof(struct endpoint_result, state),
		.what = "endpoints were not well",
		.look = look,
		.is_bad = is_bad,
		.keep = keep,
		.on_round = tell_round,
		.user = &waiting,
	};
	bool done = rounds_wait(&rounds, ret_results, err);

	progress_end(waiting.progress);
	return done;
}
