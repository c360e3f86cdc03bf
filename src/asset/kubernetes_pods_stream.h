/* A list answer of the API, cut into its items while it arrives. */
#ifndef FOPS_ASSET_KUBERNETES_PODS_STREAM_H
#define FOPS_ASSET_KUBERNETES_PODS_STREAM_H

#include "fops/base/buffer.h"
#include "fops/base/error.h"

/* Zeroed but for the callback; pod_stream_open before the first byte, pod_stream_done at the end. */
struct pod_stream {
	/* one item's JSON text; false stops with err */
	bool (*on_item)(void *user, const char *data, size_t len, struct error *err);
	void *user;
	struct buffer item; /* the one that is arriving */
	struct buffer rest; /* the answer without its items: "items":[] */
	unsigned depth;     /* open braces and brackets */
	unsigned skipped;   /* depth at which the value that is dropped began, 0: none is */
	bool in_items;
	bool in_text;
	bool escaped;
	char word[16]; /* how the last text began */
	size_t word_len;
};

void pod_stream_open(struct pod_stream *stream);
void pod_stream_done(struct pod_stream *stream);

/*
 * Take bytes. An item's managedFields, often half of it, are replaced by null. Whether the pieces are JSON is judged by
 * whoever parses them. errors  PLANE_PROTOCOL an item of more than 4 MiB, 256 KiB around the items, or nesting that
 * does not fit; what on_item says
 */
CHECKED bool pod_stream_take(struct pod_stream *stream, const char *data, size_t len, struct error *err);

#endif
