/* An endpoint of the topology in use: its executor URL, who asks and whom it trusts; opened once in a command. */
#ifndef FOPS_ASSET_ACCESS_H
#define FOPS_ASSET_ACCESS_H

#include "fops/asset/driver.h"
#include "fops/net/grant.h"
#include "fops/net/http.h"
#include "fops/net/secret.h"
#include "fops/net/sigv4.h"
#include "fops/net/url.h"

struct access {
	struct access *next;
	struct arena *arena; /* holds everything below */
	struct endpoint endpoint;
	struct url url;          /* executorUrl, never another URL of it; in-cluster: the API server's */
	struct http_access http; /* for exchanges and WebSockets; borrows from here */
	struct secret *token;
	struct secret *certificate;
	struct secret *key;
	struct secret *access_key; /* of signer */
	struct sigv4_key signer;
	struct http_rate rate;
	struct secret *older[4]; /* tokens that exchanges under way may still borrow */
	int64_t read_at_ms;      /* when a token file was read */
};

/*
 * The access to the endpoint of that id. The same id gives the same access for the life of the command;
 * asset_http_close ends it. errors  ASSET_NO_EXECUTOR no such endpoint, or no executorUrl; SECRET_*; DATA
 */
CHECKED bool access_open(struct asset_context *context, const char *endpoint_id, struct access **ret_access,
                         struct error *err);

/*
 * Before each request: a token file older than 60 s is read anew, an OIDC token whose time is over is refused before
 * it is sent. errors  SECRET_UNRESOLVED
 */
CHECKED bool access_refresh(struct access *access, struct error *err);

/* After a 401: was there another token by now, so that one more try makes sense? It is in access then. */
bool access_renew(struct access *access);

/* Fill what every exchange with the endpoint has: access, deadline, retries. */
void access_prepare(const struct asset_context *context, const struct access *access, struct http_exchange *exchange);

/*
 * access_auth.c: read what the auth mode of access->endpoint names into access, all but token files. errors
 * CONTRACT_INVALID, SECRET_*, DATA
 */
CHECKED bool access_authorise(struct access *access, struct error *err);

/* End all of the context's. */
void access_close_all(struct asset_context *context);

/* The executor of an asset (executorRef). errors  ASSET_NO_EXECUTOR, SECRET_*, DATA */
CHECKED bool executor_open(struct asset_context *context, const struct runtime_asset *asset, struct access **ret_access,
                           struct error *err);

#endif
