/* Both questions of every endpoint go out at once over the command's one client; each endpoint ends by itself. */
#include "fops/asset/endpoint_survey.h"

#include "endpoint_verdict.h"
#include "fops/asset/rounds.h"
#include "fops/base/arena.h"
#include "survey.h"

struct row {
	struct endpoint_survey *survey;
	const struct endpoint *endpoint;
	struct endpoint_health asked;
	struct access *access;
	struct health_probe *readiness; /* NULL: not asked */
	struct health_probe *liveness;  /* NULL: not asked, or the same as readiness */
	unsigned open;                  /* probes that have not ended */
	bool cut;
	bool over;
};

struct endpoint_survey {
	struct asset_context *context;
	struct http *http;
	void (*on_result)(void *user, size_t i, const struct endpoint_result *result);
	void *user;
	struct row *rows;
	struct endpoint_result *results;
	size_t count;
	size_t left;
	size_t cut;  /* rows that ended because the command's limit did */
	size_t told; /* rows before it whose end was known at the start were told */
	struct loop_timer soon;
};

static size_t index_of(const struct row *row)
{
	return (size_t)(row - row->survey->rows);
}

static void tell(struct row *row)
{
	struct endpoint_survey *survey = row->survey;
	size_t i = index_of(row);

	row->over = true;
	survey->left--;
	survey->results[i].checked_at = clock_now();
	if (survey->on_result != NULL)
		survey->on_result(survey->user, i, &survey->results[i]);
}

/* Where both questions are the same, one answer serves both. */
static const struct health_probe *liveness_of(const struct row *row)
{
	if (row->liveness == NULL && health_same(&row->asked.liveness, &row->asked.readiness))
		return row->readiness;
	return row->liveness;
}

/* A connection that never came will not come for the other question either: it goes to the same place. */
static void spare_other(struct row *row, const struct health_probe *probe)
{
	struct health_probe *other = probe == row->readiness ? row->liveness : row->readiness;

	if (row->open == 0 || other == NULL || probe->answer != PROBE_UNREACHED || probe->dialog != NULL ||
	    probe->exchange.connect_us > 0)
		return;
	health_probe_stop(other);
	other->answer = PROBE_UNREACHED;
	other->cause = probe->cause;
	other->fix = probe->fix;
	row->open = 0;
}

static void probe_ended(struct health_probe *probe)
{
	struct row *row = probe->user;

	row->cut = row->cut || probe->answer == PROBE_CUT;
	row->open--;
	spare_other(row, probe);
	if (row->open > 0)
		return;
	row->survey->cut += row->cut ? 1 : 0;
	endpoint_verdict(row->survey->context->arena, liveness_of(row), row->readiness,
	                 &row->survey->results[index_of(row)]);
	tell(row);
}

static void leave_out(struct row *row, const char *state, const char *cause, const char *fix)
{
	endpoint_unasked(state, cause, fix, &row->survey->results[index_of(row)]);
}

static void leave_out_for(struct row *row, const struct error *err)
{
	struct arena *arena = row->survey->context->arena;

	leave_out(row, "unknown",
	          err->cause[0] == '\0' ? arena_copy(arena, err->message)
	                                : arena_format(arena, "%s: %s", err->message, err->cause),
	          arena_copy(arena, survey_fix_of(err)));
}

static bool ask(struct row *row, const struct health *health, struct health_probe **ret_probe, struct error *err)
{
	struct asset_context *context = row->survey->context;
	struct health_probe *probe = arena_alloc(context->arena, sizeof *probe);

	*probe = (struct health_probe){
		.context = context,
		.access = row->access,
		.health = health,
		.on_done = probe_ended,
		.user = row,
	};
	if (!health_probe_start(probe, row->survey->http, err))
		return false;
	*ret_probe = probe;
	row->open++;
	return true;
}

/* Readiness, or liveness where it is all there is to ask. */
static bool ask_first(struct row *row, struct error *err)
{
	const struct endpoint_health *asked = &row->asked;

	if (!access_open(row->survey->context, row->endpoint->id, &row->access, err))
		return false;
	if (asked->readiness.present)
		return ask(row, &asked->readiness, &row->readiness, err);
	return ask(row, &asked->liveness, &row->liveness, err);
}

static void stop(struct row *row)
{
	if (row->readiness != NULL)
		health_probe_stop(row->readiness);
	if (row->liveness != NULL)
		health_probe_stop(row->liveness);
	row->open = 0;
}

