/* The upgrade from HTTP/1.1 (RFC 6455 §4): the request, the strict reading of its answer, and refusals with their body.
 */
#include <sys/random.h>

#include "fops/base/arena.h"
#include "websocket_private.h"

#define HEAD_END "\r\n\r\n"

/* RFC 9110 §5.6.2 */
static const char *token_end(const char *text)
{
	return text + strspn(text, TOKEN_CHARACTERS);
}

static bool check_protocols(const struct text_list *protocols, struct error *err)
{
	for (size_t i = 0; i < protocols->count; i++) {
		const char *item = protocols->items[i];

		if (*item == '\0' || *token_end(item) != '\0')
			return fail(err, ERROR_DATA, "the name of a WebSocket protocol is no token");
		for (size_t at = 0; at < i; at++) {
			if (strcmp(item, protocols->items[at]) == 0)
				return fail(err, ERROR_DATA, "a WebSocket protocol is offered twice");
		}
	}
	return true;
}

static bool check_headers(const struct text_list *headers, struct error *err)
{
	for (size_t i = 0; i < headers->count; i++) {
		if (header_is(headers->items[i], "Host") ||
		    strncasecmp(headers->items[i], "Sec-WebSocket-", strlen("Sec-WebSocket-")) == 0)
			return fail(err, ERROR_DATA, "a header belongs to the upgrade of the WebSocket alone");
	}
	return true;
}

bool upgrade_prepare(struct websocket_run *run, struct error *err)
{
	struct http_run *opening = &run->opening;

	if (run->exchange->access.signer != NULL)
		return fail(err, ERROR_DATA, "a signed endpoint has no WebSockets");
	if (!request_check(opening->arena, run->exchange, &opening->origin, err) ||
	    !check_headers(&run->exchange->headers, err) || !check_protocols(&run->websocket->protocols, err))
		return false;
	opening->target = opening->origin;
	return true;
}

static void write_host(const struct http_run *opening, struct buffer *to)
{
	const struct url *target = &opening->target;
	const char *name = opening->exchange->access.tls.server_name;
	bool is_secure = strcmp(target->scheme, "https") == 0;

	if (name == NULL)
		name = target->host;
	buffer_format(to, strchr(name, ':') != NULL ? "Host: [%s]" : "Host: %s", name);
	if (target->port != (is_secure ? 443 : 80))
		buffer_format(to, ":%u", (unsigned)target->port);
	buffer_text(to, "\r\n");
}

static void write_protocols(const struct text_list *protocols, struct buffer *to)
{
	for (size_t i = 0; i < protocols->count; i++) {
		buffer_text(to, i == 0 ? "Sec-WebSocket-Protocol: " : ", ");
		buffer_text(to, protocols->items[i]);
	}
	if (protocols->count > 0)
		buffer_text(to, "\r\n");
}

static void write_credential(const struct http_access *access, struct buffer *to)
{
	struct buffer line;

	if (access_secret(access) == NULL)
		return;
	line = credential_header(access);
	buffer_append(to, line.data, line.len);
	buffer_text(to, "\r\n");
	explicit_bzero(line.data, line.size);
	buffer_done(&line);
}

