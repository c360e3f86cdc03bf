/* Many endpoints at once: three facts, one word, and no answer that hurts. */
#include "fops/asset/endpoint_survey.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../contract/place.h"
#include "../net/server.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"

#define LONGEST_TEST_MS 20000
#define MOST            8

static struct place place;
static struct topology *topology;
static struct asset_context context;
static struct server *server;
static struct endpoint endpoints[MOST];
static struct endpoint_result results[MOST];
static server_talk *talks[1];
static size_t told;

static void make(void)
{
	place = place_new();
}

static void done(void)
{
	asset_http_close(&context);
	loop_free(context.loop);
	topology_cleanup(&topology);
	place_done(&place);
}

TestSuite(endpoint_survey, .init = make, .fini = done);

static enum after send_text(struct connection *connection, const char *status, const char *headers, const char *body)
{
	char text[1024];
	int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
	                   headers, body);

	connection_write(connection, text, (size_t)len);
	return AFTER_CLOSE;
}

static bool asks_for(const char *request, const char *start)
{
	return strncmp(request, start, strlen(start)) == 0;
}

static enum after send_endless(struct connection *connection)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
	char bytes[4096];

	memset(bytes, 'x', sizeof bytes);
	connection_write(connection, head, sizeof head - 1);
	while (connection_write(connection, bytes, sizeof bytes))
		;
	return AFTER_CLOSE;
}

static enum after send_drip(struct connection *connection)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";

	connection_write(connection, head, sizeof head - 1);
	while (connection_write(connection, "o", 1))
		usleep(20000);
	return AFTER_CLOSE;
}

static const struct {
	const char *start;
	const char *status;
	const char *headers;
	const char *body;
} canned[] = {
	{ "GET /-/healthy ", "200 OK", "", "Prometheus Server is Healthy.\n" },
	{ "GET /-/ready ", "200 OK", "", "Prometheus Server is Ready.\n" },
	{ "GET /health ", "200 OK", "", "{\"status\":\"ok\",\"version\":\"v1.2\\u001b[31m\"}" },
	{ "GET /livez ", "200 OK", "Date: Sun, 06 Nov 2094 08:49:37 GMT\r\n", "ok" },
	{ "GET /readyz ", "401 Unauthorized", "", "no" },
	{ "GET /v1/sys/health?standbyok=true&sealedcode", "200 OK", "",
	  "{\"initialized\":true,\"sealed\":true,\"version\":\"2.4.0\"}" },
	{ "GET /v1/sys/health?standbyok=true ", "503 Service Unavailable", "",
	  "{\"initialized\":true,\"sealed\":true}" },
	{ "GET /away", "302 Found", "Location: https://sign-in.example.net/login\r\n", "" },
	{ "GET /circle", "302 Found", "Location: /circle\r\n", "" },
	{ "GET /page", "200 OK", "Content-Type: text/html; charset=utf-8\r\n",
	  "<!DOCTYPE html><title>Sign in</title>" },
	{ "GET /api/version", "200 OK", "Content-Type: text/html\r\n", "<html>" },
	{ "GET /bomb", "200 OK", "Content-Encoding: gzip\r\n", "\x1f\x8b\x08" },
};

/* Routes that open for one header line only. */
static const struct {
	const char *start;
	const char *line;
} guarded[] = {
	{ "GET /bearer ", "\r\nAuthorization: Bearer k-1\r\n" },
	{ "GET /basic ", "\r\nAuthorization: Basic bWU6ay0x\r\n" },
	{ "GET /key ", "\r\nx-api-key: k-1\r\n" },
	{ "GET / ", "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=k-1/" },
	{ "GET /granted ", "\r\nAuthorization: Bearer t-1\r\n" },
};

static enum after by_path(struct connection *connection, const char *request)
{
	if (asks_for(request, "GET /endless"))
		return send_endless(connection);
	if (asks_for(request, "GET /drip"))
		return send_drip(connection);
	if (asks_for(request, "GET /silent"))
		return AFTER_STALL;
	for (size_t i = 0; i < ARRAY_LEN(guarded); i++) {
		if (asks_for(request, guarded[i].start))
			return strstr(request, guarded[i].line) != NULL
			               ? send_text(connection, "200 OK", "", "ok")
			               : send_text(connection, "403 Forbidden", "", "no");
	}
	for (size_t i = 0; i < ARRAY_LEN(canned); i++) {
		if (asks_for(request, canned[i].start))
			return send_text(connection, canned[i].status, canned[i].headers, canned[i].body);
	}
	return send_text(connection, "404 Not Found", "", "nothing here");
}

