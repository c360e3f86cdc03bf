/* What contracts demand of the URLs and paths they hold. Private to this room. */
#ifndef FOPS_CONTRACT_URL_RULE_H
#define FOPS_CONTRACT_URL_RULE_H

#include "fops/base/text.h"

/*
 * Is text a base URL: http or https, a host of plain ASCII, an optional port, a plain path; no user info, query,
 * fragment, blanks, control characters, backslashes, dot segments? Returns NULL and the host (IPv6 with its brackets),
 * else what is wrong: a static sentence that never repeats the text, because user info is a secret.
 */
const char *url_rule_base(const char *text, struct str *ret_host);

/*
 * Is the host a literal address in any notation that a resolver accepts (dotted, decimal, octal, hexadecimal,
 * shortened, IPv6, percent-encoded or full-width digits), a name of the machine itself (localhost and what is below
 * it), of its network (.local, .localdomain) or of a cluster's services (x.y.svc, .cluster.local)? Dots at the end do
 * not help, nor does a punycode label of ASCII alone. Names are not resolved: one that leads to a private address is
 * the name server's affair, and the rule would depend on who asks.
 */
bool url_rule_is_raw(struct str host);

/* Is an identifier such an address or name, also with hyphens instead of dots (ip-10-0-0-1)? */
bool url_rule_is_raw_identity(const char *text);

/* A proxy's URL: http, https or socks5h, a host and a port, nothing else. As url_rule_base. */
const char *url_rule_proxy(const char *text);

/* A request path: "/…" with one leading slash, no query, fragment, blanks, control characters, backslashes or dot
 * segments. As url_rule_base. */
const char *url_rule_path(const char *path);

/* Does text hold a "." or ".." segment, also percent-encoded? */
bool url_rule_has_dots(const char *path);

#endif
