/* An MCP server has no health route: a session is opened as every client does, its server named, and deleted again. */
#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "fops/data/pointer.h"
#include "health_probe.h"

static const char initialize[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                                 "\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
                                 "\"clientInfo\":{\"name\":\"fops\",\"version\":\"" FOPS_VERSION "\"}}}";

static const char *const question_headers[] = {
	"Accept: application/json, text/event-stream",
	"Content-Type: application/json",
};

static bool is_stream(const struct http_exchange *exchange)
{
	const char *type = text_map_get(&exchange->answer_headers, "content-type");

	return type != NULL && strncasecmp(type, "text/event-stream", strlen("text/event-stream")) == 0;
}

static size_t line_length(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && text[at] != '\n' && text[at] != '\r')
		at++;
	return at;
}

/*
 * The data of the first whole event that has any, its lines joined, in arena; NULL as long as there is none. A whole
 * event ends with an empty line.
 */
static const char *event_data(struct arena *arena, const char *text, size_t len)
{
	struct buffer data = BUFFER(LONGEST_HEALTH_BODY);
	const char *found = NULL;
	size_t at = 0;

	while (at < len && found == NULL) {
		size_t line = line_length(text + at, len - at);
		size_t next = at + line;

		if (next == len)
			break; /* the line goes on */
		next += text[next] == '\r' && next + 1 < len && text[next + 1] == '\n' ? 2 : 1;
		if (line == 0 && data.len > 0)
			found = arena_text(arena, buffer_string(&data), data.len);
		else if (line > 5 && memcmp(text + at, "data:", 5) == 0)
			(void)buffer_append(&data, text + at + 5, line - 5);
		at = next;
	}
	buffer_done(&data);
	return found;
}

/* Why the message is no answer to initialize, or NULL; ret_version is what the server calls itself. */
static const char *judge_message(struct arena *arena, const char *message, const char **ret_version)
{
	struct health named = { .version_from = "/result/serverInfo/version" };
	struct value document;
	struct error err;

	if (message == NULL ||
	    !json_parse(arena, "answer", message, strlen(message), &document_default_limits, &document, &err))
		return "expected the answer to initialize of MCP, found no JSON";
	if (pointer_find(&document, "/error") != NULL)
		return "the server refuses initialize of MCP";
	if (pointer_find(&document, "/result/serverInfo/name") == NULL)
		return "expected serverInfo in the answer to initialize of MCP, found none";
	*ret_version = health_version(arena, &named, NULL, message, strlen(message));
	return NULL;
}

/* The session is gone, or will be when the server forgets it: nothing hangs on that. */
static void deleted(struct http_exchange *exchange)
{
	struct health_probe *probe = exchange->user;

	probe->running = false;
	probe_end(probe, PROBE_HEALTHY, NULL, NULL);
}

static bool skip(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	(void)exchange;
	(void)data;
	(void)len;
	(void)err;
	return true;
}

static void delete_session(struct health_probe *probe)
{
	struct http_exchange *exchange = &probe->exchange;
	struct arena *arena = probe->context->arena;
	int64_t left_ms = probe->began_ms + probe->health->timeout.ms - clock_monotonic_ms();
	struct error err;

	*exchange = (struct http_exchange){
		.method = "DELETE",
		/* what may be repeated takes an open connection: a watch would leave one more behind in each round */
		.tries = HTTP_TRIES_SAFE,
		.on_body = skip,
		.on_done = deleted,
	};
	probe_prepare(probe, exchange);
	exchange->timeout_ms = left_ms > 0 ? left_ms : 1;
	text_list_add(arena, &exchange->headers, arena_format(arena, "Mcp-Session-Id: %s", probe->session));
	text_list_add(arena, &exchange->headers, "MCP-Protocol-Version: 2025-06-18");
	probe->running = http_start(probe->http, arena, exchange, &err);
	if (!probe->running)
		probe_end(probe, PROBE_HEALTHY, NULL, NULL);
}

/* A name that came from a server and goes back to it as a header: visible ASCII, as MCP asks for. */
static bool is_session(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return len > 0 && len <= 1024;
}

static void initialized(struct http_exchange *exchange)
{
	struct health_probe *probe = exchange->user;
	struct arena *arena = probe->context->arena;
	const char *wrong = NULL;
	const char *body = buffer_string(&probe->body);
	const char *session = text_map_get(&exchange->answer_headers, "mcp-session-id");

	probe->running = false;
	probe_note(probe, exchange);
	if (exchange->failed && !probe->complete && !probe->overlong) {
		probe_end_exchange(probe);
		return;
	}
	if (probe_is_refused(probe, probe_ask_mcp))
		return;
	probe_mask(probe);
	if (exchange->status != 200)
		wrong = arena_format(arena, "expected status 200, found %d", exchange->status);
	else
		wrong = judge_message(arena, is_stream(exchange) ? event_data(arena, body, probe->body.len) : body,
		                      &probe->version);
	if (wrong != NULL) {
		probe_end(probe, PROBE_WRONG,
		          arena_format(arena, "POST %s: %s", probe->health->path == NULL ? "/" : probe->health->path,
		                       wrong),
		          "Check that executorUrl and path name the MCP endpoint of the server.");
		return;
	}
	probe->session = session != NULL && is_session(session) ? arena_copy(arena, session) : NULL;
	if (probe->session != NULL)
		delete_session(probe);
	else
		probe_end(probe, PROBE_HEALTHY, NULL, NULL);
}

/* A server may keep the stream open behind its answer: the answer ends the exchange, not the stream. */
static bool take_part(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct health_probe *probe = exchange->user;
	size_t left = LONGEST_HEALTH_BODY - probe->body.len;

	(void)buffer_append(&probe->body, data, len < left ? len : left);
	probe->overlong = len > left;
	probe->complete = is_stream(exchange) &&
	                  event_data(probe->context->arena, buffer_string(&probe->body), probe->body.len) != NULL;
	if (!probe->overlong && !probe->complete)
		return true;
	return fail(err, ERROR_PLANE_PROTOCOL, "nothing more of the answer is wanted");
}

bool probe_ask_mcp(struct health_probe *probe, struct error *err)
{
	struct http_exchange *exchange = &probe->exchange;
	struct arena *arena = probe->context->arena;

	buffer_clear(&probe->body);
	probe->complete = false;
	*exchange = (struct http_exchange){
		.method = "POST",
		.data = initialize,
		.data_len = sizeof initialize - 1,
		.tries = HTTP_TRIES_NEVER,
		.on_body = take_part,
		.on_done = initialized,
	};
	probe_prepare(probe, exchange);
	for (size_t i = 0; i < ARRAY_LEN(question_headers); i++)
		text_list_add(arena, &exchange->headers, question_headers[i]);
	if (!http_start(probe->http, arena, exchange, err))
		return false;
	probe->running = true;
	return true;
}
