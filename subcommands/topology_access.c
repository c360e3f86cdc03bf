/* From settings to an open topology and an asset context. */
#include "topology_access.h"

#include <limits.h>

#include "fops/base/arena.h"
#include "fops/base/clock.h"
#include "fops/base/file.h"
#include "fops/base/loop.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

/* The keys and credentials of the chosen context, for the servers that it names. */
static const struct topology_git *git_of(const struct call *call)
{
	const struct context_row *row = call->settings->context_row;
	struct topology_git *git;

	if (row == NULL || !row->git.present)
		return NULL;
	git = arena_alloc(call->arena, sizeof *git);
	*git = (struct topology_git){
		.host_keys = row->git.host_keys,
		.ca = row->git.ca,
		.user = row->git.user,
		.identity_ref = row->git.identity_ref,
		.password_ref = row->git.token_ref != NULL ? row->git.token_ref : row->git.password_ref,
		.refresh_ms = row->git.refresh.ms,
	};
	for (size_t i = 0; i < row->topology.count; i++) {
		if (text_starts(row->topology.items[i], "git+"))
			text_list_add(call->arena, &git->servers, row->topology.items[i]);
	}
	return git;
}

struct topology_request call_topology_request(struct call *call)
{
	const struct settings *settings = call->settings;

	return (struct topology_request){
		.sources = settings->topology,
		.cache_folder = settings->cache ? user_cache_folder(call->arena) : NULL,
		.log = &call->log,
		.git = git_of(call),
		.ca_file = settings->ca == NULL || settings->ca[0] == '/'
		                   ? settings->ca
		                   : realpath(settings->ca, arena_alloc(call->arena, PATH_MAX)),
		.git_folder = user_cache_folder(call->arena),
		.deadline = call->deadline,
		.ask = !settings->cache,
	};
}

void call_revisions(struct call *call, const struct topology_revision *revisions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct topology_revision *revision = &revisions[i];
		int64_t age = clock_now().unix_ms - revision->fetched_at.unix_ms;

		output_source(call->output,
		              &(struct output_source){ revision->url, revision->ref, revision->path, revision->commit,
		                                       revision->fetched_at, revision->stale });
		if (revision->stale)
			output_warning(call->output, "stale: %s is as it was %s ago, at %.7s: %s", revision->url,
			               format_duration(call->arena, age < 0 ? 0 : age / 1000 * 1000), revision->commit,
			               revision->cause);
	}
}

bool call_topology(struct call *call, struct topology **ret_topology, struct error *err)
{
	const struct settings *settings = call->settings;
	struct topology_request request = call_topology_request(call);
	const struct topology_revision *revisions;
	size_t count;

	if (settings->topology.count == 0) {
		fail(err, ERROR_CONFIG_MISSING, "no topology is named");
		error_cause(err, "neither --topology nor FOPS_TOPOLOGY nor a context names one");
		error_fix(err, "%s --topology PATH %s", call->program, call->path);
		return false;
	}
	request.offline = (call->command->flags & COMMAND_HIDDEN) != 0;
	request.fresh_only = (call->command->flags & COMMAND_WRITES) != 0;
	if (!topology_open(call->arena, &request, ret_topology, err))
		return false;
	revisions = topology_revisions(*ret_topology, &count);
	call_revisions(call, revisions, count);
	return true;
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

bool asset_access_use(struct call *call, struct topology *topology, asset_operation *operate, void *user,
                      struct error *err)
{
	struct asset_context context = { 0 };
	bool done = asset_access_open(call, topology, &context, err) && operate(call, &context, user, err);

	asset_access_close(&context);
	return done;
}

bool asset_look_leaves_rows(struct call *call, bool done, const struct error *err)
{
	if (!done && err->id != ERROR_TIMEOUT && err->id != ERROR_INTERRUPTED && err->id != ERROR_TERMINATED)
		return false;
	if (!done)
		output_partial(call->output);
	call->answered = true;
	return true;
}
