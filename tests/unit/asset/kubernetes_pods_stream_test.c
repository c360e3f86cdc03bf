/* Lists cut into items, however their bytes arrive. */
#include "kubernetes_pods_stream.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

struct seen {
	struct buffer items; /* each with a line end */
	size_t count;
	size_t stop_at;
};

static bool take(void *user, const char *data, size_t len, struct error *err)
{
	struct seen *seen = user;

	buffer_append(&seen->items, data, len);
	buffer_byte(&seen->items, '\n');
	return ++seen->count != seen->stop_at || fail(err, ERROR_DATA, "enough");
}

/* Feed text in pieces of that size. */
static bool feed(struct pod_stream *stream, const char *text, size_t len, size_t piece, struct error *err)
{
	for (size_t at = 0; at < len; at += piece) {
		if (!pod_stream_take(stream, text + at, len - at < piece ? len - at : piece, err))
			return false;
	}
	return true;
}

struct stream_case {
	const char *text;
	const char *items;
	const char *rest;
};

static const struct stream_case cases[] = {
	{ "{\"items\":[]}", "", "{\"items\":[]}" },
	{ "{\"items\":null}", "", "{\"items\":null}" },
	{ "{\"items\":[{\"a\":1}]}", "{\"a\":1}\n", "{\"items\":[]}" },
	{ "{\"kind\":\"L\",\"metadata\":{\"continue\":\"x,]}\"},\"items\":[{\"a\":[1,2]}, {\"b\":{}},{}],\"x\":[1]}",
	  "{\"a\":[1,2]}\n{\"b\":{}}\n{}\n",
	  "{\"kind\":\"L\",\"metadata\":{\"continue\":\"x,]}\"},\"items\":[ ],\"x\":[1]}" },
	{ "{\"items\":[{\"a\":\"}]\\\"{\\\\\"}],\"items\":[{}]}", "{\"a\":\"}]\\\"{\\\\\"}\n{}\n",
	  "{\"items\":[],\"items\":[]}" },
	/* only the list's own member counts */
	{ "{\"x\":{\"items\":[{\"a\":1}]},\"items\":[{\"items\":[{}]}]}", "{\"items\":[{}]}\n",
	  "{\"x\":{\"items\":[{\"a\":1}]},\"items\":[]}" },
	{ "{\"x\":\"items\",\"y\":[{}]}", "", "{\"x\":\"items\",\"y\":[{}]}" },
	{ "[[{\"items\":[{}]}]]", "", "[[{\"items\":[{}]}]]" },
	/* members nobody wants */
	{ "{\"items\":[{\"metadata\":{\"managedFields\":[{\"a\":\"]\",\"b\":[{}]}],\"name\":\"n\"}}]}",
	  "{\"metadata\":{\"managedFields\":null,\"name\":\"n\"}}\n", "{\"items\":[]}" },
	{ "{\"items\":[{\"managedFields\":[1],\"metadata\":{\"managedFields\":\"x\",\"l\":{\"managedFields\":[1]}}}]}",
	  "{\"managedFields\":[1],\"metadata\":{\"managedFields\":\"x\",\"l\":{\"managedFields\":[1]}}}\n",
	  "{\"items\":[]}" },
	{ "{\"items\":[1,\"a\",{}]}", "{}\n", "{\"items\":[1\"a\"]}" },
	{ "<html>", "", "<html>" },
};

Test(kubernetes_pods_stream, cuts_the_same_items_from_pieces_of_any_size)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
			struct seen seen = { .items = BUFFER(4096) };
			struct pod_stream stream = { .on_item = take, .user = &seen };
			struct error err;

			pod_stream_open(&stream);
			cr_assert(feed(&stream, cases[i].text, strlen(cases[i].text), piece, &err), "%s",
			          cases[i].text);
			cr_assert_str_eq(buffer_string(&seen.items), cases[i].items);
			cr_assert_str_eq(buffer_string(&stream.rest), cases[i].rest);
			pod_stream_done(&stream);
			buffer_done(&seen.items);
		}
	}
}

static bool is_refused(const char *before, char filler, size_t count)
{
	struct seen seen = { .items = BUFFER(64 << 20) };
	struct pod_stream stream = { .on_item = take, .user = &seen };
	char block[4096];
	struct error err = { 0 };
	bool good;

	memset(block, filler, sizeof block);
	pod_stream_open(&stream);
	good = pod_stream_take(&stream, before, strlen(before), &err);
	for (size_t i = 0; good && i < count; i += sizeof block)
		good = pod_stream_take(&stream, block, sizeof block, &err);
	pod_stream_done(&stream);
	buffer_done(&seen.items);
	return !good && err.id == ERROR_PLANE_PROTOCOL && err.cause[0] != '\0';
}

Test(kubernetes_pods_stream, bounds_items_rest_and_depth)
{
	cr_assert(is_refused("{\"items\":[{\"a\":\"", 'x', (size_t)5 << 20));
	cr_assert(!is_refused("{\"items\":[{\"a\":\"", 'x', (size_t)3 << 20));
	cr_assert(is_refused("{\"metadata\":\"", 'x', (size_t)300 << 10));
	cr_assert(is_refused("{\"items\":[", '[', 4096));
	cr_assert(is_refused("{}}", '}', 4096));
}

Test(kubernetes_pods_stream, forgets_the_page_before)
{
	struct seen seen = { .items = BUFFER(4096) };
	struct pod_stream stream = { .on_item = take, .user = &seen };
	struct error err;

	pod_stream_open(&stream);
	cr_assert(feed(&stream, "{\"items\":[{\"a\":\"\\", 16, 16, &err));
	pod_stream_open(&stream);
	cr_assert(feed(&stream, "{\"items\":[{}]}", 14, 14, &err));
	cr_assert_str_eq(buffer_string(&seen.items), "{}\n");
	cr_assert_str_eq(buffer_string(&stream.rest), "{\"items\":[]}");
	pod_stream_done(&stream);
	buffer_done(&seen.items);
}

Test(kubernetes_pods_stream, stops_when_an_item_is_refused)
{
	struct seen seen = { .items = BUFFER(4096), .stop_at = 2 };
	struct pod_stream stream = { .on_item = take, .user = &seen };
	struct error err;

	pod_stream_open(&stream);
	cr_assert(!feed(&stream, "{\"items\":[{},{},{}]}", 20, 20, &err));
	cr_assert_eq(err.id, ERROR_DATA);
	cr_assert_eq(seen.count, 2);
	pod_stream_done(&stream);
	buffer_done(&seen.items);
}
