/* URLs as contracts and requests hold them. */
#ifndef FOPS_NET_URL_H
#define FOPS_NET_URL_H

#include "fops/base/error.h"
#include "fops/base/text.h"

struct arena;

/* An absolute http or https URL in its parts; texts live in an arena and keep their percent-encoding. */
struct url {
	const char *scheme; /* "http" or "https", lower case */
	const char *host;   /* lower case, IPv6 in its canonical form and without brackets */
	uint16_t port;      /* explicit or the scheme's */
	const char *path;   /* "/…", "/" when empty */
	const char *query;  /* without '?', NULL when absent */
};

/*
 * Parse an absolute URL strictly (RFC 3986): whatever is unusual is refused, not mended. Refused: other schemes, user
 * info, fragments, control characters, blanks, backslashes, bytes that must be percent-encoded, broken
 * percent-encoding, no host, a host that is neither a name nor an address, a percent-encoded host, ports outside
 * 1–65535, more than 8,192 bytes.
 * errors  DATA with the reason; the message never repeats the URL, which may hold a secret in its query
 */
CHECKED bool url_parse(struct arena *arena, const char *text, struct url *ret_url, struct error *err);

/* Same scheme, host and port? */
bool url_same_origin(const struct url *a, const struct url *b);

/* "http://name:8080": scheme and authority for messages and requests, the scheme's usual port left out. In arena. */
const char *url_origin(struct arena *arena, const struct url *url);

/* The whole URL as text. In arena. */
const char *url_text(struct arena *arena, const struct url *url);

/*
 * What a reference (a Location header) means seen from base, RFC 3986 §5.2; its fragment is dropped.
 * errors  DATA as url_parse
 */
CHECKED bool url_resolve(struct arena *arena, const struct url *base, const char *reference, struct url *ret_url,
                         struct error *err);

/* Is host a literal address (IPv4 in any notation that resolvers accept: 127.1, 0x7f000001, 0177.0.0.1; IPv6 with or
 * without brackets and zone)? */
bool host_is_address(const char *host);

/*
 * A request path from the command line: starts with exactly one '/', no scheme or host, no fragment, no control
 * characters, blanks or backslashes, no "." or ".." segment in plain or percent-encoded form, also behind %2F or %5C or
 * before ";parameters"; no percent-encoded control character;
 * '?' is refused (parameters go to --query); at most 4,096 bytes.
 * errors  REQUEST_PATH
 */
CHECKED bool url_check_path(const char *path, struct error *err);

/*
 * base (its path without trailing slashes) + path + "?" + base's own query and the pairs, percent-encoded, joined by
 * '&'. path is taken as it is; query may be NULL. In arena.
 */
const char *url_build(struct arena *arena, const struct url *base, const char *path, const struct text_map *query);

#endif
