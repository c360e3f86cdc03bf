/* Messages, control frames and closing, as the owner of a WebSocket and its server see them. */
#include <criterion/criterion.h>
#include <poll.h>

#include "peer.h"
#include "websocket_private.h"

static struct owner owner;
static struct peer_frame frame;

static void run_with(server_talk *talk)
{
	server_talk *const talks[] = { talk };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/exec?secret=1");
	owner_run(&owner);
}

static void expect_broken(int code)
{
	cr_expect(owner.opened);
	cr_expect(owner.websocket.failed);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_PROTOCOL, "%s", owner.websocket.error->message);
	cr_expect_eq(owner.websocket.close_code, 1006);
	cr_expect_eq(peer_wait(), code);
	owner_close(&owner);
}

static enum after say_hello(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, BINARY, "hello", 5);
	while (peer_read(connection, &frame) && frame.first != CLOSE)
		peer_send(connection, frame.first, frame.data, frame.len);
	peer_send(connection, CLOSE, frame.data, frame.len);
	return AFTER_CLOSE;
}

static void answer_and_close(struct owner *one)
{
	if (one->messages == 1 && one->pieces == 1)
		cr_expect(websocket_send(&one->websocket, WEBSOCKET_BINARY, "\1", 1, "world", 5));
	if (one->messages == 2)
		websocket_close(&one->websocket, 1000, "done");
}

Test(websocket, exchanges_messages_and_closes)
{
	server_talk *const talks[] = { say_hello };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/exec?command=true");
	owner.then = answer_and_close;
	owner_run(&owner);
	cr_expect(owner.opened && !owner.websocket.failed, "%s: %s", owner.websocket.error->message,
	          owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "hello|\1world|");
	cr_expect_eq(owner.websocket.close_code, 1000);
	cr_expect_str_eq(owner.websocket.close_reason, "done");
	cr_expect_eq(owner.websocket.status, 101);
	cr_expect(strncmp(server_request(server, 0), "GET /exec?command=true HTTP/1.1\r\n", 33) == 0);
	owner_close(&owner);
}

static enum after close_first(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, BINARY, "bye", 3);
	peer_send(connection, CLOSE, "\x03\xe9going away", 12);
	peer_tell(peer_read_close(connection));
	return AFTER_CLOSE;
}

Test(websocket, answers_a_close_at_once)
{
	int64_t before_ms = clock_monotonic_ms();

	run_with(close_first);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "bye|");
	cr_expect_eq(owner.websocket.close_code, 1001);
	cr_expect_str_eq(owner.websocket.close_reason, "going away");
	cr_expect_eq(peer_wait(), 1001);
	cr_expect(clock_monotonic_ms() - before_ms < 1500, "the end waited for a limit");
	owner_close(&owner);
}

static enum after close_without_code(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, CLOSE, "", 0);
	peer_tell(peer_read_close(connection));
	return AFTER_CLOSE;
}

Test(websocket, tells_a_close_without_code)
{
	run_with(close_without_code);
	cr_expect(!owner.websocket.failed);
	cr_expect_eq(owner.websocket.close_code, 1005);
	cr_expect_eq(peer_wait(), 1005);
	owner_close(&owner);
}

/* The whole conversation of the server in one write, and byte by byte. */
static void write_conversation(struct connection *connection, const char *request, size_t step)
{
	static const char frames[] = "\x82\x00\x02\x03one\x89\x04ping\x00\x01,\x80\x03two\x81\x03\xe2\x82\xac"
	                             "\x88\x02\x03\xe8";
	const char *answer = peer_answer(request, NULL);
	size_t len = strlen(answer);
	char all[1024];

	for (size_t i = 0; i < len; i++)
		all[i] = answer[i];
	for (size_t i = 0; i < sizeof frames - 1; i++)
		all[len++] = frames[i];
	for (size_t at = 0; at < len; at += step)
		(void)connection_write(connection, all + at, len - at < step ? len - at : step);
	while (peer_read(connection, &frame) && frame.first != PONG)
		;
	cr_expect(frame.first == PONG && strcmp(frame.data, "ping") == 0, "no pong: %02x %s", frame.first, frame.data);
	peer_tell(peer_read_close(connection));
}

