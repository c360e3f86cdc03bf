/* Lists of an API server: pages, an expired continue token, a token file that was renewed, one object in memory at a
 * time. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

/* 5 calls for 5,000 pods; the answer is cut into its objects while it arrives, so that its length costs no memory here.
 */
#define PAGE_SIZE "1000"

const struct document_limits pod_document_limits = { .bytes = (size_t)4 * 1024 * 1024,
	                                             .depth = 128,
	                                             .values = 200000,
	                                             .text = (size_t)2 * 1024 * 1024,
	                                             .documents = 1 };

static void list_page(struct pod_listing *listing);

static void end(struct pod_listing *listing, const struct error *error)
{
	listing->on_end(listing->group, error);
}

static bool take_item(void *user, const char *data, size_t len, struct error *err)
{
	struct pod_listing *listing = user;
	struct pod_group *group = listing->group;
	struct arena_mark mark = arena_mark(group->item);
	struct value value;

	if (!json_parse(group->item, "object", data, len, &pod_document_limits, &value, err))
		return fail(err, ERROR_PLANE_PROTOCOL, "the API server sent an object that is no JSON");
	if (!listing->on_item(group, &value, err))
		return false;
	arena_rewind(group->item, mark);
	return true;
}

static bool take_body(struct http_exchange *exchange, const char *data, size_t len, struct error *err)
{
	struct pod_listing *listing = exchange->user;

	if (exchange->status == 200)
		return pod_stream_take(&listing->stream, data, len, err);
	/* the first bytes of a refusal say why */
	(void)buffer_append(&listing->stream.rest, data, len);
	return true;
}

/* What stands around the items: is it the list that was asked for, and does it go on? */
static bool read_rest(struct pod_listing *listing, const char **ret_more, struct error *err)
{
	struct pod_group *group = listing->group;
	const struct buffer *rest = &listing->stream.rest;
	const struct value *kind = NULL;
	const struct value *metadata;
	const struct value *more;
	struct value value;

	if (json_parse(group->page, "list", buffer_string(rest), rest->len, &pod_document_limits, &value, err))
		kind = value_member(&value, "kind");
	if (kind == NULL || kind->kind != VALUE_TEXT || !text_equal(kind->text.data, listing->kind)) {
		fail(err, ERROR_PLANE_PROTOCOL, "the answer is no %s", listing->kind);
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

static void page_refused(struct pod_listing *listing)
{
	const struct http_exchange *exchange = &listing->exchange;
	struct pod_group *group = listing->group;
	struct error err;

	if (exchange->status == 401 && !listing->renewed && access_renew(group->access)) {
		listing->renewed = true;
		list_page(listing);
		return;
	}
	/* 410: the list is older than what the server remembers */
	if (exchange->status == 410 && listing->more != NULL && !listing->restarted) {
		log_detail(group->context->log, "%s expired between two pages; reading it anew", listing->what);
		listing->restarted = true;
		listing->more = NULL;
		listing->on_restart(group);
		list_page(listing);
		return;
	}
	kubernetes_refused(group->page, NULL, group->access, listing->what, exchange->status,
	                   buffer_string(&listing->stream.rest), listing->stream.rest.len, exchange->retry_after_ms,
	                   &err);
	end(listing, &err);
}

static void page_done(struct http_exchange *exchange)
{
	struct pod_listing *listing = exchange->user;
	const char *more;
	struct error err;

	listing->running = false;
	if (exchange->failed) {
		err = exchange->error;
		end(listing, &err);
	} else if (exchange->status != 200) {
		page_refused(listing);
	} else if (!read_rest(listing, &more, &err)) {
		end(listing, &err);
	} else if (more != NULL) {
		listing->more = more;
		list_page(listing);
	} else {
		end(listing, NULL);
	}
}

static const char *page_url(const struct pod_listing *listing)
{
	struct arena *arena = listing->group->page;
	struct text_map query = { arena_array(arena, listing->query.count + 2, sizeof *query.items), 0 };

	query.items[query.count++] = (struct text_pair){ "limit", PAGE_SIZE };
	if (listing->more != NULL)
		query.items[query.count++] = (struct text_pair){ "continue", listing->more };
	for (size_t i = 0; i < listing->query.count; i++)
		query.items[query.count++] = listing->query.items[i];
	return url_build(arena, &listing->group->access->url, listing->path, &query);
}

static void list_page(struct pod_listing *listing)
{
	struct pod_group *group = listing->group;
	struct error err;

	arena_rewind(group->page, (struct arena_mark){ 0 });
	pod_stream_open(&listing->stream);
	listing->stream.on_item = take_item;
	listing->stream.user = listing;
	listing->exchange = (struct http_exchange){
		.method = "GET",
		.url = page_url(listing),
		.on_body = take_body,
		.on_done = page_done,
		.user = listing,
	};
	listing->running = access_refresh(group->access, &err);
	if (listing->running) {
		access_prepare(group->context, group->access, &listing->exchange);
		listing->exchange.deadline = group->deadline;
		listing->running = http_start(group->http, group->page, &listing->exchange, &err);
	}
	if (!listing->running)
		end(listing, &err);
}

void pod_listing_start(struct pod_listing *listing)
{
	listing->more = NULL;
	listing->restarted = false;
	listing->renewed = false;
	list_page(listing);
}

void pod_listing_done(struct pod_listing *listing)
{
	if (listing->running)
		http_cancel(listing->group->http, &listing->exchange);
	listing->running = false;
	pod_stream_done(&listing->stream);
}
