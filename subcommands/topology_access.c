/* From settings to an open topology and an asset context. */
#include "topology_access.h"

#include "fops/base/file.h"
#include "fops/base/loop.h"
#include "fops/cli/settings.h"

bool call_topology(struct call *call, struct topology **ret_topology, struct error *err)
{
	const struct settings *settings = call->settings;
	struct topology_request request = { .sources = settings->topology, .log = &call->log };

	if (settings->topology.count == 0) {
		fail(err, ERROR_CONFIG_MISSING, "no topology is named");
		error_cause(err, "neither --topology nor FOPS_TOPOLOGY nor a context names one");
		error_fix(err, "%s --topology PATH %s", call->program, call->path);
		return false;
	}
	if (settings->cache)
		request.cache_folder = user_cache_folder(call->arena);
	return topology_open(call->arena, &request, ret_topology, err);
}

bool asset_access_open(struct call *call, struct topology *topology, struct asset_context *ret_context,
                       struct error *err)
{
	const struct settings *settings = call->settings;

	*ret_context = (struct asset_context){
		.arena = call->arena,
		.topology = topology,
		.log = &call->log,
		.deadline = call->deadline,
		.ca_file = settings->ca,
		.most_retries = (unsigned)settings->retries,
		.most_parallel = (size_t)settings->parallel,
	};
	return loop_new(&ret_context->loop, err);
}

void asset_access_close(struct asset_context *context)
{
	asset_http_close(context);
	loop_free(context->loop);
	context->loop = NULL;
}