static void take(void *user, size_t i, const struct endpoint_result *result)
{
	cr_assert_eq(user, &context);
	cr_assert_str_eq(result->id, endpoints[i].id);
	cr_assert_not_null(result->state);
	told++;
}

/* Opens a topology of endpoints, each given by what follows its id and plane; $ is the server's URL. */
static void open_with(const char *const *texts, size_t count)
{
	struct buffer text = BUFFER((size_t)1024 * 1024);
	struct error err;

	for (size_t i = 0; i < count; i++) {
		buffer_format(&text, "%sapiVersion: fractalops/v1\nkind: Endpoint\nspec: {id: e%zu, plane: x, ",
		              i == 0 ? "" : "---\n", i);
		for (const char *at = texts[i]; *at != '\0'; at++) {
			if (*at == '$')
				buffer_format(&text, "http://127.0.0.1:%u", (unsigned)server_port(server));
			else
				buffer_byte(&text, *at);
		}
		buffer_text(&text, "}\n");
	}
	place_write(&place, "all.yaml", buffer_string(&text));
	buffer_done(&text);
	cr_assert(place_open(&place, false, &topology, &err), "%s: %s", err.message, err.cause);
	context = (struct asset_context){ .arena = place.arena,
		                          .topology = topology,
		                          .deadline = deadline_after(LONGEST_TEST_MS) };
	cr_assert(loop_new(&context.loop, &err));
	for (size_t i = 0; i < count; i++)
		cr_assert(topology_read_endpoint(topology, i, place.arena, &endpoints[i], &err));
}

static void open_endpoints(server_talk *talk, const char *const *texts, size_t count)
{
	talks[0] = talk;
	server = server_start_talks(talks, 1, NULL, NULL, NULL);
	open_with(texts, count);
}

static void survey(size_t count)
{
	struct error err;

	told = 0;
	cr_assert(endpoint_survey_run(&context, endpoints, count, take, &context, results, &err), "%s", err.message);
	cr_assert_eq(told, count);
}

#define SURVEY(...)                                                                                                    \
	do {                                                                                                           \
		open_endpoints(by_path, (const char *const[]){ __VA_ARGS__ },                                          \
		               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *));                   \
		survey(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *));                           \
	} while (0)

static void is(size_t i, const char *state, const char *reached, const char *authorised, const char *ready)
{
	const struct endpoint_result *result = &results[i];

	cr_expect_str_eq(result->state, state, "e%zu: %s, not %s (%s)", i, result->state, state, result->cause);
	cr_expect_str_eq(result->reached, reached, "e%zu: reached %s", i, result->reached);
	cr_expect_str_eq(result->authorised, authorised, "e%zu: authorised %s", i, result->authorised);
	cr_expect_str_eq(result->ready, ready, "e%zu: ready %s", i, result->ready);
	cr_expect_eq(endpoint_state_is_bad(result->state),
	             strcmp(state, "ok") != 0 && strcmp(state, "live") != 0 && strcmp(state, "none") != 0);
}

static void says(size_t i, const char *part)
{
	cr_assert_not_null(results[i].cause, "e%zu", i);
	cr_expect_not_null(strstr(results[i].cause, part), "e%zu: %s", i, results[i].cause);
	cr_expect_not_null(results[i].fix);
}

