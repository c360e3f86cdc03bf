/* What happens on a connection that stands: bytes in, frames out, and who is told. */
#include "fops/base/arena.h"
#include "fops/net/url.h"
#include "websocket_private.h"

/* Read at most that much before the other descriptors of the loop get their turn. */
#define MOST_READ_A_TURN ((size_t)256 * 1024)

static bool is_over(const struct websocket_run *run)
{
	return run->websocket == NULL || run->state == STATE_ENDED;
}

static bool is_open(const struct websocket_run *run)
{
	return run->state == STATE_OPEN || run->state == STATE_CLOSING;
}

static bool may_read(const struct websocket_run *run)
{
	if (is_over(run) || run->link == NULL || run->close_seen)
		return false;
	if (run->state == STATE_UPGRADING || run->state == STATE_REFUSED)
		return true;
	return is_open(run) && (!run->paused || run->deaf);
}

static void socket_ready(void *user, int descriptor, unsigned events)
{
	struct websocket_run *run = user;

	(void)descriptor;
	(void)events;
	run->busy++;
	flow_turn(run);
	websocket_leave(run);
}

void flow_unwatch(struct websocket_run *run)
{
	if (run->watched != 0)
		loop_unwatch(run->http->loop, link_descriptor(run->link));
	run->watched = 0;
}

static bool has_wanted_room(const struct websocket_run *run)
{
	return run->state == STATE_OPEN && run->wanted_room > 0 && queue_room(&run->queue) >= run->wanted_room;
}

static bool has_output(struct websocket_run *run)
{
	if (run->write_broken)
		return false;
	/* on_room is due, too, once the system takes more */
	if (has_wanted_room(run))
		return true;
	return run->state == STATE_UPGRADING ? run->request_sent < run->request.len : queue_waits(&run->queue);
}

void flow_watch(struct websocket_run *run)
{
	unsigned events;
	struct error error;

	if (is_over(run) || run->state < STATE_UPGRADING)
		return;
	events = (may_read(run) ? LOOP_READ : 0u) | (has_output(run) ? LOOP_WRITE : 0u);
	if (events == run->watched)
		return;
	/* a descriptor that is watched for nothing would still tell of a hang-up, again and again */
	if (events == 0)
		flow_unwatch(run);
	else if (loop_watch(run->http->loop, link_descriptor(run->link), events, socket_ready, run, &error))
		run->watched = events;
	else {
		run->websocket->error = error;
		websocket_over(run, true);
	}
}

/* The bytes that go next, or NULL. */
static const char *next_output(struct websocket_run *run, size_t *ret_len)
{
	bool failed = false;
	const char *data;

	if (run->state == STATE_UPGRADING) {
		*ret_len = run->request.len - run->request_sent;
		return *ret_len == 0 ? NULL : run->request.data + run->request_sent;
	}
	if (!is_open(run))
		return NULL;
	data = queue_next(&run->queue, ret_len, &failed);
	if (failed)
		run->write_broken = true;
	return data;
}

void flow_write(struct websocket_run *run)
{
	const char *data;
	size_t len;

	while (!is_over(run) && !run->write_broken && (data = next_output(run, &len)) != NULL) {
		size_t sent = 0;
		enum link_result result = link_write(run->link, data, len, &sent);

		if (result == LINK_LATER)
			return;
		if (result != LINK_MOVED) {
			/* the peer may have said why before it went: only reading tells */
			run->write_broken = true;
			return;
		}
		run->sent_ms = clock_monotonic_ms();
		if (run->state != STATE_UPGRADING) {
			queue_sent(&run->queue, sent);
			continue;
		}
		run->request_sent += sent;
		if (run->request_sent == run->request.len)
			upgrade_wipe(run);
	}
}

static void start_closing(struct websocket_run *run, int code, const char *reason)
{
	queue_drop(&run->queue);
	queue_close(&run->queue, code, reason);
	if (run->state != STATE_CLOSING)
		websocket_set_state(run, STATE_CLOSING);
}

static void take_close(struct websocket_run *run, const struct frame_found *found)
{
	struct websocket *websocket = run->websocket;

	run->close_seen = true;
	websocket->close_code = found->code;
	websocket->close_reason = arena_text(run->opening.arena, found->len == 0 ? "" : found->payload, found->len);
	start_closing(run, found->code, NULL);
}

static void take_broken(struct websocket_run *run, const struct frame_found *found)
{
	struct error *error = &run->websocket->error;

	fail(error, ERROR_PLANE_PROTOCOL, "the WebSocket connection to %s broke the protocol",
	     url_origin(run->opening.arena, &run->opening.origin));
	error_cause(error, "%s", found->reason);
	run->deaf = true;
	start_closing(run, found->code, NULL);
}

