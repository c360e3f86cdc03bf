/* The bounded queue of frames to send: messages in order, control frames between them. */
#include "websocket_queue.h"

#include <errno.h>
#include <sys/random.h>

#include "fops/base/arena.h"

/* Two TLS records. */
#define PLACE_BYTES (WEBSOCKET_LONGEST_SEND + QUEUE_FRAME_HEAD)

_Static_assert(PLACE_BYTES == (size_t)32 * 1024, "a longest frame must fill whole TLS records");

void queue_free(struct websocket_queue *queue)
{
	for (size_t i = 0; i < ARRAY_LEN(queue->places); i++)
		free(queue->places[i].data);
}

/* RFC 6455 §5.3: a mask that nobody can foresee, and a new one for every frame. They are fetched many at a time. */
static bool choose_mask(struct websocket_queue *queue, unsigned char mask[MASK_BYTES])
{
	ssize_t count;

	if (queue->masks_left < MASK_BYTES) {
		do {
			count = getrandom(queue->masks, sizeof queue->masks, 0);
		} while (count < 0 && errno == EINTR);
		if (count != sizeof queue->masks)
			return false;
		queue->masks_left = sizeof queue->masks;
	}
	queue->masks_left -= MASK_BYTES;
	memcpy(mask, queue->masks + queue->masks_left, MASK_BYTES);
	return true;
}

/* The place that new messages go to: the one behind the first, if that has begun to fill. */
static size_t last_place(const struct websocket_queue *queue)
{
	size_t other = 1 - queue->turn;

	return queue->places[other].len > 0 ? other : queue->turn;
}

static size_t room_in(const struct queue_place *place)
{
	size_t left = PLACE_BYTES - place->len;

	return left <= QUEUE_FRAME_HEAD ? 0 : left - QUEUE_FRAME_HEAD;
}

size_t queue_room(const struct websocket_queue *queue)
{
	size_t last = last_place(queue);

	if (queue->places[1 - last].len == 0)
		return WEBSOCKET_LONGEST_SEND;
	return room_in(&queue->places[last]);
}

bool queue_message(struct websocket_queue *queue, enum websocket_kind kind, struct str head, struct str data)
{
	struct queue_place *place = &queue->places[last_place(queue)];
	unsigned char mask[MASK_BYTES];
	size_t len = head.len + data.len;
	char *to;

	if (!choose_mask(queue, mask))
		return false;
	if (room_in(place) < len)
		place = &queue->places[1 - last_place(queue)];
	if (place->data == NULL)
		place->data = malloc(PLACE_BYTES);
	if (place->data == NULL)
		out_of_memory();
	to = place->data + place->len;
	to += frame_head((unsigned char *)to, (enum frame_kind)kind, len, mask);
	frame_mask(to, head.data, head.len, mask, 0);
	frame_mask(to + head.len, data.data, data.len, mask, head.len);
	place->len = (size_t)(to + len - place->data);
	return true;
}

void queue_pong(struct websocket_queue *queue, const char *payload, size_t len)
{
	if (len > 0)
		memcpy(queue->pong, payload, len);
	queue->pong_len = len;
	queue->pong_due = true;
}

void queue_close(struct websocket_queue *queue, int code, const char *reason)
{
	size_t len = reason == NULL ? 0 : strlen(reason);
	size_t valid;

	if (queue->close_due || queue->close_sent)
		return;
	queue->close_due = true;
	queue->close_len = 0;
	if (!is_close_code(code))
		return;
	if (len > LONGEST_CONTROL - 2)
		len = LONGEST_CONTROL - 2;
	if (len > 0 && !is_utf8(reason, len, &valid))
		len = valid;
	queue->close[0] = (char)(code >> 8);
	queue->close[1] = (char)(code & 0xFF);
	if (len > 0)
		memcpy(queue->close + 2, reason, len);
	queue->close_len = 2 + len;
}

void queue_drop(struct websocket_queue *queue)
{
	for (size_t i = 0; i < ARRAY_LEN(queue->places); i++) {
		if (!queue->places[i].offered)
			queue->places[i].len = 0;
	}
}

static bool build_control(struct websocket_queue *queue, enum frame_kind kind, const char *payload, size_t len)
{
	unsigned char mask[MASK_BYTES];
	size_t head;

	if (!choose_mask(queue, mask))
		return false;
	head = frame_head((unsigned char *)queue->control, kind, len, mask);
	frame_mask(queue->control + head, payload, len, mask, 0);
	queue->control_len = head + len;
	return true;
}

/* At the border of two frames: is a control frame due? False without randomness. */
static bool choose_control(struct websocket_queue *queue, bool idle)
{
	if (queue->close_sent)
		return true;
	if (queue->pong_due) {
		queue->pong_due = false;
		return build_control(queue, FRAME_PONG, queue->pong, queue->pong_len);
	}
	if (queue->ping_due) {
		queue->ping_due = false;
		return build_control(queue, FRAME_PING, "", 0);
	}
	if (queue->close_due && idle) {
		queue->close_due = false;
		queue->close_sent = true;
		return build_control(queue, FRAME_CLOSE, queue->close, queue->close_len);
	}
	return true;
}

const char *queue_next(struct websocket_queue *queue, size_t *ret_len, bool *ret_failed)
{
	struct queue_place *place = &queue->places[queue->turn];

	if (!place->offered && queue->control_len == 0 && !choose_control(queue, place->len == 0)) {
		*ret_failed = true;
		return NULL;
	}
	if (queue->control_len > 0) {
		*ret_len = queue->control_len - queue->control_sent;
		return queue->control + queue->control_sent;
	}
	if (place->len == 0)
		return NULL;
	place->offered = true;
	*ret_len = place->len - place->sent;
	return place->data + place->sent;
}

void queue_sent(struct websocket_queue *queue, size_t len)
{
	struct queue_place *place = &queue->places[queue->turn];

	if (queue->control_len > 0) {
		queue->control_sent += len;
		if (queue->control_sent == queue->control_len)
			queue->control_len = queue->control_sent = 0;
		return;
	}
	place->sent += len;
	if (place->sent == place->len) {
		place->sent = 0;
		place->len = 0;
		place->offered = false;
		queue->turn = 1 - queue->turn;
	}
}

bool queue_waits(const struct websocket_queue *queue)
{
	if (queue_len(queue) > 0)
		return true;
	return !queue->close_sent && (queue->pong_due || queue->ping_due || queue->close_due);
}

size_t queue_len(const struct websocket_queue *queue)
{
	size_t len = queue->control_len - queue->control_sent;

	for (size_t i = 0; i < ARRAY_LEN(queue->places); i++)
		len += queue->places[i].len - queue->places[i].sent;
	return len;
}
