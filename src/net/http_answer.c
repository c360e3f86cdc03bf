/* Reads the head of an answer, and turns a status into an error of ours. */
#include "fops/base/arena.h"
#include "fops/net/secret.h"
#include "fops/net/sigv4.h"
#include "http_private.h"

#define LONGEST_RETRY_AFTER_S ((uint64_t)366 * 24 * 3600)
#define LONGEST_QUOTED_BODY   ((size_t)64 * 1024)
#define LONGEST_QUOTE         200

static int month_number(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (strncmp(names + (ptrdiff_t)i * 3, name, 3) == 0)
			return i;
	}
	return -1;
}

static bool read_digits(const char *text, size_t count, int *ret_value)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*ret_value = value;
	return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that senders must produce, RFC 9110 §5.6.7. */
static bool read_date(const char *text, struct tm *ret_when)
{
	struct tm when = { 0 };

	if (strlen(text) != 29 || text[3] != ',' || text[19] != ':' || text[22] != ':' ||
	    strcmp(text + 25, " GMT") != 0)
		return false;
	if (!read_digits(text + 5, 2, &when.tm_mday) || !read_digits(text + 12, 4, &when.tm_year) ||
	    !read_digits(text + 17, 2, &when.tm_hour) || !read_digits(text + 20, 2, &when.tm_min) ||
	    !read_digits(text + 23, 2, &when.tm_sec))
		return false;
	when.tm_mon = month_number(text + 8);
	when.tm_year -= 1900;
	if (when.tm_mon < 0 || when.tm_year < 70)
		return false;
	*ret_when = when;
	return true;
}

bool http_date_parse(const char *text, struct instant *ret_instant)
{
	struct tm when;

	if (!read_date(text, &when))
		return false;
	ret_instant->unix_ms = (int64_t)timegm(&when) * 1000;
	return true;
}

int64_t retry_after_parse(const char *value, struct instant now)
{
	struct tm when;
	uint64_t seconds;
	int64_t wait_ms;

	if (parse_count(value, &seconds))
		return (int64_t)(seconds > LONGEST_RETRY_AFTER_S ? LONGEST_RETRY_AFTER_S : seconds) * 1000;
	if (!read_date(value, &when))
		return -1;
	wait_ms = (int64_t)timegm(&when) * 1000 - now.unix_ms;
	if (wait_ms > (int64_t)LONGEST_RETRY_AFTER_S * 1000)
		return (int64_t)LONGEST_RETRY_AFTER_S * 1000;
	return wait_ms < 0 ? 0 : wait_ms;
}

/* "HTTP/1.1 200 OK": the library has already refused what is no status line. */
static bool read_status_line(struct arena *arena, const char *line, size_t len, struct http_exchange *exchange)
{
	const char *blank = memchr(line, ' ', len);
	size_t at;

	if (blank == NULL)
		return false;
	at = (size_t)(blank - line) + 1;
	exchange->status = 0;
	for (; at < len && line[at] >= '0' && line[at] <= '9' && exchange->status < 1000; at++)
		exchange->status = exchange->status * 10 + (line[at] - '0');
	if (exchange->status < 100 || exchange->status > 599)
		return false;
	if (at < len && line[at] == ' ')
		at++;
	exchange->reason = arena_text(arena, line + at, len - at);
	return true;
}

static void read_header(struct arena *arena, const char *line, size_t len, struct text_pair *pair)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon == NULL ? len : (size_t)(colon - line);
	size_t start = colon == NULL ? len : name + 1;
	char *key;

	while (start < len && (line[start] == ' ' || line[start] == '\t'))
		start++;
	while (len > start && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	key = arena_text(arena, line, name);
	for (size_t i = 0; i < name; i++) {
		if (key[i] >= 'A' && key[i] <= 'Z')
			key[i] = (char)(key[i] | 0x20);
	}
	pair->key = key;
	pair->value = arena_text(arena, line + start, len - start);
}

static size_t line_length(const char *data, size_t len, size_t *ret_next)
{
	const char *end = memchr(data, '\n', len);
	size_t line = end == NULL ? len : (size_t)(end - data);

	*ret_next = end == NULL ? len : line + 1;
	return line > 0 && data[line - 1] == '\r' ? line - 1 : line;
}

