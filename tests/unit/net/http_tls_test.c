/* TLS: who is trusted, which name and key are asked for, and what a failure says. */
#include <criterion/criterion.h>

#include "certificate.h"
#include "client.h"
#include "fops/base/file.h"
#include "peer.h"
#include "server.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct reply replies[] = { { OK, AFTER_KEEP } };

static const char *fixture(struct arena *arena, const char *name)
{
	const char *folder = getenv("TLS_FIXTURES");

	return path_join(arena, folder == NULL ? "tests/fixtures/tls" : folder, name);
}

static const char *fixture_text(struct arena *arena, const char *name)
{
	struct str data;
	struct error err;

	cr_assert(file_read(arena, fixture(arena, name), 65536, &data, &err), "%s: %s", name, err.message);
	return data.data;
}

static const char *right_pin(struct arena *arena)
{
	const char *text = fixture_text(arena, "server.pin");

	return arena_text(arena, text, strcspn(text, "\n"));
}

static const char wrong_pin[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

struct tls_case {
	const char *name;
	const char *certificate; /* of the server; NULL: it speaks plain HTTP */
	const char *ca;
	bool pinned;
	const char *pin; /* instead of the right one */
	const char *server_name;
	bool failed;
	const char *cause;
};

static const struct tls_case cases[] = {
	{ "a trusted address", "address.pem", "authority.pem", false, NULL, NULL, false, NULL },
	{ "a trusted address and its pin", "address.pem", "authority.pem", true, NULL, NULL, false, NULL },
	{ "another pin", "address.pem", "authority.pem", true, wrong_pin, NULL, true, "not the pinned one" },
	{ "an unknown authority", "address.pem", "stranger.pem", false, NULL, NULL, true, "certificate" },
	{ "the pin does not replace the authority", "address.pem", "stranger.pem", true, NULL, NULL, true,
	  "certificate" },
	{ "an expired certificate", "expired.pem", "authority.pem", false, NULL, NULL, true,
	  "certificate has expired" },
	{ "another name", "named.pem", "authority.pem", false, NULL, NULL, true,
	  "its certificate is not for 127.0.0.1" },
	{ "the server name of the contract", "named.pem", "authority.pem", false, NULL, "executor.test", false, NULL },
	{ "a wrong server name", "named.pem", "authority.pem", false, NULL, "other.test", true,
	  "its certificate is not for other.test" },
	{ "no TLS at the other end", NULL, "authority.pem", false, NULL, NULL, true, "speaks no TLS" },
};

static void run_case(const struct tls_case *one)
{
	struct client client;
	const struct http_exchange *exchange = &client.exchange;
	static const struct reply plain[] = { { "HTTP/1.1 400 Bad Request\r\n\r\n", AFTER_CLOSE_BLIND } };
	struct arena *arena = arena_new((size_t)1024 * 1024);
	struct server *server = one->certificate == NULL ? server_start(plain, 1, NULL, NULL)
	                                                 : server_start(replies, 1, fixture(arena, one->certificate),
	                                                                fixture(arena, "server.key"));

	client_open(&client, server_port(server), "/");
	client.exchange.url = arena_format(arena, "https://127.0.0.1:%u/", (unsigned)server_port(server));
	client.exchange.access.tls.ca = fixture_text(arena, one->ca);
	client.exchange.access.tls.server_name = one->server_name;
	if (one->pinned)
		client.exchange.access.tls.pin = one->pin != NULL ? one->pin : right_pin(arena);
	client_run(&client);
	cr_expect_eq(exchange->failed, one->failed, "%s: %s: %s", one->name, exchange->error.message,
	             exchange->error.cause);
	if (one->failed) {
		cr_expect_eq(exchange->error.id, ERROR_PLANE_TLS, "%s: %s", one->name, exchange->error.cause);
		cr_expect(strstr(exchange->error.cause, one->cause) != NULL, "%s: %s", one->name,
		          exchange->error.cause);
		cr_expect_eq(exchange->tries_made, 1, "%s: a refused certificate is not tried again", one->name);
		cr_expect_eq(server_requests(server), 0, "%s: nothing may be sent", one->name);
	}
	client_close(&client);
	arena_free(arena);
}

Test(http_tls, trusts_what_the_contract_says_and_nothing_else)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		run_case(&cases[i]);
}

