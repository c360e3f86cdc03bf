/* Turns the names of workloads into selectors: few are asked for one by one, many are listed. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

#define LONGEST_WORKLOAD ((size_t)4 * 1024 * 1024)
#define MOST_AT_ONCE     16
/* So many of one kind are cheaper to ask for than to list all that a namespace may have. */
#define MOST_SINGLE 4

struct workload_kind {
	const char *word; /* of the contract */
	const char *path; /* between /apis/ and namespaces */
	const char *list; /* the kind of its list */
};

static const struct workload_kind kinds[] = {
	{ "deployment", "apps/v1", "DeploymentList" },
	{ "statefulset", "apps/v1", "StatefulSetList" },
	{ "daemonset", "apps/v1", "DaemonSetList" },
	{ "replicaset", "apps/v1", "ReplicaSetList" },
	{ "job", "batch/v1", "JobList" },
};

static const struct workload_kind *kind_of(const struct pod_workload *workload)
{
	size_t len = strcspn(workload->text, "/");
	const struct workload_kind *kind = kinds;

	/* the contract allows no others */
	while (kind < kinds + ARRAY_LEN(kinds) - 1 &&
	       (strlen(kind->word) != len || strncmp(kind->word, workload->text, len) != 0))
		kind++;
	return kind;
}

static const char *kind_path(struct pod_group *group, const struct workload_kind *kind)
{
	return arena_format(group->arena, "/apis/%s/namespaces/%s/%ss", kind->path, group->name_space, kind->word);
}

static int compare_workloads(const void *first, const void *second)
{
	const struct pod_workload *a = first;
	const struct pod_workload *b = second;

	return strcmp(a->text, b->text);
}

static struct pod_workload *find_workload(const struct pod_group *group, const char *text)
{
	struct pod_workload wanted = { .text = text };

	return bsearch(&wanted, group->workloads, group->workload_count, sizeof wanted, compare_workloads);
}

/* One for each distinct name. */
static void gather_workloads(struct pod_group *group)
{
	struct pod_workload *all = arena_array(group->arena, group->want_count + 1, sizeof *all);
	size_t count = 0;
	size_t kept = 0;

	for (struct pod_want *want = group->wants; want != NULL; want = want->next) {
		if (want->workload != NULL)
			all[count++] = (struct pod_workload){ .text = want->workload, .group = group };
	}
	qsort(all, count, sizeof *all, compare_workloads);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || !text_equal(all[kept - 1].text, all[i].text))
			all[kept++] = all[i];
	}
	/* the want may be gone before its workload is known */
	for (size_t i = 0; i < kept; i++)
		all[i].text = arena_copy(group->arena, all[i].text);
	group->workloads = all;
	group->workload_count = kept;
	for (struct pod_want *want = group->wants; want != NULL; want = want->next)
		want->owner = want->workload == NULL ? NULL : find_workload(group, want->workload);
}

static void keep_error(struct pod_workload *workload, const struct error *error)
{
	workload->error = arena_alloc(workload->group->arena, sizeof *workload->error);
	*workload->error = *error;
}

/* --- one by one --- */

static void ask_each(struct pod_group *group);

static void judge_workload(struct pod_workload *workload)
{
	const struct http_exchange *exchange = workload->exchange;
	struct pod_group *group = workload->group;
	const char *body = exchange->body == NULL ? "" : exchange->body;
	struct kubernetes_status status;
	struct value value;
	struct error err;

	if (exchange->failed) {
		keep_error(workload, &exchange->error);
	} else if (exchange->status == 404 && kubernetes_status_read(group->arena, body, strlen(body), &status)) {
		workload->missing = true;
	} else if (exchange->status != 200) {
		kubernetes_refused(group->arena, NULL, group->access, "the workload", exchange->status, body,
		                   strlen(body), exchange->retry_after_ms, &err);
		keep_error(workload, &err);
	} else if (json_parse(group->arena, "workload", body, strlen(body), &pod_document_limits, &value, &err) &&
	           pod_selector_read(group->arena, &value, &workload->selector, &err)) {
		workload->known = true;
	} else {
		keep_error(workload, &err);
	}
}

static void ask_workload(struct pod_workload *workload);

