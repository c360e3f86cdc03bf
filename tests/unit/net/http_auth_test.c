/* Who asks: keys in headers, passwords, signatures, tokens that are fetched; and how fast. */
#include <criterion/criterion.h>

#include "client.h"
#include "fops/net/grant.h"
#include "fops/net/sigv4.h"
#include "peer.h"
#include "server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define NO "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
#define TOKEN(name, seconds)                                                                                           \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"                               \
	"{\"access_token\":\"" name "\",\"token_type\":\"bearer\",\"expires_in\":" seconds "}"

static struct secret *secret_of(const char *text)
{
	return secret_new(text, strlen(text));
}

static void has(struct server *server, size_t i, const char *part)
{
	cr_assert_not_null(strstr(server_request(server, i), part), "%s has no %s", server_request(server, i), part);
}

static void has_no(struct server *server, size_t i, const char *part)
{
	cr_assert_null(strstr(server_request(server, i), part), "%s has %s", server_request(server, i), part);
}

Test(http_auth, shows_a_key_in_its_header)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct secret *key = secret_of("k-1");
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.access.credential = key;
	client.exchange.access.header = "x-api-key";
	client_run(&client);
	cr_expect_not(client.exchange.failed);
	has(server, 0, "\r\nx-api-key: k-1\r\n");
	has_no(server, 0, "uthorization");
	/* the header is the endpoint's, whatever a caller says */
	text_list_add(client.arena, &client.exchange.headers, "X-Api-Key: other");
	cr_expect_not(http_start(client.http, client.arena, &client.exchange, &client.error));
	cr_expect_not_null(strstr(client.error.message, "X-Api-Key is set from the endpoint's secret"));
	client_close(&client);
	secret_free(key);
}

Test(http_auth, shows_a_password)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct secret *password = secret_of("open sesame");
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.access.credential = password;
	client.exchange.access.user = "Aladdin";
	client_run(&client);
	/* RFC 7617 section 2, with a blank as it stands there */
	has(server, 0, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	client.exchange.access.user = "Ala:ddin";
	cr_expect_not(http_start(client.http, client.arena, &client.exchange, &client.error));
	client_close(&client);
	secret_free(password);
}

Test(http_auth, keeps_every_credential_at_its_origin)
{
	static const struct reply replies[] = {
		{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n", AFTER_KEEP }
	};
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct secret *key = secret_of("k-1");
	struct client client;

	client_open(&client, server_port(server), "/");
	client.exchange.access.credential = key;
	client.exchange.access.header = "x-api-key";
	client_run(&client);
	cr_expect(client.exchange.failed);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_REDIRECT);
	cr_expect_eq(server_requests(server), 1);
	client_close(&client);
	secret_free(key);
}

Test(http_auth, signs_every_request)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct secret *id = secret_of("AKIDEXAMPLE");
	struct secret *secret = secret_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	struct sigv4_key key = { id, secret, "us-east-1", "s3" };
	struct client client;

	client_open(&client, server_port(server), "/bucket/key?list-type=2");
	client.exchange.method = "PUT";
	client.exchange.data = "hello";
	client.exchange.data_len = 5;
	client.exchange.access.signer = &key;
	client_run(&client);
	cr_expect_not(client.exchange.failed);
	has(server, 0,
	    "\r\nX-Amz-Content-Sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n");
	has(server, 0, "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=");
	has_no(server, 0, "wJalrX");
	client.exchange.headers = (struct text_list){ 0 };
	text_list_add(client.arena, &client.exchange.headers, "Authorization: me");
	cr_expect_not(http_start(client.http, client.arena, &client.exchange, &client.error));
	client_close(&client);
	secret_free(id);
	secret_free(secret);
}

/* --- tokens --- */

static struct server *token_server;
static struct secret *client_secret;
static struct http_grant *grant;

static void open_grant(struct client *client, const struct reply *tokens, size_t count, struct server *server)
{
	static struct grant_options options;

	token_server = server_start(tokens, count, NULL, NULL);
	client_secret = secret_of("s e&c=r+t");
	client_open(client, server_port(server), "/work");
	options = (struct grant_options){
		.token_url =
		        arena_format(client->arena, "http://127.0.0.1:%u/token", (unsigned)server_port(token_server)),
		.client_id = "me:you",
		.client_secret = client_secret,
		.audience = "https://board.example.net",
	};
	text_list_add(client->arena, &options.scopes, "read");
	text_list_add(client->arena, &options.scopes, "board:write");
	grant = grant_new(client->arena, &options);
	client->exchange.access.grant = grant;
}

static void close_grant(struct client *client)
{
	grant_free(grant);
	client_close(client);
	secret_free(client_secret);
}

