/* Fetches one token for all who wait for it, and forgets it in time. */
#include "fops/net/grant.h"

#include <ctype.h>

#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "fops/data/pointer.h"
#include "fops/net/secret.h"
#include "http_private.h"

#define FETCH_MS          15000
#define FETCH_ARENA       ((size_t)8 * 1024 * 1024)
#define LONGEST_ANSWER    ((size_t)64 * 1024)
#define LONGEST_TOKEN     ((size_t)16 * 1024)
#define PRESET_LIFE_S     300 /* of a token that does not say how long it is good */
#define LONGEST_LIFE_S    ((int64_t)30 * 24 * 3600)
#define EARLIEST_RENEW_MS 30000

struct http_grant {
	struct grant_options options;
	struct http *http;
	struct arena *arena; /* of the fetch under way */
	struct http_exchange exchange;
	struct buffer body;
	const char *user; /* the client for HTTP Basic, percent-encoded as RFC 6749 section 2.3.1 asks */
	struct secret *password;
	struct secret *token;
	struct secret *older; /* of exchanges under way */
	int64_t renew_at_ms;
	uint64_t serial; /* of the token */
	uint64_t round;  /* of the fetch */
	bool fetching;
	bool in_body; /* the server takes the secret in the body alone */
	bool tried_both;
	bool failed; /* the round's fetch: error says why */
	struct error error;
};

static void append_form(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (isalnum((unsigned char)text[i]) || (text[i] != '\0' && strchr("-._~", text[i]) != NULL))
			buffer_byte(to, text[i]);
		else
			buffer_format(to, "%%%02X", (unsigned)(unsigned char)text[i]);
	}
}

/* A buffer that never moves, so that no piece of a secret stays behind. */
static struct buffer fixed_buffer(size_t size)
{
	struct buffer fixed = BUFFER(size);

	fixed.size = size;
	fixed.data = malloc(size);
	if (fixed.data == NULL)
		out_of_memory();
	fixed.data[0] = '\0';
	return fixed;
}

static void wipe(struct buffer *buffer)
{
	if (buffer->data != NULL)
		explicit_bzero(buffer->data, buffer->size);
	buffer_done(buffer);
}

struct http_grant *grant_new(struct arena *arena, const struct grant_options *options)
{
	struct http_grant *grant = arena_alloc(arena, sizeof *grant);
	struct buffer user = BUFFER((size_t)64 * 1024);
	struct buffer password;
	size_t len;
	const char *value = secret_expose(options->client_secret, &len);

	grant->options = *options;
	append_form(&user, options->client_id, strlen(options->client_id));
	grant->user = arena_copy(arena, buffer_string(&user));
	buffer_done(&user);
	password = fixed_buffer(3 * len + 1);
	append_form(&password, value, len);
	grant->password = secret_new(password.data, password.len);
	wipe(&password);
	return grant;
}

static void end_fetch(struct http_grant *grant)
{
	wipe(&grant->body);
	if (grant->exchange.body != NULL)
		explicit_bzero((void *)(uintptr_t)grant->exchange.body, grant->exchange.body_received);
	grant->exchange.body = NULL;
	arena_free(grant->arena);
	grant->arena = NULL;
	grant->fetching = false;
}

void grant_free(struct http_grant *grant)
{
	if (grant == NULL)
		return;
	if (grant->exchange.run != NULL)
		http_cancel(grant->http, &grant->exchange);
	end_fetch(grant);
	secret_free(grant->password);
	secret_free(grant->token);
	secret_free(grant->older);
	grant->password = NULL;
	grant->token = NULL;
	grant->older = NULL;
}

const struct secret *grant_token(const struct http_grant *grant)
{
	return grant->token;
}

const char *grant_url(const struct http_grant *grant)
{
	return grant->options.token_url;
}

static void forget_token(struct http_grant *grant)
{
	/* an exchange that is under way has its own copy in its header lines; one may be about to be written */
	secret_free(grant->older);
	grant->older = grant->token;
	grant->token = NULL;
}

void grant_refuse(struct http_grant *grant, uint64_t serial)
{
	if (grant->serial == serial && grant->token != NULL)
		forget_token(grant);
}

static bool ask_server(struct http_grant *grant, struct error *err);

