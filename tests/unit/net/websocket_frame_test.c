/* The frame reader as a pure function: examples of the standard, every way to break it, and every way to cut it. */
#include <criterion/criterion.h>

#include "fops/base/text.h"
#include "websocket_frame.h"

/* What was read, written down: "T[Hel<", "T>lo]" … one event a word. */
struct script {
	char text[4096];
	size_t len;
	enum frame_event last;
	int code;
};

static void note(struct script *script, const char *front, const char *data, size_t len, const char *back)
{
	int count = snprintf(script->text + script->len, sizeof script->text - script->len, "%s%.*s%s", front, (int)len,
	                     data, back);

	script->len += (size_t)count;
}

static void note_event(struct script *script, enum frame_event event, const struct frame_found *found)
{
	char code[16];

	script->last = event;
	switch (event) {
	case FRAME_HAS_PIECE:
		if (found->piece.first)
			note(script, found->piece.kind == WEBSOCKET_TEXT ? "T" : "B", "[", 1, "");
		note(script, "", found->piece.data, found->piece.len, found->piece.last ? "]" : "");
		break;
	case FRAME_HAS_PING:
		note(script, "ping(", found->payload, found->len, ")");
		break;
	case FRAME_HAS_PONG:
		note(script, "pong(", found->payload, found->len, ")");
		break;
	case FRAME_HAS_CLOSE:
		(void)snprintf(code, sizeof code, "close%d(", found->code);
		note(script, code, found->payload == NULL ? "" : found->payload, found->len, ")");
		break;
	case FRAME_BROKEN:
		script->code = found->code;
		note(script, "!", "", 0, "");
		break;
	default:
		break;
	}
}

/* Feed bytes in parts of at most step. */
static void read_all(struct script *script, const char *data, size_t len, size_t step)
{
	struct frame_reader reader = { 0 };

	*script = (struct script){ 0 };
	for (size_t start = 0; start < len && script->last != FRAME_BROKEN; start += step) {
		size_t part = len - start < step ? len - start : step;
		size_t at = 0;
		enum frame_event event = FRAME_HAS_PIECE;

		while (event != FRAME_NEEDS_MORE && event != FRAME_BROKEN) {
			struct frame_found found;

			event = frame_read(&reader, data + start + at, part - at, &found);
			at += found.taken;
			cr_assert(at <= part);
			if (event != FRAME_NEEDS_MORE)
				note_event(script, event, &found);
			else
				cr_assert_eq(at, part, "bytes were left");
		}
	}
}

struct frame_case {
	const char *name;
	const char *bytes;
	size_t len;
	const char *script;
	int code; /* of the failure, 0: none */
};

#define CASE(name, bytes, script, code)                                                                                \
	{                                                                                                              \
		(name), (bytes), sizeof(bytes) - 1, (script), (code)                                                   \
	}

static const struct frame_case cases[] = {
	/* RFC 6455 §5.7 */
	CASE("one text frame", "\x81\x05Hello", "T[Hello]", 0),
	CASE("a fragmented text", "\x01\x03Hel\x80\x02lo", "T[Hello]", 0),
	CASE("a ping", "\x89\x05Hello", "ping(Hello)", 0),
	CASE("a masked text", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "!", 1002),

	CASE("an empty binary", "\x82\x00", "B[]", 0),
	CASE("control between fragments",
	     "\x02\x01"
	     "a\x89\x01x\x00\x01"
	     "b\x8a\x00\x80\x01"
	     "c",
	     "B[aping(x)bpong()c]", 0),
	CASE("empty fragments", "\x01\x00\x00\x00\x80\x00", "T[]", 0),
	CASE("a close without code", "\x88\x00", "close1005()", 0),
	CASE("a close with a reason",
	     "\x88\x06\x03\xe8"
	     "done",
	     "close1000(done)", 0),
	CASE("a close of an application", "\x88\x02\x0f\xa0", "close4000()", 0),
	CASE("a close with half a code", "\x88\x01\x03", "!", 1002),
	CASE("a close with 999", "\x88\x02\x03\xe7", "!", 1002),
	CASE("a close with 1004", "\x88\x02\x03\xec", "!", 1002),
	CASE("a close with 1005", "\x88\x02\x03\xed", "!", 1002),
	CASE("a close with 1006", "\x88\x02\x03\xee", "!", 1002),
	CASE("a close with 1015", "\x88\x02\x03\xf7", "!", 1002),
	CASE("a close with 2999", "\x88\x02\x0b\xb7", "!", 1002),
	CASE("a close with 5000", "\x88\x02\x13\x88", "!", 1002),
	CASE("a close whose reason is not UTF-8", "\x88\x03\x03\xe8\xff", "!", 1007),
	CASE("a close whose reason is cut", "\x88\x03\x03\xe8\xc3", "!", 1007),
	CASE("reserved bit 1", "\xc1\x00", "!", 1002),
	CASE("reserved bit 2", "\xa1\x00", "!", 1002),
	CASE("reserved bit 3", "\x91\x00", "!", 1002),
	CASE("opcode 3", "\x83\x00", "!", 1002),
	CASE("opcode 7", "\x87\x00", "!", 1002),
	CASE("opcode 11", "\x8b\x00", "!", 1002),
	CASE("opcode 15", "\x8f\x00", "!", 1002),
	CASE("a fragmented ping", "\x09\x00", "!", 1002),
	CASE("a long ping", "\x89\x7e\x00\x7e", "!", 1002),
	CASE("a continuation of nothing", "\x80\x01x", "!", 1002),
	CASE("a continuation behind the end", "\x81\x01x\x80\x01y", "T[x]!", 1002),
	CASE("a message inside another", "\x01\x01x\x81\x01y", "T[x!", 1002),
	CASE("16 bits for a short length", "\x82\x7e\x00\x7d", "!", 1002),
	CASE("64 bits for a short length", "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", "!", 1002),
	CASE("a length with its highest bit", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "!", 1002),
	CASE("a text of all lengths of characters",
	     "\x81\x0a"
	     "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x89",
	     "T[a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x89]", 0),
	CASE("a character over two fragments", "\x01\x01\xc3\x80\x01\xa4", "T[\xc3\xa4]", 0),
	CASE("binary is not looked at", "\x82\x02\xff\xc0", "B[\xff\xc0]", 0),
};