static size_t count_lines(const struct buffer *head)
{
	size_t count = 1;

	for (size_t i = 0; i < head->len; i++)
		count += head->data[i] == '\n' ? 1 : 0;
	return count;
}

bool answer_read(struct arena *arena, const struct buffer *head, struct http_exchange *exchange, struct error *err)
{
	struct text_map *map = &exchange->answer_headers;
	const char *retry_after;
	size_t at;
	size_t len = line_length(head->data, head->len, &at);

	if (!read_status_line(arena, head->data, len, exchange))
		return fail(err, ERROR_PLANE_PROTOCOL, "the answer's status line is not understood");
	*map = (struct text_map){ arena_array(arena, count_lines(head), sizeof *map->items), 0 };
	while (at < head->len) {
		const char *line = head->data + at;
		size_t next;

		len = line_length(line, head->len - at, &next);
		if (len > 0)
			read_header(arena, line, len, &map->items[map->count++]);
		at += next;
	}
	retry_after = text_map_get(map, "retry-after");
	exchange->retry_after_ms = retry_after == NULL ? -1 : retry_after_parse(retry_after, clock_now());
	exchange->request_id = text_map_get(map, "x-request-id");
	if (exchange->request_id == NULL)
		exchange->request_id = text_map_get(map, "traceparent");
	return true;
}

static enum error_id status_error(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERROR_PLANE_AUTH;
	case 404:
	case 410:
		return ERROR_PLANE_NOT_FOUND;
	case 409:
	case 412:
		return ERROR_PLANE_CONFLICT;
	case 423:
	case 429:
		return ERROR_PLANE_BUSY;
	default:
		if (status >= 500)
			return ERROR_PLANE_UNAVAILABLE;
		if (status >= 400)
			return ERROR_PLANE_REJECTED;
		return status >= 300 ? ERROR_PLANE_REDIRECT : ERROR_PLANE_PROTOCOL;
	}
}

/* User and password are shown as base64 of both. */
static void mask_basic(const struct http_access *access, char *text)
{
	struct buffer line = credential_header(access);
	const char *shown = strrchr(buffer_string(&line), ' ') + 1;
	CLEANUP(secret_cleanup) struct secret *pair = secret_new(shown, strlen(shown));

	secret_mask(pair, text);
	explicit_bzero(line.data, line.size);
	buffer_done(&line);
}

void http_mask(const struct http_access *access, char *text)
{
	secret_mask(access_secret(access), text);
	if (access->signer != NULL) {
		secret_mask(access->signer->access_key, text);
		secret_mask(access->signer->secret_key, text);
	}
	if (access->user != NULL && access_secret(access) != NULL)
		mask_basic(access, text);
}

/* The first line of the body as the cause, without the credential that a server may have echoed. */
static void quote_body(const struct http_exchange *exchange, struct error *err)
{
	size_t len = exchange->body == NULL ? 0 : strnlen(exchange->body, LONGEST_QUOTED_BODY);
	char *copy;
	size_t valid;

	if (len == 0)
		return;
	copy = strndup(exchange->body, len);
	if (copy == NULL)
		out_of_memory();
	http_mask(&exchange->access, copy);
	copy[strcspn(copy, "\r\n")] = '\0';
	len = strnlen(copy, LONGEST_QUOTE);
	if (!is_utf8(copy, len, &valid))
		len = valid;
	if (len > 0)
		error_cause(err, "the server says: %.*s", (int)len, copy);
	explicit_bzero(copy, strlen(copy));
	free(copy);
}

bool http_judge(const struct http_exchange *exchange, const char *what, struct error *err)
{
	int status = exchange->status;
	bool has_reason = exchange->reason != NULL && *exchange->reason != '\0';

	if (status >= 200 && status <= 299)
		return true;
	fail(err, status_error(status), "%s answered %d%s%s", what, status, has_reason ? " " : "",
	     has_reason ? exchange->reason : "");
	quote_body(exchange, err);
	if (exchange->request_id != NULL)
		(void)snprintf(err->request_id, sizeof err->request_id, "%s", exchange->request_id);
	err->retry_after_ms = exchange->retry_after_ms;
	return false;
}