static void settle(struct http_grant *grant, bool failed)
{
	struct http *http = grant->http;

	grant->failed = failed;
	end_fetch(grant);
	gate_wake(http, grant);
}

static const char *origin_of(const struct http_grant *grant)
{
	struct url url;
	struct error ignored;

	return url_parse(grant->arena, grant->options.token_url, &url, &ignored) ? url_origin(grant->arena, &url) : "";
}

/* The error code of RFC 6749 section 5.2, or NULL: whatever else a server says there is not repeated. */
static const char *refusal_code(struct http_grant *grant)
{
	struct http_exchange *exchange = &grant->exchange;
	const struct value *code;
	struct value document;
	struct error err;
	size_t len;

	if (!json_parse(grant->arena, "answer", exchange->body, exchange->body_received, &document_default_limits,
	                &document, &err))
		return NULL;
	code = pointer_find(&document, "/error");
	if (code == NULL || code->kind != VALUE_TEXT)
		return NULL;
	len = strspn(code->text.data, "abcdefghijklmnopqrstuvwxyz_");
	return len == code->text.len && len <= 40 ? code->text.data : NULL;
}

static void refused(struct http_grant *grant)
{
	int status = grant->exchange.status;
	const char *code = refusal_code(grant);
	struct error *error = &grant->error;

	if (status == 400 || status == 401 || status == 403) {
		fail(error, ERROR_PLANE_AUTH, "%s gives the client %s no token", origin_of(grant),
		     grant->options.client_id);
		error_fix(error, "Check clientId, the secret behind secretRef, scopes and audience of the endpoint.");
	} else {
		fail(error, status >= 500 ? ERROR_PLANE_UNAVAILABLE : ERROR_PLANE_REJECTED, "%s gives no token",
		     origin_of(grant));
		error_fix(error, "Check tokenUrl of the endpoint, and the state of the server behind it.");
	}
	error_cause(error, code == NULL ? "its token endpoint answered %d%s" : "its token endpoint answered %d: %s",
	            status, code == NULL ? "" : code);
	settle(grant, true);
}

/* Only what can stand in a header is a token. */
static bool is_token(const struct value *value)
{
	if (value == NULL || value->kind != VALUE_TEXT || value->text.len == 0 || value->text.len > LONGEST_TOKEN)
		return false;
	for (size_t i = 0; i < value->text.len; i++) {
		if (value->text.data[i] <= ' ' || value->text.data[i] > '~')
			return false;
	}
	return true;
}

static int64_t life_s(const struct value *value)
{
	int64_t seconds = value != NULL && value->kind == VALUE_INT ? value->integer : PRESET_LIFE_S;

	return seconds < 0 ? 0 : seconds > LONGEST_LIFE_S ? LONGEST_LIFE_S : seconds;
}

/* A tenth of its life before its end, at most half a minute: exchanges that begin then still end in time. */
static void take_token(struct http_grant *grant, const struct value *token, int64_t seconds)
{
	int64_t early_ms = seconds * 100 < EARLIEST_RENEW_MS ? seconds * 100 : EARLIEST_RENEW_MS;

	if (grant->token != NULL)
		forget_token(grant);
	grant->token = secret_new(token->text.data, token->text.len);
	grant->renew_at_ms = clock_monotonic_ms() + seconds * 1000 - early_ms;
	grant->serial++;
}

static const char *read_token(struct http_grant *grant)
{
	struct http_exchange *exchange = &grant->exchange;
	const struct value *token, *type;
	struct value document;
	struct error err;

	if (!json_parse(grant->arena, "answer", exchange->body, exchange->body_received, &document_default_limits,
	                &document, &err))
		return "its token endpoint answered no JSON";
	token = pointer_find(&document, "/access_token");
	type = pointer_find(&document, "/token_type");
	if (!is_token(token))
		return "its answer has no access_token that a header can carry";
	if (type != NULL && (type->kind != VALUE_TEXT || strcasecmp(type->text.data, "Bearer") != 0))
		return "its token is of another type than Bearer";
	take_token(grant, token, life_s(pointer_find(&document, "/expires_in")));
	explicit_bzero((void *)(uintptr_t)token->text.data, token->text.len);
	return NULL;
}

