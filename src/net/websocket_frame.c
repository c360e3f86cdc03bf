/* Reads and writes frames strictly as RFC 6455 §5 says, in pieces of any size. */
#include "websocket_frame.h"

#define FINAL_BIT     0x80u
#define RESERVED_BITS 0x70u
#define KIND_BITS     0x0Fu
#define MASK_BIT      0x80u
#define LENGTH_BITS   0x7Fu
#define LENGTH_16     126
#define LENGTH_64     127

static enum frame_event broken(struct frame_found *found, int code, const char *reason)
{
	found->code = code;
	found->reason = reason;
	return FRAME_BROKEN;
}

/* The Unicode standard's table 3-7: the second byte's range keeps overlong forms and surrogates out. */
static bool utf8_begin(struct utf8_reader *reader, unsigned char byte)
{
	reader->least = 0x80;
	reader->most = 0xBF;
	if (byte < 0xC2 || byte > 0xF4)
		return false;
	reader->left = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
	if (byte == 0xE0)
		reader->least = 0xA0;
	else if (byte == 0xED)
		reader->most = 0x9F;
	else if (byte == 0xF0)
		reader->least = 0x90;
	else if (byte == 0xF4)
		reader->most = 0x8F;
	return true;
}

bool utf8_take(struct utf8_reader *reader, const char *data, size_t len)
{
	const uint64_t high_bits = 0x8080808080808080u;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)data[i];
		uint64_t word;

		if (reader->left > 0) {
			if (byte < reader->least || byte > reader->most)
				return false;
			reader->left--;
			reader->least = 0x80;
			reader->most = 0xBF;
			continue;
		}
		while (len - i >= sizeof word) {
			memcpy(&word, data + i, sizeof word);
			if ((word & high_bits) != 0)
				break;
			i += sizeof word;
		}
		if (i == len)
			break;
		byte = (unsigned char)data[i];
		if (byte >= 0x80 && !utf8_begin(reader, byte))
			return false;
	}
	return true;
}

bool is_close_code(int code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != CLOSE_NONE && code != CLOSE_LOST) ||
	       (code >= 3000 && code <= 4999);
}

/* Bytes of the head, as far as the first two tell. */
static size_t head_size(const struct frame_reader *reader)
{
	unsigned length;

	if (reader->head_len < 2)
		return 2;
	length = reader->head[1] & LENGTH_BITS;
	return length == LENGTH_64 ? 10 : length == LENGTH_16 ? 4 : 2;
}

/* What the first two bytes may not say; NULL when they are fine. */
static const char *check_start(const struct frame_reader *reader)
{
	unsigned first = reader->head[0];
	unsigned length = reader->head[1] & LENGTH_BITS;
	unsigned kind = first & KIND_BITS;

	if ((first & RESERVED_BITS) != 0)
		return "a frame has a reserved bit set";
	if ((reader->head[1] & MASK_BIT) != 0)
		return "a frame of the server is masked";
	if ((kind > FRAME_BINARY && kind < FRAME_CLOSE) || kind > FRAME_PONG)
		return "a frame has an unknown opcode";
	if (kind >= FRAME_CLOSE && (first & FINAL_BIT) == 0)
		return "a control frame is fragmented";
	if (kind >= FRAME_CLOSE && length > LONGEST_CONTROL)
		return "a control frame is longer than 125 bytes";
	if (kind == FRAME_CONTINUED && !reader->in_message)
		return "a continuation frame continues nothing";
	if ((kind == FRAME_TEXT || kind == FRAME_BINARY) && reader->in_message)
		return "a message begins inside another one";
	return NULL;
}

/* The head is complete: false when its length is written in another than the shortest way. */
static bool begin_frame(struct frame_reader *reader)
{
	unsigned length = reader->head[1] & LENGTH_BITS;
	size_t size = reader->head_len;
	uint64_t left = 0;

	for (size_t i = 2; i < size; i++)
		left = left << 8 | reader->head[i];
	if ((length == LENGTH_16 && left < LENGTH_16) ||
	    (length == LENGTH_64 && (left <= UINT16_MAX || left >> 63 != 0)))
		return false;
	reader->left = size == 2 ? length : left;
	reader->final = (reader->head[0] & FINAL_BIT) != 0;
	reader->kind = (enum frame_kind)(reader->head[0] & KIND_BITS);
	reader->in_frame = true;
	reader->head_len = 0;
	reader->control_len = 0;
	if (reader->kind == FRAME_TEXT || reader->kind == FRAME_BINARY) {
		reader->in_message = true;
		reader->begun = false;
		reader->message = (enum websocket_kind)reader->kind;
		reader->utf8 = (struct utf8_reader){ 0 };
	}
	return true;
}

static enum frame_event read_head(struct frame_reader *reader, const char *data, size_t len, struct frame_found *found)
{
	while (reader->head_len < head_size(reader)) {
		if (found->taken == len)
			return FRAME_NEEDS_MORE;
		reader->head[reader->head_len++] = (unsigned char)data[found->taken++];
		if (reader->head_len == 2) {
			const char *reason = check_start(reader);

			if (reason != NULL)
				return broken(found, CLOSE_PROTOCOL, reason);
		}
	}
	if (!begin_frame(reader))
		return broken(found, CLOSE_PROTOCOL, "a frame's length is not written in its shortest form");
	return FRAME_NEEDS_MORE;
}

