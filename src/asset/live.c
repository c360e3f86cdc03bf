/* A survey from its first look to its last answer, or to a signal. */
#include "fops/asset/live.h"

#include "fops/base/arena.h"
#include "survey.h"

/* How long a listener that has not done with its assets is left alone. */
#define PATIENCE_MS 50

struct live {
	struct survey *survey;
	size_t count;
	size_t known; /* the first assets, all of which have been seen */
	int signal;
};

static void signalled(void *user, int number)
{
	struct live *live = user;

	if (live->signal == 0 && number != SIGWINCH)
		live->signal = number;
}

static bool is_over(const struct asset_context *context, const struct live *live)
{
	return !survey_is_open(live->survey) || live->signal != 0 || deadline_passed(context->deadline);
}

/* Are there more than before? */
static bool count_known(struct live *live)
{
	size_t before = live->known;

	while (live->known < live->count && survey_has_seen(live->survey, live->known))
		live->known++;
	return live->known > before;
}

static bool wait_for_all(struct asset_context *context, struct live *live, live_seen *seen, void *user,
                         struct error *err)
{
	bool taken = true;

	while (!is_over(context, live)) {
		struct deadline turn =
		        taken ? context->deadline : deadline_earlier(context->deadline, deadline_after(PATIENCE_MS));

		if (!loop_turn(context->loop, turn, err))
			return false;
		if (seen != NULL && !is_over(context, live) && (count_known(live) || !taken))
			taken = seen(user, live, live->known);
	}
	return true;
}

bool live_look(struct asset_context *context, size_t count, live_read *read, live_seen *seen, void *user,
               struct live **ret_live, struct error *err)
{
	/* the callback may still be called when this is over: what it writes to lives in the arena */
	struct live *live = arena_alloc(context->arena, sizeof *live);
	bool good;

	live->count = count;
	if (!loop_catch_signals(context->loop, signalled, live, err) ||
	    !survey_start(context, count, read, user, &live->survey, err))
		return false;
	good = wait_for_all(context, live, seen, user, err);
	if (live->signal != 0)
		survey_end(live->survey, SURVEY_INTERRUPTED, SURVEY_REPEAT);
	else
		survey_end(live->survey, SURVEY_TOO_LATE, error_codes[ERROR_TIMEOUT].fix);
	*ret_live = live;
	if (!good || live->signal == 0)
		return good;
	fail(err, live->signal == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED,
	     "the look at the assets was interrupted");
	error_effect(err, "nothing was changed");
	return false;
}

struct live_state live_state_of(const struct live *live, size_t i)
{
	const struct survey_view *view = survey_view_of(live->survey, i);

	return (struct live_state){ view->state,  view->cause, view->asked,   view->phase,
		                    view->reason, view->since, view->restarts };
}

size_t live_unasked(const struct live *live)
{
	size_t unasked = 0;

	for (size_t i = 0; i < live->count; i++)
		unasked += survey_view_of(live->survey, i)->asked ? 0 : 1;
	return unasked;
}
