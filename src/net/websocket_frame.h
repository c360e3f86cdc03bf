/* Frames of RFC 6455 §5 as pure functions: bytes in, events out; nothing is kept but what a frame's head needs. */
#ifndef FOPS_NET_WEBSOCKET_FRAME_H
#define FOPS_NET_WEBSOCKET_FRAME_H

#include "fops/net/websocket.h"

#define LONGEST_CONTROL    125 /* RFC 6455 §5.5 */
#define LONGEST_FRAME_HEAD 14
#define MASK_BYTES         4

#define CLOSE_NORMAL       1000
#define CLOSE_PROTOCOL     1002
#define CLOSE_NONE         1005 /* never sent: a close frame without a code */
#define CLOSE_LOST         1006 /* never sent: no close frame */
#define CLOSE_NOT_UTF8     1007

enum frame_kind {
	FRAME_CONTINUED = 0,
	FRAME_TEXT = WEBSOCKET_TEXT,
	FRAME_BINARY = WEBSOCKET_BINARY,
	FRAME_CLOSE = 8,
	FRAME_PING = 9,
	FRAME_PONG = 10,
};

/* A text that arrives in pieces; zeroed at its beginning. */
struct utf8_reader {
	unsigned left;             /* bytes that the character still needs */
	unsigned char least, most; /* of the next one */
};

/* False at the first byte that no text may have there. */
bool utf8_take(struct utf8_reader *reader, const char *data, size_t len);

/* What a client's end of a connection knows between two calls; zeroed at first. */
struct frame_reader {
	unsigned char head[LONGEST_FRAME_HEAD];
	size_t head_len;
	bool in_frame; /* the head is complete */
	bool final;
	enum frame_kind kind;
	uint64_t left; /* bytes of payload to come */
	bool in_message;
	bool begun; /* a piece of the message was given out */
	enum websocket_kind message;
	struct utf8_reader utf8;
	char control[LONGEST_CONTROL];
	size_t control_len;
};

enum frame_event {
	FRAME_NEEDS_MORE, /* everything was taken */
	FRAME_HAS_PIECE,
	FRAME_HAS_PING,
	FRAME_HAS_PONG,
	FRAME_HAS_CLOSE,
	FRAME_BROKEN, /* nothing may be read any more */
};

/* What one call found; data is borrowed from the input or the reader until the next call. */
struct frame_found {
	size_t taken; /* bytes of the input */
	struct websocket_piece piece;
	const char *payload; /* of a ping or pong; the reason of a close */
	size_t len;
	int code;           /* of a close; for a broken frame the one to close with */
	const char *reason; /* why it is broken, a sentence */
};

/* Read on until there is something to tell; call it again with the rest. */
enum frame_event frame_read(struct frame_reader *reader, const char *data, size_t len, struct frame_found *ret_found);

/* The head of an unfragmented, masked frame with len bytes of payload; returns its length. */
size_t frame_head(unsigned char *head, enum frame_kind kind, size_t len, const unsigned char *mask);

/* Copy len bytes masked, the first of them at offset of the payload. RFC 6455 §5.3 */
void frame_mask(char *to, const char *from, size_t len, const unsigned char *mask, size_t offset);

/* May a close frame carry this code? RFC 6455 §7.4 */
bool is_close_code(int code);

#endif