/* A reader that gets a frame in parts gives its payload in parts: only the script, not the pieces, is the same. */
Test(websocket_frame, reads_every_case_however_it_is_cut)
{
	static const size_t steps[] = { 1, 2, 3, 5, 4096 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t step = 0; step < ARRAY_LEN(steps); step++) {
			struct script script;

			read_all(&script, cases[i].bytes, cases[i].len, steps[step]);
			cr_expect_str_eq(script.text, cases[i].script, "%s in parts of %zu: %s", cases[i].name,
			                 steps[step], script.text);
			cr_expect_eq(script.code, cases[i].code, "%s in parts of %zu: code %d", cases[i].name,
			             steps[step], script.code);
		}
	}
}

/* What is told before the failure may depend on the cut, the failure may not. */
Test(websocket_frame, refuses_texts_that_are_not_utf8)
{
	static const char *const bad[] = {
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\x80",
		"\xc3\x28",
		"\xe2\x82",
		"abcdefgh\xff",
		"12345678901234\xc3",
		"abcdefg\xc3hijk",
		"\xe2\x28\xa1",
		"\xfe",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char frame[64] = { (char)0x81 };
		size_t len = strlen(bad[i]);

		frame[1] = (char)len;
		memcpy(frame + 2, bad[i], len);
		for (size_t step = 1; step <= 16; step++) {
			struct script script;

			read_all(&script, frame, len + 2, step);
			cr_expect_eq(script.last, FRAME_BROKEN, "case %zu in parts of %zu", i, step);
			cr_expect_eq(script.code, 1007);
		}
	}
}

Test(websocket_frame, agrees_with_the_whole_text_check)
{
	for (unsigned first = 0x80; first < 0x100; first++) {
		for (unsigned second = 0x40; second < 0x100; second += 3) {
			const char text[] = { 'a', (char)first, (char)second, (char)0xA0, (char)0x8F };

			for (size_t len = 1; len <= sizeof text; len++) {
				struct utf8_reader reader = { 0 };
				bool taken = true;

				for (size_t i = 0; taken && i < len; i++)
					taken = utf8_take(&reader, text + i, 1);
				cr_expect_eq(taken && reader.left == 0, is_utf8(text, len, NULL), "%02x %02x, %zu",
				             first, second, len);
			}
		}
	}
}

Test(websocket_frame, writes_heads_that_a_server_reads)
{
	static const unsigned char mask[4] = { 1, 2, 3, 4 };
	unsigned char head[LONGEST_FRAME_HEAD];

	cr_expect_eq(frame_head(head, FRAME_BINARY, 125, mask), 6);
	cr_expect(memcmp(head, "\x82\xfd\1\2\3\4", 6) == 0);
	cr_expect_eq(frame_head(head, FRAME_TEXT, 126, mask), 8);
	cr_expect(memcmp(head, "\x81\xfe\x00\x7e\1\2\3\4", 8) == 0);
	cr_expect_eq(frame_head(head, FRAME_BINARY, 65535, mask), 8);
	cr_expect(memcmp(head, "\x82\xfe\xff\xff\1\2\3\4", 8) == 0);
	cr_expect_eq(frame_head(head, FRAME_BINARY, 65536, mask), 14);
	cr_expect(memcmp(head, "\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\1\2\3\4", 14) == 0);
}

Test(websocket_frame, masks_from_every_offset)
{
	static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	char plain[64];
	char masked[64];

	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (char)(i * 7);
	for (size_t offset = 0; offset < 9; offset++) {
		for (size_t len = 0; len < sizeof plain; len++) {
			frame_mask(masked, plain, len, mask, offset);
			for (size_t i = 0; i < len; i++)
				cr_assert_eq((unsigned char)masked[i],
				             (unsigned char)plain[i] ^ mask[(offset + i) % 4]);
		}
	}
	/* RFC 6455 §5.7 */
	frame_mask(masked, "Hello", 5, mask, 0);
	cr_expect(memcmp(masked, "\x7f\x9f\x4d\x51\x58", 5) == 0);
}
