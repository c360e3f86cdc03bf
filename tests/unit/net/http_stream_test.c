/* Callbacks: heads, bodies in both directions, cancelling; and what is refused before anything is sent. */
#include <criterion/criterion.h>

#include "client.h"
#include "server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static bool take_head(struct http_exchange *exchange, struct error *err)
{
	struct client *client = exchange->user;

	(void)err;
	client->heads++;
	return true;
}

static bool refuse_head(struct http_exchange *exchange, struct error *err)
{
	(void)exchange;
	return fail(err, ERROR_DATA, "not wanted");
}

static bool take_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct client *client = exchange->user;

	(void)err;
	cr_assert_eq(client->heads, 1, "the head comes before the body");
	cr_assert(client->body_len + len < sizeof client->body);
	memcpy(client->body + client->body_len, data, len);
	client->body_len += len;
	return true;
}

Test(http_stream, delivers_the_final_head_once_before_the_body)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 503 Later\r\nContent-Length: 4\r\n\r\nsick", AFTER_KEEP },
		{ "HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 4\r\n\r\naway", AFTER_KEEP },
		{ OK, AFTER_KEEP },
	};
	struct server *server = server_start(replies, 3, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.on_head = take_head;
	client.exchange.on_body = take_body;
	client_run(&client);
	cr_expect_not(client.exchange.failed);
	cr_expect_eq(client.heads, 1);
	cr_expect_str_eq(client.body, "ok");
	cr_expect_eq(client.exchange.body_received, 2);
	client_close(&client);
}

Test(http_stream, passes_on_the_error_of_a_callback)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.on_head = refuse_head;
	client_run(&client);
	cr_expect(client.exchange.failed);
	cr_expect_str_eq(client.exchange.error.message, "not wanted");
	client_close(&client);
}

/* A body in pieces of one byte, with pauses; left bytes remain. */
static const char *rest_of_body;
static unsigned waits;

static ssize_t give_body(struct http_exchange *exchange, char *data, size_t size, struct error *err)
{
	struct client *client = exchange->user;

	(void)err;
	(void)size;
	if (waits > 0) {
		waits--;
		http_resume(client->http, exchange);
		return HTTP_BODY_LATER;
	}
	if (*rest_of_body == '\0')
		return 0;
	*data = *rest_of_body++;
	return 1;
}

Test(http_stream, sends_a_body_of_unknown_length_in_chunks)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	rest_of_body = "abc";
	client_open(&client, server_port(server), "/");
	client.exchange.method = "POST";
	client.exchange.read_body = give_body;
	client.exchange.body_len = -1;
	client_run(&client);
	cr_expect_not(client.exchange.failed, "%s", client.exchange.error.cause);
	cr_expect(strstr(server_request(server, 0), "Transfer-Encoding: chunked") != NULL);
	cr_expect(strstr(server_request(server, 0), "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n") != NULL, "%s",
	          server_request(server, 0));
	cr_expect(strstr(server_request(server, 0), "Expect") == NULL);
	client_close(&client);
}

static void resume_upload(void *user)
{
	struct client *client = user;

	http_resume(client->http, &client->exchange);
}

Test(http_stream, waits_for_a_body_that_comes_later)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;
	struct loop_timer timer = { 0 };

	rest_of_body = "abc";
	waits = 1;
	client_open(&client, server_port(server), "/");
	client.exchange.method = "PUT";
	client.exchange.read_body = give_body;
	client.exchange.body_len = 3;
	client.exchange.request_timeout_ms = 50;
	loop_arm(client.loop, &timer, 150, resume_upload, &client);
	client_run(&client);
	cr_expect_not(client.exchange.failed, "%s", client.exchange.error.cause);
	cr_expect(text_ends(server_request(server, 0), "\r\n\r\nabc"));
	loop_disarm(client.loop, &timer);
	client_close(&client);
}

Test(http_stream, fails_when_a_body_ends_early)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	rest_of_body = "abc";
	client_open(&client, server_port(server), "/");
	client.exchange.method = "PUT";
	client.exchange.read_body = give_body;
	client.exchange.body_len = 5;
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_IO_READ);
	cr_expect(strstr(client.exchange.error.message, "after 3 of 5 bytes") != NULL);
	client_close(&client);
}

Test(http_stream, sends_data_again_on_a_retry_and_an_empty_body_when_there_is_none)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", AFTER_CLOSE },
		{ OK, AFTER_KEEP },
	};
	struct server *server = server_start(replies, 2, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.method = "PUT";
	client.exchange.data = "abc";
	client.exchange.data_len = 3;
	client_run(&client);
	cr_expect(text_ends(server_request(server, 0), "\r\n\r\nabc"));
	cr_expect(text_ends(server_request(server, 1), "\r\n\r\nabc"));
	client.exchange.data = NULL;
	client_run(&client);
	cr_expect(strstr(server_request(server, 2), "Content-Length: 0\r\n") != NULL);
	client_close(&client);
}

static bool cancel_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct client *client = exchange->user;

	(void)take_body(exchange, data, len, err);
	http_cancel(client->http, exchange);
	/* the owner may drop everything at once */
	memset(exchange, 0xEE, sizeof *exchange);
	return true;
}

