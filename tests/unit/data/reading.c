/* Two arenas and a visitor that copies. */
#include "reading.h"

#include <math.h>

#include "fops/base/buffer.h"
#include "fops/data/emit.h"

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define MOST_SHOWN  ((size_t)64 * 1024 * 1024)

struct reading reading_new(void)
{
	struct reading reading = { .arena = arena_new(ARENA_BYTES), .scratch = arena_new(ARENA_BYTES) };

	reading.findings.arena = reading.arena;
	return reading;
}

void reading_done(struct reading *reading)
{
	arena_free(reading->arena);
	arena_free(reading->scratch);
}

static bool keep(void *user, struct value *document, struct error *err)
{
	struct reading *reading = user;
	(void)err;
	/* the array doubles whenever the count is a power of two, so no capacity has to be kept */
	if ((reading->count & (reading->count - 1)) == 0) {
		const struct value **documents = arena_array(reading->arena, reading->count * 2 + 1, sizeof *documents);

		if (reading->count > 0)
			memcpy(documents, reading->documents, reading->count * sizeof *documents);
		reading->documents = documents;
	}
	reading->documents[reading->count++] = value_copy(reading->arena, document);
	return true;
}

void reading_yaml(struct reading *reading, const char *text, const struct document_limits *limits)
{
	reading->count = 0;
	reading->findings.count = 0;
	if (!yaml_parse(reading->scratch, "t", text, strlen(text), limits, &reading->findings, keep, reading,
	                &reading->err))
		out_of_memory();
}

const struct value *reading_json(struct reading *reading, const char *text)
{
	struct value *value = arena_alloc(reading->arena, sizeof *value);

	if (!json_parse(reading->arena, "t", text, strlen(text), NULL, value, &reading->err))
		return NULL;
	return value;
}

const char *reading_show(struct reading *reading, const struct value *value)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_SHOWN);
	struct emitter emitter;

	if (value == NULL)
		return NULL;
	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	emit_value(&emitter, value);
	return emit_finish(&emitter, false) ? arena_copy(reading->arena, buffer_string(&out)) : NULL;
}

const char *reading_lines(struct reading *reading, const char *text)
{
	const char *lines = "";

	reading_yaml(reading, text, NULL);
	for (size_t i = 0; i < reading->count; i++)
		lines = arena_format(reading->arena, "%s%s\n", lines, reading_show(reading, reading->documents[i]));
	findings_sort(&reading->findings);
	for (size_t i = 0; i < reading->findings.count; i++) {
		const struct finding *finding = &reading->findings.items[i];

		lines = arena_format(reading->arena, "%s%d:%d: %s\n", lines, (int)finding->line, (int)finding->column,
		                     finding->message);
	}
	return lines;
}

static bool are_same_lists(const struct value *a, const struct value *b)
{
	if (a->list.count != b->list.count)
		return false;
	for (size_t i = 0; i < a->list.count; i++) {
		if (a->kind == VALUE_ARRAY && !is_same_value(&a->list.items[i], &b->list.items[i]))
			return false;
		if (a->kind == VALUE_OBJECT && (strcmp(a->list.members[i].name, b->list.members[i].name) != 0 ||
		                                !is_same_value(&a->list.members[i].value, &b->list.members[i].value)))
			return false;
	}
	return true;
}

bool is_same_value(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
		return a->integer == b->integer;
	case VALUE_REAL:
		return a->real == b->real && signbit(a->real) == signbit(b->real);
	case VALUE_TEXT:
		return a->text.len == b->text.len && memcmp(a->text.data, b->text.data, a->text.len) == 0;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return are_same_lists(a, b);
	}
	return false;
}
