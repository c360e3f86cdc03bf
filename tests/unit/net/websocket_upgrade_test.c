/* The way to an open WebSocket: what is asked for, what is refused, where it leads, who is trusted. */
#include <criterion/criterion.h>

#include "certificate.h"
#include "fops/base/file.h"
#include "peer.h"

static struct owner owner;

static enum after accept_and_close(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

static void write_text(struct connection *connection, const char *text)
{
	(void)connection_write(connection, text, strlen(text));
}

static struct server *run_against(server_talk *talk)
{
	server_talk *const talks[] = { talk };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/exec?command=id");
	owner.websocket.protocols = (struct text_list){ (const char *[]){ "v5.channel", "v4.channel" }, 2 };
	owner_run(&owner);
	return server;
}

static enum after choose_second(struct connection *connection, const char *request)
{
	write_text(connection, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n");
	write_text(connection, peer_answer(request, "v4.channel"));
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

Test(websocket_upgrade, offers_protocols_and_takes_the_servers_choice)
{
	struct server *server = run_against(choose_second);
	const char *request = server_request(server, 0);

	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_str_eq(owner.websocket.protocol, "v4.channel");
	cr_expect(strstr(request, "\r\nSec-WebSocket-Protocol: v5.channel, v4.channel\r\n") != NULL, "%s", request);
	cr_expect(strstr(request, "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n") != NULL, "%s", request);
	cr_expect(strstr(request, "\r\nSec-WebSocket-Version: 13\r\n") != NULL);
	cr_expect(strstr(request, arena_format(owner.arena, "\r\nHost: 127.0.0.1:%u\r\n",
	                                       (unsigned)server_port(server))) != NULL,
	          "%s", request);
	cr_expect(owner.websocket.connect_us > 0 && owner.websocket.open_us >= owner.websocket.connect_us);
	owner_close(&owner);
}

/* What stands in place of a right 101; "%s" is the right Sec-WebSocket-Accept line. */
struct wrong_answer {
	const char *name;
	const char *text;
	const char *cause;
};

#define UPGRADE "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

static const struct wrong_answer wrong_answers[] = {
	{ "no Upgrade", "HTTP/1.1 101 S\r\nConnection: Upgrade\r\n%s\r\n", "\"Upgrade: websocket\"" },
	{ "another Upgrade", "HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n%s\r\n",
	  "\"Upgrade: websocket\"" },
	{ "no Connection", "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: close\r\n%s\r\n",
	  "\"Connection: Upgrade\"" },
	{ "a wrong digest", UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
	  "Sec-WebSocket-Accept" },
	{ "no digest", UPGRADE "\r\n", "Sec-WebSocket-Accept" },
	{ "two digests", UPGRADE "%sSec-WebSocket-Accept: x\r\n\r\n", "Sec-WebSocket-Accept" },
	{ "an extension", UPGRADE "%sSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension" },
	{ "a protocol of its own", UPGRADE "%sSec-WebSocket-Protocol: v3\r\n\r\n", "was not offered" },
	{ "two protocols", UPGRADE "%sSec-WebSocket-Protocol: v5.channel\r\nSec-WebSocket-Protocol: v4.channel\r\n\r\n",
	  "more than one protocol" },
	{ "HTTP/1.0", "HTTP/1.0 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s\r\n", "HTTP/1.0" },
	{ "no HTTP", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "no HTTP/1.1" },
	{ "a folded header", UPGRADE "%sX: a\r\n b\r\n\r\n", "no HTTP/1.1" },
	{ "a header without a colon", UPGRADE "%sX\r\n\r\n", "no HTTP/1.1" },
	{ "status 999", "HTTP/1.1 999 X\r\n\r\n", "no HTTP/1.1" },
};

static const struct wrong_answer *wrong;

static enum after answer_wrongly(struct connection *connection, const char *request)
{
	const char *right = strstr(peer_answer(request, NULL), "Sec-WebSocket-Accept");
	const char *place = strstr(wrong->text, "%s");
	size_t front = place == NULL ? strlen(wrong->text) : (size_t)(place - wrong->text);

	(void)connection_write(connection, wrong->text, front);
	if (place != NULL) {
		(void)connection_write(connection, right, strlen(right) - 2);
		write_text(connection, place + 2);
	}
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	return AFTER_CLOSE;
}

Test(websocket_upgrade, refuses_answers_that_are_not_quite_right)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong_answers); i++) {
		wrong = &wrong_answers[i];
		(void)run_against(answer_wrongly);
		cr_expect(owner.websocket.failed && !owner.opened, "%s", wrong->name);
		cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_PROTOCOL, "%s: %s", wrong->name,
		             owner.websocket.error->message);
		cr_expect(strstr(owner.websocket.error->cause, wrong->cause) != NULL, "%s: %s", wrong->name,
		          owner.websocket.error->cause);
		owner_close(&owner);
	}
}

