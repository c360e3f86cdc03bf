/* OAuth 2.0 client credentials: a token fetched with a client's secret, kept in memory alone, renewed in time. */
#ifndef FOPS_NET_GRANT_H
#define FOPS_NET_GRANT_H

#include "fops/net/http.h"

struct http_grant;

/* RFC 6749 section 4.4; texts are borrowed as long as the grant lives. */
struct grant_options {
	const char *token_url; /* https */
	const char *client_id;
	const struct secret *client_secret;
	struct text_list scopes;
	const char *audience; /* or NULL */
	struct http_tls tls;  /* for the token's server */
	const char *proxy;
};

/*
 * A grant for http_access.grant. The first exchange fetches the token, all others wait for it; it is fetched anew
 * before it ends and, once for an exchange, after a 401. The client shows itself by HTTP Basic, and where that is
 * refused in the body of the request. The token goes to the origin of the exchange, the client's secret to token_url's.
 */
struct http_grant *grant_new(struct arena *arena, const struct grant_options *options);

/* Wipe token and secrets; after the exchanges that use it ended, before or after http_close. NULL is accepted. */
void grant_free(struct http_grant *grant);

#endif