static enum after talk_at_once(struct connection *connection, const char *request)
{
	write_conversation(connection, request, 1024);
	return AFTER_CLOSE;
}

static enum after talk_in_bytes(struct connection *connection, const char *request)
{
	write_conversation(connection, request, 1);
	return AFTER_CLOSE;
}

Test(websocket, takes_frames_that_come_with_the_answer)
{
	run_with(talk_at_once);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "|one,two|\xe2\x82\xac|");
	cr_expect_eq(peer_wait(), 1000);
	owner_close(&owner);
}

Test(websocket, takes_everything_byte_by_byte)
{
	run_with(talk_in_bytes);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "|one,two|\xe2\x82\xac|");
	cr_expect_eq(owner.messages, 3);
	cr_expect_eq(peer_wait(), 1000);
	owner_close(&owner);
}

static enum after break_off(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, BINARY, "half", 4);
	return AFTER_CLOSE;
}

Test(websocket, fails_when_the_connection_ends_without_a_close)
{
	run_with(break_off);
	cr_expect(owner.websocket.failed);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(owner.websocket.error->cause, "closed it without a close frame") != NULL, "%s",
	          owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "half|");
	cr_expect_eq(owner.websocket.close_code, 1006);
	owner_close(&owner);
}

static enum after reset(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, BINARY, "half", 4);
	/* the reset takes back what was not read yet */
	(void)peer_read(connection, &frame);
	return AFTER_RESET;
}

static void greet(struct owner *one)
{
	if (one->messages == 1)
		(void)websocket_send(&one->websocket, WEBSOCKET_TEXT, NULL, 0, "x", 1);
}

Test(websocket, fails_when_the_connection_is_reset)
{
	server_talk *const talks[] = { reset };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.then = greet;
	owner_run(&owner);
	cr_expect(owner.websocket.failed);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect_str_eq(owner.text, "half|");
	owner_close(&owner);
}

static enum after send_masked(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	(void)connection_write(connection, "\x82\x81\1\2\3\4x", 7);
	peer_tell(peer_read_close(connection));
	return AFTER_CLOSE;
}

Test(websocket, closes_with_1002_when_the_protocol_is_broken)
{
	run_with(send_masked);
	expect_broken(1002);
}

static enum after send_no_utf8(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, 0x01, "\xe2\x82", 2);
	peer_send(connection, 0x80, "x", 1);
	peer_tell(peer_read_close(connection));
	return AFTER_CLOSE;
}

Test(websocket, closes_with_1007_when_a_text_is_not_utf8)
{
	run_with(send_no_utf8);
	expect_broken(1007);
}

static enum after send_bad_code(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, CLOSE, "\x03\xee", 2);
	peer_tell(peer_read_close(connection));
	return AFTER_CLOSE;
}

Test(websocket, refuses_close_codes_that_nobody_may_send)
{
	run_with(send_bad_code);
	expect_broken(1002);
}

/* The server keeps still: the limit of the closing handshake ends it. */
static enum after stall(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	while (peer_read(connection, &frame))
		;
	return AFTER_CLOSE;
}

static void close_at_once(struct owner *one)
{
	websocket_close(&one->websocket, 1000, NULL);
	cr_expect(!websocket_send(&one->websocket, WEBSOCKET_TEXT, NULL, 0, "x", 1), "sent behind the close");
}

Test(websocket, does_not_wait_for_ever_for_a_close)
{
	int64_t before_ms = clock_monotonic_ms();
	server_talk *const talks[] = { stall };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.then = close_at_once;
	owner_run(&owner);
	cr_expect(clock_monotonic_ms() - before_ms >= 1900);
	cr_expect(!owner.websocket.failed, "we began to close");
	cr_expect_eq(owner.websocket.close_code, 1006);
	owner_close(&owner);
}