static struct server *start_named(struct client *client, const char *certificate)
{
	struct server *server;

	client_open(client, 1, "/");
	server = server_start(replies, 1, fixture(client->arena, certificate), fixture(client->arena, "server.key"));
	client->exchange.url = arena_format(client->arena, "https://127.0.0.1:%u/", (unsigned)server_port(server));
	client->exchange.access.tls.ca = fixture_text(client->arena, "authority.pem");
	return server;
}

Test(http_tls, sends_the_server_name_as_host)
{
	struct client client;
	struct server *server = start_named(&client, "named.pem");
	const char *host;

	client.exchange.access.tls.server_name = "executor.test";
	client_run(&client);
	host = arena_format(client.arena, "\r\nHost: executor.test:%u\r\n", (unsigned)server_port(server));
	cr_expect(strstr(server_request(server, 0), host) != NULL, "%s", server_request(server, 0));
	cr_expect(text_starts(client.exchange.address, "127.0.0.1:"));
	client_close(&client);
}

Test(http_tls, follows_a_redirect_to_the_server_name)
{
	static char text[128];
	static const struct reply redirect[] = { { text, AFTER_KEEP }, { OK, AFTER_KEEP } };
	struct client client;
	struct server *server;

	client_open(&client, 1, "/");
	server = server_start(redirect, 2, fixture(client.arena, "named.pem"), fixture(client.arena, "server.key"));
	(void)snprintf(text, sizeof text,
	               "HTTP/1.1 301 M\r\nLocation: https://executor.test:%u/x\r\nContent-Length: 0\r\n\r\n",
	               (unsigned)server_port(server));
	client.exchange.url = arena_format(client.arena, "https://127.0.0.1:%u/", (unsigned)server_port(server));
	client.exchange.access.tls.ca = fixture_text(client.arena, "authority.pem");
	client.exchange.access.tls.server_name = "executor.test";
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200, "%s", client.exchange.error.cause);
	cr_expect(text_starts(server_request(server, 1), "GET /x "));
	client_close(&client);
}

Test(http_tls, never_lends_a_connection_to_stricter_terms)
{
	struct client client;

	(void)start_named(&client, "address.pem");
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200);
	client.exchange.access.tls.pin = wrong_pin;
	client_run(&client);
	cr_expect(client.exchange.failed, "the pin was not asked for on a kept connection");
	client.exchange.access.tls.pin = NULL;
	client.exchange.access.tls.ca = fixture_text(client.arena, "stranger.pem");
	client_run(&client);
	cr_expect(client.exchange.failed, "the authority was not asked for on a kept connection");
	client_close(&client);
}

Test(http_tls, takes_the_authorities_from_the_environment_and_from_the_flag)
{
	struct client client;
	struct server *server = start_named(&client, "address.pem");

	client.exchange.access.tls.ca = NULL;
	setenv("SSL_CERT_FILE", fixture(client.arena, "authority.pem"), 1);
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200, "%s", client.exchange.error.cause);
	client_close(&client);
	client_open_with(&client, &(struct http_options){ .ca_file = "/nowhere/ca.pem" }, server_port(server), "/");
	client.exchange.url = arena_format(client.arena, "https://127.0.0.1:%u/", (unsigned)server_port(server));
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_TLS);
	cr_expect(strstr(client.exchange.error.cause, "/nowhere/ca.pem") != NULL);
	client_close(&client);
}

Test(http_tls, does_not_trust_the_system_beside_the_flag)
{
	struct client client;
	struct server *server = start_named(&client, "address.pem");
	const char *stranger;

	client_close(&client);
	client_open(&client, 1, "/");
	stranger = fixture(client.arena, "stranger.pem");
	http_close(client.http);
	cr_assert(http_open(client.arena, client.loop, &(struct http_options){ .ca_file = stranger }, &client.http,
	                    &client.error));
	client.exchange.url = arena_format(client.arena, "https://127.0.0.1:%u/", (unsigned)server_port(server));
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_TLS, "%s", client.exchange.error.message);
	client_close(&client);
}

