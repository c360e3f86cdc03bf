/* A place of the window: one session at a time, its limits, and its end. */
#include "fops/base/arena.h"
#include "run_many.h"

/* What a command that was told to stop may still print while nobody reads. */
#define LAST_WORDS ((size_t)1024 * 1024)

void run_place_kill(void *user)
{
	struct run_place *place = user;

	if (!place->running)
		return;
	place->stop.forced = true;
	place->driver->signal(&place->session, SIGKILL);
	loop_arm(place->context.loop, &place->grace, RUN_KILL_MS, run_place_give_up, place);
}

void run_place_resume(struct run_place *place)
{
	for (int stream = 1; stream <= 2; stream++) {
		if (place->running && place->paused[stream - 1])
			place->driver->pause_output(&place->session, stream, false);
		place->paused[stream - 1] = false;
	}
}

/* Its last words are let through, so that its end can be seen. */
void run_place_stop(struct run_place *place, int number, int64_t grace_ms)
{
	run_place_resume(place);
	place->driver->signal(&place->session, number);
	loop_arm(place->context.loop, &place->grace, grace_ms, run_place_kill, place);
}

static void limit_reached(void *user)
{
	struct run_place *place = user;

	/* it was told to stop already, and the reason for that counts */
	if (place->stop.signal != 0 || place->stop.output_errno != 0)
		return;
	place->stop.limit = true;
	run_place_stop(place, SIGTERM, RUN_STOP_MS);
}

/* The place is free once this turn of the loop is over: until then its driver may still look at its own memory. */
static void conclude(struct run_place *place, const struct session_outcome *outcome)
{
	struct run_many *many = place->many;
	struct error ignored;

	loop_disarm(place->context.loop, &place->limit);
	loop_disarm(place->context.loop, &place->grace);
	many->running -= place->running ? 1 : 0;
	place->running = false;
	place->next = many->ended;
	many->ended = place;
	if (!run_lines_finish(&place->lines))
		many->output_lost = true;
	place->result->output_bytes = place->lines.bytes[0];
	place->result->error_bytes = place->lines.bytes[1];
	run_result_conclude(many->context->arena, &place->stop, outcome, place->started_us, place->result, &ignored);
	/* a text of the session: gone with it */
	place->result->target = place->session.target;
	run_many_deliver(many, place->result);
	place->result->target = NULL;
}

void run_place_give_up(void *user)
{
	struct run_place *place = user;

	if (!place->running)
		return;
	place->driver->stop(&place->session);
	conclude(place, NULL);
}

static bool is_stopping(const struct run_place *place)
{
	return place->stop.limit || place->stop.signal != 0 || place->stop.output_errno != 0;
}

static void take_output(struct session *session, int stream, const char *data, size_t len)
{
	struct run_place *place = session->user;
	struct run_many *many = place->many;

	if (many->output_lost)
		return;
	if (!run_lines_take(&place->lines, stream, data, len))
		many->output_lost = true;
	place->last_len += is_stopping(place) ? len : 0;
	run_many_relieve(many);
	if (!many->full || place->paused[stream - 1] || (is_stopping(place) && place->last_len < LAST_WORDS))
		return;
	place->paused[stream - 1] = many->paused = true;
	place->driver->pause_output(session, stream, true);
}

static void take_end(struct session *session, const struct session_outcome *outcome)
{
	conclude(session->user, outcome);
}

static void fill_place(struct run_many *many, struct run_place *place, size_t index)
{
	struct arena *arena = place->context.arena;

	place->context = *many->context;
	place->context.arena = arena;
	place->context.owner = many->context;
	place->context.deadline = deadline_earlier(many->context->deadline, deadline_after(many->wanted->timeout_ms));
	place->result = &many->results[index];
	place->lines = (struct run_lines){ .listener = many->listener, .asset_id = place->result->asset_id };
	place->stop = (struct run_stop){ 0 };
	place->paused[0] = place->paused[1] = false;
	place->last_len = 0;
	place->session = (struct session){
		.context = &place->context,
		.asset = &many->assets[index],
		.request = &many->request,
		.on_output = take_output,
		.on_ended = take_end,
		.user = place,
	};
}

void run_place_start(struct run_place *place, size_t index)
{
	struct run_many *many = place->many;
	struct session_outcome outcome = { .cause = SESSION_NOT_STARTED };
	int left;

	fill_place(many, place, index);
	left = deadline_left_ms(place->context.deadline);
	place->started_us = clock_monotonic_us();
	if (!asset_driver_of(place->session.asset, &place->driver, &outcome.error) ||
	    !place->driver->start(&place->session, &outcome.error)) {
		conclude(place, &outcome);
		return;
	}
	place->result->started = clock_now();
	place->running = true;
	many->running++;
	if (left >= 0)
		loop_arm(place->context.loop, &place->limit, left, limit_reached, place);
}
