/* A record that was written and read again is the same record. */
#include <criterion/criterion.h>

#include "fops/base/buffer.h"
#include "fops/data/decode.h"
#include "fops/data/emit.h"
#include "reading.h"

#define MOST_BYTES ((size_t)64 * 1024)

struct inner {
	const char *name;
	bool strict;
	bool present;
};

struct thing {
	const char *id;
	bool enabled;
	bool careful;
	int64_t offset;
	uint64_t count;
	struct optional_int limit;
	struct optional_bool wide;
	struct duration timeout;
	struct instant since;
	struct text_list tags;
	struct text_map labels;
	const struct value *expect;
	struct inner maybe;
	struct inner always;
	struct record_list routes;
};

static const struct field maybe_fields[] = {
	{ "name", SLOT(struct inner, name), FIELD_REQUIRED, .preset = NULL },
	{ "strict", SLOT(struct inner, strict), .preset = "true" },
	{ 0 },
};

static const struct field always_fields[] = {
	{ "name", SLOT(struct inner, name), .preset = "open" },
	{ "strict", SLOT(struct inner, strict), .preset = "true" },
	{ 0 },
};

static const struct field fields[] = {
	{ "id", SLOT(struct thing, id), FIELD_REQUIRED, .preset = NULL },
	{ "enabled", SLOT(struct thing, enabled), .preset = NULL },
	{ "careful", SLOT(struct thing, careful), .preset = "true" },
	{ "offset", SLOT(struct thing, offset), .preset = "22" },
	{ "count", SLOT(struct thing, count), .preset = NULL },
	{ "limit", SLOT(struct thing, limit), .preset = NULL },
	{ "wide", SLOT(struct thing, wide), .preset = NULL },
	{ "timeout", SLOT(struct thing, timeout), .preset = "15s" },
	{ "since", SLOT(struct thing, since), .preset = NULL },
	{ "tags", SLOT(struct thing, tags), .preset = "a,b" },
	{ "labels", SLOT(struct thing, labels), .preset = NULL },
	{ "expect", SLOT(struct thing, expect), .preset = NULL },
	{ "maybe", SLOT_EMBEDDED(struct thing, maybe), .fields = maybe_fields,
	  .present_offset = offsetof(struct thing, maybe.present) },
	{ "always", SLOT_EMBEDDED(struct thing, always), .fields = always_fields },
	{ "routes", SLOT(struct thing, routes), .fields = maybe_fields, .record_size = sizeof(struct inner) },
	{ 0 },
};

static const char *write_record(struct reading *reading, enum emit_format format, const struct thing *thing)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, format, buffer_sink(&out));
	emit_record(&emitter, fields, thing);
	cr_expect(emit_finish(&emitter, false));
	return arena_copy(reading->arena, buffer_string(&out));
}

static struct thing read_record(struct reading *reading, const char *text)
{
	struct thing thing = { 0 };

	reading_yaml(reading, text, NULL);
	cr_assert_eq(reading->count, 1, "%s", text);
	cr_assert(decode(reading->arena, "t", "spec", reading->documents[0], fields, DECODE_STRICT, &thing,
	                 &reading->findings),
	          "%s: %s", text, reading->findings.items[0].message);
	return thing;
}

Test(emit_record, writes_what_was_given_and_what_was_preset)
{
	struct reading reading = reading_new();
	struct thing thing = read_record(&reading, "id: a");

	cr_expect_str_eq(write_record(&reading, EMIT_JSON, &thing),
	                 "{\"id\":\"a\",\"careful\":true,\"offset\":22,\"timeout\":\"15s\",\"tags\":[\"a\",\"b\"],"
	                 "\"always\":{\"name\":\"open\",\"strict\":true}}");
	reading_done(&reading);
}

/* Each row is read, written as YAML, and read again. */
Test(emit_record, reads_back_what_it_wrote)
{
	static const char *const rows[] = {
		"{id: ''}",
		"{id: a, enabled: true, careful: false, offset: 0, count: 0, limit: 0, wide: false, timeout: 0ms}",
		"{id: a, timeout: 1500ms, since: '2026-11-20T14:02:11.250Z', tags: [], labels: {a: '1', b: ''}}",
		"{id: a, timeout: 90m, since: '2026-11-20T14:02:11Z', expect: null}",
		"{id: a, timeout: 2d, expect: [1, {a: 0.5}], maybe: {name: x, strict: false}}",
		"{id: a, always: {strict: false}, routes: [{name: x}, {name: y, strict: false}]}",
		"{id: a, count: 9007199254740992, limit: -5, wide: true, offset: -9007199254740992}",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reading reading = reading_new();
		struct thing first = read_record(&reading, rows[i]);
		const char *json = write_record(&reading, EMIT_JSON, &first);
		struct thing second = read_record(&reading, write_record(&reading, EMIT_YAML, &first));

		cr_expect_str_eq(write_record(&reading, EMIT_JSON, &second), json);
		cr_expect_eq(second.timeout.ms, first.timeout.ms, "%s", json);
		cr_expect_eq(second.since.unix_ms, first.since.unix_ms, "%s", json);
		cr_expect_eq(second.enabled, first.enabled);
		cr_expect_eq(second.careful, first.careful);
		cr_expect_eq(second.offset, first.offset);
		cr_expect_eq(second.limit.present, first.limit.present);
		cr_expect_eq(second.wide.present, first.wide.present);
		cr_expect_eq(second.tags.count, first.tags.count, "%s", json);
		cr_expect_eq(second.maybe.present, first.maybe.present);
		cr_expect_eq(second.maybe.strict, first.maybe.strict);
		cr_expect_eq(second.always.strict, first.always.strict);
		cr_expect_eq(second.expect == NULL, first.expect == NULL);
		cr_expect_eq(second.routes.count, first.routes.count);
		reading_done(&reading);
	}
}
