/* Fuzzes the frame reader: however the bytes are cut, the same messages and the same failure must come out. */
#include <stdint.h>

#include "fops/base/buffer.h"
#include "websocket_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out, written down; of a broken stream only what came before the failure in every cut is comparable. */
struct record {
	struct buffer text;
	enum frame_event last;
	int code;
};

static void note_piece(struct record *record, const struct websocket_piece *piece)
{
	if (piece->kind != WEBSOCKET_TEXT && piece->kind != WEBSOCKET_BINARY)
		abort();
	if (piece->first)
		(void)buffer_text(&record->text, piece->kind == WEBSOCKET_TEXT ? "<text " : "<binary ");
	(void)buffer_append(&record->text, piece->data, piece->len);
	if (piece->last)
		(void)buffer_text(&record->text, ">");
}

static void note_control(struct record *record, const char *name, const struct frame_found *found)
{
	if (found->len > LONGEST_CONTROL)
		abort();
	(void)buffer_format(&record->text, "(%s %d ", name, found->code);
	(void)buffer_append(&record->text, found->payload, found->len);
	(void)buffer_text(&record->text, ")");
}

static void note_event(struct record *record, enum frame_event event, const struct frame_found *found)
{
	record->last = event;
	switch (event) {
	case FRAME_HAS_PIECE:
		note_piece(record, &found->piece);
		break;
	case FRAME_HAS_PING:
		note_control(record, "ping", found);
		break;
	case FRAME_HAS_PONG:
		note_control(record, "pong", found);
		break;
	case FRAME_HAS_CLOSE:
		if (found->code != CLOSE_NONE && !is_close_code(found->code))
			abort();
		note_control(record, "close", found);
		break;
	case FRAME_BROKEN:
		if ((found->code != CLOSE_PROTOCOL && found->code != CLOSE_NOT_UTF8) || found->reason == NULL)
			abort();
		record->code = found->code;
		break;
	default:
		break;
	}
}

static void read_all(struct record *record, const char *data, size_t size, size_t step)
{
	struct frame_reader reader = { 0 };

	*record = (struct record){ .text = BUFFER((size_t)64 * 1024 * 1024) };
	for (size_t start = 0; start < size && record->last != FRAME_BROKEN; start += step) {
		size_t part = size - start < step ? size - start : step;
		size_t at = 0;
		enum frame_event event = FRAME_HAS_PIECE;

		while (event != FRAME_NEEDS_MORE && event != FRAME_BROKEN) {
			struct frame_found found;

			event = frame_read(&reader, data + start + at, part - at, &found);
			at += found.taken;
			if (at > part || (event == FRAME_NEEDS_MORE && at != part))
				abort();
			if (event != FRAME_NEEDS_MORE)
				note_event(record, event, &found);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record whole;
	struct record cut;
	size_t common;

	if (size < 1)
		return 0;
	read_all(&whole, (const char *)data + 1, size - 1, SIZE_MAX / 2);
	read_all(&cut, (const char *)data + 1, size - 1, (size_t)data[0] + 1);
	if ((whole.last == FRAME_BROKEN) != (cut.last == FRAME_BROKEN) || whole.code != cut.code)
		abort();
	if (whole.last != FRAME_BROKEN && whole.text.len != cut.text.len)
		abort();
	common = whole.text.len < cut.text.len ? whole.text.len : cut.text.len;
	if (common > 0 && memcmp(whole.text.data, cut.text.data, common) != 0)
		abort();
	buffer_done(&whole.text);
	buffer_done(&cut.text);
	return 0;
}