static void workload_done(struct http_exchange *exchange)
{
	struct pod_workload *workload = exchange->user;
	struct pod_group *group = workload->group;

	workload->running = false;
	group->workloads_open--;
	if (!exchange->failed && exchange->status == 401 && !workload->renewed && access_renew(group->access)) {
		workload->renewed = true;
		ask_workload(workload);
	} else {
		judge_workload(workload);
	}
	ask_each(group);
}

static void ask_workload(struct pod_workload *workload)
{
	struct pod_group *group = workload->group;
	const char *path = kind_path(group, kind_of(workload));
	struct error err;

	workload->exchange = arena_alloc(group->arena, sizeof *workload->exchange);
	*workload->exchange = (struct http_exchange){
		.method = "GET",
		.url = url_build(group->arena, &group->access->url,
		                 arena_format(group->arena, "%s%s", path, strchr(workload->text, '/')), NULL),
		.keep_bytes = LONGEST_WORKLOAD,
		.on_done = workload_done,
		.user = workload,
	};
	workload->running = access_refresh(group->access, &err);
	if (workload->running) {
		access_prepare(group->context, group->access, workload->exchange);
		workload->exchange->deadline = group->deadline;
		workload->running = http_start(group->http, group->arena, workload->exchange, &err);
	}
	if (workload->running)
		group->workloads_open++;
	else
		keep_error(workload, &err);
}

/* A few at a time; the list of pods begins when all are known. */
static void ask_each(struct pod_group *group)
{
	while (group->next_workload < group->workload_count && group->workloads_open < MOST_AT_ONCE) {
		struct pod_workload *workload = &group->workloads[group->next_workload++];

		if (!workload->known && !workload->missing && workload->error == NULL)
			ask_workload(workload);
	}
	if (group->workloads_open == 0)
		pod_group_list(group);
}

/* --- all of a kind --- */

static void list_kinds(struct pod_group *group);

static bool take_workload(struct pod_group *group, const struct value *item, struct error *err)
{
	const struct value *metadata = value_member(item, "metadata");
	const struct value *name = metadata == NULL ? NULL : value_member(metadata, "name");
	struct pod_workload *workload;

	if (name == NULL || name->kind != VALUE_TEXT)
		return fail(err, ERROR_PLANE_PROTOCOL, "the API server sent a workload without a name");
	workload = find_workload(group, arena_format(group->item, "%s/%s", kinds[group->kind].word, name->text.data));
	if (workload == NULL)
		return true;
	workload->known = pod_selector_read(group->arena, item, &workload->selector, err);
	if (!workload->known)
		keep_error(workload, err);
	return true;
}

static void forget_workloads(struct pod_group *group)
{
	for (size_t i = 0; i < group->workload_count; i++) {
		if (kind_of(&group->workloads[i]) != &kinds[group->kind])
			continue;
		group->workloads[i].known = false;
		group->workloads[i].error = NULL;
	}
}

/* Whoever may not list them may still get them: then they are asked for one by one. */
static void kind_listed(struct pod_group *group, const struct error *error)
{
	for (size_t i = 0; i < group->workload_count; i++) {
		struct pod_workload *workload = &group->workloads[i];

		if (kind_of(workload) != &kinds[group->kind] || workload->known || workload->error != NULL)
			continue;
		if (error == NULL)
			workload->missing = true;
		else if (error->id != ERROR_PLANE_AUTH)
			keep_error(workload, error);
	}
	group->kind++;
	list_kinds(group);
}

static void list_kind(struct pod_group *group, const struct workload_kind *kind)
{
	pod_listing_done(&group->listing);
	group->listing = (struct pod_listing){
		.group = group,
		.path = kind_path(group, kind),
		.kind = kind->list,
		.what = arena_format(group->arena, "the list of %ss", kind->word),
		.on_item = take_workload,
		.on_restart = forget_workloads,
		.on_end = kind_listed,
	};
	pod_listing_start(&group->listing);
}

static void list_kinds(struct pod_group *group)
{
	for (; group->kind < ARRAY_LEN(kinds); group->kind++) {
		size_t count = 0;

		for (size_t i = 0; i < group->workload_count; i++)
			count += kind_of(&group->workloads[i]) == &kinds[group->kind] ? 1 : 0;
		if (count <= MOST_SINGLE)
			continue;
		list_kind(group, &kinds[group->kind]);
		return;
	}
	ask_each(group);
}

void pod_group_run(struct pod_group *group)
{
	group->started_us = clock_monotonic_us();
	gather_workloads(group);
	list_kinds(group);
}
