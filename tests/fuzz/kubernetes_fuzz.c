/* Fuzzes what an API server answers: lists in pieces, pods, selectors, Status objects and the errors made of them. */
#include <stdint.h>

#include "../../src/asset/kubernetes_pods.h"
#include "fops/base/arena.h"

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct items {
	struct arena *arena;
	size_t count;
	size_t bytes;
};

static void use_pod(struct arena *arena, const struct value *value)
{
	struct pod_selector selector = { .name = "p" };
	struct pod_object object;
	struct error err;
	struct pod pod;
	struct pod copy;

	if (pod_selector_read(arena, value, &selector, &err))
		(void)pod_selector_text(arena, &selector);
	if (!pod_read(arena, value, &object, &err)) {
		if (err.id != ERROR_PLANE_PROTOCOL || err.cause[0] == '\0')
			abort();
		return;
	}
	(void)pod_matches(&object, &selector);
	(void)pod_port_number(&object, "http");
	pod = pod_describe(&object, NULL);
	if (pod.state == POD_NONE || pod.name == NULL || (pod.state != POD_READY && pod.detail == NULL))
		abort();
	copy = pod_copy(arena, &pod);
	if (pod_compare(&pod, &copy) != 0)
		abort();
	pod = pod_describe(&object, "main");
	if (pod.container == NULL || strcmp(pod.container, "main") != 0)
		abort();
}

static bool take_item(void *user, const char *data, size_t len, struct error *err)
{
	struct items *items = user;
	struct value value;

	items->count++;
	items->bytes += len;
	if (json_parse(items->arena, "pod", data, len, NULL, &value, err))
		use_pod(items->arena, &value);
	return true;
}

/* The items must not depend on how the bytes arrive. */
static struct items cut(struct arena *arena, const char *data, size_t size, size_t piece)
{
	struct items items = { .arena = arena };
	struct pod_stream stream = { .on_item = take_item, .user = &items };
	struct error err;

	pod_stream_open(&stream);
	for (size_t at = 0; at < size; at += piece) {
		if (!pod_stream_take(&stream, data + at, size - at < piece ? size - at : piece, &err))
			break;
	}
	items.bytes += stream.rest.len;
	pod_stream_done(&stream);
	return items;
}

static void judge_status(struct arena *arena, const char *data, size_t size)
{
	static const int codes[] = { 301, 400, 401, 403, 404, 409, 410, 429, 500, 503 };
	struct kubernetes_status status;

	if (kubernetes_status_read(arena, data, size, &status) && (status.exit_code < -1 || status.exit_code > 255))
		abort();
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct error err;

		kubernetes_refused(arena, NULL, NULL, "the list of pods", codes[i], data, size, -1, &err);
		if (err.cause[0] == '\0' || !is_utf8(err.cause, strlen(err.cause), NULL) ||
		    strpbrk(err.cause, "\r\n") != NULL)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const char *text = (const char *)data;
	struct items whole = cut(arena, text, size, size + 1);
	struct items pieces = cut(arena, text, size, size % 7 + 1);

	if (whole.count != pieces.count || whole.bytes != pieces.bytes)
		abort();
	judge_status(arena, text, size);
	arena_free(arena);
	return 0;
}
