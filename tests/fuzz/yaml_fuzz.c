/* Fuzzes the YAML reader; what was taken is written as JSON and as YAML and must come back the same. */
#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "same.h"

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define MOST_BYTES  ((size_t)64 * 1024 * 1024)

static const struct document_limits limits = {
	.bytes = 65536, .depth = 32, .values = 10000, .text = 65536, .documents = 1000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buffer write_value(const struct value *value, enum emit_format format)
{
	struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, format, buffer_sink(&out));
	emit_value(&emitter, value);
	if (!emit_finish(&emitter, true))
		abort();
	return out;
}

static bool compare(void *user, struct value *document, struct error *err)
{
	(void)err;
	if (!is_same(user, document))
		abort();
	return true;
}

static bool check_document(void *user, struct value *document, struct error *err)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct findings findings = { .arena = user };
	struct buffer json = write_value(document, EMIT_JSON);
	struct buffer yaml = write_value(document, EMIT_YAML);
	struct value again;

	if (!json_parse(arena, "again", json.data, json.len, NULL, &again, err) || !is_same(document, &again))
		abort();
	if (!yaml_parse(arena, "again", yaml.data, yaml.len, NULL, &findings, compare, document, err) ||
	    findings.count > 0)
		abort();
	buffer_done(&json);
	buffer_done(&yaml);
	arena_free(arena);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct arena *kept = arena_new(ARENA_BYTES);
	struct findings findings = { .arena = kept, .limit = 100 };
	struct error err;

	if (!yaml_parse(arena, "fuzz", (const char *)data, size, &limits, &findings, check_document, kept, &err))
		abort();
	for (size_t i = 0; i < findings.count; i++) {
		if (findings.items[i].line == 0 || findings.items[i].column == 0 ||
		    findings.items[i].message[0] == '\0')
			abort();
	}
	arena_free(arena);
	arena_free(kept);
	return 0;
}
