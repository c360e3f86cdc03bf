/* A Markdown table of what decode() checks. */
#include "fops/base/arena.h"
#include "schema_bond.h"

#define SCRATCH_BYTES ((size_t)1024 * 1024)

/* What a reader calls the type of a row. */
static const char *type_name(const struct field *field)
{
	switch (field->slot.kind) {
	case SLOT_BOOL:
	case SLOT_OPTIONAL_BOOL:
		return "true or false";
	case SLOT_INT:
	case SLOT_COUNT:
	case SLOT_OPTIONAL_INT:
		return "whole number";
	case SLOT_TEXT:
		return (field->flags & FIELD_IDENTIFIER) != 0   ? "identifier"
		       : (field->flags & FIELD_URL) != 0        ? "URL"
		       : (field->flags & FIELD_PATH) != 0       ? "path"
		       : (field->flags & FIELD_SECRET_REF) != 0 ? "secret reference"
		                                                : "text";
	case SLOT_INSTANT:
		return "time";
	case SLOT_DURATION:
		return "duration";
	case SLOT_TEXT_LIST:
		return "list of texts";
	case SLOT_TEXT_MAP:
		return "map of texts";
	case SLOT_VALUE:
		return "any value";
	case SLOT_RECORD:
		return "object";
	case SLOT_RECORDS:
		return "list of objects";
	}
	return "";
}

/* A Markdown cell: a bar would end it. */
static void append_cell(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			(void)buffer_byte(out, '\\');
		if (*text == '\n')
			(void)buffer_byte(out, ' ');
		else
			(void)buffer_byte(out, *text);
	}
}

static void append_bounds(struct buffer *out, struct arena *scratch, const struct field *field)
{
	if (field->minimum == 0 && field->maximum == 0)
		return;
	if (field->slot.kind == SLOT_DURATION)
		(void)buffer_format(out, ", %s to %s", format_duration(scratch, field->minimum),
		                    format_duration(scratch, field->maximum));
	else
		(void)buffer_format(out, ", %lld to %lld", (long long)field->minimum, (long long)field->maximum);
}

/* "`a`, `b` or `c`" */
static void append_choices(struct buffer *out, struct arena *scratch, const char *choices)
{
	struct text_list list = text_split(scratch, choices, '|');

	for (size_t i = 0; i < list.count; i++)
		(void)buffer_format(out, "%s`%s`", i == 0 ? ": " : i + 1 == list.count ? " or " : ", ", list.items[i]);
}

static void append_rows(struct buffer *out, struct arena *scratch, const struct field *fields, const char *prefix)
{
	for (const struct field *field = fields; field->name != NULL; field++) {
		bool list = field->slot.kind == SLOT_RECORDS;

		(void)buffer_format(out, "| `%s%s` | %s", prefix, field->name, type_name(field));
		if (field->choices != NULL)
			append_choices(out, scratch, field->choices);
		append_bounds(out, scratch, field);
		(void)buffer_format(out, " | %s | ", schema_is_required(field) ? "yes" : "no");
		if (field->preset != NULL)
			(void)buffer_format(out, "`%s`", field->preset);
		(void)buffer_text(out, field->preset != NULL ? " | " : "| ");
		append_cell(out, field->text == NULL ? "" : field->text);
		(void)buffer_text(out, field->text == NULL ? "|\n" : " |\n");
		if (field->slot.kind == SLOT_RECORD || list)
			append_rows(out, scratch, field->fields,
			            arena_format(scratch, "%s%s%s", prefix, field->name, list ? "[]." : "."));
	}
}

bool schema_reference(struct buffer *out, const struct field *fields)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);

	(void)buffer_text(out, "| field | type | required | default | meaning |\n|---|---|---|---|---|\n");
	append_rows(out, scratch, fields, "");
	return !out->overflow;
}