static void answered(struct http_exchange *exchange)
{
	struct http_grant *grant = exchange->user;
	struct error *error = &grant->error;
	const char *wrong;

	if (exchange->failed) {
		*error = exchange->error;
		(void)snprintf(error->message, sizeof error->message, "no token from %s", origin_of(grant));
		settle(grant, true);
		return;
	}
	if (exchange->status != 200) {
		bool again = (exchange->status == 400 || exchange->status == 401) && !grant->tried_both;

		/* servers differ in where they look for the secret, RFC 6749 section 2.3.1 */
		if (again && !text_equal(refusal_code(grant), "invalid_scope")) {
			grant->tried_both = true;
			grant->in_body = !grant->in_body;
			if (ask_server(grant, error))
				return;
			settle(grant, true);
			return;
		}
		refused(grant);
		return;
	}
	wrong = read_token(grant);
	if (wrong != NULL) {
		fail(error, ERROR_PLANE_PROTOCOL, "%s gives no token", origin_of(grant));
		error_cause(error, "%s", wrong);
	}
	settle(grant, wrong != NULL);
}

static void append_member(struct buffer *to, const char *name, const char *value)
{
	buffer_format(to, "&%s=", name);
	append_form(to, value, strlen(value));
}

static void write_body(struct http_grant *grant)
{
	const struct grant_options *options = &grant->options;
	size_t len, size = 256;

	(void)secret_expose(grant->password, &len);
	for (size_t i = 0; i < options->scopes.count; i++)
		size += 3 * (strlen(options->scopes.items[i]) + 1);
	size += len + strlen(grant->user) + 3 * (options->audience == NULL ? 0 : strlen(options->audience));
	wipe(&grant->body);
	grant->body = fixed_buffer(size);
	buffer_text(&grant->body, "grant_type=client_credentials");
	for (size_t i = 0; i < options->scopes.count; i++) {
		buffer_text(&grant->body, i == 0 ? "&scope=" : "%20");
		append_form(&grant->body, options->scopes.items[i], strlen(options->scopes.items[i]));
	}
	if (options->audience != NULL)
		append_member(&grant->body, "audience", options->audience);
	if (grant->in_body)
		buffer_format(&grant->body, "&client_id=%s&client_secret=%s", grant->user,
		              secret_expose(grant->password, NULL));
}

static bool ask_server(struct http_grant *grant, struct error *err)
{
	struct http_exchange *exchange = &grant->exchange;

	write_body(grant);
	*exchange = (struct http_exchange){
		.method = "POST",
		.url = grant->options.token_url,
		.access = { .tls = grant->options.tls, .proxy = grant->options.proxy },
		.timeout_ms = FETCH_MS,
		.tries = HTTP_TRIES_NEVER,
		.data = grant->body.data,
		.data_len = grant->body.len,
		.keep_bytes = LONGEST_ANSWER,
		.on_done = answered,
		.user = grant,
	};
	if (!grant->in_body) {
		exchange->access.credential = grant->password;
		exchange->access.user = grant->user;
	}
	text_list_add(grant->arena, &exchange->headers,
	              arena_format(grant->arena, "%s: application/x-www-form-urlencoded", "Content-Type"));
	text_list_add(grant->arena, &exchange->headers, "Accept: application/json");
	return http_start(grant->http, grant->arena, exchange, err);
}

static bool begin_fetch(struct http *http, struct http_grant *grant, struct error *err)
{
	grant->http = http;
	grant->round++;
	grant->failed = false;
	grant->tried_both = false;
	grant->arena = arena_new(FETCH_ARENA);
	if (ask_server(grant, err)) {
		grant->fetching = true;
		return true;
	}
	end_fetch(grant);
	return false;
}

enum gate_state grant_ask(struct http *http, struct http_grant *grant, struct gate *gate, struct error *err)
{
	if (grant->token != NULL && clock_monotonic_ms() < grant->renew_at_ms) {
		gate->serial = grant->serial;
		gate->round = 0;
		return GATE_OPEN;
	}
	if (!grant->fetching && grant->failed && gate->round == grant->round) {
		*err = grant->error;
		return GATE_FAILED;
	}
	if (!grant->fetching && !begin_fetch(http, grant, err))
		return GATE_FAILED;
	gate->round = grant->round;
	return GATE_WAIT;
}
