/* What all operations of a command share: for now the HTTP client, opened on first use. */
#include "fops/asset/driver.h"
#include "fops/net/http.h"

#define CONNECT_TIMEOUT_MS   3000
#define DEAD_PEER_TIMEOUT_MS 30000

bool asset_http(struct asset_context *context, struct http **ret_http, struct error *err)
{
	struct http_options options = {
		.log = context->log,
		.ca_file = context->ca_file,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.dead_peer_timeout_ms = DEAD_PEER_TIMEOUT_MS,
	};

	if (context->http == NULL && !http_open(context->arena, context->loop, &options, &context->http, err))
		return false;
	*ret_http = context->http;
	return true;
}

void asset_http_close(struct asset_context *context)
{
	http_close(context->http);
	context->http = NULL;
}

struct text_map asset_libraries(struct arena *arena)
{
	return http_libraries(arena);
}
