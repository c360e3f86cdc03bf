/* What a WebSocket sends: frames in two places of memory that do not move while they are on their way. */
#ifndef FOPS_NET_WEBSOCKET_QUEUE_H
#define FOPS_NET_WEBSOCKET_QUEUE_H

#include "websocket_frame.h"

/* Of a frame that a client sends with at most 64 KiB of payload: two bytes, the length in two more, the mask. */
#define QUEUE_FRAME_HEAD 8

/* Bytes of masks that are fetched from the system at once; it gives up to 256 without being interrupted. */
#define QUEUE_MASKS 256

/* One or more whole frames, sent in one go; data is NULL before the first use. */
struct queue_place {
	char *data;
	size_t len;
	size_t sent;
	bool offered; /* the system or TLS has seen its first byte: it must go on with this place */
};

/* Zeroed at first. */
struct websocket_queue {
	struct queue_place places[2];
	size_t turn; /* the place that is sent, or will be next */
	char control[QUEUE_FRAME_HEAD + LONGEST_CONTROL];
	size_t control_len;
	size_t control_sent;
	char pong[LONGEST_CONTROL]; /* only the latest ping is answered, RFC 6455 §5.5.3 */
	size_t pong_len;
	bool pong_due;
	bool ping_due;
	char close[LONGEST_CONTROL];
	size_t close_len;
	bool close_due; /* once all else was sent */
	bool close_sent;
	unsigned char masks[QUEUE_MASKS]; /* for the next frames */
	size_t masks_left;
};

void queue_free(struct websocket_queue *queue);

/* Payload that queue_message takes. */
size_t queue_room(const struct websocket_queue *queue);

/* Append one message of head and data, which must fit. False when the system gives no randomness for the mask. */
CHECKED bool queue_message(struct websocket_queue *queue, enum websocket_kind kind, struct str head, struct str data);

void queue_pong(struct websocket_queue *queue, const char *payload, size_t len);

/* Send a close frame once all else was sent; code CLOSE_NONE: without a code. The first one counts. */
void queue_close(struct websocket_queue *queue, int code, const char *reason);

/* Forget messages that were not offered to the system yet. */
void queue_drop(struct websocket_queue *queue);

/*
 * The bytes that go next, NULL when there are none; after a partial or refused write the same bytes come again, at the
 * same address, as TLS wants it. ret_failed is set when the system gives no randomness.
 */
const char *queue_next(struct websocket_queue *queue, size_t *ret_len, bool *ret_failed);

/* len bytes of them were sent. */
void queue_sent(struct websocket_queue *queue, size_t len);

/* Has queue_next anything to give? */
bool queue_waits(const struct websocket_queue *queue);

/* Bytes of messages and control frames not yet sent. */
size_t queue_len(const struct websocket_queue *queue);

#endif