static size_t take_frame(struct websocket_run *run, const char *data, size_t len)
{
	struct websocket *websocket = run->websocket;
	struct frame_found found;
	size_t taken;

	switch (frame_read(&run->reader, data, len, &found)) {
	case FRAME_HAS_PIECE:
		taken = found.taken;
		run->bytes_received += found.piece.len;
		run->frames_received += run->reader.in_frame ? 0 : 1;
		if (websocket->on_piece != NULL)
			websocket->on_piece(websocket, &found.piece);
		return taken;
	case FRAME_HAS_PING:
		queue_pong(&run->queue, found.payload, found.len);
		break;
	case FRAME_HAS_CLOSE:
		take_close(run, &found);
		break;
	case FRAME_BROKEN:
		take_broken(run, &found);
		return len;
	default:
		break;
	}
	return found.taken;
}

/* Returns how many bytes were used up: fewer only for an owner that paused. */
static size_t take(struct websocket_run *run, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && may_read(run)) {
		if (run->deaf)
			return len;
		if (is_open(run)) {
			at += take_frame(run, data + at, len - at);
		} else {
			size_t taken = len - at;

			upgrade_take(run, data + at, len - at, &taken);
			at += taken;
		}
	}
	return is_over(run) || !is_open(run) || run->close_seen ? len : at;
}

static void hold(struct websocket_run *run, const char *data, size_t len)
{
	run->held = malloc(len);
	if (run->held == NULL)
		out_of_memory();
	memcpy(run->held, data, len);
	run->held_len = len;
	run->held_at = 0;
}

static void take_held(struct websocket_run *run)
{
	run->held_at += take(run, run->held + run->held_at, run->held_len - run->held_at);
	if (run->held_at < run->held_len)
		return;
	free(run->held);
	run->held = NULL;
}

static const char *peer_of(const struct websocket_run *run)
{
	return run->exchange.address == NULL ? "the server" : run->exchange.address;
}

/* The connection is gone: with a failure, or closed by the peer. */
static void take_end(struct websocket_run *run, bool failed)
{
	struct websocket *websocket = run->websocket;
	struct transfer_result result = { .end = END_CLOSED, .detail = "", .expected_bytes = -1 };

	if (run->state == STATE_REFUSED) {
		upgrade_judge(run);
		return;
	}
	if (failed)
		result = link_failure(run->link, run->opening.answering);
	else if (run->opening.answering)
		result.end = END_TRUNCATED;
	if (run->state == STATE_UPGRADING) {
		failure_fill(&run->opening, &result, &websocket->error);
	} else if (!run->deaf && (!run->close_asked || queue_len(&run->queue) > 0)) {
		fail(&websocket->error, ERROR_PLANE_UNAVAILABLE, "the WebSocket connection to %s was lost",
		     url_origin(run->opening.arena, &run->opening.origin));
		if (failed)
			error_cause(&websocket->error, "%s: %s", peer_of(run), result.detail);
		else
			error_cause(&websocket->error, "%s closed it without a close frame", peer_of(run));
	} else {
		websocket_over(run, run->deaf);
		return;
	}
	websocket_over(run, true);
}

static void receive(struct websocket_run *run)
{
	size_t read = 0;

	run->more_input = false;
	while (may_read(run)) {
		char *input = run->http->input;
		size_t len = 0;
		enum link_result result;

		if (run->held != NULL) {
			take_held(run);
			continue;
		}
		if (read >= MOST_READ_A_TURN) {
			run->more_input = true;
			websocket_schedule(run, 0);
			return;
		}
		result = link_read(run->link, input, INPUT_BYTES, &len);
		if (result == LINK_LATER)
			return;
		if (result != LINK_MOVED) {
			take_end(run, result == LINK_FAILED);
			return;
		}
		read += len;
		run->received_ms = clock_monotonic_ms();
		run->opening.active_ms = run->received_ms;
		{
			size_t used = take(run, input, len);

			if (used < len && !is_over(run))
				hold(run, input + used, len - used);
		}
	}
}

static void tell_room(struct websocket_run *run)
{
	struct websocket *websocket = run->websocket;

	if (run->write_broken || !has_wanted_room(run))
		return;
	run->wanted_room = 0;
	if (websocket->on_room != NULL)
		websocket->on_room(websocket);
}

void flow_turn(struct websocket_run *run)
{
	/* reading first: a reset that a write meets must not outrun what the peer said before */
	receive(run);
	flow_write(run);
	if (is_over(run))
		return;
	tell_room(run);
	flow_write(run);
	if (!is_over(run) && run->close_seen && (run->write_broken || !queue_waits(&run->queue)))
		websocket_over(run, false);
	flow_watch(run);
}
