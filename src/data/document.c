/* Lookups in a document, names of kinds, and the list of findings. */
#include "fops/data/document.h"

#include <stdarg.h>

#include "fops/base/arena.h"

const struct document_limits document_default_limits = {
	.bytes = (size_t)16 * 1024 * 1024,
	.depth = 64,
	.values = 1000000,
	.text = (size_t)1024 * 1024,
	.documents = 100000,
};

void findings_add(struct findings *findings, const char *file, uint32_t line, uint32_t column, const char *path,
                  const char *fix, const char *format, ...)
{
	struct finding *finding;
	va_list values;

	if (findings->limit > 0 && findings->count >= findings->limit) {
		findings->dropped++;
		return;
	}
	/* the array doubles whenever the count is a power of two, so no capacity has to be kept */
	if ((findings->count & (findings->count - 1)) == 0) {
		size_t size = findings->count == 0 ? 1 : findings->count * 2;
		struct finding *items = arena_array(findings->arena, size, sizeof *items);

		if (findings->count > 0)
			memcpy(items, findings->items, findings->count * sizeof *items);
		findings->items = items;
	}
	finding = &findings->items[findings->count++];
	*finding = (struct finding){ .file = file, .line = line, .column = column, .path = path, .fix = fix };
	va_start(values, format);
	finding->message = arena_format_list(findings->arena, format, values);
	va_end(values);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

/* Position first; path and message make the order of findings at one place stable. */
static int compare_findings(const void *a, const void *b)
{
	const struct finding *left = a;
	const struct finding *right = b;
	int order = compare_texts(left->file, right->file);

	if (order == 0)
		order = compare_numbers(left->line, right->line);
	if (order == 0)
		order = compare_numbers(left->column, right->column);
	if (order == 0)
		order = compare_texts(left->path, right->path);
	return order == 0 ? compare_texts(left->message, right->message) : order;
}

void findings_sort(struct findings *findings)
{
	if (findings->count > 1)
		qsort(findings->items, findings->count, sizeof findings->items[0], compare_findings);
}

const struct value *value_member(const struct value *value, const char *name)
{
	if (value == NULL || value->kind != VALUE_OBJECT)
		return NULL;
	for (size_t i = 0; i < value->list.count; i++) {
		if (strcmp(value->list.members[i].name, name) == 0)
			return &value->list.members[i].value;
	}
	return NULL;
}

static void copy_into(struct arena *arena, const struct value *from, struct value *to)
{
	size_t count = from->kind == VALUE_ARRAY || from->kind == VALUE_OBJECT ? from->list.count : 0;

	*to = *from;
	if (from->kind == VALUE_TEXT) {
		to->text.data = arena_text(arena, from->text.data, from->text.len);
	} else if (from->kind == VALUE_ARRAY && count > 0) {
		to->list.items = arena_array(arena, count, sizeof(struct value));
		for (size_t i = 0; i < count; i++)
			copy_into(arena, &from->list.items[i], &to->list.items[i]);
	} else if (from->kind == VALUE_OBJECT && count > 0) {
		to->list.members = arena_array(arena, count, sizeof(struct member));
		for (size_t i = 0; i < count; i++) {
			to->list.members[i] = from->list.members[i];
			to->list.members[i].name = arena_copy(arena, from->list.members[i].name);
			copy_into(arena, &from->list.members[i].value, &to->list.members[i].value);
		}
	}
}

const struct value *value_copy(struct arena *arena, const struct value *value)
{
	struct value *copy = arena_alloc(arena, sizeof *copy);

	copy_into(arena, value, copy);
	return copy;
}

const char *value_kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",          [VALUE_BOOL] = "true or false", [VALUE_INT] = "a whole number",
		[VALUE_REAL] = "a real number", [VALUE_TEXT] = "a text",        [VALUE_ARRAY] = "a list",
		[VALUE_OBJECT] = "an object",
	};

	return names[kind];
}