Test(http_stream, ends_without_a_word_when_cancelled_in_a_callback)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;
	struct http_exchange second;

	client_open(&client, server_port(server), "/");
	second = client.exchange;
	client.exchange.on_head = take_head;
	client.exchange.on_body = cancel_body;
	cr_assert(http_start(client.http, client.arena, &client.exchange, &client.error));
	while (client.body_len == 0)
		cr_assert(loop_turn(client.loop, NO_DEADLINE, &client.error));
	cr_assert(http_start(client.http, client.arena, &second, &client.error));
	client_turn_until(&client, &client.done);
	cr_expect_eq(second.status, 200);
	client_close(&client);
}

Test(http_stream, cancels_outside_of_callbacks_and_twice)
{
	static const struct reply replies[] = { { "", AFTER_STALL } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	cr_assert(http_start(client.http, client.arena, &client.exchange, &client.error));
	while (server_requests(server) == 0)
		cr_assert(loop_turn(client.loop, deadline_after(10), &client.error));
	http_cancel(client.http, &client.exchange);
	http_cancel(client.http, &client.exchange);
	cr_expect_not(client.done);
	client_close(&client);
}

static void start_again(struct http_exchange *exchange)
{
	struct client *client = exchange->user;

	client->done = ++client->heads == 3;
	if (!client->done)
		cr_assert(http_start(client->http, client->arena, exchange, &client->error));
}

Test(http_stream, starts_anew_from_on_done)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.on_done = start_again;
	client_run(&client);
	cr_expect_eq(server_requests(server), 3);
	client_close(&client);
}

static unsigned ended;

static void count_end(struct http_exchange *exchange)
{
	struct client *client = exchange->user;

	cr_expect_eq(exchange->status, 200);
	client->done = ++ended == 20;
}

Test(http_stream, lets_exchanges_wait_for_a_place)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;
	struct http_exchange exchanges[20];

	client_open_with(&client, &(struct http_options){ .most_connections = 3 }, server_port(server), "/");
	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		exchanges[i] = client.exchange;
		exchanges[i].on_done = count_end;
		cr_assert(http_start(client.http, client.arena, &exchanges[i], &client.error));
	}
	client_turn_until(&client, &client.done);
	cr_expect_leq(server_connections(server), 3);
	client_close(&client);
}

Test(http_stream, leaves_exchanges_under_way_when_closed)
{
	static const struct reply replies[] = { { "", AFTER_STALL } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	cr_assert(http_start(client.http, client.arena, &client.exchange, &client.error));
	cr_assert(loop_turn(client.loop, NO_DEADLINE, &client.error));
	client_close(&client);
	cr_expect_not(client.done);
}

Test(http_stream, sends_the_bearer_and_own_headers)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct secret *bearer = secret_new("s3cr3t", 6);
	struct client client;
	const char *request;

	client_open(&client, server_port(server), "/a?q=1");
	client.exchange.access.credential = bearer;
	text_list_add(client.arena, &client.exchange.headers, "X-One: 1");
	text_list_add(client.arena, &client.exchange.headers, "X-Empty:");
	client_run(&client);
	request = server_request(server, 0);
	cr_expect(text_starts(request, "GET /a?q=1 HTTP/1.1\r\n"), "%s", request);
	cr_expect(strstr(request, "\r\nAuthorization: Bearer s3cr3t\r\n") != NULL);
	cr_expect(strstr(request, "\r\nX-One: 1\r\n") != NULL);
	cr_expect(strstr(request, "\r\nX-Empty:\r\n") != NULL);
	cr_expect(strstr(request, "\r\nUser-Agent: fops/") != NULL);
	cr_expect(strstr(request, "Accept-Encoding") == NULL);
	client_close(&client);
	secret_free(bearer);
}

Test(http_stream, refuses_what_cannot_be_sent)
{
	static const struct {
		const char *method, *url, *header, *ca, *pin, *server_name, *part;
	} rows[] = {
		{ "GET", "ftp://h/", NULL, NULL, NULL, NULL, "neither http nor https" },
		{ "G T", "http://h/", NULL, NULL, NULL, NULL, "method" },
		{ "", "http://h/", NULL, NULL, NULL, NULL, "method" },
		{ "CONNECT", "http://h/", NULL, NULL, NULL, NULL, "method" },
		{ "GET", "http://h/", "X-A: a\r\nX-B: b", NULL, NULL, NULL, "X-A holds a control" },
		{ "GET", "http://h/", "no colon", NULL, NULL, NULL, "Name: value" },
		{ "GET", "http://h/", "content-length: 3", NULL, NULL, NULL, "fops alone" },
		{ "GET", "http://h/", NULL, "-----BEGIN CERTIFICATE-----", NULL, NULL, "need a URL with https" },
		{ "GET", "https://h/", NULL, "text", NULL, NULL, "PEM" },
		{ "GET", "https://h/", NULL, NULL, "sha256//short", NULL, "tls.pin" },
		{ "GET", "https://h/", NULL, NULL, NULL, "1.2.3.4", "tls.serverName" },
		{ "GET", "https://h/", NULL, NULL, NULL, "a b", "tls.serverName" },
	};
	struct client client;

	client_open(&client, 1, "/");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_exchange exchange = { .method = rows[i].method, .url = rows[i].url };

		exchange.access.tls =
		        (struct http_tls){ .ca = rows[i].ca, .pin = rows[i].pin, .server_name = rows[i].server_name };
		if (rows[i].header != NULL)
			text_list_add(client.arena, &exchange.headers, rows[i].header);
		cr_expect_not(http_start(client.http, client.arena, &exchange, &client.error), "row %zu", i);
		cr_expect(strstr(client.error.message, rows[i].part) != NULL, "row %zu: %s", i, client.error.message);
	}
	client_close(&client);
}