Test(http_auth, fetches_a_token_once)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	static const struct reply tokens[] = { { TOKEN("t-1", "3600"), AFTER_CLOSE } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	open_grant(&client, tokens, 1, server);
	client_run(&client);
	cr_assert_not(client.exchange.failed, "%s", client.exchange.error.message);
	client_run(&client);
	cr_expect_eq(server_requests(token_server), 1);
	cr_expect_eq(server_requests(server), 2);
	has(token_server, 0, "POST /token HTTP/1.1\r\n");
	/* both halves are encoded before they are joined, RFC 6749 section 2.3.1 */
	has(token_server, 0, "\r\nAuthorization: Basic bWUlM0F5b3U6cyUyMGUlMjZjJTNEciUyQnQ=\r\n");
	has(token_server, 0, "grant_type=client_credentials&scope=read%20board%3Awrite&audience=https%3A%2F%2Fboard");
	has_no(token_server, 0, "client_secret");
	has(server, 0, "\r\nAuthorization: Bearer t-1\r\n");
	has(server, 1, "\r\nAuthorization: Bearer t-1\r\n");
	close_grant(&client);
}

Test(http_auth, shows_the_secret_in_the_body_where_basic_is_refused)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	static const struct reply tokens[] = {
		{ "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n{\"error\":\"invalid_client\"}", AFTER_CLOSE },
		{ TOKEN("t-1", "3600"), AFTER_CLOSE }
	};
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	open_grant(&client, tokens, 2, server);
	client_run(&client);
	cr_assert_not(client.exchange.failed, "%s", client.exchange.error.message);
	has(token_server, 1, "&client_id=me%3Ayou&client_secret=s%20e%26c%3Dr%2Bt");
	has_no(token_server, 1, "Authorization");
	close_grant(&client);
}

Test(http_auth, renews_a_token_after_one_refusal)
{
	static const struct reply replies[] = {
		{ OK, AFTER_KEEP }, { NO, AFTER_KEEP }, { OK, AFTER_KEEP }, { NO, AFTER_KEEP }
	};
	static const struct reply tokens[] = { { TOKEN("t-2", "3600"), AFTER_CLOSE },
		                               { TOKEN("t-3", "3600"), AFTER_CLOSE },
		                               { TOKEN("t-4", "3600"), AFTER_CLOSE } };
	struct server *server = server_start(replies, 4, NULL, NULL);
	struct client client;

	open_grant(&client, tokens, 3, server);
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200);
	/* refused, renewed, taken */
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200);
	has(server, 1, "Bearer t-2");
	has(server, 2, "Bearer t-3");
	/* refused twice: the second answer is the answer */
	client_run(&client);
	cr_expect_eq(client.exchange.status, 401);
	has(server, 3, "Bearer t-3");
	has(server, 4, "Bearer t-4");
	cr_expect_eq(server_requests(server), 5);
	close_grant(&client);
}

static const struct {
	const char *answer;
	enum error_id id;
	const char *part;
} refusals[] = {
	{ "HTTP/1.1 401 Unauthorized\r\nConnection: "
	  "close\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"s e&c=r+t\"}",
	  ERROR_PLANE_AUTH, "its token endpoint answered 401: invalid_client" },
	{ "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"error\":\"\\u001b[31m\"}", ERROR_PLANE_AUTH,
	  "its token endpoint answered 400" },
	{ "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n<html>", ERROR_PLANE_REJECTED, "answered 404" },
	{ "HTTP/1.1 503 Unavailable\r\nConnection: close\r\n\r\n", ERROR_PLANE_UNAVAILABLE, "answered 503" },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>", ERROR_PLANE_PROTOCOL, "answered no JSON" },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"a\\r\\nX: y\"}", ERROR_PLANE_PROTOCOL,
	  "no access_token that a header can carry" },
	{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"a\",\"token_type\":\"mac\"}",
	  ERROR_PLANE_PROTOCOL, "another type than Bearer" },
	{ "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\nConnection: close\r\n\r\n", ERROR_PLANE_REDIRECT,
	  "another origin" },
};

Test(http_auth, says_why_there_is_no_token)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct reply tokens[] = { { refusals[i].answer, AFTER_CLOSE } };
		struct server *server = server_start(replies, 1, NULL, NULL);
		const struct error *error;
		struct client client;

		open_grant(&client, tokens, 1, server);
		client_run(&client);
		error = &client.exchange.error;
		cr_assert(client.exchange.failed, "%zu", i);
		cr_expect_eq(error->id, refusals[i].id, "%zu: %s %s", i, error->message, error->cause);
		cr_expect_not_null(strstr(error->cause, refusals[i].part), "%zu: %s", i, error->cause);
		cr_expect_null(strstr(error->cause, "s e&c=r+t"));
		cr_expect_eq(client.exchange.tries_made, 0);
		cr_expect_eq(server_requests(server), 0);
		/* the next one asks anew */
		client_run(&client);
		cr_expect_geq(server_requests(token_server), 2);
		close_grant(&client);
	}
}

