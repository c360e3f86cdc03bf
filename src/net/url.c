/* The part of RFC 3986 that absolute http and https URLs need, strictly: whatever is unusual is refused, not mended. */
#include "fops/net/url.h"

#include <arpa/inet.h>

#include "fops/base/arena.h"
#include "url_private.h"

#define LONGEST_URL   8192
#define LONGEST_HOST  253
#define LONGEST_LABEL 63

/* RFC 3986 §2.2, §2.3 without '#', '[' and ']', which are handled where they may stand */
static const char url_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                     "-._~:/?@!$&'()*+,;=";

static char lower(char byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte | 0x20);
	return byte;
}

static char *lower_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_text(arena, text, len);

	for (size_t i = 0; i < len; i++)
		copy[i] = lower(copy[i]);
	return copy;
}

static bool is_hex(char byte)
{
	return (byte >= '0' && byte <= '9') || (lower(byte) >= 'a' && lower(byte) <= 'f');
}

const char *url_byte_problem(const char *at)
{
	unsigned char byte = (unsigned char)*at;

	if (byte < 0x20 || byte == 0x7F)
		return "it holds a control character";
	if (byte == ' ')
		return "it holds a blank";
	if (byte == '#')
		return "it holds a fragment (#)";
	if (byte == '\\')
		return "it holds a backslash";
	if (byte == '%')
		return is_hex(at[1]) && is_hex(at[2]) ? NULL : "a % is not followed by two hexadecimal digits";
	return strchr(url_characters, byte) != NULL ? NULL : "it holds a character that must be percent-encoded";
}

static const char *bad_characters(const char *text)
{
	const char *reason = NULL;

	while (*text != '\0' && reason == NULL)
		reason = url_byte_problem(text++);
	return reason;
}

static uint16_t usual_port(const char *scheme)
{
	return strcmp(scheme, "https") == 0 ? 443 : 80;
}

static bool refuse_url(const char *reason, struct error *err)
{
	fail(err, ERROR_DATA, "malformed URL: %s", reason);
	return false;
}

static bool is_host_name(const char *host)
{
	size_t len = strlen(host);
	size_t label = 0;

	if (len == 0 || len > LONGEST_HOST)
		return false;
	for (size_t i = 0; i < len; i++) {
		char byte = host[i];

		if (byte == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", byte) == NULL || ++label > LONGEST_LABEL)
			return false;
	}
	return true;
}

/* Split "host", "host:port" or "[address]:port"; ret_port is the text behind the colon or NULL. */
static bool parse_host(struct arena *arena, const char *text, struct url *url, const char **ret_port, struct error *err)
{
	const char *end = strchr(text, ':');
	struct in6_addr address;
	char canonical[INET6_ADDRSTRLEN];

	if (*text != '[') {
		url->host = lower_copy(arena, text, end == NULL ? strlen(text) : (size_t)(end - text));
		*ret_port = end == NULL ? NULL : end + 1;
		if (*url->host == '\0')
			return refuse_url("it has no host", err);
		if (!is_host_name(url->host))
			return refuse_url("the host is no name and no address", err);
		return true;
	}
	end = strchr(text, ']');
	if (end == NULL || (end[1] != '\0' && end[1] != ':'))
		return refuse_url("the IPv6 address is not closed by ]", err);
	if (inet_pton(AF_INET6, arena_text(arena, text + 1, (size_t)(end - text) - 1), &address) != 1 ||
	    inet_ntop(AF_INET6, &address, canonical, sizeof canonical) == NULL)
		return refuse_url("what stands between [ and ] is no IPv6 address", err);
	url->host = arena_copy(arena, canonical);
	*ret_port = end[1] == '\0' ? NULL : end + 2;
	return true;
}

static bool parse_authority(struct arena *arena, const char *text, size_t len, struct url *url, struct error *err)
{
	const char *authority = arena_text(arena, text, len);
	const char *port_text = NULL;
	uint64_t port;

	if (strchr(authority, '@') != NULL)
		return refuse_url("it holds user information (@)", err);
	if (!parse_host(arena, authority, url, &port_text, err))
		return false;
	url->port = usual_port(url->scheme);
	if (port_text == NULL)
		return true;
	if (!parse_count(port_text, &port) || port == 0 || port > UINT16_MAX)
		return refuse_url("the port is not a number from 1 to 65535", err);
	url->port = (uint16_t)port;
	return true;
}

bool url_parse(struct arena *arena, const char *text, struct url *ret_url, struct error *err)
{
	const char *scheme_end = strstr(text, "://");
	struct url url = { 0 };
	const char *rest;
	const char *query;
	const char *reason;
	size_t len;

	if (strnlen(text, LONGEST_URL + 1) > LONGEST_URL)
		return refuse_url("it is longer than 8192 bytes", err);
	if (scheme_end == NULL)
		return refuse_url("it does not start with http:// or https://", err);
	url.scheme = lower_copy(arena, text, (size_t)(scheme_end - text));
	if (strcmp(url.scheme, "http") != 0 && strcmp(url.scheme, "https") != 0)
		return refuse_url("its scheme is neither http nor https", err);
	rest = scheme_end + 3;
	len = strcspn(rest, "/?#\\");
	reason = bad_characters(rest + len);
	if (reason != NULL)
		return refuse_url(reason, err);
	if (!parse_authority(arena, rest, len, &url, err))
		return false;
	rest += len;
	query = strchr(rest, '?');
	len = query == NULL ? strlen(rest) : (size_t)(query - rest);
	url.path = len == 0 ? "/" : arena_text(arena, rest, len);
	url.query = query == NULL ? NULL : arena_copy(arena, query + 1);
	*ret_url = url;
	return true;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->port == b->port && strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0;
}

static const char *url_authority(struct arena *arena, const struct url *url)
{
	const char *host = strchr(url->host, ':') != NULL ? arena_format(arena, "[%s]", url->host) : url->host;

	if (url->port == usual_port(url->scheme))
		return host;
	return arena_format(arena, "%s:%u", host, (unsigned)url->port);
}

const char *url_origin(struct arena *arena, const struct url *url)
{
	return arena_format(arena, "%s://%s", url->scheme, url_authority(arena, url));
}

const char *url_text(struct arena *arena, const struct url *url)
{
	return arena_format(arena, "%s%s%s%s", url_origin(arena, url), url->path, url->query == NULL ? "" : "?",
	                    url->query == NULL ? "" : url->query);
}