Test(http_tls, trusts_a_fingerprint_instead_of_authorities_and_names)
{
	struct client client;
	struct server *server = start_named(&client, "expired.pem");

	client.exchange.access.tls.ca = NULL;
	client.exchange.access.tls.fingerprint =
	        certificate_fingerprint(client.arena, fixture_text(client.arena, "expired.pem"));
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200, "%s", client.exchange.error.cause);
	client.exchange.access.tls.fingerprint =
	        certificate_fingerprint(client.arena, fixture_text(client.arena, "address.pem"));
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_TLS, "a kept connection was lent to another fingerprint");
	cr_expect(strstr(client.exchange.error.cause, "another fingerprint") != NULL, "%s",
	          client.exchange.error.cause);
	cr_expect_eq(server_requests(server), 1, "something was sent to a stranger");
	client.exchange.access.tls.fingerprint = NULL;
	client.exchange.access.tls.ca = fixture_text(client.arena, "authority.pem");
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_TLS, "a fingerprint's connection was lent to who has none");
	client_close(&client);
}

Test(http_tls, keeps_the_connection_of_a_fingerprint)
{
	struct client client;
	struct server *server = start_named(&client, "address.pem");

	client.exchange.access.tls.ca = NULL;
	client.exchange.access.tls.fingerprint =
	        certificate_fingerprint(client.arena, fixture_text(client.arena, "address.pem"));
	client_run(&client);
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200, "%s", client.exchange.error.cause);
	cr_expect_eq(server_connections(server), 1);
	client_close(&client);
}

static enum after answer_ok(struct connection *connection, const char *request)
{
	(void)request;
	(void)connection_write(connection, OK, sizeof OK - 1);
	return AFTER_KEEP;
}

static void show(struct client *client, const struct certificate *certificate, const struct certificate *key)
{
	client->exchange.access.tls.certificate =
	        secret_new(certificate->certificate, strlen(certificate->certificate));
	client->exchange.access.tls.key = secret_new(key->key, strlen(key->key));
}

Test(http_tls, shows_its_certificate_on_connections_of_its_own)
{
	static server_talk *const talks[] = { answer_ok };
	struct certificate own;
	struct certificate other;
	struct client client;
	struct server *server;

	client_open(&client, 1, "/");
	own = certificate_make(client.arena, "fops");
	other = certificate_make(client.arena, "other");
	server = server_start_talks(talks, 1, fixture(client.arena, "address.pem"), fixture(client.arena, "server.key"),
	                            own.certificate);
	client.exchange.url = arena_format(client.arena, "https://127.0.0.1:%u/", (unsigned)server_port(server));
	client.exchange.access.tls.ca = fixture_text(client.arena, "authority.pem");
	show(&client, &own, &own);
	client_run(&client);
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200, "%s", client.exchange.error.cause);
	cr_expect_eq(server_connections(server), 1, "its own connection was not kept");
	show(&client, &other, &other);
	client_run(&client);
	cr_expect(client.exchange.failed, "a connection was lent to another certificate");
	show(&client, &own, &other);
	client_run(&client);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_TLS, "a connection was lent to another key");
	cr_expect(strstr(client.exchange.error.cause, "certificate or key") != NULL, "%s", client.exchange.error.cause);
	client.exchange.access.tls.certificate = NULL;
	client.exchange.access.tls.key = NULL;
	client_run(&client);
	cr_expect(client.exchange.failed, "a connection was lent to who has no certificate");
	cr_expect_eq(server_requests(server), 2);
	client_close(&client);
}

struct bad_access {
	const char *name;
	struct http_access access;
};