Test(http_auth, waits_for_a_token_no_longer_than_its_limit)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	static const struct reply tokens[] = { { "", AFTER_STALL } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct client client;

	open_grant(&client, tokens, 1, server);
	client.exchange.timeout_ms = 200;
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_TIMEOUT);
	cr_expect_not_null(strstr(client.exchange.error.cause, "waiting for a token of"), "%s",
	                   client.exchange.error.cause);
	close_grant(&client);
}

static enum after accept_and_close(struct connection *connection, const char *request)
{
	peer_accept(connection, request);
	peer_send(connection, CLOSE, "\x03\xe8", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

Test(http_auth, fetches_a_token_for_a_websocket)
{
	static server_talk *const talks[] = { accept_and_close };
	static const struct reply tokens[] = { { TOKEN("t-1", "3600"), AFTER_CLOSE } };
	struct server *server = server_start_talks(talks, 1, NULL, NULL, NULL);
	struct secret *secret = secret_of("s");
	struct grant_options options = { .client_id = "me", .client_secret = secret };
	static struct owner owner;

	token_server = server_start(tokens, 1, NULL, NULL);
	owner_prepare(&owner, server_port(server), "/exec");
	options.token_url = arena_format(owner.arena, "http://127.0.0.1:%u/token", (unsigned)server_port(token_server));
	owner.websocket.access.grant = grant_new(owner.arena, &options);
	owner_run(&owner);
	cr_expect_not(owner.websocket.failed, "%s", owner.websocket.error->cause);
	has(server, 0, "\r\nAuthorization: Bearer t-1\r\n");
	grant_free(owner.websocket.access.grant);
	owner_close(&owner);
	secret_free(secret);
}

Test(http_auth, opens_no_websocket_without_the_token)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	static const struct reply tokens[] = { { NO, AFTER_CLOSE } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct secret *secret = secret_of("s");
	struct grant_options options = { .client_id = "me", .client_secret = secret };
	static struct owner owner;

	token_server = server_start(tokens, 1, NULL, NULL);
	owner_prepare(&owner, server_port(server), "/exec");
	options.token_url = arena_format(owner.arena, "http://127.0.0.1:%u/token", (unsigned)server_port(token_server));
	owner.websocket.access.grant = grant_new(owner.arena, &options);
	owner_run(&owner);
	cr_expect(owner.websocket.failed);
	cr_expect_eq(owner.websocket.error->id, ERROR_PLANE_AUTH);
	cr_expect_eq(server_requests(server), 0);
	grant_free(owner.websocket.access.grant);
	owner_close(&owner);
	secret_free(secret);
}

/* --- rate --- */

static size_t ended;

static void count_end(struct http_exchange *exchange)
{
	cr_expect_not(exchange->failed, "%s", exchange->error.message);
	ended++;
}

Test(http_auth, keeps_a_rate)
{
	static const struct reply replies[] = { { OK, AFTER_KEEP } };
	struct server *server = server_start(replies, 1, NULL, NULL);
	struct http_rate rate = { .requests = 20, .period_ms = 1000, .burst = 3 };
	struct http_exchange exchanges[7];
	struct client client;
	int64_t began_ms;

	client_open(&client, server_port(server), "/");
	began_ms = clock_monotonic_ms();
	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		exchanges[i] = client.exchange;
		exchanges[i].access.rate = &rate;
		exchanges[i].on_done = count_end;
		cr_assert(http_start(client.http, client.arena, &exchanges[i], &client.error));
	}
	while (ended < ARRAY_LEN(exchanges))
		cr_assert(loop_turn(client.loop, deadline_after(1000), &client.error));
	/* three at once, and four more at 50 ms each */
	cr_expect_geq(clock_monotonic_ms() - began_ms, 195);
	cr_expect_lt(clock_monotonic_ms() - began_ms, 1500);
	/* no turn comes within the limit */
	client.exchange.access.rate = &(struct http_rate){ .requests = 1, .period_ms = 3600000, .burst = 1 };
	client.exchange.timeout_ms = 200;
	client_run(&client);
	cr_expect_not(client.exchange.failed);
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_TIMEOUT);
	cr_expect_not_null(strstr(client.exchange.error.cause, "rate limit"));
	client_close(&client);
}
