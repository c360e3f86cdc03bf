/* Fuzzes the JSON reader; what was taken is written in both styles and must come back the same. */
#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "same.h"

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define MOST_BYTES  ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_format(struct arena *arena, const struct value *value, enum emit_format format)
{
	struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;
	struct value again;
	struct error err;

	emit_start(&emitter, format, buffer_sink(&out));
	emit_value(&emitter, value);
	if (!emit_finish(&emitter, true))
		abort();
	if (!json_parse(arena, "again", out.data, out.len, NULL, &again, &err) || !is_same(value, &again))
		abort();
	buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct value value;
	struct error err;

	if (json_parse(arena, "fuzz", (const char *)data, size, NULL, &value, &err)) {
		check_format(arena, &value, EMIT_JSON);
		check_format(arena, &value, EMIT_JSON_PRETTY);
	} else if (err.id != ERROR_DATA || err.finding_count != 1 || err.findings[0].line == 0) {
		abort();
	}
	arena_free(arena);
	return 0;
}
