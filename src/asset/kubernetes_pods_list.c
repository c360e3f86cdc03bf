/* Asks an API server for workloads, then page by page for the pods of a namespace, and keeps only the best ones. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

#define PAGE_SIZE        "1000"
#define LONGEST_WORKLOAD ((size_t)4 * 1024 * 1024)
#define MOST_AT_ONCE     16

static const struct document_limits limits = { .bytes = (size_t)4 * 1024 * 1024,
	                                       .depth = 128,
	                                       .values = 200000,
	                                       .text = (size_t)2 * 1024 * 1024,
	                                       .documents = 1 };

/* --- pods --- */

static void list_page(struct pod_group *group);

static bool take_item(void *user, const char *data, size_t len, struct error *err)
{
	struct pod_group *group = user;
	struct arena_mark mark = arena_mark(group->item);
	struct pod_object pod;
	struct value value;

	if (!json_parse(group->item, "pod", data, len, &limits, &value, err))
		return fail(err, ERROR_PLANE_PROTOCOL, "the API server sent a pod that is no JSON");
	if (!pod_read(group->item, &value, &pod, err))
		return false;
	group->seen++;
	pod_index_offer(group->index, group->arena, &pod);
	arena_rewind(group->item, mark);
	return true;
}

static bool take_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct pod_group *group = exchange->user;

	if (exchange->status == 200)
		return pod_stream_take(&group->stream, data, len, err);
	/* the first bytes of a refusal say why */
	(void)buffer_append(&group->stream.rest, data, len);
	return true;
}

/* What stands around the items: is it a list of pods, and does it go on? */
static bool read_rest(struct pod_group *group, const char **ret_more, struct error *err)
{
	const struct buffer *rest = &group->stream.rest;
	const struct value *kind;
	const struct value *metadata;
	const struct value *more;
	struct value value;

	if (!json_parse(group->page, "list", buffer_string(rest), rest->len, &limits, &value, err) ||
	    (kind = value_member(&value, "kind")) == NULL || kind->kind != VALUE_TEXT ||
	    !text_equal(kind->text.data, "PodList")) {
		fail(err, ERROR_PLANE_PROTOCOL, "the answer is no list of pods");
		error_cause(err, "%s does not answer as an API server", url_origin(group->page, &group->access->url));
		return false;
	}
	metadata = value_member(&value, "metadata");
	more = metadata == NULL ? NULL : value_member(metadata, "continue");
	*ret_more = more != NULL && more->kind == VALUE_TEXT && more->text.len > 0
	                    ? arena_copy(group->arena, more->text.data)
	                    : NULL;
	return true;
}

/* From the beginning, as if nothing had been seen. */
static void forget_pods(struct pod_group *group)
{
	for (struct pod_want *want = group->wants; want != NULL; want = want->next)
		want->best = (struct pod){ .state = POD_NONE };
	group->more = NULL;
	group->seen = 0;
}

static void page_refused(struct pod_group *group)
{
	const struct http_exchange *exchange = &group->exchange;
	struct error err;

	if (exchange->status == 401 && !group->renewed && access_renew(group->access)) {
		group->renewed = true;
		list_page(group);
		return;
	}
	/* 410: the list is older than what the server remembers */
	if (exchange->status == 410 && group->more != NULL && !group->restarted) {
		log_detail(group->context->log, "the list of pods expired between two pages; reading it anew");
		group->restarted = true;
		forget_pods(group);
		list_page(group);
		return;
	}
	kubernetes_refused(group->page, NULL, group->access, "the list of pods", exchange->status,
	                   buffer_string(&group->stream.rest), group->stream.rest.len, exchange->retry_after_ms, &err);
	pod_group_end(group, &err);
}

static void page_done(struct http_exchange *exchange)
{
	struct pod_group *group = exchange->user;
	const char *more;
	struct error err;

	group->listing = false;
	if (exchange->failed) {
		err = exchange->error;
		pod_group_end(group, &err);
	} else if (exchange->status != 200) {
		page_refused(group);
	} else if (!read_rest(group, &more, &err)) {
		pod_group_end(group, &err);
	} else if (more != NULL) {
		group->more = more;
		list_page(group);
	} else {
		log_detail(group->context->log, "%zu pods listed for %zu assets", group->seen, group->want_count);
		pod_group_end(group, NULL);
	}
}

static const char *page_url(struct pod_group *group)
{
	struct text_pair pairs[2] = { { "limit", PAGE_SIZE }, { "continue", group->more } };
	struct text_map query = { pairs, group->more == NULL ? 1 : 2 };

	pod_index_query(group->page, group, &query);
	return url_build(group->page, &group->access->url,
	                 arena_format(group->page, "/api/v1/namespaces/%s/pods", group->name_space), &query);
}

