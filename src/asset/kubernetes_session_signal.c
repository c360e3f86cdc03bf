/* There is no channel for signals: a second command in the same container sends them. */
#include "fops/base/arena.h"
#include "kubernetes_session.h"

static void killer_ended(struct websocket *websocket)
{
	struct kubernetes_killer *killer = websocket->user;

	killer->running = false;
	if (websocket->failed && !websocket->opened)
		log_detail(killer->log, "cannot signal the command on %s: %s", killer->asset_id,
		           websocket->error.message);
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
