/* Fuzzes the jsonpath compiler and printer over one document that has every kind of value. */
#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/jsonpath.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define MOST_BYTES  ((size_t)256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document_text[] =
        "{\"items\":[{\"name\":\"a\",\"n\":1,\"tags\":[\"x\",\"y\"],\"m\":{\"k.l\":null}},{\"name\":\"b\",\"n\":2.5,"
        "\"tags\":[]},"
        "{\"name\":\"c\",\"ok\":true}],\"a\":{\"b\":{\"c\":[[1,2],[3]]}},\"empty\":{},\"text\":\"t\"}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const char *expression = arena_text(arena, (const char *)data, size);
	struct buffer out = BUFFER(MOST_BYTES);
	struct jsonpath *path;
	struct value document;
	struct error err;

	if (!json_parse(arena, "document", document_text, sizeof document_text - 1, NULL, &document, &err))
		abort();
	if (!jsonpath_compile(arena, expression, &path, &err)) {
		if (err.id != ERROR_USAGE_EXPRESSION || err.message[0] == '\0')
			abort();
	} else if (!jsonpath_print(path, &document, &out, &err)) {
		if (err.id != ERROR_USAGE_EXPRESSION && err.id != ERROR_IO_OUTPUT)
			abort();
	}
	buffer_done(&out);
	arena_free(arena);
	return 0;
}
