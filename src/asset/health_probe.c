/* Asks over HTTP, bounded in bytes and time, and tells apart the ways in which an answer is none. */
#include "health_probe.h"

#include "fops/base/arena.h"
#include "survey.h"

static const char compare_fix[] = "Compare the health contract with what the service answers, and read its log.";
static const char slow_fix[] = "Find out what is slow, or raise the timeout of the health contract.";
static const char auth_fix[] = "Check auth of the endpoint: its mode, the secret behind its reference, and its rights.";
static const char away_fix[] = "Give an executorUrl that machines reach without a sign-in page or a redirect.";

void probe_end(struct health_probe *probe, enum probe_answer answer, const char *cause, const char *fix)
{
	probe->running = false;
	probe->connecting = false;
	probe->answer = answer;
	probe->cause = cause;
	probe->fix = fix;
	buffer_done(&probe->body);
	probe->on_done(probe);
}

static const char *cause_of(struct arena *arena, const struct error *error)
{
	if (error->cause[0] == '\0')
		return arena_copy(arena, error->message);
	return arena_format(arena, "%s: %s", error->message, error->cause);
}

/* Did the service say anything at all? */
static bool has_spoken(const struct health_probe *probe)
{
	return probe->exchange.status > 0;
}

void probe_end_failed(struct health_probe *probe, const struct error *error)
{
	struct arena *arena = probe->context->arena;
	const char *cause = cause_of(arena, error);
	const char *fix = arena_copy(arena, survey_fix_of(error));

	switch (error->id) {
	case ERROR_TIMEOUT:
		if (deadline_passed(probe->context->deadline))
			probe_end(probe, PROBE_CUT, SURVEY_TOO_LATE, error_codes[ERROR_TIMEOUT].fix);
		else
			probe_end(probe, has_spoken(probe) ? PROBE_BROKEN : PROBE_UNREACHED, cause, slow_fix);
		return;
	case ERROR_PLANE_REDIRECT:
		probe_end(probe, PROBE_LED_AWAY, cause, away_fix);
		return;
	case ERROR_PLANE_PROTOCOL:
		probe_end(probe, PROBE_BROKEN, cause, compare_fix);
		return;
	case ERROR_PLANE_AUTH:
		probe_end(probe, PROBE_REFUSED, cause, fix);
		return;
	case ERROR_PLANE_UNAVAILABLE:
	case ERROR_PLANE_TLS:
		probe_end(probe, has_spoken(probe) ? PROBE_BROKEN : PROBE_UNREACHED, cause, fix);
		return;
	default:
		probe_end(probe, PROBE_UNASKED, cause, fix);
	}
}

void probe_end_exchange(struct health_probe *probe)
{
	const struct error *error = &probe->exchange.error;
	struct arena *arena = probe->context->arena;

	/* it waited for its token or its turn, and never went out: that says nothing about the service */
	if (probe->exchange.tries_made > 0 || deadline_passed(probe->context->deadline))
		probe_end_failed(probe, error);
	else
		probe_end(probe, error->id == ERROR_PLANE_AUTH ? PROBE_DENIED : PROBE_UNASKED, cause_of(arena, error),
		          arena_copy(arena, survey_fix_of(error)));
}

/* Date is the server's clock cut to a second, taken about in the middle between our question and its answer. */
static void note_clock(struct health_probe *probe, const struct http_exchange *exchange)
{
	const char *date = text_map_get(&exchange->answer_headers, "date");
	int64_t ours_ms = clock_now().unix_ms - exchange->total_us / 1000 / 2;
	struct instant theirs;
	int64_t skew_ms;

	if (date == NULL || !http_date_parse(date, &theirs))
		return;
	skew_ms = theirs.unix_ms + 500 - ours_ms;
	skew_ms += skew_ms >= 0 ? 500 : -500;
	probe->clock_skew_ms = (struct optional_int){ skew_ms / 1000 * 1000, true };
}

void probe_note(struct health_probe *probe, const struct http_exchange *exchange)
{
	if (exchange->tls_expires.unix_ms != 0)
		probe->tls_expires = exchange->tls_expires;
	if (exchange->status == 0)
		return;
	probe->latency_ms = (struct optional_int){ exchange->total_us / 1000, true };
	note_clock(probe, exchange);
}

void probe_mask(struct health_probe *probe)
{
	struct text_map *headers = &probe->exchange.answer_headers;
	struct buffer *body = &probe->body;
	const char *version_from = probe->health->version_from;
	bool shows_header = version_from != NULL && text_starts(version_from, "header:");

	for (size_t i = 0; shows_header && i < headers->count; i++) {
		size_t size = strlen(headers->items[i].value) + 1;
		char *value = arena_alloc(probe->context->arena, size);

		memcpy(value, headers->items[i].value, size);
		http_mask(&probe->exchange.access, value);
		headers->items[i].value = value;
	}
	if (body->len == 0)
		return;
	/* no contract expects either byte, and a text ends at the first */
	for (size_t i = 0; i < body->len; i++) {
		if (body->data[i] == '\0')
			body->data[i] = '\1';
	}
	(void)buffer_string(body);
	http_mask(&probe->exchange.access, body->data);
	body->len = strlen(body->data);
}