/* 8 MiB of numbered messages to a server that reads slowly at first, then checks every byte. */
#define BULK_MESSAGES 256

static enum after check_bulk(struct connection *connection, const char *request)
{
	unsigned wrong = 0;
	unsigned char masks[BULK_MESSAGES][4];
	unsigned same_masks = 0;

	peer_accept(connection, request);
	for (unsigned i = 0; i < BULK_MESSAGES; i++) {
		if (i == 3)
			(void)poll(NULL, 0, 200); /* a slow reader: the client must run against its limit */
		if (!peer_read(connection, &frame) || frame.first != BINARY || frame.len != WEBSOCKET_LONGEST_SEND) {
			wrong++;
			break;
		}
		memcpy(masks[i], frame.mask, 4);
		same_masks += i > 0 && memcmp(masks[i], masks[i - 1], 4) == 0 ? 1 : 0;
		for (size_t at = 1; at < frame.len; at++)
			wrong += (unsigned char)frame.data[at] != (unsigned char)(i + at);
		wrong += frame.data[0] != 0;
	}
	cr_expect(same_masks < 2, "masks repeat");
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	peer_tell((int)wrong);
	return AFTER_CLOSE;
}

static unsigned bulk_sent;
static size_t most_queued;

static void send_bulk(struct owner *one)
{
	static char data[WEBSOCKET_LONGEST_SEND - 1];

	while (bulk_sent < BULK_MESSAGES) {
		for (size_t at = 0; at < sizeof data; at++)
			data[at] = (char)(bulk_sent + at + 1);
		if (!websocket_send(&one->websocket, WEBSOCKET_BINARY, "\0", 1, data, sizeof data))
			break;
		bulk_sent++;
		if (websocket_queued(&one->websocket) > most_queued)
			most_queued = websocket_queued(&one->websocket);
	}
}

Test(websocket, sends_in_bounded_memory_whatever_the_reader_does)
{
	server_talk *const talks[] = { check_bulk };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.then = send_bulk;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_eq(bulk_sent, BULK_MESSAGES);
	cr_expect_eq(peer_wait(), 0, "bytes arrived wrong");
	cr_expect(owner.rooms > 0);
	cr_expect(most_queued <= (size_t)2 * 32 * 1024 + 256, "%zu bytes were queued", most_queued);
	owner_close(&owner);
}

/* Pings while the client is in the middle of its frames must be answered between two of them. */
static enum after ping_while_reading(struct connection *connection, const char *request)
{
	unsigned pongs = 0;
	unsigned messages = 0;

	peer_accept(connection, request);
	peer_send(connection, PING, "a", 1);
	while (messages < BULK_MESSAGES && peer_read(connection, &frame)) {
		if (frame.first == PONG)
			pongs++;
		else
			messages++;
		if (frame.first == BINARY && messages % 16 == 0)
			peer_send(connection, PING, "b", 1);
	}
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	while (peer_read(connection, &frame) && frame.first != CLOSE)
		pongs += frame.first == PONG ? 1 : 0;
	peer_tell(messages == BULK_MESSAGES ? (int)pongs : -1);
	return AFTER_CLOSE;
}

Test(websocket, answers_pings_between_the_frames_it_sends)
{
	server_talk *const talks[] = { ping_while_reading };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.then = send_bulk;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_geq(peer_wait(), 4);
	owner_close(&owner);
}

#define FLOOD_BYTES ((size_t)64 * 1024 * 1024)

static enum after flood(struct connection *connection, const char *request)
{
	static char data[1024 * 1024];