static enum after send_long_head(struct connection *connection, const char *request)
{
	(void)request;
	write_text(connection, "HTTP/1.1 101 S\r\n");
	for (unsigned i = 0; i < 2000; i++) {
		if (!connection_write(connection, "X-Filler: 012345678901234567890123456789012345678901234567\r\n", 60))
			break;
	}
	return AFTER_CLOSE;
}

Test(websocket_upgrade, reads_no_more_than_100_kib_of_head)
{
	(void)run_against(send_long_head);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_PROTOCOL);
	cr_expect(strstr(owner.websocket.error->cause, "100 KiB") != NULL, "%s", owner.websocket.error->cause);
	owner_close(&owner);
}

struct refusal {
	const char *text;
	enum error_id id;
	int status;
	int64_t retry_after_ms;
	const char *body;
};

static const struct refusal refusals[] = {
	{ "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno and more", ERROR_PLANE_AUTH, 401, -1, "no" },
	{ "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nfor\r\n\r\n3\r\nbid\r\n0\r\n\r\n",
	  ERROR_PLANE_AUTH, 403, -1, "for\r\nbid" },
	{ "HTTP/1.1 404 Not Found\r\n\r\nuntil the end", ERROR_PLANE_NOT_FOUND, 404, -1, "until the end" },
	{ "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", ERROR_PLANE_BUSY, 429, 7000, "" },
	{ "HTTP/1.1 503 Down\r\nContent-Length: 100\r\n\r\ncut", ERROR_PLANE_UNAVAILABLE, 503, -1, "cut" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ERROR_PLANE_PROTOCOL, 200, -1, "ok" },
	{ "HTTP/1.1 204 No\r\n\r\n", ERROR_PLANE_PROTOCOL, 204, -1, "" },
	{ "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", ERROR_PLANE_REDIRECT, 302, -1, "" },
};

static const struct refusal *refusal;

static enum after refuse(struct connection *connection, const char *request)
{
	(void)request;
	for (const char *at = refusal->text; *at != '\0'; at++)
		(void)connection_write(connection, at, 1);
	return AFTER_CLOSE;
}

Test(websocket_upgrade, keeps_status_headers_and_body_of_a_refusal)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		refusal = &refusals[i];
		(void)run_against(refuse);
		cr_expect(owner.websocket.failed && !owner.websocket.opened);
		cr_expect_eq(owner.websocket.error->id, refusal->id, "%d: %s", refusal->status,
		             owner.websocket.error->message);
		cr_expect_eq(owner.websocket.status, refusal->status);
		cr_expect_eq(owner.websocket.retry_after_ms, refusal->retry_after_ms);
		cr_expect_str_eq(owner.websocket.body, refusal->body, "%d", refusal->status);
		cr_expect_eq(owner.websocket.body_len, strlen(refusal->body));
		cr_expect(strstr(owner.websocket.error->message, "command=") == NULL, "the query is told");
		owner_close(&owner);
	}
}

