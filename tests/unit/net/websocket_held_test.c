/* A connection that is made before it is known what to ask for. */
#include <criterion/criterion.h>

#include "client.h"
#include "peer.h"
#include "websocket_private.h"

static struct owner owner;
static struct peer_frame frame;

static enum after say_hello(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, BINARY, "hello", 5);
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	while (peer_read(connection, &frame) && frame.first != CLOSE)
		;
	return AFTER_CLOSE;
}

static server_talk *const talks[] = { say_hello };

static void hold(uint16_t port)
{
	owner_prepare(&owner, port, "/");
	owner.websocket.held = true;
	owner_open(&owner);
}

static void turn_while_connecting(void)
{
	struct error err;

	while (owner.websocket.run->state < STATE_HELD)
		cr_assert(loop_turn(owner.loop, deadline_after(5000), &err), "%s", err.message);
	cr_expect(!owner.opened && !owner.ended, "a callback came while the connection was held");
}

static void proceed(uint16_t port)
{
	owner.websocket.url = arena_format(owner.arena, "http://127.0.0.1:%u/exec?command=true", (unsigned)port);
	cr_assert(websocket_proceed(&owner.websocket, &owner.error), "%s", owner.error.message);
	cr_assert(!owner.opened && !owner.ended, "a callback came from inside websocket_proceed");
	owner_turn_until(&owner, &owner.ended);
}

static void expect_hello(struct server *server)
{
	cr_expect(owner.opened && !owner.websocket.failed, "%s: %s", owner.websocket.error->message,
	          owner.websocket.error->cause);
	cr_expect_str_eq(owner.text, "hello|");
	cr_expect(strncmp(server_request(server, 0), "GET /exec?command=true HTTP/1.1\r\n", 33) == 0, "%s",
	          server_request(server, 0));
	owner_close(&owner);
}

Test(websocket_held, asks_only_when_it_is_told_to)
{
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	hold(server_port(server));
	turn_while_connecting();
	proceed(server_port(server));
	expect_hello(server);
}

Test(websocket_held, may_be_told_before_it_is_connected)
{
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	hold(server_port(server));
	proceed(server_port(server));
	expect_hello(server);
}

Test(websocket_held, tells_that_nobody_is_there_when_it_is_asked)
{
	uint16_t port = closed_port();

	hold(port);
	turn_while_connecting();
	proceed(port);
	cr_expect(owner.websocket.failed);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE, "%s", owner.websocket.error->message);
	owner_close(&owner);
}

Test(websocket_held, connects_anew_when_the_connection_was_lost)
{
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	hold(closed_port());
	turn_while_connecting();
	proceed(server_port(server));
	expect_hello(server);
}

Test(websocket_held, can_be_cancelled)
{
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	hold(server_port(server));
	turn_while_connecting();
	websocket_cancel(&owner.websocket);
	owner_close(&owner);
}
