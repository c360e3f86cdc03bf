/* The executor of an asset: the one URL that machines use, with its token and trust. */
#ifndef FOPS_ASSET_EXECUTOR_H
#define FOPS_ASSET_EXECUTOR_H

#include "fops/asset/driver.h"
#include "fops/net/http.h"
#include "fops/net/secret.h"
#include "fops/net/url.h"

struct executor {
	struct endpoint endpoint;
	struct url url;
	struct secret *token; /* NULL: none is sent */
};

/*
 * Resolve executorRef: the endpoint's executorUrl, never another URL of it, its bearer token and trust.
 *
 * ret_executor ended with executor_done
 * errors       ASSET_NO_EXECUTOR, SECRET_*, DATA
 */
CHECKED bool executor_open(struct asset_context *context, const struct runtime_asset *asset,
                           struct executor *ret_executor, struct error *err);
void executor_done(struct executor *executor);

/* Fill what every exchange with the executor has: bearer, tls, deadline. */
void executor_prepare(const struct asset_context *context, const struct executor *executor,
                      struct http_exchange *exchange);

#endif
