/* The WebSockets of one operation: bytes in binary messages, an empty text message as the end, JSON on the control. */
#include "incus_session.h"

#include "fops/base/arena.h"

#define PING_MS       10000
#define DEAD_PEER_MS  60000
#define HTTP_SWITCHED 101

static const char *const socket_names[INCUS_SOCKETS] = { "0", "1", "2", "control" };

static bool carries_output(const struct incus_stream *stream)
{
	bool terminal = stream->state->session->request->terminal;

	return terminal ? stream->which == INCUS_INPUT : stream->which == INCUS_OUTPUT || stream->which == INCUS_ERRORS;
}

/* All output has come once every stream that carries some has ended. */
static void check_drained(struct incus_session *state)
{
	for (size_t i = 0; i < INCUS_SOCKETS; i++) {
		struct incus_stream *stream = &state->streams[i];

		if (stream->running && carries_output(stream) && !stream->ended)
			return;
	}
	incus_streams_drained(state);
}

static void end_stream(struct incus_stream *stream)
{
	if (stream->ended)
		return;
	stream->ended = true;
	if (!carries_output(stream))
		return;
	/* the operation of a terminal goes on until this side has said its end too */
	if (stream->which == INCUS_INPUT)
		incus_streams_close_input(stream->state);
	check_drained(stream->state);
}

static bool open_streams(struct incus_session *state, struct error *err);

static void socket_opened(struct websocket *websocket)
{
	struct incus_stream *stream = websocket->user;
	struct incus_session *state = stream->state;
	struct error err;

	state->open_streams++;
	if (state->open_streams == state->wanted_streams)
		incus_streams_opened(state);
	else if (stream->which == INCUS_CONTROL && !open_streams(state, &err))
		incus_streams_lost(state, err.message);
}

static void socket_piece(struct websocket *websocket, const struct websocket_piece *piece)
{
	struct incus_stream *stream = websocket->user;

	if (!carries_output(stream) || stream->ended)
		return;
	if (piece->kind == WEBSOCKET_TEXT) {
		if (piece->first && piece->last && piece->len == 0)
			end_stream(stream);
		return;
	}
	if (piece->len > 0)
		incus_streams_output(stream->state, stream->which == INCUS_ERRORS ? 2 : 1, piece->data, piece->len);
}

static void socket_room(struct websocket *websocket)
{
	struct incus_stream *stream = websocket->user;
	struct incus_session *state = stream->state;

	if (stream->which != INCUS_INPUT)
		return;
	if (state->started)
		incus_streams_feed(state);
}

/* The server starts the command once it has all streams: can that have been, although this one never opened? */
static bool may_have_started(const struct incus_stream *stream)
{
	const struct websocket *websocket = &stream->websocket;
	bool refused = websocket->status != 0 && websocket->status != HTTP_SWITCHED;

	return stream->which != INCUS_CONTROL && !refused && websocket->connect_us > 0;
}

/* One stream may come to its end before another one has told that it is open. */
static void socket_ended(struct websocket *websocket)
{
	struct incus_stream *stream = websocket->user;
	struct incus_session *state = stream->state;
	bool output = carries_output(stream);

	if (!websocket->opened && (output || !state->announced)) {
		state->may_run = state->announced || may_have_started(stream);
		incus_streams_lost(state, websocket->error->message);
	} else if (output && !stream->ended && websocket->failed) {
		state->may_run = true;
		incus_streams_lost(state, websocket->error->message);
	} else {
		end_stream(stream);
	}
}

static const char *socket_secret(const struct incus_operation *operation, const char *name)
{
	for (size_t i = 0; i < operation->sockets.count; i++) {
		if (text_equal(operation->sockets.items[i].key, name))
			return operation->sockets.items[i].value;
	}
	return NULL;
}

static bool open_stream(struct incus_session *state, enum incus_socket which, struct error *err)
{
	struct incus_stream *stream = &state->streams[which];
	struct text_pair pair = { "secret", state->secrets[which] };
	struct text_map query = { &pair, 1 };
	const char *path = arena_format(state->arena, "%s/websocket", state->operation);

	stream->state = state;
	stream->which = which;
	stream->websocket = (struct websocket){
		.url = incus_url(state->arena, state->access, state->session->asset, path, &query),
		.access = state->access->http,
		.ping_ms = PING_MS,
		.dead_peer_ms = DEAD_PEER_MS,
		.on_open = socket_opened,
		.on_piece = socket_piece,
		.on_room = socket_room,
		.on_end = socket_ended,
		.user = stream,
	};
	stream->running = websocket_open(state->http, state->arena, &stream->websocket, err);
	return stream->running;
}

/* All but the control, which is open before: the server does not wait for it, and a signal needs it. */
static bool open_streams(struct incus_session *state, struct error *err)
{
	for (size_t i = 0; i < INCUS_CONTROL; i++) {
		if (state->secrets[i] != NULL && !open_stream(state, (enum incus_socket)i, err))
			return false;
	}
	return true;
}

bool incus_streams_open(struct incus_session *state, const struct incus_operation *operation, struct error *err)
{
	bool terminal = state->session->request->terminal;

	state->wanted_streams = 0;
	for (size_t i = 0; i < INCUS_SOCKETS; i++) {
		if (terminal && (i == INCUS_OUTPUT || i == INCUS_ERRORS))
			continue;
		state->secrets[i] = socket_secret(operation, socket_names[i]);
		if (state->secrets[i] == NULL)
			return fail(err, ERROR_PLANE_PROTOCOL, "the operation has no stream \"%s\"", socket_names[i]);
		state->wanted_streams++;
	}
	return open_stream(state, INCUS_CONTROL, err);
}

void incus_streams_stop(struct incus_session *state)
{
	for (size_t i = 0; i < INCUS_SOCKETS; i++) {
		if (state->streams[i].running)
			websocket_cancel(&state->streams[i].websocket);
		state->streams[i].running = false;
	}
}

void incus_streams_close_input(struct incus_session *state)
{
	struct incus_stream *input = &state->streams[INCUS_INPUT];

	state->close_wanted = true;
	if (!state->started || state->close_told || !input->running || state->preamble.len > 0)
		return;
	state->close_told = websocket_send(&input->websocket, WEBSOCKET_TEXT, NULL, 0, "", 0);
}

void incus_streams_control(struct incus_session *state, const char *message)
{
	struct incus_stream *control = &state->streams[INCUS_CONTROL];

	if (control->running && !control->ended)
		(void)websocket_send(&control->websocket, WEBSOCKET_TEXT, NULL, 0, message, strlen(message));
}
