/* Only executorUrl is ever used here: public and internal URLs are for others. */
#include "executor.h"

#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"

static bool no_executor(const struct runtime_asset *asset, const char *cause, struct error *err)
{
	fail(err, ERROR_ASSET_NO_EXECUTOR, "%s has no executor", asset->asset_id);
	error_cause(err, "%s", cause);
	error_object(err, "runtime-asset/%s", asset->asset_id);
	return false;
}

static bool read_token(struct arena *arena, const struct endpoint *endpoint, struct secret **ret_token,
                       struct error *err)
{
	const char *value;

	*ret_token = NULL;
	if (!text_equal(endpoint->auth.mode, "bearer"))
		return true;
	if (endpoint->auth.secret_ref == NULL)
		return fail(err, ERROR_CONTRACT_INVALID, "endpoint %s asks for a token and has no secretRef",
		            endpoint->id);
	if (!secret_ref_read(arena, endpoint->auth.secret_ref, &value, err))
		return false;
	*ret_token = secret_new(value, strlen(value));
	return true;
}

bool executor_open(struct asset_context *context, const struct runtime_asset *asset, struct executor *ret_executor,
                   struct error *err)
{
	struct executor executor = { 0 };
	size_t index;

	if (asset->executor_ref == NULL)
		return no_executor(asset, "its contract has no executorRef", err);
	if (!topology_find(context->topology, KIND_ENDPOINT, asset->executor_ref, &index))
		return no_executor(asset, "its executorRef names no endpoint of the topology", err);
	if (!topology_read_endpoint(context->topology, index, context->arena, &executor.endpoint, err))
		return false;
	if (executor.endpoint.executor_url == NULL)
		return no_executor(asset, "its endpoint has no executorUrl", err);
	if (!url_parse(context->arena, executor.endpoint.executor_url, &executor.url, err) ||
	    !read_token(context->arena, &executor.endpoint, &executor.token, err))
		return false;
	*ret_executor = executor;
	return true;
}

void executor_done(struct executor *executor)
{
	secret_free(executor->token);
	executor->token = NULL;
}

void executor_prepare(const struct asset_context *context, const struct executor *executor,
                      struct http_exchange *exchange)
{
	exchange->bearer = executor->token;
	exchange->tls = (struct http_tls){ executor->endpoint.tls.ca, executor->endpoint.tls.pin,
		                           executor->endpoint.tls.server_name };
	exchange->deadline = context->deadline;
	exchange->most_retries = context->most_retries;
}