static void write_lines(const struct websocket_run *run, const char *key, struct buffer *to)
{
	const struct http_run *opening = &run->opening;
	const struct url *target = &opening->target;

	buffer_format(to, "GET %s%s%s HTTP/1.1\r\n", target->path, target->query == NULL ? "" : "?",
	              target->query == NULL ? "" : target->query);
	write_host(opening, to);
	buffer_text(to, "User-Agent: " USER_AGENT "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
	buffer_format(to, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", key);
	write_protocols(&run->websocket->protocols, to);
	for (size_t i = 0; i < run->exchange->headers.count; i++)
		buffer_format(to, "%s\r\n", run->exchange->headers.items[i]);
	write_credential(&run->exchange->access, to);
	buffer_text(to, "\r\n");
}

/* Enough for write_lines, so that the buffer never moves and leaves a credential behind. */
static size_t request_size(const struct websocket_run *run)
{
	const struct http_access *access = &run->exchange->access;
	const struct url *target = &run->opening.target;
	size_t credential = 0;
	size_t size = 1024 + strlen(target->path) + (target->query == NULL ? 0 : strlen(target->query));

	for (size_t i = 0; i < run->exchange->headers.count; i++)
		size += strlen(run->exchange->headers.items[i]) + 2;
	for (size_t i = 0; i < run->websocket->protocols.count; i++)
		size += strlen(run->websocket->protocols.items[i]) + 2;
	if (access_secret(access) != NULL)
		credential = credential_length(access);
	return size + credential + strlen(target->host);
}

bool upgrade_write(struct websocket_run *run, struct error *err)
{
	unsigned char random[WEBSOCKET_KEY_BYTES];
	char key[WEBSOCKET_KEY_TEXT];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return fail(err, ERROR_INTERNAL, "the system gives no random bytes");
	crypto_websocket_key(random, key);
	if (!crypto_websocket_accept(key, run->accept))
		return fail(err, ERROR_INTERNAL, "the digest of a WebSocket's key cannot be computed");
	upgrade_wipe(run);
	run->request = BUFFER(SIZE_MAX / 4);
	run->request.size = request_size(run);
	run->request.data = malloc(run->request.size);
	if (run->request.data == NULL)
		out_of_memory();
	write_lines(run, key, &run->request);
	return true;
}

void upgrade_wipe(struct websocket_run *run)
{
	if (run->request.data != NULL)
		explicit_bzero(run->request.data, run->request.size);
	buffer_done(&run->request);
	run->request_sent = 0;
}

static void fail_answer(struct websocket_run *run, const char *cause)
{
	struct error *error = websocket_error(run);

	fail(error, ERROR_PLANE_PROTOCOL, "the upgrade to a WebSocket by %s is broken",
	     url_origin(run->opening.arena, &run->opening.origin));
	error_cause(error, "%s", cause);
	websocket_over(run, true);
}

static bool is_status_line(const char *line, size_t len)
{
	return len >= 12 && (memcmp(line, "HTTP/1.1 ", 9) == 0 || memcmp(line, "HTTP/1.0 ", 9) == 0) &&
	       line[9] >= '1' && line[9] <= '5' && line[10] >= '0' && line[10] <= '9' && line[11] >= '0' &&
	       line[11] <= '9' && (len == 12 || line[12] == ' ');
}

/* "Name: value": no folding, no control characters. */
static bool is_header_line(const char *line, size_t len)
{
	size_t name = 0;

	while (name < len && line[name] != '\0' && strchr(TOKEN_CHARACTERS, line[name]) != NULL)
		name++;
	if (name == 0 || name == len || line[name] != ':')
		return false;
	for (size_t i = name; i < len; i++) {
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7F)
			return false;
	}
	return true;
}

static bool is_head(const struct buffer *head)
{
	size_t at = 0;

	while (at < head->len - 2) {
		const char *line = head->data + at;
		const char *end = memmem(line, head->len - at, "\r\n", 2);
		size_t len;

		if (end == NULL)
			return false;
		len = (size_t)(end - line);
		if (at == 0 ? !is_status_line(line, len) : !is_header_line(line, len))
			return false;
		at += len + 2;
	}
	return true;
}

/* The only value of a header that may come once; NULL when it is absent or repeated. */
static const char *only_value(const struct text_map *map, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->items[i].key, name) != 0)
			continue;
		if (value != NULL)
			return NULL;
		value = map->items[i].value;
	}
	return value;
}

/* Is word one of the comma-separated tokens of any header of that name? */
static bool has_token(const struct text_map *map, const char *name, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < map->count; i++) {
		const char *at = map->items[i].value;

		if (strcmp(map->items[i].key, name) != 0)
			continue;
		while (*at != '\0') {
			at += strspn(at, " \t,");
			if (strncasecmp(at, word, len) == 0 && (at[len] == '\0' || strchr(" \t,", at[len]) != NULL))
				return true;
			at += strcspn(at, ",");
		}
	}
	return false;
}