static void list_page(struct pod_group *group)
{
	static const struct arena_mark start = { NULL, 0 };
	struct error err;

	arena_rewind(group->page, start);
	pod_stream_open(&group->stream);
	group->stream.on_item = take_item;
	group->stream.user = group;
	if (!access_refresh(group->access, &err)) {
		pod_group_end(group, &err);
		return;
	}
	group->exchange = (struct http_exchange){
		.method = "GET",
		.url = page_url(group),
		.on_body = take_body,
		.on_done = page_done,
		.user = group,
	};
	access_prepare(group->context, group->access, &group->exchange);
	group->exchange.deadline = group->deadline;
	group->listing = http_start(group->http, group->page, &group->exchange, &err);
	if (!group->listing)
		pod_group_end(group, &err);
}

/* --- workloads --- */

static void ask_workloads(struct pod_group *group);

static const char *const workload_paths[][2] = {
	{ "deployment/", "apps/v1" }, { "statefulset/", "apps/v1" }, { "daemonset/", "apps/v1" },
	{ "replicaset/", "apps/v1" }, { "job/", "batch/v1" },
};

static const char *workload_url(struct pod_workload *workload)
{
	struct pod_group *group = workload->group;
	const char *slash = strchr(workload->text, '/');
	const char *version = "apps/v1";

	for (size_t i = 0; i < ARRAY_LEN(workload_paths); i++) {
		if (text_starts(workload->text, workload_paths[i][0]))
			version = workload_paths[i][1];
	}
	return url_build(group->arena, &group->access->url,
	                 arena_format(group->arena, "/apis/%s/namespaces/%s/%.*ss/%s", version, group->name_space,
	                              (int)(slash - workload->text), workload->text, slash + 1),
	                 NULL);
}

static void workload_over(struct pod_workload *workload)
{
	struct pod_group *group = workload->group;

	workload->running = false;
	group->workloads_open--;
	ask_workloads(group);
}

static void judge_workload(struct pod_workload *workload)
{
	const struct http_exchange *exchange = &workload->exchange;
	struct pod_group *group = workload->group;
	const char *body = exchange->body == NULL ? "" : exchange->body;
	struct kubernetes_status status;
	struct value value;

	workload->failed = true;
	if (exchange->failed) {
		workload->error = exchange->error;
	} else if (exchange->status == 404 && kubernetes_status_read(group->arena, body, strlen(body), &status)) {
		workload->failed = false;
		workload->missing = true;
	} else if (exchange->status != 200) {
		kubernetes_refused(group->arena, NULL, group->access, "the workload", exchange->status, body,
		                   strlen(body), exchange->retry_after_ms, &workload->error);
	} else if (json_parse(group->arena, "workload", body, strlen(body), &limits, &value, &workload->error) &&
	           pod_selector_read(group->arena, &value, &workload->selector, &workload->error)) {
		workload->failed = false;
	}
}

static void ask_workload(struct pod_workload *workload);

static void workload_done(struct http_exchange *exchange)
{
	struct pod_workload *workload = exchange->user;

	if (!exchange->failed && exchange->status == 401 && !workload->renewed &&
	    access_renew(workload->group->access)) {
		workload->renewed = true;
		workload->running = false;
		workload->group->workloads_open--;
		ask_workload(workload);
		return;
	}
	judge_workload(workload);
	workload_over(workload);
}

static void ask_workload(struct pod_workload *workload)
{
	struct pod_group *group = workload->group;

	workload->exchange = (struct http_exchange){
		.method = "GET",
		.url = workload_url(workload),
		.keep_bytes = LONGEST_WORKLOAD,
		.on_done = workload_done,
		.user = workload,
	};
	access_prepare(group->context, group->access, &workload->exchange);
	workload->exchange.deadline = group->deadline;
	workload->running = access_refresh(group->access, &workload->error) &&
	                    http_start(group->http, group->arena, &workload->exchange, &workload->error);
	workload->failed = !workload->running;
	group->workloads_open += workload->running ? 1 : 0;
}

/* A few at a time; the list begins when all are known. */
static void ask_workloads(struct pod_group *group)
{
	while (group->next_workload != NULL && group->workloads_open < MOST_AT_ONCE) {
		struct pod_workload *workload = group->next_workload;

		group->next_workload = workload->next;
		ask_workload(workload);
	}
	if (group->workloads_open > 0)
		return;
	group->index = pod_index_build(group);
	if (pod_index_is_empty(group->index))
		pod_group_end(group, NULL);
	else
		list_page(group);
}

static struct pod_workload *find_workload(struct pod_group *group, const char *text)
{
	struct pod_workload *workload = group->workloads;

	while (workload != NULL && !text_equal(workload->text, text))
		workload = workload->next;
	if (workload != NULL)
		return workload;
	workload = arena_alloc(group->arena, sizeof *workload);
	workload->text = arena_copy(group->arena, text);
	workload->group = group;
	workload->next = group->workloads;
	group->workloads = workload;
	return workload;
}

void pod_group_run(struct pod_group *group)
{
	group->started_us = clock_monotonic_us();
	for (struct pod_want *want = group->wants; want != NULL; want = want->next) {
		if (want->workload != NULL)
			want->owner = find_workload(group, want->workload);
	}
	group->next_workload = group->workloads;
	ask_workloads(group);
}