static enum after refuse_at_length(struct connection *connection, const char *request)
{
	static char data[65536];

	(void)request;
	memset(data, 'x', sizeof data);
	write_text(connection, "HTTP/1.1 500 X\r\n\r\n");
	while (connection_write(connection, data, sizeof data))
		;
	return AFTER_CLOSE;
}

Test(websocket_upgrade, keeps_at_most_64_kib_of_a_refusal)
{
	(void)run_against(refuse_at_length);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect_eq(owner.websocket.body_len, 65536);
	owner_close(&owner);
}

static enum after say_nothing(struct connection *connection, const char *request)
{
	char byte;

	(void)request;
	(void)connection_read(connection, &byte, 1);
	return AFTER_CLOSE;
}

Test(websocket_upgrade, waits_only_so_long_for_the_answer)
{
	server_talk *const talks[] = { say_nothing };

	owner_prepare(&owner, server_port(server_start_talks(talks, 1, NULL, NULL, NULL)), "/");
	owner.websocket.open_timeout_ms = 100;
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(owner.websocket.error->cause, "sent no byte of an answer") != NULL, "%s",
	          owner.websocket.error->cause);
	owner_close(&owner);
}

static enum after close_silently(struct connection *connection, const char *request)
{
	(void)connection;
	(void)request;
	return AFTER_CLOSE;
}

Test(websocket_upgrade, tells_a_server_that_closes_without_an_answer)
{
	(void)run_against(close_silently);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(owner.websocket.error->cause, "closed the connection without an answer") != NULL, "%s",
	          owner.websocket.error->cause);
	owner_close(&owner);
}

Test(websocket_upgrade, tells_a_server_that_nobody_runs)
{
	owner_prepare(&owner, closed_port(), "/");
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(owner.websocket.error->cause, "refused the connection") != NULL, "%s",
	          owner.websocket.error->cause);
	owner_close(&owner);
}

static enum after redirect_inside(struct connection *connection, const char *request)
{
	(void)request;
	write_text(connection, "HTTP/1.1 307 T\r\nLocation: /elsewhere?a=b\r\nContent-Length: 4\r\n\r\ngone");
	return AFTER_CLOSE;
}

Test(websocket_upgrade, follows_redirects_inside_the_origin)
{
	server_talk *const talks[] = { redirect_inside, redirect_inside, accept_and_close };
	struct server *server = server_start_talks(talks, 3, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/exec");
	owner.websocket.access.credential = secret_new("token", 5);
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect(strncmp(server_request(server, 2), "GET /elsewhere?a=b HTTP/1.1\r\n", 29) == 0);
	cr_expect(strstr(server_request(server, 2), "\r\nAuthorization: Bearer token\r\n") != NULL);
	owner_close(&owner);
}

static enum after redirect_for_ever(struct connection *connection, const char *request)
{
	(void)request;
	write_text(connection, "HTTP/1.1 302 F\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
	return AFTER_CLOSE;
}

static enum after redirect_outside(struct connection *connection, const char *request)
{
	(void)request;
	write_text(connection, "HTTP/1.1 302 F\r\nLocation: http://127.0.0.2/steal\r\n\r\n");
	return AFTER_CLOSE;
}

Test(websocket_upgrade, follows_redirects_neither_for_ever_nor_elsewhere)
{
	struct server *server = run_against(redirect_for_ever);

	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_REDIRECT);
	cr_expect_eq(server_requests(server), 6);
	owner_close(&owner);
	(void)run_against(redirect_outside);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_REDIRECT);
	cr_expect(strstr(owner.websocket.error->cause, "another origin, http://127.0.0.2") != NULL, "%s",
	          owner.websocket.error->cause);
	cr_expect(strstr(owner.websocket.error->cause, "steal") == NULL);
	owner_close(&owner);
}

