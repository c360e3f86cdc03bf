/* The health contract's tables, and the judgement of an answer. */
#include "fops/contract/health.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "fops/data/pointer.h"
#include "pattern.h"

#define LONGEST_SHOWN 80

static const struct field expect_fields[] = {
	{ "status", SLOT(struct health_expect, status), .preset = "200", .minimum = 100, .maximum = 599,
	  .text = "the HTTP status of a healthy answer", .example = "204" },
	{ "pointer", SLOT(struct health_expect, pointer), .pattern = PATTERN_POINTER,
	  .text = "JSON Pointer (RFC 6901) to the value of the answer that is judged", .example = "/status" },
	{ "value", SLOT(struct health_expect, value), FIELD_SCALAR, .requires = "pointer",
	  .text = "what stands there: a text, number, boolean or null; without it, anything but null",
	  .example = "ok" },
	{ 0 },
};

const struct field health_fields[] = {
	{ "method", SLOT(struct health, method), .choices = "GET|HEAD", .preset = "GET",
	  .text = "the request's method; HEAD has no body for a pointer" },
	{ "path", SLOT(struct health, path), FIELD_REQUIRED | FIELD_PATH, .pattern = PATTERN_REQUEST,
	  .text = "the path below the executor URL, without query, fragment and dot segments", .example = "/health" },
	{ "expect", SLOT_EMBEDDED(struct health, expect), .fields = expect_fields,
	  .text = "what a healthy answer looks like" },
	{ "timeout", SLOT(struct health, timeout), .preset = "5s", .minimum = 1, .maximum = 600000,
	  .text = "how long to wait for the answer", .example = "2s" },
	{ 0 },
};

/* The value as one line of JSON, cut for a message. */
static const char *show(struct arena *arena, const struct value *value)
{
	struct buffer text = BUFFER((size_t)64 * 1024);
	struct emitter emitter;
	const char *shown;

	if (value == NULL)
		return "nothing";
	if (value->kind == VALUE_ARRAY || value->kind == VALUE_OBJECT)
		return value_kind_name(value->kind);
	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_value(&emitter, value);
	if (!emit_finish(&emitter, false)) {
		shown = "a long text";
	} else if (text.len > LONGEST_SHOWN) {
		size_t len = LONGEST_SHOWN;

		/* not in the middle of a character */
		while (len > 0 && ((unsigned char)text.data[len] & 0xC0) == 0x80)
			len--;
		shown = arena_format(arena, "%.*s…", (int)len, text.data);
	} else {
		shown = arena_text(arena, buffer_string(&text), text.len);
	}
	buffer_done(&text);
	return shown;
}

static double number_of(const struct value *value)
{
	return value->kind == VALUE_INT ? (double)value->integer : value->real;
}

static bool is_number(const struct value *value)
{
	return value->kind == VALUE_INT || value->kind == VALUE_REAL;
}

/* 1 and 1.0 are the same number, as JSON has only one kind of them. */
static bool is_same(const struct value *a, const struct value *b)
{
	if (is_number(a) && is_number(b))
		return !(number_of(a) < number_of(b)) && !(number_of(a) > number_of(b));
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_TEXT)
		return a->text.len == b->text.len && memcmp(a->text.data, b->text.data, a->text.len) == 0;
	return a->kind == VALUE_NULL || (a->kind == VALUE_BOOL && a->boolean == b->boolean);
}

const char *health_judge(struct arena *arena, const struct health *health, int status, const char *body, size_t len)
{
	const struct health_expect *expect = &health->expect;
	const struct value *found;
	struct value document;
	struct error err;

	if (status != expect->status)
		return arena_format(arena, "expected status %lld, found %d", (long long)expect->status, status);
	if (expect->pointer == NULL)
		return NULL;
	if (!json_parse(arena, "answer", body, len, &document_default_limits, &document, &err))
		return arena_format(arena, "expected JSON with %s, found: %s", expect->pointer, err.message);
	found = pointer_find(&document, expect->pointer);
	if (expect->value == NULL && found != NULL && found->kind != VALUE_NULL)
		return NULL;
	if (expect->value == NULL)
		return arena_format(arena, "expected a value at %s, found %s", expect->pointer, show(arena, found));
	if (found != NULL && is_same(expect->value, found))
		return NULL;
	return arena_format(arena, "expected %s at %s, found %s", show(arena, expect->value), expect->pointer,
	                    show(arena, found));
}
