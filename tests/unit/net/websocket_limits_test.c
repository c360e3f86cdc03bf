/* Limits of a WebSocket: pings, death, back-pressure, deadlines, places; and what -v tells of one. */
#include <criterion/criterion.h>
#include <poll.h>

#include "peer.h"
#include "websocket_private.h"

static struct owner owner;
static struct peer_frame frame;

static enum after stall(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	while (peer_read(connection, &frame))
		;
	return AFTER_CLOSE;
}

static enum after close_first(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, BINARY, "bye", 3);
	peer_send(connection, CLOSE,
	          "\x03\xe9"
	          "going away",
	          12);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

static enum after count_pings(struct connection *connection, const char *request)
{
	int pings = 0;

	peer_accept(connection, request);
	while (pings < 3 && peer_read(connection, &frame)) {
		pings += frame.first == PING ? 1 : 0;
		peer_send(connection, PONG, frame.data, frame.len);
	}
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	peer_tell(pings);
	return AFTER_CLOSE;
}

Test(websocket_limits, pings_a_silent_peer)
{
	server_talk *const talks[] = { count_pings };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.websocket.ping_ms = 50;
	owner.websocket.dead_peer_ms = 5000;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_eq(peer_wait(), 3);
	owner_close(&owner);
}

Test(websocket_limits, gives_up_a_dead_peer)
{
	server_talk *const talks[] = { stall };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.websocket.ping_ms = 50;
	owner.websocket.dead_peer_ms = 200;
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(owner.websocket.error->message, "is dead") != NULL, "%s", owner.websocket.error->message);
	owner_close(&owner);
}

Test(websocket_limits, ends_at_the_deadline)
{
	server_talk *const talks[] = { stall };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.websocket.deadline = deadline_after(150);
	owner_run(&owner);
	cr_expect(owner.opened);
	cr_expect_eq(owner.websocket.error->id, ERROR_TIMEOUT, "%s", owner.websocket.error->message);
	owner_close(&owner);
}

Test(websocket_limits, waits_for_a_place_among_the_connections)
{
	server_talk *const talks[] = { close_first };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);
	static struct owner second;

	owner_prepare(&owner, server_port(server), "/");
	http_close(owner.http);
	cr_assert(http_open(owner.arena, owner.loop, &(struct http_options){ .most_connections = 1 }, &owner.http,
	                    &owner.error));
	second.websocket = owner.websocket;
	second.websocket.user = &second;
	owner_open(&owner);
	cr_assert(websocket_open(owner.http, owner.arena, &second.websocket, &owner.error));
	while (!owner.ended && !second.ended)
		cr_assert(loop_turn(owner.loop, deadline_after(5000), &owner.error));
	cr_expect(owner.ended != second.ended, "both were open at once");
	while (!owner.ended || !second.ended)
		cr_assert(loop_turn(owner.loop, deadline_after(5000), &owner.error));
	cr_expect(!owner.websocket.failed && !second.websocket.failed);
	owner_close(&owner);
}

/* Longer than the client waits for a dead peer; then everything is read. */
static enum after read_late(struct connection *connection, const char *request)
{
	size_t bytes = 0;

	peer_accept(connection, request);
	(void)poll(NULL, 0, 1200);
	while (peer_read(connection, &frame) && frame.first != CLOSE)
		bytes += frame.first == BINARY ? frame.len : 0;
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	peer_tell((int)bytes);
	return AFTER_CLOSE;
}

#define PUSHED_BYTES ((size_t)16 * 1024 * 1024)

static size_t pushed;

static void push(struct owner *one)
{
	static char data[32000];

	while (pushed < PUSHED_BYTES && websocket_send(&one->websocket, WEBSOCKET_BINARY, NULL, 0, data, sizeof data))
		pushed += sizeof data;
	if (pushed >= PUSHED_BYTES)
		websocket_close(&one->websocket, 1000, NULL);
}

Test(websocket_limits, does_not_take_a_full_peer_for_a_dead_one)
{
	server_talk *const talks[] = { read_late };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.websocket.ping_ms = 100;
	owner.websocket.dead_peer_ms = 400;
	owner.then = push;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_eq((size_t)peer_wait(), pushed);
	owner_close(&owner);
}

Test(websocket_limits, tells_a_connection_without_its_secrets)
{
	server_talk *const talks[] = { close_first };
	struct log log = { .level = 1 };
	int ends[2];
	char text[2048];
	ssize_t len;

	cr_assert(pipe(ends) == 0);
	log.descriptor = ends[1];
	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/exec?command=passwd");
	http_close(owner.http);
	cr_assert(http_open(owner.arena, owner.loop, &(struct http_options){ .log = &log }, &owner.http, &owner.error));
	owner.websocket.access.credential = secret_new("token", 5);
	owner_run(&owner);
	len = read(ends[0], text, sizeof text - 1);
	cr_assert(len > 0);
	text[len] = '\0';
	cr_expect(strstr(text, "/exec: open, no protocol, ") != NULL, "%s", text);
	cr_expect(strstr(text, "/exec: closed with 1001, received 3 bytes in 1 frames, sent 0 in 0") != NULL, "%s",
	          text);
	cr_expect(strstr(text, "passwd") == NULL && strstr(text, "token") == NULL && strstr(text, "bye") == NULL, "%s",
	          text);
	owner_close(&owner);
}