Test(http_tls, refuses_malformed_terms_before_anything_is_sent)
{
	struct arena *arena = arena_new((size_t)64 * 1024);
	struct certificate own = certificate_make(arena, "fops");
	struct secret *certificate = secret_new(own.certificate, strlen(own.certificate));
	struct secret *key = secret_new(own.key, strlen(own.key));
	struct secret *text = secret_new("no pem", 6);
	struct secret *locked = secret_new("-----BEGIN ENCRYPTED PRIVATE KEY-----", 37);
	const struct bad_access bad[] = {
		{ "a short fingerprint", { .tls.fingerprint = "AB:CD" } },
		{ "a fingerprint without colons",
		  { .tls.fingerprint =
		            "0011223344556677889900112233445566778899001122334455667788990011223344556677889900"
		            "1122334455667" } },
		{ "a certificate without key", { .tls.certificate = certificate } },
		{ "a key without certificate", { .tls.key = key } },
		{ "a certificate that is none", { .tls = { .certificate = text, .key = key } } },
		{ "a key with a password", { .tls = { .certificate = certificate, .key = locked } } },
		{ "a proxy of another kind", { .proxy = "ftp://127.0.0.1" } },
		{ "a proxy with a path", { .proxy = "http://127.0.0.1/x" } },
		{ "a proxy with a password", { .proxy = "http://a:b@127.0.0.1" } },
		{ "a proxy without a scheme", { .proxy = "127.0.0.1:3128" } },
		{ "a scheme with a line end", { .credential = text, .scheme = "Bearer\r\n" } },
	};
	struct client client;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		client_open(&client, 1, "/");
		client.exchange.url = "https://127.0.0.1:1/";
		client.exchange.access = bad[i].access;
		cr_expect(!http_start(client.http, client.arena, &client.exchange, &client.error), "%s", bad[i].name);
		cr_expect_eq(client.error.id, ERROR_DATA, "%s: %s", bad[i].name, client.error.message);
		client_close(&client);
	}
	arena_free(arena);
}

Test(http_tls, goes_through_a_proxy_that_is_named_even_to_loopback)
{
	static server_talk *const tunnels[] = { peer_tunnel };
	struct client client;
	struct server *proxy = server_start_talks(tunnels, 1, NULL, NULL, NULL);
	struct server *server = start_named(&client, "address.pem");

	client.exchange.access.proxy = arena_format(client.arena, "http://127.0.0.1:%u/", (unsigned)server_port(proxy));
	client.exchange.access.credential = secret_new("token", 5);
	client_run(&client);
	cr_expect_eq(client.exchange.status, 200, "%s", client.exchange.error.cause);
	cr_expect(strstr(server_request(proxy, 0), "Authorization") == NULL, "%s", server_request(proxy, 0));
	cr_expect(strstr(server_request(server, 0), "\r\nAuthorization: Bearer token\r\n") != NULL);
	client_close(&client);
}

Test(http_tls, tells_when_the_certificate_ends)
{
	struct client client;
	const struct server *server = start_named(&client, "address.pem");

	client_run(&client);
	cr_expect_not(client.exchange.failed);
	cr_expect_gt(client.exchange.tls_expires.unix_ms, clock_now().unix_ms);
	/* over a kept connection as well */
	client_run(&client);
	cr_expect_gt(client.exchange.tls_expires.unix_ms, clock_now().unix_ms);
	client.exchange.access.tls.ca = NULL;
	client.exchange.url = arena_format(client.arena, "http://127.0.0.1:%u/",
	                                   (unsigned)server_port(server_start(replies, 1, NULL, NULL)));
	client_run(&client);
	cr_expect_eq(client.exchange.tls_expires.unix_ms, 0);
	cr_expect_gt(server_port(server), 0);
	client_close(&client);
}

Test(http_tls, speaks_nothing_older_than_asked_for)
{
	struct client client;
	struct server *server = start_named(&client, "address.pem");

	server_limit_tls(server);
	client_run(&client);
	cr_expect_not(client.exchange.failed);
	client.exchange.access.tls.only_1_3 = true;
	client_run(&client);
	cr_expect(client.exchange.failed);
	cr_expect_eq(client.exchange.error.id, ERROR_PLANE_TLS, "%s", client.exchange.error.cause);
	cr_expect_eq(server_requests(server), 1);
	client_close(&client);
}
