/* What request and check need of a route beyond kubernetes.h. */
#ifndef FOPS_ASSET_ROUTE_H
#define FOPS_ASSET_ROUTE_H

#include "kubernetes.h"

/* URL, access and limits of an exchange with the asset; texts in the route's context. */
void route_prepare(const struct route *route, const char *path, const struct text_map *query,
                   struct http_exchange *exchange);

/* A refusal of an API server is far shorter; what is longer is the asset's own answer. */
#define LONGEST_REFUSAL ((size_t)64 * 1024)

/* Do status and headers leave it open that the API server itself answered? Then its body must be seen first. */
bool kubernetes_may_be_api_answer(const struct http_exchange *exchange);

#endif