Test(endpoint_survey, tells_three_facts_apart)
{
	SURVEY("executorUrl: \"$\", auth: {mode: none}, health: {preset: prometheus}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {preset: langboard}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {preset: kube-apiserver}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {preset: openbao}",
	       "executorUrl: \"http://127.0.0.1:1\", auth: {mode: none}, health: {preset: opa}",
	       "auth: {mode: none}, health: {preset: opa}", "executorUrl: \"$\", auth: {mode: none}",
	       "executorUrl: \"$\", auth: {mode: bearer, secretRef: \"env://NO_SUCH\"}, health: {preset: opa}");
	is(0, "ok", "yes", "yes", "yes");
	cr_expect_null(results[0].cause);
	cr_expect(results[0].latency_ms.present);
	is(1, "live", "yes", "yes", "unknown");
	is(2, "degraded", "yes", "no", "unknown");
	says(2, "401");
	cr_expect(results[2].clock_skew_ms.present);
	cr_expect_gt(results[2].clock_skew_ms.value, (int64_t)365 * 24 * 3600 * 1000);
	cr_expect_eq(results[2].clock_skew_ms.value % 1000, 0);
	is(3, "degraded", "yes", "yes", "no");
	says(3, "expected status 200, found 503");
	cr_expect_str_eq(results[3].version, "2.4.0");
	is(4, "down", "no", "unknown", "no");
	says(4, "refused the connection");
	is(5, "none", "unknown", "unknown", "unknown");
	says(5, "executorUrl");
	is(6, "none", "unknown", "unknown", "unknown");
	is(7, "unknown", "unknown", "unknown", "unknown");
	says(7, "NO_SUCH");
	/* a secret that cannot be read means that nothing was sent */
	for (size_t i = 0; i < server_requests(server); i++)
		cr_expect_null(strstr(server_request(server, i), "GET /health?"));
}

Test(endpoint_survey, takes_no_page_for_health)
{
	SURVEY("executorUrl: \"$\", auth: {mode: none}, health: {path: /away}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {path: /circle}",
	       "executorUrl: \"$/page\", auth: {mode: none}, health: {preset: argocd}",
	       "executorUrl: \"$\", auth: {mode: none}, liveness: {preset: windmill}");
	is(0, "down", "yes", "unknown", "no");
	says(0, "sign-in.example.net");
	is(1, "down", "yes", "unknown", "no");
	says(1, "more than 5 redirects");
	is(2, "down", "yes", "unknown", "no");
	says(2, "expected the body \"ok\", found");
	is(3, "down", "yes", "unknown", "unknown");
	says(3, "sign-in page");
}

Test(endpoint_survey, ends_hostile_answers)
{
	int64_t began_ms = clock_monotonic_ms();

	SURVEY("executorUrl: \"$\", auth: {mode: none}, health: {path: /endless, expect: {body: ok}, timeout: 3s}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {path: /drip, timeout: 500ms}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {path: /silent, timeout: 500ms}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {path: /bomb, expect: {body: ok}}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {path: /endless, timeout: 3s}");
	cr_expect_lt(clock_monotonic_ms() - began_ms, 2500);
	is(0, "down", "yes", "unknown", "no");
	says(0, "longer than 65536 bytes");
	is(1, "down", "yes", "unknown", "no");
	is(2, "down", "no", "unknown", "no");
	is(3, "down", "yes", "unknown", "no");
	says(3, "expected the body");
	/* only a status is asked for, and it came */
	is(4, "ok", "yes", "yes", "yes");
}

Test(endpoint_survey, keeps_versions_printable_and_latency_in_bounds)
{
	SURVEY("executorUrl: \"$\", auth: {mode: none}, health: {path: /health, versionFrom: /version}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {path: /slow}, liveness: {path: /livez, expect: {body: "
	       "ok}}",
	       "executorUrl: \"$\", auth: {mode: none}, health: {protocol: tcp}");
	is(0, "ok", "yes", "yes", "yes");
	cr_expect_str_eq(results[0].version, "v1.2[31m");
	is(1, "degraded", "yes", "yes", "no");
	says(1, "found 404");
	is(2, "ok", "yes", "yes", "yes");
}