Test(websocket_upgrade, refuses_what_may_not_be_sent)
{
	static const char *const headers[] = { "Host: other", "Sec-WebSocket-Key: x", "Upgrade: h2c", "X: a\nb",
		                               "Connection: close" };
	struct error err;

	owner_prepare(&owner, 1, "/");
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		owner.websocket.headers = (struct text_list){ (const char *[]){ headers[i] }, 1 };
		cr_expect(!websocket_open(owner.http, owner.arena, &owner.websocket, &err), "%s", headers[i]);
		cr_expect_eq(err.id, ERROR_DATA);
	}
	owner.websocket.headers.count = 0;
	owner.websocket.protocols = (struct text_list){ (const char *[]){ "a b" }, 1 };
	cr_expect(!websocket_open(owner.http, owner.arena, &owner.websocket, &err));
	owner.websocket.protocols = (struct text_list){ (const char *[]){ "a", "a" }, 2 };
	cr_expect(!websocket_open(owner.http, owner.arena, &owner.websocket, &err));
	owner.websocket.protocols.count = 0;
	owner.websocket.url = "ws://127.0.0.1/";
	cr_expect(!websocket_open(owner.http, owner.arena, &owner.websocket, &err));
	owner_close(&owner);
}

/* TLS, client certificates and proxies. */

static const char *fixture(const char *name)
{
	const char *folder = getenv("TLS_FIXTURES");

	return path_join(owner.arena, folder == NULL ? "tests/fixtures/tls" : folder, name);
}

static const char *fixture_text(const char *name)
{
	struct str data;

	cr_assert(file_read(owner.arena, fixture(name), 65536, &data, &owner.error), "%s", owner.error.message);
	return data.data;
}

static struct server *prepare_tls(server_talk *talk, const char *client_authority)
{
	static server_talk *talks[1];
	struct server *server;

	talks[0] = talk;
	owner_prepare(&owner, 1, "/");
	server = server_start_talks(talks, 1, fixture("address.pem"), fixture("server.key"), client_authority);
	owner.websocket.url = arena_format(owner.arena, "https://127.0.0.1:%u/tls", (unsigned)server_port(server));
	owner.websocket.access.tls.ca = fixture_text("authority.pem");
	return server;
}

static enum after echo_bulk(struct connection *connection, const char *request)
{
	static struct peer_frame frame;

	peer_accept(connection, request);
	for (unsigned i = 0; i < 64 && peer_read(connection, &frame); i++)
		peer_send(connection, frame.first, frame.data, frame.len);
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

static unsigned sent;

static void send_bulk(struct owner *one)
{
	static char data[30000];

	while (sent < 64 && websocket_send(&one->websocket, WEBSOCKET_BINARY, "x", 1, data, sizeof data))
		sent++;
}

Test(websocket_upgrade, carries_messages_over_tls)
{
	(void)prepare_tls(echo_bulk, NULL);
	owner.then = send_bulk;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_eq(owner.messages, 64);
	cr_expect_eq(owner.bytes, (size_t)64 * 30001);
	owner_close(&owner);
}

Test(websocket_upgrade, trusts_no_unknown_authority)
{
	struct server *server = prepare_tls(accept_and_close, NULL);

	owner.websocket.access.tls.ca = fixture_text("stranger.pem");
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_TLS, "%s", owner.websocket.error->message);
	cr_expect_eq(server_requests(server), 0);
	owner_close(&owner);
}

Test(websocket_upgrade, trusts_a_fingerprint_instead_of_authorities)
{
	struct server *server = prepare_tls(accept_and_close, NULL);
	const char *fingerprint = certificate_fingerprint(owner.arena, fixture_text("address.pem"));

	owner.websocket.access.tls.ca = NULL;
	owner.websocket.access.tls.fingerprint = fingerprint;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	owner.websocket.access.tls.fingerprint = certificate_fingerprint(owner.arena, fixture_text("named.pem"));
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_TLS, "%s", owner.websocket.error->message);
	cr_expect(strstr(owner.websocket.error->cause, "another fingerprint") != NULL, "%s",
	          owner.websocket.error->cause);
	cr_expect_eq(server_requests(server), 1, "something was sent to a stranger");
	owner_close(&owner);
}

