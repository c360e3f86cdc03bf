/* Lists the pods of a namespace for all who want one of them, and keeps only the best of each. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

static bool take_pod(struct pod_group *group, const struct value *item, struct error *err)
{
	struct pod_object pod;

	if (!pod_read(group->item, item, &pod, err))
		return false;
	group->seen++;
	pod_index_offer(group->index, group->arena, &pod);
	return true;
}

static void forget_pods(struct pod_group *group)
{
	for (struct pod_want *want = group->wants; want != NULL; want = want->next)
		want->best = (struct pod){ .state = POD_NONE };
	group->seen = 0;
}

static void all_listed(struct pod_group *group, const struct error *error)
{
	if (error == NULL)
		log_detail(group->context->log, "%zu pod%s listed for %zu asset%s", group->seen,
		           group->seen == 1 ? "" : "s", group->want_count, group->want_count == 1 ? "" : "s");
	pod_group_end(group, error);
}

void pod_group_list(struct pod_group *group)
{
	struct pod_listing *listing = &group->listing;

	group->index = pod_index_build(group);
	if (pod_index_is_empty(group->index)) {
		pod_group_end(group, NULL);
		return;
	}
	pod_listing_done(listing);
	*listing = (struct pod_listing){
		.group = group,
		.path = arena_format(group->arena, "/api/v1/namespaces/%s/pods", group->name_space),
		.kind = "PodList",
		.what = "the list of pods",
		.on_item = take_pod,
		.on_restart = forget_pods,
		.on_end = all_listed,
	};
	pod_index_query(group->arena, group, &listing->query);
	pod_listing_start(listing);
}