Test(endpoint_survey, shows_credentials_of_every_kind)
{
	setenv("FOPS_TEST_KEY", "k-1", 1);
	setenv("FOPS_TEST_OTHER", "k-2", 1);
	SURVEY("executorUrl: \"$\", auth: {mode: bearer, secretRef: \"env://FOPS_TEST_KEY\"}, health: {path: /bearer}",
	       "executorUrl: \"$\", auth: {mode: basic, user: me, secretRef: \"env://FOPS_TEST_KEY\"}, health: {path: "
	       "/basic}",
	       "executorUrl: \"$\", auth: {mode: api-key, header: x-api-key, secretRef: \"env://FOPS_TEST_KEY\"}, "
	       "health: {path: /key}",
	       "executorUrl: \"$\", auth: {mode: signed, accessKeyRef: \"env://FOPS_TEST_KEY\", region: eu, "
	       "secretRef: \"env://FOPS_TEST_OTHER\"}, health: {path: /}",
	       "executorUrl: \"$\", auth: {mode: api-key, header: x-api-key, secretRef: \"env://FOPS_TEST_OTHER\"}, "
	       "health: {path: /key}");
	for (size_t i = 0; i < 4; i++)
		is(i, "ok", "yes", "yes", "yes");
	is(4, "degraded", "yes", "no", "unknown");
	says(4, "403");
	/* no secret stands in what is told */
	for (size_t i = 0; i < 5; i++)
		cr_expect(results[i].cause == NULL || strstr(results[i].cause, "k-") == NULL, "%s", results[i].cause);
}

static enum after issuer(struct connection *connection, const char *request)
{
	if (asks_for(request, "POST /token"))
		return send_text(connection, "200 OK", "Content-Type: application/json\r\n",
		                 "{\"access_token\":\"t-1\",\"token_type\":\"Bearer\",\"expires_in\":60}");
	if (asks_for(request, "POST /none"))
		return send_text(connection, "401 Unauthorized", "", "{\"error\":\"invalid_client\"}");
	return by_path(connection, request);
}

static const char *fixture(const char *name)
{
	return path_join(place.arena, getenv("TLS_FIXTURES"), name);
}

/* The PEM text as a YAML text in double quotation marks. */
static const char *authority(void)
{
	struct buffer quoted = BUFFER((size_t)64 * 1024);
	const char *copy;
	struct error err;
	struct str text;

	cr_assert(file_read(place.arena, fixture("authority.pem"), 65536, &text, &err), "%s", err.message);
	for (size_t i = 0; i < text.len; i++)
		buffer_format(&quoted, text.data[i] == '\n' ? "\\n" : "%c", text.data[i]);
	copy = arena_copy(place.arena, buffer_string(&quoted));
	buffer_done(&quoted);
	return copy;
}

Test(endpoint_survey, fetches_a_token_for_both_questions)
{
	const char *texts[2];

	setenv("FOPS_TEST_KEY", "k-1", 1);
	talks[0] = issuer;
	server = server_start_talks(talks, 1, fixture("address.pem"), fixture("server.key"), NULL);
	for (size_t i = 0; i < 2; i++)
		texts[i] = arena_format(
		        place.arena,
		        "executorUrl: \"https://127.0.0.1:%u\", tls: {ca: \"%s\"}, auth: {mode: oidc-client, "
		        "tokenUrl: \"https://127.0.0.1:%u/%s\", clientId: me, "
		        "secretRef: \"env://FOPS_TEST_KEY\"}, readiness: {path: /granted}, "
		        "liveness: {path: /livez}",
		        (unsigned)server_port(server), authority(), (unsigned)server_port(server),
		        i == 0 ? "token" : "none");
	open_with(texts, 2);
	survey(2);
	is(0, "ok", "yes", "yes", "yes");
	cr_expect(results[0].tls_days.present);
	cr_expect_gt(results[0].tls_days.value, 0);
	is(1, "unknown", "unknown", "no", "unknown");
	says(1, "invalid_client");
	/* one token for both questions, and two tries for the one that is refused */
	cr_expect_eq(server_requests(server), 5);
}

static enum after grid(struct connection *connection, const char *request)
{
	static const char stream[] =
	        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nMcp-Session-Id: s-1\r\n\r\n"
	        ": hello\r\n\r\nevent: message\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\r\n"
	        "data: \"result\":{\"serverInfo\":{\"name\":\"grid\",\"version\":\"0.0.70\"}}}\r\n\r\n";

	if (asks_for(request, "DELETE"))
		return send_text(connection, "200 OK", "", "");
	connection_write(connection, stream, sizeof stream - 1);
	return AFTER_STALL;
}

