/* Messages, control frames and closing, as the owner of a WebSocket and its server see them. */
#include <criterion/criterion.h>

#include "peer.h"

static enum after say_hello(struct connection *connection, const char *request)
{
	static struct peer_frame frame;

	peer_accept(connection, request);
	peer_send(connection, BINARY, "hello", 5);
	while (peer_read(connection, &frame) && frame.first != CLOSE)
		peer_send(connection, frame.first, frame.data, frame.len);
	peer_send(connection, CLOSE, frame.data, frame.len);
	return AFTER_CLOSE;
}

static server_talk *const echo[] = { say_hello };

static void answer_and_close(struct owner *owner)
{
	if (owner->messages == 1 && owner->pieces == 1)
		cr_expect(websocket_send(&owner->websocket, WEBSOCKET_BINARY, "\1", 1, "world", 5));
	if (owner->messages == 2)
		websocket_close(&owner->websocket, 1000, "done");
}

Test(websocket, exchanges_messages_and_closes)
{
	struct owner owner;
	struct server *server = server_start_talks(echo, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/exec?command=true");
	owner.then = answer_and_close;
	owner_run(&owner);
	cr_expect(owner.opened && !owner.websocket.failed, "%s: %s", owner.websocket.error.message,
	          owner.websocket.error.cause);
	cr_expect_str_eq(owner.text, "hello|\1world|");
	cr_expect_eq(owner.websocket.close_code, 1000);
	cr_expect_str_eq(owner.websocket.close_reason, "done");
	cr_expect_eq(owner.websocket.status, 101);
	cr_expect(strncmp(server_request(server, 0), "GET /exec?command=true HTTP/1.1\r\n", 33) == 0);
	owner_close(&owner);
}
