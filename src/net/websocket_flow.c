/* What happens on a connection that stands: bytes in, frames out, and who is told. */
#include "fops/base/arena.h"
#include "fops/net/url.h"
#include "websocket_private.h"

/* Read at most that much before the other descriptors of the loop get their turn. */
#define MOST_READ_A_TURN ((size_t)256 * 1024)

/* Connections that keep the memory of TLS records between two turns. */
#define MOST_BUFFERED ((size_t)4)

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
		*websocket_error(run) = error;
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
	struct error *error = websocket_error(run);

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
	return run->address == NULL ? "the server" : run->address;
}

/* The connection is gone: with a failure, or closed by the peer. */
static void take_end(struct websocket_run *run, bool failed)
{
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
		failure_fill(&run->opening, &result, websocket_error(run));
	} else if (!run->deaf && (!run->close_asked || queue_len(&run->queue) > 0)) {
		fail(websocket_error(run), ERROR_PLANE_UNAVAILABLE, "the WebSocket connection to %s was lost",
		     url_origin(run->opening.arena, &run->opening.origin));
		if (failed)
			error_cause(websocket_error(run), "%s: %s", peer_of(run), result.detail);
		else
			error_cause(websocket_error(run), "%s closed it without a close frame", peer_of(run));
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

/*
 * Among many connections each keeps no record's memory while nothing moves. A few may: taking it anew for each turn
 * costs a lone stream of gigabytes more time than the memory is worth.
 */
static void rest(const struct websocket_run *run)
{
	if (run->http->websocket_count > MOST_BUFFERED && !is_over(run) && run->link != NULL && !run->more_input)
		link_rest(run->link);
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
	rest(run);
}

void flow_push(struct websocket_run *run)
{
	if (run->busy == 0 && !run->http->busy)
		flow_write(run);
	flow_watch(run);
}

size_t websocket_room(const struct websocket *websocket)
{
	const struct websocket_run *run = websocket->run;

	if (run == NULL || run->state != STATE_OPEN || run->write_broken)
		return 0;
	return queue_room(&run->queue);
}

bool websocket_send(struct websocket *websocket, enum websocket_kind kind, const void *head, size_t head_len,
                    const void *data, size_t len)
{
	struct websocket_run *run = websocket->run;
	size_t room = websocket_room(websocket);
	size_t total;

	if (__builtin_add_overflow(head_len, len, &total) || total > WEBSOCKET_LONGEST_SEND || run == NULL)
		return false;
	if (total > room || room == 0) {
		run->wanted_room = total == 0 ? 1 : total;
		return false;
	}
	if (!queue_message(&run->queue, kind, (struct str){ head, head_len }, (struct str){ data, len }))
		return false;
	run->frames_sent++;
	run->bytes_sent += total;
	if (queue_room(&run->queue) == 0 && run->wanted_room == 0)
		run->wanted_room = 1;
	flow_push(run);
	return true;
}

size_t websocket_queued(const struct websocket *websocket)
{
	return websocket->run == NULL ? 0 : queue_len(&websocket->run->queue);
}

void websocket_pause(struct websocket *websocket, bool pause)
{
	struct websocket_run *run = websocket->run;

	if (run == NULL || run->paused == pause)
		return;
	run->paused = pause;
	if (run->state != STATE_OPEN && run->state != STATE_CLOSING)
		return;
	if (!pause) {
		/* bytes may wait in memory of ours or of TLS, where no descriptor tells of them */
		run->received_ms = clock_monotonic_ms();
		run->more_input = true;
		websocket_schedule(run, 0);
	}
	flow_watch(run);
}