	peer_accept(connection, request);
	for (size_t sent = 0; sent < FLOOD_BYTES; sent += sizeof data)
		peer_send(connection, BINARY, data, sizeof data);
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

static unsigned other_turns;
static struct loop_timer other_timer;

static void take_turn(void *user)
{
	other_turns++;
	if (!owner.ended)
		loop_arm(user, &other_timer, 1, take_turn, user);
}

Test(websocket, reads_a_flood_and_lets_others_have_their_turn)
{
	server_talk *const talks[] = { flood };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	loop_arm(owner.loop, &other_timer, 1, take_turn, owner.loop);
	owner_run(&owner);
	loop_disarm(owner.loop, &other_timer);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_eq(owner.bytes, FLOOD_BYTES);
	cr_expect_eq(owner.messages, FLOOD_BYTES / ((size_t)1024 * 1024));
	cr_expect(other_turns >= 3, "a timer of 1 ms came %u times", other_turns);
	owner_close(&owner);
}

static void pause_each(struct owner *one)
{
	websocket_pause(&one->websocket, true);
}

Test(websocket, gives_no_piece_while_paused)
{
	server_talk *const talks[] = { talk_at_once };
	unsigned seen = 0;
	unsigned pauses = 0;

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.then = pause_each;
	owner_open(&owner);
	while (!owner.ended) {
		cr_assert(loop_turn(owner.loop, deadline_after(20), &owner.error));
		cr_expect(owner.pieces <= seen + 1, "a paused owner got %u pieces", owner.pieces - seen);
		if (owner.opened && !owner.ended && owner.pieces == seen)
			pauses++;
		seen = owner.pieces;
		cr_assert(pauses < 1000);
		websocket_pause(&owner.websocket, false);
	}
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "|one,two|\xe2\x82\xac|");
	cr_expect_eq(peer_wait(), 1000);
	owner_close(&owner);
}

static void cancel(struct owner *one)
{
	websocket_cancel(&one->websocket);
	websocket_cancel(&one->websocket);
	one->ended = true; /* on_end would fail the test now */
}

static void cancel_at_piece(struct owner *one)
{
	if (one->pieces == 1)
		cancel(one);
}

Test(websocket, can_be_cancelled_in_every_callback)
{
	server_talk *const talks[] = { say_hello };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	for (unsigned at = 0; at < 3; at++) {
		owner_prepare(&owner, server_port(server), "/");
		owner.then = at == 0 ? cancel : NULL;
		owner_open(&owner);
		if (at == 1)
			websocket_cancel(&owner.websocket);
		if (at == 2)
			owner.then = cancel_at_piece;
		for (unsigned turn = 0; turn < 20 && !owner.ended; turn++)
			cr_assert(loop_turn(owner.loop, deadline_after(20), &owner.error));
		cr_expect_eq(owner.ended, at != 1);
		cr_expect(owner.websocket.run == NULL);
		cr_expect(!websocket_send(&owner.websocket, WEBSOCKET_TEXT, NULL, 0, "x", 1));
		owner_close(&owner);
	}
}

static void open_again(struct websocket *websocket)
{
	struct owner *one = websocket->user;
	struct error err;

	one->rooms++;
	if (one->rooms < 3)
		cr_expect(websocket_open(one->http, one->arena, websocket, &err));
	else
		one->ended = true;
}

Test(websocket, may_be_opened_anew_at_its_end)
{
	server_talk *const talks[] = { close_first };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/");
	owner.websocket.on_open = NULL;
	owner.websocket.on_end = open_again;
	owner_run(&owner);
	cr_expect_eq(owner.rooms, 3);
	cr_expect_str_eq(owner.text, "bye|bye|bye|");
	cr_expect_eq(server_connections(server), 3);
	owner_close(&owner);
}

Test(websocket, drops_open_connections_with_the_client)
{
	server_talk *const talks[] = { stall };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/");
	owner_open(&owner);
	owner_turn_until(&owner, &owner.opened);
	cr_expect(websocket_send(&owner.websocket, WEBSOCKET_TEXT, NULL, 0, "x", 1));
	owner_close(&owner);
	cr_expect(owner.websocket.run == NULL && !owner.ended);
}
