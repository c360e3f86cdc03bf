/* Paths, references and literal addresses: what may be put behind an origin, and what a host name hides. */
#include <arpa/inet.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/net/url.h"
#include "url_private.h"

#define LONGEST_PATH 4096
#define LONGEST_HOST 253

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static bool refuse_path(const char *path, const char *reason, struct error *err)
{
	fail(err, ERROR_REQUEST_PATH, "the path \"%.200s\" is refused", path);
	error_cause(err, "%s", reason);
	return false;
}

/* The reason why the bytes of path are refused, or NULL. decoded gets the path without percent-encoding. */
static const char *decode_path(const char *path, char *decoded)
{
	for (; *path != '\0'; path++) {
		const char *reason = url_byte_problem(path);

		if (reason != NULL)
			return reason;
		if (*path == '?')
			return "it holds a ?; parameters go to --query";
		if (*path != '%') {
			*decoded++ = *path;
			continue;
		}
		*decoded = (char)(hex_value(path[1]) * 16 + hex_value(path[2]));
		if ((unsigned char)*decoded < 0x20 || *decoded == 0x7F)
			return "it holds a percent-encoded control character";
		decoded++;
		path += 2;
	}
	*decoded = '\0';
	return NULL;
}

/* Some servers decode %2F and %5C before they split, and drop ";parameters" of a segment: look with their eyes. */
static bool has_dot_segment(const char *decoded)
{
	while (*decoded != '\0') {
		size_t segment = strcspn(decoded, "/\\");
		size_t name = strcspn(decoded, "/\\;");

		if ((name == 1 && decoded[0] == '.') || (name == 2 && decoded[0] == '.' && decoded[1] == '.'))
			return true;
		decoded += segment;
		decoded += *decoded == '\0' ? 0 : 1;
	}
	return false;
}

bool url_check_path(const char *path, struct error *err)
{
	char decoded[LONGEST_PATH + 1];
	const char *reason;

	if (strnlen(path, LONGEST_PATH + 1) > LONGEST_PATH)
		return refuse_path(path, "it is longer than 4096 bytes", err);
	if (path[0] != '/')
		return refuse_path(path, "it does not start with /", err);
	if (path[1] == '/')
		return refuse_path(path, "it starts with //, which would name a host", err);
	reason = decode_path(path, decoded);
	if (reason != NULL)
		return refuse_path(path, reason, err);
	if (has_dot_segment(decoded))
		return refuse_path(path, "it holds a \".\" or \"..\" segment", err);
	return true;
}

static void append_encoded(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr(unreserved, *text) != NULL)
			buffer_byte(out, *text);
		else
			buffer_format(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

const char *url_build(struct arena *arena, const struct url *base, const char *path, const struct text_map *query)
{
	struct buffer text = BUFFER(SIZE_MAX / 4);
	size_t base_len = strlen(base->path);
	const char *separator = base->query == NULL ? "?" : "&";
	const char *result;

	while (base_len > 0 && base->path[base_len - 1] == '/')
		base_len--;
	buffer_text(&text, url_origin(arena, base));
	buffer_append(&text, base->path, base_len);
	buffer_text(&text, path);
	if (base->query != NULL)
		buffer_format(&text, "?%s", base->query);
	for (size_t i = 0; query != NULL && i < query->count; i++) {
		buffer_text(&text, separator);
		append_encoded(&text, query->items[i].key);
		buffer_byte(&text, '=');
		append_encoded(&text, query->items[i].value == NULL ? "" : query->items[i].value);
		separator = "&";
	}
	result = arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return result;
}

/* RFC 3986 §5.2.4 for a path that starts with '/'; the result is never longer. */
static const char *remove_dot_segments(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t len = 0;

	while (*path != '\0') {
		size_t segment = 1 + strcspn(path + 1, "/");
		bool one = segment == 2 && path[1] == '.';
		bool two = segment == 3 && path[1] == '.' && path[2] == '.';

		if (!one && !two) {
			memcpy(out + len, path, segment);
			len += segment;
		}
		if (two) {
			while (len > 0 && out[--len] != '/')
				continue;
		}
		path += segment;
		if ((one || two) && *path == '\0')
			out[len++] = '/';
	}
	return len == 0 ? "/" : arena_text(arena, out, len);
}

/* Does reference start with "scheme:" (RFC 3986 §3.1)? */
static bool has_scheme(const char *reference)
{
	size_t len = strspn(reference, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

	return len > 0 && reference[len] == ':';
}

bool url_resolve(struct arena *arena, const struct url *base, const char *reference, struct url *ret_url,
                 struct error *err)
{
	size_t len = strcspn(reference, "#");
	const char *text = arena_text(arena, reference, len);
	const char *origin = url_origin(arena, base);
	const char *folder_end = strrchr(base->path, '/');
	struct url url;

	if (has_scheme(text))
		origin = "";
	else if (text_starts(text, "//"))
		origin = arena_format(arena, "%s:", base->scheme);
	else if (len == 0)
		text = arena_format(arena, base->query == NULL ? "%s%s" : "%s?%s", base->path,
		                    base->query == NULL ? "" : base->query);
	else if (*text == '?')
		text = arena_format(arena, "%s%s", base->path, text);
	else if (*text != '/')
		text = arena_format(arena, "%.*s%s", (int)(folder_end - base->path + 1), base->path, text);
	if (!url_parse(arena, arena_format(arena, "%s%s", origin, text), &url, err))
		return false;
	url.path = remove_dot_segments(arena, url.path);
	*ret_url = url;
	return true;
}

/* One number of an IPv4 address as inet_aton reads it: decimal, 0octal, 0xhex; at most limit. */
static bool is_address_number(const char *text, size_t len, uint64_t limit)
{
	uint64_t base = 10;
	uint64_t value = 0;

	if (len > 1 && text[0] == '0') {
		base = text[1] == 'x' || text[1] == 'X' ? 16 : 8;
		text += base == 16 ? 2 : 1;
		len -= base == 16 ? 2 : 1;
	}
	for (size_t i = 0; i < len; i++) {
		int digit = hex_value(text[i]);

		if (digit < 0 || (uint64_t)digit >= base)
			return false;
		value = value * base + (uint64_t)digit;
		if (value > limit)
			return false;
	}
	return len > 0 || base == 16;
}

static bool is_ipv4(const char *host)
{
	/* the last number fills the bytes that the others leave */
	static const uint64_t last_limit[] = { UINT32_MAX, 0xFFFFFF, 0xFFFF, 0xFF };
	size_t len = strlen(host);
	size_t count = 0;

	if (len > 0 && host[len - 1] == '.')
		len--;
	for (size_t start = 0; start <= len; count++) {
		size_t end = start + strcspn(host + start, ".");

		if (end > len)
			end = len;
		if (count > 3 || !is_address_number(host + start, end - start, end == len ? last_limit[count] : 0xFF))
			return false;
		start = end + 1;
	}
	return count > 0;
}

bool host_is_address(const char *host)
{
	char bare[LONGEST_HOST + 1];
	struct in6_addr address;
	size_t len = strnlen(host, LONGEST_HOST + 1);

	if (len == 0 || len > LONGEST_HOST)
		return false;
	if (strchr(host, ':') == NULL)
		return is_ipv4(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	memcpy(bare, host, len);
	bare[len] = '\0';
	bare[strcspn(bare, "%")] = '\0'; /* the zone of a link-local address */
	return inet_pton(AF_INET6, bare, &address) == 1;
}
