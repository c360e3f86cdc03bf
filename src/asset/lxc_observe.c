/* Looks at a container by running `true` in it: one start tells whether it runs and takes commands. */
#include "lxc_session.h"

#include "fops/base/arena.h"

struct look {
	struct session session;
	struct session_request request;
	struct loop_timer limit;
	int64_t started_us;
};

static void end_look(struct observation *observation)
{
	struct look *look = observation->state;

	loop_disarm(observation->context->loop, &look->limit);
	observation->latency_us = clock_monotonic_us() - look->started_us;
	observation->on_observed(observation);
}

static void look_output(struct session *session, int stream, const char *data, size_t len)
{
	(void)session;
	(void)stream;
	(void)data;
	(void)len;
}

static enum observation_state state_found(enum lxc_found found)
{
	switch (found) {
	case LXC_FOUND_STOPPED:
		return OBSERVED_STOPPED;
	case LXC_FOUND_MISSING:
		return OBSERVED_MISSING;
	case LXC_FOUND_UNREACHABLE:
		return OBSERVED_UNREACHABLE;
	case LXC_FOUND_NOTHING:
		break;
	}
	return OBSERVED_REFUSED;
}

static void look_ended(struct session *session, const struct session_outcome *outcome)
{
	const struct lxc_session *state = session->state;
	struct observation *observation = session->user;
	struct error *err = &observation->error;

	observation->result = state_found(state->found);
	if (outcome->cause == SESSION_EXITED && outcome->exit_status == 0) {
		observation->result = OBSERVED_RUNNING;
	} else if (outcome->cause == SESSION_EXITED) {
		fail(err, ERROR_RUN_NOT_STARTED, "a command on %s does not work", observation->asset->asset_id);
		error_cause(err, "\"true\" ended with status %d", outcome->exit_status);
	} else {
		*err = outcome->error;
	}
	end_look(observation);
}

static void look_expired(void *user)
{
	struct observation *observation = user;
	struct look *look = observation->state;

	lxc_stop(&look->session);
	observation->result = OBSERVED_UNREACHABLE;
	fail(&observation->error, ERROR_TIMEOUT, "%s did not answer in time", observation->asset->asset_id);
	end_look(observation);
}

bool lxc_observe(struct observation *observation, struct error *err)
{
	static const char *const argv[] = { "true", NULL };
	struct look *look = arena_alloc(observation->context->arena, sizeof *look);
	int left = deadline_left_ms(observation->context->deadline);

	look->request =
	        (struct session_request){ .argv = argv, .direct_input = -1, .direct_output = -1, .direct_errors = -1 };
	look->session = (struct session){
		.context = observation->context,
		.asset = observation->asset,
		.request = &look->request,
		.on_output = look_output,
		.on_ended = look_ended,
		.user = observation,
	};
	look->started_us = clock_monotonic_us();
	observation->state = look;
	if (!lxc_start(&look->session, err))
		return false;
	if (left >= 0)
		loop_arm(observation->context->loop, &look->limit, left, look_expired, observation);
	return true;
}

void lxc_stop_observing(struct observation *observation)
{
	struct look *look = observation->state;

	loop_disarm(observation->context->loop, &look->limit);
	lxc_stop(&look->session);
}