Test(endpoint_survey, opens_and_deletes_an_mcp_session)
{
	static const char *const texts[] = {
		"executorUrl: \"$\", auth: {mode: none}, health: {preset: playwright-grid}"
	};

	open_endpoints(grid, texts, 1);
	survey(1);
	is(0, "ok", "yes", "yes", "yes");
	cr_expect_str_eq(results[0].version, "0.0.70");
	cr_assert_eq(server_requests(server), 2);
	cr_expect(asks_for(server_request(server, 0), "POST /mcp HTTP/1.1\r\n"));
	cr_expect_not_null(strstr(server_request(server, 0), "\"initialize\""));
	cr_expect_not_null(strstr(server_request(server, 1), "s-1"));
}

struct broker {
	int listener;
	const char *reply;
	size_t reply_len;
};

/* Takes one connection after the other, a request of 20 bytes each, and answers it in two pieces. */
static void *serve_kafka(void *user)
{
	const struct broker *broker = user;
	int descriptor;

	while ((descriptor = accept(broker->listener, NULL, NULL)) >= 0) {
		char bytes[64];
		size_t half = broker->reply_len / 2;

		if (recv(descriptor, bytes, 18, MSG_WAITALL) == 18 &&
		    memcmp(bytes, "\0\0\0\016\0\022\0\0fops\0\004fops", 18) == 0) {
			(void)send(descriptor, broker->reply, half, MSG_NOSIGNAL);
			usleep(20000);
			(void)send(descriptor, broker->reply + half, broker->reply_len - half, MSG_NOSIGNAL);
			(void)recv(descriptor, bytes, 1, 0);
		}
		close(descriptor);
	}
	return NULL;
}

static uint16_t start_broker(struct broker *broker)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	pthread_t thread;

	broker->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(bind(broker->listener, (struct sockaddr *)&address, len) == 0);
	cr_assert(getsockname(broker->listener, (struct sockaddr *)&address, &len) == 0);
	cr_assert(listen(broker->listener, 4) == 0);
	cr_assert(pthread_create(&thread, NULL, serve_kafka, broker) == 0);
	pthread_detach(thread);
	return ntohs(address.sin_port);
}

#define REPLY(text) (text), sizeof(text) - 1

Test(endpoint_survey, asks_kafka_for_its_versions)
{
	static struct broker brokers[] = {
		{ -1, REPLY("\0\0\0\020fops\0\0\0\0\0\001\0\022\0\0\0\004") },
		{ -1, REPLY("\0\0\0\012fops\0\043\0\0\0\0") },
		{ -1, REPLY("HTTP/1.1 400 Bad Request\r\n\r\n") },
		{ -1, REPLY("\0\0") },
	};
	const char *texts[ARRAY_LEN(brokers)];

	for (size_t i = 0; i < ARRAY_LEN(brokers); i++)
		texts[i] = arena_format(place.arena,
		                        "executorUrl: \"http://127.0.0.1:%u\", auth: {mode: none}, "
		                        "health: {preset: kafka, timeout: 300ms}",
		                        (unsigned)start_broker(&brokers[i]));
	open_endpoints(by_path, texts, ARRAY_LEN(brokers));
	survey(ARRAY_LEN(brokers));
	is(0, "ok", "yes", "yes", "yes");
	cr_expect(results[0].latency_ms.present);
	is(1, "degraded", "yes", "unknown", "no");
	says(1, "error 35");
	is(2, "degraded", "yes", "unknown", "no");
	says(2, "another protocol");
	is(3, "down", "no", "unknown", "no");
}

Test(endpoint_survey, ends_at_the_deadline)
{
	static const char *const texts[] = {
		"executorUrl: \"$\", auth: {mode: none}, health: {path: /silent, timeout: 10s}",
		"executorUrl: \"$\", auth: {mode: none}, health: {preset: prometheus}"
	};
	struct error err;

	open_endpoints(by_path, texts, 2);
	context.deadline = deadline_after(300);
	told = 0;
	cr_assert_not(endpoint_survey_run(&context, endpoints, 2, take, &context, results, &err));
	cr_expect_eq(err.id, ERROR_TIMEOUT);
	cr_expect_eq(told, 2);
	is(0, "unknown", "unknown", "unknown", "unknown");
	is(1, "ok", "yes", "yes", "yes");
}
