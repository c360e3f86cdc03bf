/* There is no channel for signals: a second command in the same container sends them. */
#include "fops/base/arena.h"
#include "kubernetes_session.h"

#define REPORT_WAIT_MS 1000 /* a signal waits so long for the report of what to signal */
#define LIMIT_WAIT_MS  250  /* the same for SIGTERM, which also ends a command at its limit: that must stay near it */

static void killer_ended(struct websocket *websocket)
{
	struct kubernetes_killer *killer = websocket->user;

	killer->running = false;
	if (websocket->failed && !websocket->opened)
		log_detail(killer->log, "cannot signal the command on %s: %s", killer->asset_id,
		           websocket->error->message);
}

static void ignore_opening(struct websocket *websocket)
{
	(void)websocket;
}

static void ignore_piece(struct websocket *websocket, const struct websocket_piece *piece)
{
	(void)websocket;
	(void)piece;
}

void kubernetes_killer_stop(struct kubernetes_session *state)
{
	if (state->killer != NULL && state->killer->running)
		websocket_cancel(&state->killer->websocket);
	state->killer = NULL;
}

void kubernetes_killer_start(struct kubernetes_session *state, struct arena *arena, int number)
{
	struct asset_context *context = state->session->context;
	struct kubernetes_killer *killer = arena_alloc(arena, sizeof *killer);
	struct websocket *websocket = &killer->websocket;
	struct http *http;
	struct error err;

	kubernetes_killer_stop(state);
	if (!asset_http(context, &http, &err) || !kubernetes_prepare_websocket(state, arena, websocket, &err)) {
		log_detail(context->log, "cannot signal the command: %s", err.message);
		return;
	}
	websocket->url = kubernetes_signal_url(state, arena, number);
	websocket->on_open = ignore_opening;
	websocket->on_piece = ignore_piece;
	websocket->on_end = killer_ended;
	websocket->user = killer;
	killer->log = context->log;
	killer->asset_id = arena_copy(arena, state->session->asset->asset_id);
	killer->running = websocket_open(http, arena, websocket, &err);
	if (!killer->running)
		log_detail(context->log, "cannot signal the command: %s", err.message);
	state->killer = killer;
}

void kubernetes_send_pending(struct kubernetes_session *state)
{
	loop_disarm(state->session->context->loop, &state->patience);
	kubernetes_killer_start(state, state->arena, state->pending);
	state->pending = 0;
}

/* Nothing can be signalled (any more): what is known is told. */
static void give_up(void *user)
{
	struct kubernetes_session *state = user;

	if (state->stage == KUBERNETES_RUN && !state->framed)
		kubernetes_lost(state, state->direct ? "its container has no shell through which it could be signalled"
		                                     : "a signal came, and no start was reported");
	else
		*kubernetes_outcome(state) =
		        outcome_not_started(state->session, ERROR_RUN_NOT_STARTED, SIGNAL_BEFORE_START);
	if (state->stage == KUBERNETES_CONNECT && !state->framed)
		error_effect(&kubernetes_outcome(state)->error, "no start was reported");
	kubernetes_conclude(state);
}

void kubernetes_signal(struct session *session, int number)
{
	struct kubernetes_session *state = session->state;
	bool known = state->stage == KUBERNETES_RUN && state->reports.pid > 0;

	state->signalled = true;
	state->killed = state->killed || number == SIGKILL;
	switch (state->stage) {
	case KUBERNETES_LOOK:
	case KUBERNETES_WAIT:
		give_up(state);
		break;
	case KUBERNETES_CONNECT:
	case KUBERNETES_RUN:
		if (known) {
			kubernetes_killer_start(state, state->arena, number);
		} else if (number == SIGKILL || state->direct) {
			give_up(state);
		} else {
			/* dropping the link now could leave a command behind that starts this very moment */
			state->pending = number;
			loop_arm(state->session->context->loop, &state->patience,
			         number == SIGTERM ? LIMIT_WAIT_MS : REPORT_WAIT_MS, give_up, state);
		}
		break;
	case KUBERNETES_EXAMINE:
		kubernetes_conclude(state);
		break;
	case KUBERNETES_END:
		break;
	}
}