bool probe_is_refused(struct health_probe *probe, bool (*ask)(struct health_probe *probe, struct error *err))
{
	const struct http_exchange *exchange = &probe->exchange;
	struct arena *arena = probe->context->arena;
	struct error err;

	if (exchange->status != 401 && exchange->status != 403)
		return false;
	/* a contract may ask for exactly that */
	if (probe->health->expect.status == exchange->status)
		return false;
	if (exchange->status == 401 && !probe->renewed && access_renew(probe->access)) {
		probe->renewed = true;
		if (!ask(probe, &err))
			probe_end_failed(probe, &err);
		return true;
	}
	probe_end(probe, PROBE_REFUSED,
	          arena_format(arena, "%s %s: %s", exchange->method,
	                       probe->health->path == NULL ? "/" : probe->health->path,
	                       exchange->status == 401 ? "the credential is not accepted (401)"
	                                               : "the credential has no right to it (403)"),
	          auth_fix);
	return true;
}

/* A page for people behind a preset that asks for nothing but a status. */
static bool is_page(const struct health_probe *probe)
{
	const struct health_expect *expect = &probe->health->expect;
	const char *type = text_map_get(&probe->exchange.answer_headers, "content-type");

	return probe->health->preset != NULL && expect->pointer == NULL && expect->body == NULL &&
	       expect->body_starts == NULL && type != NULL && strncasecmp(type, "text/html", strlen("text/html")) == 0;
}

static const char *judge(struct health_probe *probe)
{
	const struct http_exchange *exchange = &probe->exchange;
	const struct health_expect *expect = &probe->health->expect;
	struct arena *arena = probe->context->arena;
	bool reads = expect->pointer != NULL || expect->body != NULL || expect->body_starts != NULL;
	const char *wrong;

	if (probe->overlong && exchange->status == expect->status && (expect->pointer != NULL || expect->body != NULL))
		return arena_format(arena, "the answer is longer than %zu bytes", LONGEST_HEALTH_BODY);
	wrong = health_judge(arena, probe->health, exchange->status, reads ? buffer_string(&probe->body) : "",
	                     reads ? probe->body.len : 0);
	if (wrong == NULL && is_page(probe))
		return "expected the service's own answer, found an HTML page; it may be a sign-in page";
	return wrong;
}

static bool ask_http(struct health_probe *probe, struct error *err);

static void answered(struct http_exchange *exchange)
{
	struct health_probe *probe = exchange->user;
	struct arena *arena = probe->context->arena;
	const char *wrong;

	probe->running = false;
	probe_note(probe, exchange);
	if (exchange->failed && !probe->overlong) {
		probe_end_exchange(probe);
		return;
	}
	if (probe_is_refused(probe, ask_http))
		return;
	probe_mask(probe);
	probe->version = health_version(arena, probe->health, &exchange->answer_headers, buffer_string(&probe->body),
	                                probe->body.len);
	wrong = judge(probe);
	if (wrong == NULL)
		probe_end(probe, PROBE_HEALTHY, NULL, NULL);
	else
		probe_end(probe, PROBE_WRONG,
		          arena_format(arena, "%s %s: %s", exchange->method,
		                       probe->health->path == NULL ? "/" : probe->health->path, wrong),
		          compare_fix);
}

/* What is longer than any health answer ends the exchange: an endless body costs no more than a long one. */
static bool take_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct health_probe *probe = exchange->user;
	size_t left = LONGEST_HEALTH_BODY - probe->body.len;

	(void)buffer_append(&probe->body, data, len < left ? len : left);
	if (len <= left)
		return true;
	probe->overlong = true;
	return fail(err, ERROR_PLANE_PROTOCOL, "the health answer is too long");
}

void probe_prepare(struct health_probe *probe, struct http_exchange *exchange)
{
	const struct url *url = &probe->access->url;
	const char *path = probe->health->path;

	/* without a path it is the executor URL itself */
	if (path == NULL)
		path = strcmp(url->path, "/") == 0 ? "/" : "";
	exchange->url = url_build(probe->context->arena, url, path, &probe->health->query);
	access_prepare(probe->context, probe->access, exchange);
	/* a look tells what is now; whoever wants to wait repeats the look */
	exchange->most_retries = 0;
	exchange->timeout_ms = probe->health->timeout.ms;
	exchange->request_timeout_ms = probe->health->timeout.ms;
	exchange->user = probe;
}

static bool ask_http(struct health_probe *probe, struct error *err)
{
	struct http_exchange *exchange = &probe->exchange;

	buffer_clear(&probe->body);
	*exchange = (struct http_exchange){
		.method = probe->health->method,
		.tries = HTTP_TRIES_SAFE,
		.on_body = take_body,
		.on_done = answered,
	};
	probe_prepare(probe, exchange);
	if (!http_start(probe->http, probe->context->arena, exchange, err))
		return false;
	probe->running = true;
	return true;
}

bool health_probe_start(struct health_probe *probe, struct http *http, struct error *err)
{
	const char *protocol = probe->health->protocol;

	probe->http = http;
	probe->body = BUFFER(LONGEST_HEALTH_BODY + 1);
	probe->began_ms = clock_monotonic_ms();
	if (!access_refresh(probe->access, err))
		return false;
	if (text_equal(protocol, "mcp"))
		return probe_ask_mcp(probe, err);
	if (text_equal(protocol, "kafka") || text_equal(protocol, "tcp"))
		return probe_ask_socket(probe, err);
	return ask_http(probe, err);
}

void health_probe_stop(struct health_probe *probe)
{
	if (probe->running)
		http_cancel(probe->http, &probe->exchange);
	if (probe->connecting)
		dialog_stop(probe->dialog);
	probe->running = false;
	probe->connecting = false;
	buffer_done(&probe->body);
}
