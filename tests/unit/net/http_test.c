/* Whole exchanges against canned answers: status, redirects, retries, broken and silent servers. */
#include <criterion/criterion.h>

#include "client.h"
#include "server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct exchange_case {
	const char *name;
	const char *method; /* NULL: GET */
	struct reply replies[8];
	size_t reply_count;
	bool failed;
	enum error_id id;
	int status;
	unsigned tries;
	size_t requests;
	const char *text; /* the body, or a part of message or cause */
};

static const struct exchange_case cases[] = {
	{ "an answer with a length", NULL, { { OK, AFTER_KEEP } }, 1, false, 0, 200, 1, 1, "ok" },
	{ "an answer in chunks",
	  NULL,
	  { { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n",
	      AFTER_KEEP } },
	  1,
	  false,
	  0,
	  200,
	  1,
	  1,
	  "ok" },
	{ "an answer until the end of the connection",
	  NULL,
	  { { "HTTP/1.0 200 OK\r\n\r\nok", AFTER_CLOSE } },
	  1,
	  false,
	  0,
	  200,
	  1,
	  1,
	  "ok" },
	{ "an interim answer first",
	  NULL,
	  { { "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK, AFTER_KEEP } },
	  1,
	  false,
	  0,
	  200,
	  1,
	  1,
	  "ok" },
	{ "500 is an answer and not tried again",
	  NULL,
	  { { "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nsick", AFTER_KEEP } },
	  1,
	  false,
	  0,
	  500,
	  1,
	  1,
	  "sick" },
	{ "HEAD has no body",
	  "HEAD",
	  { { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", AFTER_KEEP } },
	  1,
	  false,
	  0,
	  200,
	  1,
	  1,
	  "" },
	{ "a redirect by path",
	  NULL,
	  { { "HTTP/1.1 302 Found\r\nLocation: ../other?x=1\r\nContent-Length: 3\r\n\r\nbye", AFTER_KEEP },
	    { OK, AFTER_KEEP } },
	  2,
	  false,
	  0,
	  200,
	  2,
	  2,
	  "ok" },
	{ "a redirect without Location is an answer",
	  NULL,
	  { { "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP } },
	  1,
	  false,
	  0,
	  302,
	  1,
	  1,
	  "" },
	{ "a redirect to another origin",
	  NULL,
	  { { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/secret\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP } },
	  1,
	  true,
	  ERROR_PLANE_REDIRECT,
	  302,
	  1,
	  1,
	  "another origin, http://127.0.0.2:1" },
	{ "a redirect to another scheme",
	  NULL,
	  { { "HTTP/1.1 301 Moved\r\nLocation: ftp://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP } },
	  1,
	  true,
	  ERROR_PLANE_REDIRECT,
	  301,
	  1,
	  1,
	  "no usable URL" },
	{ "redirects in a circle",
	  NULL,
	  { { "HTTP/1.1 307 Again\r\nLocation: /start\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP } },
	  1,
	  true,
	  ERROR_PLANE_REDIRECT,
	  307,
	  6,
	  6,
	  "more than 5 redirects" },
	{ "503, then well",
	  NULL,
	  { { "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP }, { OK, AFTER_KEEP } },
	  2,
	  false,
	  0,
	  200,
	  2,
	  2,
	  "ok" },
	{ "503 for ever is delivered at last",
	  NULL,
	  { { "HTTP/1.1 503 Later\r\nContent-Length: 4\r\n\r\nsick", AFTER_KEEP } },
	  1,
	  false,
	  0,
	  503,
	  3,
	  3,
	  "sick" },
	{ "503 of POST is not tried again",
	  "POST",
	  { { "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP } },
	  1,
	  false,
	  0,
	  503,
	  1,
	  1,
	  "" },
	{ "Retry-After beyond the deadline is no retry",
	  NULL,
	  { { "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP } },
	  1,
	  false,
	  0,
	  429,
	  1,
	  1,
	  "" },
	{ "a reset, then well", NULL, { { NULL, AFTER_RESET }, { OK, AFTER_KEEP } }, 2, false, 0, 200, 2, 1, "ok" },
	{ "closed without a word",
	  NULL,
	  { { "", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_UNAVAILABLE,
	  0,
	  3,
	  3,
	  "(3 tries)" },
	{ "closed without a word is not repeated for POST",
	  "POST",
	  { { "", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_UNAVAILABLE,
	  0,
	  1,
	  1,
	  "closed the connection without an answer" },
	{ "cut inside the body",
	  NULL,
	  { { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_PROTOCOL,
	  200,
	  1,
	  1,
	  "connection closed after 4 of 10 bytes" },
	{ "cut inside chunks",
	  NULL,
	  { { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_PROTOCOL,
	  200,
	  1,
	  1,
	  "after 4 bytes, before the end" },
	{ "cut inside the head",
	  NULL,
	  { { "HTTP/1.1 200 OK\r\nContent-Le", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_PROTOCOL,
	  0,
	  1,
	  1,
	  "inside the headers" },
	{ "garbage",
	  NULL,
	  { { "SSH-2.0-OpenSSH_9.2\r\n", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_PROTOCOL,
	  0,
	  1,
	  1,
	  "speaks no HTTP" },
	{ "chunks that are none",
	  NULL,
	  { { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", AFTER_CLOSE } },
	  1,
	  true,
	  ERROR_PLANE_PROTOCOL,
	  200,
	  1,
	  1,
	  "broken" },
};

static void run_case(const struct exchange_case *one)
{
	struct server *server = server_start(one->replies, one->reply_count, NULL, NULL);
	struct client client;
	const struct http_exchange *exchange = &client.exchange;

	client_open(&client, server_port(server), "/start");
	if (one->method != NULL)
		client.exchange.method = one->method;
	client_run(&client);
	cr_expect_eq(exchange->failed, one->failed, "%s: failed %d, %s: %s", one->name, exchange->failed,
	             exchange->error.message, exchange->error.cause);
	cr_expect_eq(exchange->status, one->status, "%s: status %d", one->name, exchange->status);
	cr_expect_eq(exchange->tries_made, one->tries, "%s: %u tries", one->name, exchange->tries_made);
	cr_expect_eq(server_requests(server), one->requests, "%s: %zu requests", one->name, server_requests(server));
	if (one->failed) {
		cr_expect_eq(exchange->error.id, one->id, "%s: %s", one->name, exchange->error.message);
		cr_expect(strstr(exchange->error.cause, one->text) != NULL ||
		                  strstr(exchange->error.message, one->text) != NULL,
		          "%s: %s: %s", one->name, exchange->error.message, exchange->error.cause);
	} else {
		cr_expect_str_eq(exchange->body, one->text, "%s: %s", one->name, exchange->body);
	}
	client_close(&client);
}

Test(http, ends_each_exchange_as_its_answers_demand)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		run_case(&cases[i]);
}

Test(http, says_that_nobody_listens)
{
	struct client client;
	uint16_t port = closed_port();
	const char *expected;

	client_open(&client, port, "/");
	client_run(&client);
	expected = arena_format(client.arena, "127.0.0.1:%u refused the connection (3 tries)", (unsigned)port);
	cr_expect(client.exchange.failed);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_UNAVAILABLE);
	cr_expect_str_eq(client.exchange.error.cause, expected);
	client_close(&client);
}

Test(http, gives_the_head_with_lower_case_names_and_its_particulars)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 429 Slow Down\r\nX-Request-Id: r-17\r\nSet-Thing:  a \r\nset-thing: b\r\nRetry-After: 7\r\n"
		  "Content-Length: 0\r\n\r\n",
		  AFTER_KEEP },
	};
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;
	const struct http_exchange *exchange = &client.exchange;
	struct error err;

	client_open(&client, server_port(server), "/");
	client.exchange.most_retries = 0;
	client_run(&client);
	cr_expect_str_eq(exchange->reason, "Slow Down");
	cr_expect_str_eq(exchange->http_version, "1.1");
	cr_expect_str_eq(exchange->request_id, "r-17");
	cr_expect_eq(exchange->retry_after_ms, 7000);
	cr_expect_eq(exchange->answer_headers.count, 5);
	cr_expect_str_eq(exchange->answer_headers.items[1].key, "set-thing");
	cr_expect_str_eq(exchange->answer_headers.items[1].value, "a");
	cr_expect_str_eq(exchange->answer_headers.items[2].value, "b");
	cr_expect(text_starts(exchange->address, "127.0.0.1:"));
	cr_expect_not(http_judge(exchange, "GET / of x", &err));
	cr_expect_eq(err.id, ERROR_PLANE_BUSY);
	cr_expect_eq(err.retry_after_ms, 7000);
	cr_expect_str_eq(err.request_id, "r-17");
	cr_expect_str_eq(err.message, "GET / of x answered 429 Slow Down");
	client_close(&client);
}

Test(http, waits_as_long_as_retry_after_says)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 503 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP },
		{ OK, AFTER_KEEP },
	};
	struct server *server = server_start(replies, 2, NULL, NULL);
	struct client client;
	int64_t begun = clock_monotonic_ms();

	client_open(&client, server_port(server), "/");
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200);
	cr_expect_geq(clock_monotonic_ms() - begun, 1000);
	client_close(&client);
}

Test(http, reads_retry_after_as_a_date)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 503 Later\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
		  AFTER_KEEP },
		{ "HTTP/1.1 503 Later\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP },
	};
	struct server *server = server_start(replies, 2, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.tries = HTTP_TRIES_NEVER;
	client_run(&client);
	cr_expect_eq(client.exchange.retry_after_ms, 0);
	client_run(&client);
	cr_expect_eq(client.exchange.retry_after_ms, -1);
	client_close(&client);
}

Test(http, ends_a_silent_try_at_the_request_timeout)
{
	static const struct reply replies[] = { { "", AFTER_STALL } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.request_timeout_ms = 150;
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(text_ends(client.exchange.error.message, "did not answer within 150 ms"), "%s",
	          client.exchange.error.message);
	cr_expect_eq(client.exchange.tries_made, 1);
	client_close(&client);
}

Test(http, ends_a_stalled_answer_unless_it_may_be_quiet)
{
	static const struct reply replies[] = { { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", AFTER_STALL } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open_with(&client, &(struct http_options){ .dead_peer_timeout_ms = 120 }, server_port(server), "/");
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_UNAVAILABLE);
	cr_expect(strstr(client.exchange.error.cause, "sent no byte for 120 ms") != NULL, "%s",
	          client.exchange.error.cause);
	client.exchange.quiet = true;
	client.exchange.timeout_ms = 400;
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_TIMEOUT);
	cr_expect(strstr(client.exchange.error.cause, "has sent 4 bytes so far") != NULL, "%s",
	          client.exchange.error.cause);
	client_close(&client);
}

Test(http, ends_everything_at_the_deadline)
{
	static const struct reply replies[] = { { "", AFTER_STALL } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;
	int64_t begun = clock_monotonic_ms();

	client_open(&client, server_port(server), "/");
	client.exchange.deadline = deadline_after(200);
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_TIMEOUT);
	cr_expect(strstr(client.exchange.error.cause, "has not answered yet") != NULL, "%s",
	          client.exchange.error.cause);
	cr_expect_lt(clock_monotonic_ms() - begun, 700);
	client_close(&client);
}

Test(http, refuses_headers_without_end)
{
	static const char front[] = "HTTP/1.1 200 OK\r\n";
	static char text[200 * 1024];
	static struct reply replies[] = { { text, AFTER_CLOSE } };
	size_t len = sizeof front - 1;
	struct client client;
	struct server *server;

	memcpy(text, front, len);
	while (len < sizeof text - 64)
		len += (size_t)snprintf(text + len, sizeof text - len, "X-Filler: abcdefghijklmnopqrstuvwxyz\r\n");
	server = server_start(replies, 1, NULL, NULL);
	client_open(&client, server_port(server), "/");
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_PROTOCOL);
	cr_expect(strstr(client.exchange.error.message, "longer than 100 KiB") != NULL, "%s",
	          client.exchange.error.message);
	client_close(&client);
}

Test(http, refuses_a_body_beyond_keep_bytes)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.keep_bytes = 1;
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_PROTOCOL);
	cr_expect(strstr(client.exchange.error.message, "larger than 1 bytes") != NULL);
	client_close(&client);
}

Test(http, keeps_connections_for_idempotent_methods_only)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/");
	client_run(&client);
	client_run(&client);
	cr_expect_eq(server_connections(server), 1);
	client.exchange.method = "POST";
	client_run(&client);
	cr_expect_eq(server_connections(server), 2);
	client_close(&client);
}

Test(http, turns_post_into_get_where_the_redirect_asks_for_it)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 303 See\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", AFTER_CLOSE },
		{ OK, AFTER_KEEP },
		{ "HTTP/1.1 308 See\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n", AFTER_CLOSE },
		{ OK, AFTER_KEEP },
	};
	struct server *server = server_start(replies, 4, NULL, NULL);
	struct client client;

	client_open(&client, server_port(server), "/a");
	client.exchange.method = "POST";
	client.exchange.data = "data";
	client.exchange.data_len = 4;
	text_list_add(client.arena, &client.exchange.headers, "Content-Type: text/plain");
	client_run(&client);
	cr_expect(text_starts(server_request(server, 1), "GET /b HTTP/1.1\r\n"));
	cr_expect(strstr(server_request(server, 1), "Content-Type") == NULL);
	client_run(&client);
	cr_expect(text_starts(server_request(server, 3), "POST /c HTTP/1.1\r\n"));
	cr_expect(text_ends(server_request(server, 3), "\r\n\r\ndata"));
	client_close(&client);
}

Test(http, judges_by_status)
{
	static const struct {
		int status;
		enum error_id id;
	} rows[] = {
		{ 300, ERROR_PLANE_REDIRECT },    { 400, ERROR_PLANE_REJECTED },  { 401, ERROR_PLANE_AUTH },
		{ 403, ERROR_PLANE_AUTH },        { 404, ERROR_PLANE_NOT_FOUND }, { 409, ERROR_PLANE_CONFLICT },
		{ 410, ERROR_PLANE_NOT_FOUND },   { 412, ERROR_PLANE_CONFLICT },  { 422, ERROR_PLANE_REJECTED },
		{ 423, ERROR_PLANE_BUSY },        { 429, ERROR_PLANE_BUSY },      { 500, ERROR_PLANE_UNAVAILABLE },
		{ 503, ERROR_PLANE_UNAVAILABLE },
	};
	struct http_exchange exchange = { .status = 204, .reason = "" };
	struct error err;

	cr_expect(http_judge(&exchange, "x", &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		exchange.status = rows[i].status;
		cr_expect_not(http_judge(&exchange, "x", &err));
		cr_expect_eq(err.id, rows[i].id, "%d", rows[i].status);
	}
}

Test(http, masks_the_credential_that_a_server_echoes)
{
	struct secret *bearer = secret_new("s3cr3t-token", 12);
	struct http_exchange exchange = {
		.status = 401, .reason = "", .access.credential = bearer, .body = "bad token s3cr3t-token\nmore"
	};
	struct error err;

	cr_expect_not(http_judge(&exchange, "x", &err));
	cr_expect_str_eq(err.cause, "the server says: bad token (secret)");
	secret_free(bearer);
}

Test(http, names_its_libraries)
{
	struct arena *arena = arena_new(65536);
	struct text_map map = http_libraries(arena);

	cr_expect_not_null(text_map_get(&map, "libcurl"));
	cr_expect_not_null(text_map_get(&map, "OpenSSL"));
	arena_free(arena);
}