/* What a 101 must say, RFC 6455 §4.1; NULL when it does. */
static const char *check_accepted(const struct websocket_run *run, const char **ret_protocol)
{
	const struct text_map *headers = &run->exchange->answer_headers;
	const struct text_list *offered = &run->websocket->protocols;
	const char *accept = only_value(headers, "sec-websocket-accept");
	const char *chosen = text_map_get(headers, "sec-websocket-protocol");
	const char *upgrade = only_value(headers, "upgrade");

	if (memcmp(run->opening.head.data, "HTTP/1.1", 8) != 0)
		return "it was accepted by HTTP/1.0";
	if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0)
		return "status 101 without \"Upgrade: websocket\"";
	if (!has_token(headers, "connection", "upgrade"))
		return "status 101 without \"Connection: Upgrade\"";
	if (accept == NULL || strcmp(accept, run->accept) != 0)
		return "Sec-WebSocket-Accept does not answer the key that was sent";
	if (text_map_get(headers, "sec-websocket-extensions") != NULL)
		return "the server uses an extension that was not offered";
	if (chosen == NULL)
		return NULL;
	if (only_value(headers, "sec-websocket-protocol") == NULL)
		return "the server chose more than one protocol";
	for (size_t i = 0; i < offered->count; i++) {
		if (strcmp(offered->items[i], chosen) == 0) {
			*ret_protocol = offered->items[i];
			return NULL;
		}
	}
	return "the server chose a protocol that was not offered";
}

/* Thousands may be open: what only the opening needed goes. */
static void forget_opening(struct websocket_run *run)
{
	free(run->exchange);
	run->exchange = NULL;
	run->opening.exchange = NULL;
	buffer_done(&run->opening.head);
}

static void accept_answer(struct websocket_run *run)
{
	struct websocket *websocket = run->websocket;
	const struct http_run *opening = &run->opening;
	const char *protocol = NULL;
	const char *reason = check_accepted(run, &protocol);

	if (reason != NULL) {
		fail_answer(run, reason);
		return;
	}
	websocket->opened = true;
	websocket->protocol = protocol;
	run->received_ms = clock_monotonic_ms();
	websocket_set_state(run, STATE_OPEN);
	log_detail(run->http->options.log, "WebSocket %s%s: open, %s, %lld ms, %s",
	           url_origin(opening->arena, &opening->target), opening->target.path,
	           protocol == NULL ? "no protocol" : protocol, (long long)(websocket->open_us / 1000),
	           run->address == NULL ? "?" : run->address);
	forget_opening(run);
	if (websocket->on_open != NULL)
		websocket->on_open(websocket);
}

void upgrade_judge(struct websocket_run *run)
{
	struct websocket *websocket = run->websocket;
	const struct http_run *opening = &run->opening;
	const char *what = arena_format(opening->arena, "the upgrade to a WebSocket of %s%s",
	                                url_origin(opening->arena, &opening->target), opening->target.path);

	websocket->body = arena_text(opening->arena, buffer_string(&opening->body), opening->body.len);
	websocket->body_len = opening->body.len;
	websocket->retry_after_ms = run->exchange->retry_after_ms;
	run->exchange->body = websocket->body;
	if (http_judge(run->exchange, what, websocket_error(run)))
		fail(websocket_error(run), ERROR_PLANE_PROTOCOL, "%s answered %d instead of 101", what,
		     run->exchange->status);
	websocket_over(run, true);
}