Test(websocket_upgrade, shows_its_certificate_to_a_server_that_asks)
{
	struct arena *arena = arena_new((size_t)64 * 1024);
	struct certificate own = certificate_make(arena, "fops");
	struct certificate other = certificate_make(arena, "other");

	(void)prepare_tls(accept_and_close, own.certificate);
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_TLS, "%s: %s", owner.websocket.error->message,
	             owner.websocket.error->cause);
	owner.websocket.access.tls.certificate = secret_new(own.certificate, strlen(own.certificate));
	owner.websocket.access.tls.key = secret_new(own.key, strlen(own.key));
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	owner.websocket.access.tls.key = secret_new(other.key, strlen(other.key));
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_TLS, "%s", owner.websocket.error->cause);
	owner_close(&owner);
	arena_free(arena);
}

Test(websocket_upgrade, goes_through_a_proxy_without_telling_it_the_credential)
{
	server_talk *const tunnels[] = { peer_tunnel };
	struct server *proxy = server_start_talks(tunnels, 1, NULL, NULL, NULL);
	struct server *server = prepare_tls(echo_bulk, NULL);

	owner.websocket.access.proxy = arena_format(owner.arena, "http://127.0.0.1:%u", (unsigned)server_port(proxy));
	owner.websocket.access.credential = secret_new("token", 5);
	owner.then = send_bulk;
	sent = 0;
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_eq(owner.messages, 64);
	cr_expect(strstr(server_request(proxy, 0), "Authorization") == NULL, "%s", server_request(proxy, 0));
	cr_expect(strstr(server_request(server, 0), "\r\nAuthorization: Bearer token\r\n") != NULL);
	owner_close(&owner);
}

Test(websocket_upgrade, asks_the_proxy_for_a_tunnel_without_tls_as_well)
{
	server_talk *const tunnels[] = { peer_tunnel };
	server_talk *const talks[] = { accept_and_close };
	struct server *proxy = server_start_talks(tunnels, 1, NULL, NULL, NULL);
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/plain");
	owner.websocket.access.proxy = arena_format(owner.arena, "http://127.0.0.1:%u", (unsigned)server_port(proxy));
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect(strncmp(server_request(server, 0), "GET /plain HTTP/1.1\r\n", 21) == 0);
	owner_close(&owner);
}

static enum after refuse_tunnel(struct connection *connection, const char *request)
{
	(void)request;
	write_text(connection, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
	return AFTER_CLOSE;
}

Test(websocket_upgrade, tells_a_proxy_that_gives_no_way)
{
	server_talk *const tunnels[] = { refuse_tunnel };
	struct server *proxy = server_start_talks(tunnels, 1, NULL, NULL, NULL);

	owner_prepare(&owner, closed_port(), "/");
	owner.websocket.access.proxy = arena_format(owner.arena, "http://127.0.0.1:%u", (unsigned)server_port(proxy));
	owner_run(&owner);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(owner.websocket.error->cause, "the proxy gave no way") != NULL, "%s",
	          owner.websocket.error->cause);
	owner_close(&owner);
}

Test(websocket_upgrade, leaves_the_name_to_a_socks_proxy)
{
	server_talk *const talks[] = { accept_and_close };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);

	owner_prepare(&owner, server_port(server), "/");
	owner.websocket.url = arena_format(owner.arena, "http://api.invalid:%u/", (unsigned)server_port(server));
	owner.websocket.access.proxy = arena_format(owner.arena, "socks5h://127.0.0.1:%u", (unsigned)socks_start());
	owner_run(&owner);
	cr_expect(!owner.websocket.failed, "%s", owner.websocket.error->cause);
	cr_expect_str_eq(socks_name(), "api.invalid");
	owner_close(&owner);
}
