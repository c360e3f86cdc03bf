/* Messages taken apart by their channel, however they are cut; the connection itself is a stand-in. */
#include "kubernetes_channel.h"

#include <criterion/criterion.h>

static struct kubernetes_channels channels;
static char outputs[2][256];
static size_t calls;

static size_t room;
static char sent[4][64];
static size_t sent_len[4];
static size_t sent_count;

size_t websocket_room(const struct websocket *websocket)
{
	(void)websocket;
	return room;
}

bool websocket_send(struct websocket *websocket, enum websocket_kind kind, const void *head, size_t head_len,
                    const void *data, size_t len)
{
	(void)websocket;
	cr_assert_eq(kind, WEBSOCKET_BINARY);
	if (head_len + len > room || sent_count == 4)
		return false;
	memcpy(sent[sent_count], head, head_len);
	if (len > 0)
		memcpy(sent[sent_count] + head_len, data, len);
	sent_len[sent_count++] = head_len + len;
	room -= head_len + len;
	return true;
}

static void keep_output(void *user, int stream, const char *data, size_t len)
{
	char *output = outputs[stream - 1];
	size_t used = strlen(output);

	cr_assert_eq(user, &channels);
	cr_assert(len > 0, "an empty piece");
	cr_assert(used + len < sizeof outputs[0]);
	memcpy(output + used, data, len);
	calls++;
}

static void make(void)
{
	channels = (struct kubernetes_channels){ .on_output = keep_output, .user = &channels };
	kubernetes_channels_open(&channels);
	room = 32;
}

static void end(void)
{
	kubernetes_channels_done(&channels);
}

TestSuite(kubernetes_channel, .init = make, .fini = end);

static void take(bool first, bool last, const char *data, size_t len)
{
	struct websocket_piece piece = { WEBSOCKET_BINARY, first, last, data, len };

	kubernetes_channels_take(&channels, &piece);
}

Test(kubernetes_channel, tells_streams_apart)
{
	take(true, true, "\1out", 4);
	take(true, true, "\2err", 4);
	take(true, true, "\1more", 5);
	cr_expect_str_eq(outputs[0], "outmore");
	cr_expect_str_eq(outputs[1], "err");
}

Test(kubernetes_channel, keeps_the_channel_of_a_message_in_pieces)
{
	take(true, false, "", 0);
	take(false, false, "\2", 1);
	take(false, false, "a", 1);
	take(false, false, "\1b", 2);
	take(false, true, "c", 1);
	take(true, true, "\1d", 2);
	cr_expect_str_eq(outputs[1], "a\1bc");
	cr_expect_str_eq(outputs[0], "d");
}

Test(kubernetes_channel, passes_over_empty_messages_and_unknown_channels)
{
	take(true, true, "", 0);
	take(true, true, "\1", 1);
	take(true, true, "\0input", 6);
	take(true, true, "\4size", 5);
	take(true, true, "\11garbage", 8);
	take(true, true, "\377\1", 2);
	cr_expect_eq(calls, 0);
	cr_expect_eq(channels.status.len, 0);
	cr_expect_not(channels.broken);
}

Test(kubernetes_channel, collects_the_status_from_several_messages)
{
	take(true, true, "\3{\"status\":", 11);
	take(true, false, "\3\"Succ", 6);
	take(false, true, "ess\"}", 5);
	cr_expect_str_eq(buffer_string(&channels.status), "{\"status\":\"Success\"}");
}

Test(kubernetes_channel, bounds_the_status)
{
	static char text[40000];

	memset(text, 'x', sizeof text);
	text[0] = '\3';
	take(true, true, text, sizeof text);
	cr_expect_not(channels.status.overflow);
	take(true, true, text, sizeof text);
	cr_expect(channels.status.overflow);
	cr_expect(channels.status.len > 0);
}

Test(kubernetes_channel, knows_no_text_messages)
{
	struct websocket_piece piece = { WEBSOCKET_TEXT, true, true, "\1out", 4 };

	kubernetes_channels_take(&channels, &piece);
	cr_expect(channels.broken);
	cr_expect_eq(calls, 0);
}

Test(kubernetes_channel, forgets_everything_when_it_begins_anew)
{
	take(true, false, "\3half", 5);
	channels.broken = true;
	kubernetes_channels_open(&channels);
	cr_expect_eq(channels.status.len, 0);
	cr_expect_eq(channels.channel, -1);
	cr_expect_not(channels.broken);
}

Test(kubernetes_channel, sends_as_much_input_as_there_is_room_for)
{
	room = 6;
	cr_expect_eq(kubernetes_send_input(NULL, "0123456789", 10), 5);
	cr_expect_eq(sent_count, 1);
	cr_expect(memcmp(sent[0], "\00001234", 6) == 0);
	cr_expect_eq(kubernetes_send_input(NULL, "56789", 5), 0);
	room = 1;
	cr_expect_eq(kubernetes_send_input(NULL, "56789", 5), 0, "a message of a channel alone would say nothing");
	cr_expect_eq(kubernetes_send_input(NULL, "", 0), 0);
	cr_expect_eq(sent_count, 1);
}

Test(kubernetes_channel, ends_the_input_with_exactly_two_bytes)
{
	cr_expect(kubernetes_send_end(NULL));
	cr_expect_eq(sent_len[0], 2);
	cr_expect(memcmp(sent[0], "\377\0", 2) == 0);
	room = 1;
	cr_expect_not(kubernetes_send_end(NULL));
}

Test(kubernetes_channel, tells_the_size_in_columns_and_rows)
{
	cr_expect(kubernetes_send_size(NULL, (struct terminal_size){ .columns = 101, .rows = 33 }));
	cr_expect_eq(sent_len[0], 26);
	cr_expect(memcmp(sent[0], "\4{\"Width\":101,\"Height\":33}", 26) == 0);
	room = 8;
	cr_expect_not(kubernetes_send_size(NULL, (struct terminal_size){ .columns = 1, .rows = 1 }));
}