static void refuse_answer(struct websocket_run *run)
{
	const struct text_map *headers = &run->exchange->answer_headers;
	const char *length = only_value(headers, "content-length");
	int status = run->exchange->status;

	if ((status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
	    text_map_get(headers, "location") != NULL) {
		if (follow_redirect(&run->opening)) {
			websocket_redirected(run);
			return;
		}
		*websocket_error(run) = run->exchange->error;
		websocket_over(run, true);
		return;
	}
	run->body = (struct body_reader){ 0 };
	if (text_map_get(headers, "transfer-encoding") != NULL)
		run->body.framing =
		        has_token(headers, "transfer-encoding", "chunked") ? BODY_CHUNKED : BODY_UNTIL_CLOSE;
	else if (length != NULL && parse_count(length, &run->body.left))
		run->body.framing = BODY_LENGTH;
	run->state = STATE_REFUSED;
	if (status == 204 || status == 304 || (run->body.framing == BODY_LENGTH && run->body.left == 0))
		upgrade_judge(run);
}

static void take_answer(struct websocket_run *run)
{
	struct websocket *websocket = run->websocket;
	struct http_exchange *exchange = run->exchange;
	struct error error;

	if (!is_head(&run->opening.head)) {
		fail_answer(run, "its head is no HTTP/1.1");
		return;
	}
	if (!answer_read(run->opening.arena, &run->opening.head, exchange, &error)) {
		*websocket_error(run) = error;
		websocket_over(run, true);
		return;
	}
	if (exchange->status < 200 && exchange->status != 101) {
		buffer_clear(&run->opening.head);
		return;
	}
	websocket->open_us = clock_monotonic_us() - run->began_us;
	websocket->status = exchange->status;
	websocket->answer_headers = exchange->answer_headers;
	if (exchange->status == 101)
		accept_answer(run);
	else
		refuse_answer(run);
}

static size_t take_head(struct websocket_run *run, const char *data, size_t len)
{
	struct buffer *head = &run->opening.head;
	size_t before = head->len;
	size_t search = before < 3 ? 0 : before - 3;
	size_t room = LONGEST_HEAD - run->head_bytes;
	const char *end;
	size_t used;

	run->opening.answering = true;
	if (len > room)
		len = room;
	(void)buffer_append(head, data, len);
	end = len == 0 ? NULL : memmem(head->data + search, head->len - search, HEAD_END, strlen(HEAD_END));
	if (end == NULL) {
		run->head_bytes += len;
		if (run->head_bytes == LONGEST_HEAD)
			fail_answer(run, "its head is longer than 100 KiB");
		return len;
	}
	used = (size_t)(end - head->data) + strlen(HEAD_END) - before;
	head->len = before + used;
	head->data[head->len] = '\0';
	run->head_bytes += used;
	take_answer(run);
	return used;
}

/* The line with a chunk's size is complete. */
static bool begin_chunk(struct body_reader *body)
{
	char *end;

	body->line[body->line_len] = '\0';
	body->left = strtoull(body->line, &end, 16);
	if (end == body->line || strspn(body->line, "0123456789abcdefABCDEF") != (size_t)(end - body->line) ||
	    end - body->line > 15)
		return false;
	body->line_len = 0;
	body->in_data = true;
	return true;
}

/* One byte between the data of chunks; false at the end of the body. */
static bool take_chunk_byte(struct body_reader *body, char byte)
{
	if (byte == '\r' || (byte == '\n' && body->line_len == 0))
		return true;
	if (byte != '\n') {
		/* what stands behind the size, extensions, is of no interest */
		if (body->line_len + 1 < sizeof body->line)
			body->line[body->line_len++] = byte;
		return true;
	}
	return begin_chunk(body) && body->left > 0;
}

static void take_body(struct websocket_run *run, const char *data, size_t len)
{
	struct body_reader *body = &run->body;
	struct buffer *kept = &run->opening.body;
	bool whole = false;
	size_t at = 0;

	while (at < len && !whole) {
		size_t count = len - at;

		if (body->framing == BODY_CHUNKED && !body->in_data) {
			whole = !take_chunk_byte(body, data[at++]);
			continue;
		}
		if (body->framing != BODY_UNTIL_CLOSE && body->left < count)
			count = (size_t)body->left;
		if (kept->limit_bytes - kept->len < count)
			count = kept->limit_bytes - kept->len;
		(void)buffer_append(kept, data + at, count);
		at += count;
		if (body->framing != BODY_UNTIL_CLOSE) {
			body->left -= count;
			body->in_data = body->left > 0;
		}
		whole = kept->len == kept->limit_bytes || (body->framing == BODY_LENGTH && body->left == 0);
	}
	if (whole)
		upgrade_judge(run);
}

void upgrade_take(struct websocket_run *run, const char *data, size_t len, size_t *ret_taken)
{
	if (run->state == STATE_REFUSED)
		take_body(run, data, len);
	else
		*ret_taken = take_head(run, data, len);
}
