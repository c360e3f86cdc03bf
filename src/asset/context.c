/* What all operations of a command share: for now the HTTP client, opened on first use. */
#include "fops/asset/driver.h"
#include <sys/resource.h>

#include "access.h"
#include "kubernetes.h"

#define CONNECT_TIMEOUT_MS   3000
#define DEAD_PEER_TIMEOUT_MS 30000
#define MOST_CONNECTIONS     ((size_t)1024)
#define KEPT_DESCRIPTORS     ((size_t)256)

/* As many connections as the limit on descriptors leaves beside files, pipes and programs. */
static size_t most_connections(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= MOST_CONNECTIONS + KEPT_DESCRIPTORS)
		return MOST_CONNECTIONS;
	return limit.rlim_cur > 2 * KEPT_DESCRIPTORS ? (size_t)limit.rlim_cur - KEPT_DESCRIPTORS : KEPT_DESCRIPTORS / 2;
}

bool asset_http(struct asset_context *context, struct http **ret_http, struct error *err)
{
	struct http_options options = {
		.log = context->log,
		.ca_file = context->ca_file,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.dead_peer_timeout_ms = DEAD_PEER_TIMEOUT_MS,
		.most_connections = most_connections(),
	};

	context = asset_owner(context);
	if (context->http == NULL && !http_open(context->arena, context->loop, &options, &context->http, err))
		return false;
	*ret_http = context->http;
	return true;
}

void asset_http_close(struct asset_context *context)
{
	kubernetes_pods_close(context);
	http_close(context->http);
	context->http = NULL;
	access_close_all(context);
}

struct text_map asset_libraries(struct arena *arena)
{
	return http_libraries(arena);
}
