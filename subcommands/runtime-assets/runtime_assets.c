/* runtime-assets: the typed machine surfaces of the organization. */
#include "runtime_assets.h"

#include "fops/base/arena.h"

static const struct command *const verbs[] = {
	&runtime_assets_list_command, &runtime_assets_show_command,    &runtime_assets_check_command,
	&runtime_assets_run_command,  &runtime_assets_request_command, NULL,
};

static const char *const examples[] = {
	"fops runtime-assets list",
	"fops runtime-assets check --all",
	"fops runtime-assets run --role daytona_runtime -- df -h",
	NULL,
};

const struct command runtime_assets_command = {
	.name = "runtime-assets",
	.summary = "List, check and control owned machines",
	.about = "A runtime asset is a typed machine surface that the organization owns. It is chosen only by "
	         "--asset-id or --role; how it is "
	         "reached is the topology's business.",
	.examples = examples,
	.see = "fops help topology, fops help selection, fops help run",
	.verbs = verbs,
};

bool selection_read(const struct selection_options *options, struct asset_selection *ret_selection, struct error *err)
{
	static const char prefix[] = "runtime-asset/";
	struct asset_selection selection = {
		.asset_id = options->asset_id,
		.role = options->role,
		.kind = options->kind,
		.owner = options->owner,
		.labels = options->labels,
		.all = options->all,
	};

	if (options->asset_id != NULL && text_starts(options->asset_id, prefix))
		selection.asset_id = options->asset_id + strlen(prefix);
	if (!asset_selection_check(&selection, err))
		return false;
	*ret_selection = selection;
	return true;
}

bool selection_resolve(struct arena *arena, const struct topology *topology, const struct asset_selection *selection,
                       struct runtime_asset **ret_assets, size_t *ret_count, struct error *err)
{
	struct asset_choice choice;
	struct runtime_asset *assets;

	if (!asset_select_some(arena, topology, selection, &choice, err))
		return false;
	assets = arena_array(arena, choice.count, sizeof *assets);
	for (size_t i = 0; i < choice.count; i++) {
		if (!topology_read_asset(topology, choice.indexes[i], arena, &assets[i], err))
			return false;
	}
	*ret_assets = assets;
	*ret_count = choice.count;
	return true;
}

bool policy_check(const struct runtime_asset *assets, size_t count, const char *action, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct runtime_asset *asset = &assets[i];
		const char *policy = strcmp(action, "run") == 0 ? asset->policy.run : asset->policy.request;

		if (!text_equal(policy, "proposal"))
			continue;
		fail(err, ERROR_PROPOSAL_REQUIRED, "%s on asset %s needs an approved proposal", action,
		     asset->asset_id);
		error_cause(err, "the contract says policy.%s: proposal", action);
		error_object(err, "runtime-asset/%s", asset->asset_id);
		error_fix(err, "fops proposals open --action runtime-assets.%s --asset-id %s --reason \"TEXT\"", action,
		          asset->asset_id);
		return false;
	}
	return true;
}