/* Nothing is asked of an endpoint that cannot be asked everything. */
static void begin_row(struct row *row)
{
	struct asset_context *context = row->survey->context;
	const struct endpoint *endpoint = row->endpoint;
	struct error err;

	row->asked = endpoint_health(context->arena, endpoint);
	if (endpoint->executor_url == NULL && !text_equal(endpoint->auth.mode, "in-cluster")) {
		leave_out(row, "none", "it has no executorUrl, and machines use no other",
		          "Give the endpoint an executorUrl.");
		return;
	}
	if (!row->asked.readiness.present && !row->asked.liveness.present) {
		leave_out(row, "none", "it has no health contract",
		          "Give the endpoint health: {preset: NAME}, or a path.");
		return;
	}
	if (!ask_first(row, &err))
		leave_out_for(row, &err);
}

/* Behind the first questions of all: where connections are few, one that never comes has begun early. */
static void ask_second(struct row *row)
{
	const struct endpoint_health *asked = &row->asked;
	struct error err;

	if (row->readiness == NULL || !asked->liveness.present || health_same(&asked->liveness, &asked->readiness) ||
	    ask(row, &asked->liveness, &row->liveness, &err))
		return;
	stop(row);
	leave_out_for(row, &err);
}

/* Rows that ended where they began are told by the loop, like all others. */
static void tell_early(void *user)
{
	struct endpoint_survey *survey = user;

	for (; survey->told < survey->count; survey->told++) {
		struct row *row = &survey->rows[survey->told];

		if (!row->over && row->open == 0)
			tell(row);
	}
}

bool endpoint_survey_start(struct asset_context *context, const struct endpoint *endpoints, size_t count,
                           void (*on_result)(void *user, size_t i, const struct endpoint_result *result), void *user,
                           struct endpoint_survey **ret_survey, struct error *err)
{
	struct endpoint_survey *survey = arena_alloc(context->arena, sizeof *survey);

	survey->context = context;
	if (!asset_http(context, &survey->http, err))
		return false;
	survey->on_result = on_result;
	survey->user = user;
	survey->rows = arena_array(context->arena, count + 1, sizeof *survey->rows);
	survey->results = arena_array(context->arena, count + 1, sizeof *survey->results);
	survey->count = count;
	survey->left = count;
	for (size_t i = 0; i < count; i++) {
		survey->rows[i].survey = survey;
		survey->rows[i].endpoint = &endpoints[i];
		survey->results[i] = (struct endpoint_result){ .id = endpoints[i].id, .plane = endpoints[i].plane };
		begin_row(&survey->rows[i]);
	}
	for (size_t i = 0; i < count; i++)
		ask_second(&survey->rows[i]);
	loop_arm(context->loop, &survey->soon, 0, tell_early, survey);
	*ret_survey = survey;
	return true;
}

bool endpoint_survey_is_open(const struct endpoint_survey *survey)
{
	return survey->left > 0;
}

void endpoint_survey_end(struct endpoint_survey *survey, const char *cause, const char *fix)
{
	loop_disarm(survey->context->loop, &survey->soon);
	for (size_t i = 0; i < survey->count; i++) {
		struct row *row = &survey->rows[i];

		if (row->over)
			continue;
		if (row->open > 0)
			leave_out(row, "unknown", cause, fix);
		stop(row);
		tell(row);
	}
}

const struct endpoint_result *endpoint_survey_results(const struct endpoint_survey *survey)
{
	return survey->results;
}

static bool say_why(const struct asset_context *context, int signal, size_t left, size_t count, struct error *err)
{
	if (signal != 0)
		return rounds_interrupted(signal, "the check", err);
	if (left == 0 || !deadline_passed(context->deadline))
		return true;
	fail(err, ERROR_TIMEOUT, "%zu of %zu endpoints did not answer in time", left, count);
	error_effect(err, "nothing was changed");
	return false;
}

bool endpoint_survey_run(struct asset_context *context, const struct endpoint *endpoints, size_t count,
                         void (*on_result)(void *user, size_t i, const struct endpoint_result *result), void *user,
                         struct endpoint_result *ret_results, struct error *err)
{
	struct endpoint_survey *survey;
	const int *signal;
	bool good = true;
	size_t left;

	if (!rounds_catch_signals(context, &signal, err) ||
	    !endpoint_survey_start(context, endpoints, count, on_result, user, &survey, err))
		return false;
	while (good && survey->left > 0 && *signal == 0 && !deadline_passed(context->deadline))
		good = loop_turn(context->loop, context->deadline, err);
	left = survey->left + survey->cut;
	endpoint_survey_end(survey, *signal != 0 ? SURVEY_INTERRUPTED : SURVEY_TOO_LATE,
	                    *signal != 0 ? SURVEY_REPEAT : error_codes[ERROR_TIMEOUT].fix);
	for (size_t i = 0; i < count; i++)
		ret_results[i] = survey->results[i];
	return good && say_why(context, *signal, left, count, err);
}