/* False when there is nothing to tell yet. */
static bool read_data(struct frame_reader *reader, const char *data, size_t len, struct frame_found *found,
                      enum frame_event *ret_event)
{
	size_t rest = len - found->taken;
	size_t count = reader->left < rest ? (size_t)reader->left : rest;

	found->piece = (struct websocket_piece){
		.kind = reader->message, .first = !reader->begun, .data = data + found->taken, .len = count
	};
	found->taken += count;
	reader->left -= count;
	if (reader->message == WEBSOCKET_TEXT && !utf8_take(&reader->utf8, found->piece.data, count)) {
		*ret_event = broken(found, CLOSE_NOT_UTF8, "a text message is not UTF-8");
		return true;
	}
	reader->in_frame = reader->left > 0;
	found->piece.last = !reader->in_frame && reader->final;
	if (found->piece.last) {
		reader->in_message = false;
		if (reader->message == WEBSOCKET_TEXT && reader->utf8.left > 0) {
			*ret_event = broken(found, CLOSE_NOT_UTF8, "a text message ends inside a character");
			return true;
		}
	} else if (count == 0) {
		return false;
	}
	reader->begun = true;
	*ret_event = FRAME_HAS_PIECE;
	return true;
}

static enum frame_event end_close(struct frame_reader *reader, struct frame_found *found)
{
	const unsigned char *payload = (const unsigned char *)reader->control;
	struct utf8_reader utf8 = { 0 };

	found->code = CLOSE_NONE;
	if (reader->control_len == 0)
		return FRAME_HAS_CLOSE;
	if (reader->control_len == 1)
		return broken(found, CLOSE_PROTOCOL, "a close frame holds half a code");
	found->code = payload[0] << 8 | payload[1];
	if (!is_close_code(found->code))
		return broken(found, CLOSE_PROTOCOL, "a close frame has a code that may not be sent");
	found->payload = reader->control + 2;
	found->len = reader->control_len - 2;
	if (!utf8_take(&utf8, found->payload, found->len) || utf8.left > 0)
		return broken(found, CLOSE_NOT_UTF8, "the reason of a close frame is not UTF-8");
	return FRAME_HAS_CLOSE;
}

static enum frame_event read_control(struct frame_reader *reader, const char *data, size_t len,
                                     struct frame_found *found)
{
	size_t rest = len - found->taken;
	size_t count = reader->left < rest ? (size_t)reader->left : rest;

	if (count > 0)
		memcpy(reader->control + reader->control_len, data + found->taken, count);
	reader->control_len += count;
	found->taken += count;
	reader->left -= count;
	if (reader->left > 0)
		return FRAME_NEEDS_MORE;
	reader->in_frame = false;
	found->payload = reader->control;
	found->len = reader->control_len;
	if (reader->kind == FRAME_CLOSE)
		return end_close(reader, found);
	return reader->kind == FRAME_PING ? FRAME_HAS_PING : FRAME_HAS_PONG;
}

enum frame_event frame_read(struct frame_reader *reader, const char *data, size_t len, struct frame_found *ret_found)
{
	enum frame_event event;

	*ret_found = (struct frame_found){ 0 };
	for (;;) {
		if (!reader->in_frame) {
			event = read_head(reader, data, len, ret_found);
			if (event != FRAME_NEEDS_MORE || !reader->in_frame)
				return event;
		}
		if (reader->left > 0 && ret_found->taken == len)
			return FRAME_NEEDS_MORE;
		if (reader->kind >= FRAME_CLOSE)
			return read_control(reader, data, len, ret_found);
		if (read_data(reader, data, len, ret_found, &event))
			return event;
	}
}

size_t frame_head(unsigned char *head, enum frame_kind kind, size_t len, const unsigned char *mask)
{
	size_t size = len < LENGTH_16 ? 2 : len <= UINT16_MAX ? 4 : 10;

	head[0] = (unsigned char)(FINAL_BIT | (unsigned)kind);
	head[1] = (unsigned char)(MASK_BIT | (size == 2 ? len : size == 4 ? LENGTH_16 : LENGTH_64));
	for (size_t i = size; i > 2; i--) {
		head[i - 1] = (unsigned char)(len & 0xFF);
		len >>= 8;
	}
	memcpy(head + size, mask, MASK_BYTES);
	return size + MASK_BYTES;
}

void frame_mask(char *to, const char *from, size_t len, const unsigned char *mask, size_t offset)
{
	unsigned char turned[8];
	uint64_t word;
	uint64_t pattern;
	size_t i = 0;

	for (size_t at = 0; at < sizeof turned; at++)
		turned[at] = mask[(offset + at) % MASK_BYTES];
	memcpy(&pattern, turned, sizeof pattern);
	for (; len - i >= sizeof word; i += sizeof word) {
		memcpy(&word, from + i, sizeof word);
		word ^= pattern;
		memcpy(to + i, &word, sizeof word);
	}
	for (; i < len; i++)
		to[i] = (char)((unsigned char)from[i] ^ turned[i % MASK_BYTES]);
}
