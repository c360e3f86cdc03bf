/* Gathers the looks of one turn of the loop into groups, and hands each its answer. */
#include "kubernetes_pods.h"

#include "fops/base/arena.h"

#define GROUP_LIMIT   ((size_t)1024 * 1024 * 1024)
#define PAGE_LIMIT    ((size_t)16 * 1024 * 1024)
#define ITEM_LIMIT    ((size_t)256 * 1024 * 1024)
#define FEWEST_GROUPS 4

struct kubernetes_pods {
	struct asset_context *context;
	struct loop_timer soon;
	struct pod_group *first; /* in the order in which they came */
	struct pod_group *last;
	size_t running;
};

static struct kubernetes_pods *pods_of(struct asset_context *context)
{
	struct asset_context *owner = asset_owner(context);

	if (owner->pods == NULL) {
		owner->pods = arena_alloc(owner->arena, sizeof *owner->pods);
		owner->pods->context = owner;
	}
	return owner->pods;
}

/* --- groups --- */

static void unlink_group(struct pod_group *group)
{
	struct kubernetes_pods *pods = group->pods;

	if (group->previous == NULL)
		pods->first = group->next;
	else
		group->previous->next = group->next;
	if (group->next == NULL)
		pods->last = group->previous;
	else
		group->next->previous = group->previous;
	group->next = NULL;
	group->previous = NULL;
	pods->running -= group->running ? 1 : 0;
	group->running = false;
}

/* Stop what it asks and forget it; its wants are gone or answered. */
static void free_group(struct pod_group *group)
{
	for (size_t i = 0; i < group->workload_count; i++) {
		if (group->workloads[i].running)
			http_cancel(group->http, group->workloads[i].exchange);
	}
	pod_listing_done(&group->listing);
	arena_free(group->item);
	arena_free(group->page);
	arena_free(group->arena);
}

static struct pod_group *new_group(struct kubernetes_pods *pods, struct access *access, const char *name_space)
{
	struct arena *arena = arena_new(GROUP_LIMIT);
	struct pod_group *group = arena_alloc(arena, sizeof *group);

	group->pods = pods;
	group->context = pods->context;
	group->arena = arena;
	group->page = arena_new(PAGE_LIMIT);
	group->item = arena_new(ITEM_LIMIT);
	group->access = access;
	group->name_space = arena_copy(arena, name_space);
	group->previous = pods->last;
	if (pods->last == NULL)
		pods->first = group;
	else
		pods->last->next = group;
	pods->last = group;
	return group;
}

/* The group that a new want may still join: one that has not begun. */
static struct pod_group *find_group(struct kubernetes_pods *pods, struct access *access, const char *name_space)
{
	for (struct pod_group *group = pods->last; group != NULL && !group->running; group = group->previous) {
		if (group->access == access && text_equal(group->name_space, name_space))
			return group;
	}
	return new_group(pods, access, name_space);
}

static void run_groups(void *user)
{
	struct kubernetes_pods *pods = user;
	size_t most = pods->context->most_parallel > FEWEST_GROUPS ? pods->context->most_parallel : FEWEST_GROUPS;
	struct pod_group *group = pods->first;

	while (group != NULL && group->running)
		group = group->next;
	while (group != NULL && pods->running < most) {
		group->running = true;
		pods->running++;
		pod_group_run(group);
		/* a group that could not begin is gone, and its wants may have brought others */
		for (group = pods->first; group != NULL && group->running; group = group->next)
			;
	}
}

static void run_soon(struct kubernetes_pods *pods)
{
	if (!pods->soon.armed)
		loop_arm(pods->context->loop, &pods->soon, 0, run_groups, pods);
}

/* An error as others may keep it: findings live in a group's arena. */
static struct error error_alone(const struct error *error)
{
	struct error copy = *error;

	copy.findings = NULL;
	copy.finding_count = 0;
	return copy;
}

static void answer_want(struct pod_group *group, struct pod_want *want, const struct error *error, int64_t latency_us)
{
	const struct error *own = want->owner != NULL && want->owner->error != NULL ? want->owner->error : error;
	struct pod_answer answer = { NULL, &want->best, group->access, latency_us };
	struct error alone;

	if (own != NULL) {
		alone = error_alone(own);
		answer.error = &alone;
	} else if (want->owner != NULL && want->owner->missing) {
		want->best.detail = "its workload does not exist";
	}
	want->group = NULL;
	want->on_answer(want, &answer);
}

void pod_group_end(struct pod_group *group, const struct error *error)
{
	struct kubernetes_pods *pods = group->pods;
	int64_t latency_us = clock_monotonic_us() - group->started_us;

	unlink_group(group);
	group->ending = true;
	while (group->wants != NULL) {
		struct pod_want *want = group->wants;

		group->wants = want->next;
		if (want->next != NULL)
			want->next->previous = NULL;
		answer_want(group, want, error, latency_us);
	}
	free_group(group);
	if (pods->first != NULL)
		run_soon(pods);
}

void kubernetes_pods_close(struct asset_context *context)
{
	struct kubernetes_pods *pods = context->pods;

	if (pods == NULL)
		return;
	loop_disarm(context->loop, &pods->soon);
	while (pods->first != NULL) {
		struct pod_group *group = pods->first;

		for (struct pod_want *want = group->wants; want != NULL; want = want->next)
			want->group = NULL;
		unlink_group(group);
		free_group(group);
	}
	context->pods = NULL;
}

/* --- wants --- */

void pod_want_fill(struct pod_want *want, const struct runtime_asset *asset)
{
	const struct kubernetes_block *block = &asset->kubernetes;

	if (block->workload == NULL)
		want->selector.labels = block->selector;
	else if (text_starts(block->workload, "pod/"))
		want->selector.name = block->workload + strlen("pod/");
	else
		want->workload = block->workload;
	want->container = block->container;
	want->port = block->port;
}

static struct deadline later(struct deadline a, struct deadline b)
{
	return a.at_ms > b.at_ms ? a : b;
}

bool pod_want_start(struct asset_context *context, const struct runtime_asset *asset, struct pod_want *want,
                    struct error *err)
{
	struct kubernetes_pods *pods = pods_of(context);
	struct pod_group *group;
	struct access *access;
	struct http *http;

	if (!access_open(context, asset->kubernetes.cluster, &access, err) || !asset_http(context, &http, err))
		return false;
	group = find_group(pods, access, asset->kubernetes.name_space);
	group->http = http;
	group->deadline = later(group->deadline, context->deadline);
	want->best = (struct pod){ .state = POD_NONE };
	want->group = group;
	want->owner = NULL;
	want->previous = NULL;
	want->next = group->wants;
	if (want->next != NULL)
		want->next->previous = want;
	group->wants = want;
	group->want_count++;
	run_soon(pods);
	return true;
}

void pod_want_stop(struct pod_want *want)
{
	struct pod_group *group = want->group;

	if (group == NULL)
		return;
	want->group = NULL;
	if (want->previous == NULL)
		group->wants = want->next;
	else
		want->previous->next = want->next;
	if (want->next != NULL)
		want->next->previous = want->previous;
	group->want_count--;
	pod_index_remove(group->index, want);
	if (group->wants == NULL && !group->ending) {
		unlink_group(group);
		free_group(group);
	}
}
