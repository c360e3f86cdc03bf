/* JSON Schema 2020-12 and a Markdown reference; what decode() checks, in two other languages. */
#include "fops/data/schema.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "preset.h"

#define SCRATCH_BYTES      ((size_t)1024 * 1024)

#define IDENTIFIER_PATTERN "^[a-z0-9][a-z0-9._-]{0,127}$"
#define PATH_PATTERN       "^/[^\\x00-\\x1F\\x7F]*$"
#define URL_PATTERN        "^https?://[^/?#:@\\s]"
#define DURATION_PATTERN   "^[0-9]+(ms|s|m|h|d)$"

static void emit_pair(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_text(emitter, text);
}

static void emit_choices(struct emitter *emitter, struct arena *scratch, const char *choices)
{
	struct text_list list = text_split(scratch, choices, '|');

	emit_key(emitter, "enum");
	emit_array(emitter);
	for (size_t i = 0; i < list.count; i++)
		emit_text(emitter, list.items[i]);
	emit_array_end(emitter);
}

/* The keywords for one text; flags are those of the field that concern it. */
static void emit_text_type(struct emitter *emitter, struct arena *scratch, const struct field *field, unsigned flags)
{
	emit_pair(emitter, "type", "string");
	if (field->choices != NULL)
		emit_choices(emitter, scratch, field->choices);
	if ((flags & FIELD_IDENTIFIER) != 0)
		emit_pair(emitter, "pattern", IDENTIFIER_PATTERN);
	else if ((flags & FIELD_PATH) != 0)
		emit_pair(emitter, "pattern", PATH_PATTERN);
	else if ((flags & FIELD_URL) != 0)
		emit_pair(emitter, "pattern", URL_PATTERN);
	if ((flags & FIELD_URL) != 0)
		emit_pair(emitter, "format", "uri");
	if ((flags & FIELD_NOT_EMPTY) != 0) {
		emit_key(emitter, "minLength");
		emit_int(emitter, 1);
	}
}

static void emit_whole_type(struct emitter *emitter, const struct field *field)
{
	emit_pair(emitter, "type", "integer");
	if (field->minimum != 0 || field->maximum != 0) {
		emit_key(emitter, "minimum");
		emit_int(emitter, field->minimum);
		emit_key(emitter, "maximum");
		emit_int(emitter, field->maximum);
	} else if (field->slot.kind == SLOT_COUNT) {
		emit_key(emitter, "minimum");
		emit_int(emitter, 0);
	}
}

/* At least one entry, with the keyword of the type. */
static void emit_not_empty(struct emitter *emitter, const struct field *field, const char *keyword)
{
	if ((field->flags & FIELD_NOT_EMPTY) == 0)
		return;
	emit_key(emitter, keyword);
	emit_int(emitter, 1);
}

static void emit_list_type(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	emit_pair(emitter, "type", "array");
	emit_not_empty(emitter, field, "minItems");
	if ((field->flags & FIELD_DISTINCT) != 0) {
		emit_key(emitter, "uniqueItems");
		emit_bool(emitter, true);
	}
	emit_key(emitter, "items");
	if (field->slot.kind == SLOT_RECORDS) {
		schema_object(emitter, field->fields, NULL);
		return;
	}
	emit_object(emitter);
	emit_text_type(emitter, scratch, field, field->flags);
	emit_object_end(emitter);
}

static void emit_map_type(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	emit_pair(emitter, "type", "object");
	emit_not_empty(emitter, field, "minProperties");
	if ((field->flags & FIELD_IDENTIFIER) != 0) {
		emit_key(emitter, "propertyNames");
		emit_object(emitter);
		emit_pair(emitter, "pattern", IDENTIFIER_PATTERN);
		emit_object_end(emitter);
	}
	emit_key(emitter, "additionalProperties");
	emit_object(emitter);
	emit_text_type(emitter, scratch, field, field->flags & ~(unsigned)FIELD_IDENTIFIER);
	emit_object_end(emitter);
}

static void emit_type(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	switch (field->slot.kind) {
	case SLOT_BOOL:
	case SLOT_OPTIONAL_BOOL:
		emit_pair(emitter, "type", "boolean");
		break;
	case SLOT_INT:
	case SLOT_COUNT:
	case SLOT_OPTIONAL_INT:
		emit_whole_type(emitter, field);
		break;
	case SLOT_TEXT:
		emit_text_type(emitter, scratch, field, field->flags);
		break;
	case SLOT_INSTANT:
		emit_pair(emitter, "type", "string");
		emit_pair(emitter, "format", "date-time");
		break;
	case SLOT_DURATION:
		emit_pair(emitter, "type", "string");
		emit_pair(emitter, "pattern", DURATION_PATTERN);
		break;
	case SLOT_TEXT_LIST:
	case SLOT_RECORDS:
		emit_list_type(emitter, scratch, field);
		break;
	case SLOT_TEXT_MAP:
		emit_map_type(emitter, scratch, field);
		break;
	case SLOT_VALUE: /* any value: no keyword */
	case SLOT_RECORD:
		break;
	}
}

/* The example as a value of the field's type. */
static void emit_example(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	struct value value = preset_value(scratch, field->slot.kind, field->example);
	const char *border = strstr(field->example, ": ");

	emit_key(emitter, "examples");
	emit_array(emitter);
	if (field->slot.kind == SLOT_TEXT_LIST) { /* one entry, whatever commas it has */
		emit_array(emitter);
		emit_text(emitter, field->example);
		emit_array_end(emitter);
	} else if (field->slot.kind == SLOT_TEXT_MAP && border != NULL) {
		emit_object(emitter);
		emit_pair(emitter, arena_text(scratch, field->example, (size_t)(border - field->example)), border + 2);
		emit_object_end(emitter);
	} else {
		emit_value(emitter, &value);
	}
	emit_array_end(emitter);
}

static void emit_property(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	emit_key(emitter, field->name);
	if (field->slot.kind == SLOT_RECORD) {
		schema_object(emitter, field->fields, field->text);
		return;
	}
	emit_object(emitter);
	emit_type(emitter, scratch, field);
	if (field->preset != NULL) {
		struct value value = preset_value(scratch, field->slot.kind, field->preset);

		emit_key(emitter, "default");
		emit_value(emitter, &value);
	}
	if (field->text != NULL)
		emit_pair(emitter, "description", field->text);
	if (field->example != NULL)
		emit_example(emitter, scratch, field);
	emit_object_end(emitter);
}

/* A preset stands in for a member that is left out. */
static bool is_required(const struct field *field)
{
	return (field->flags & FIELD_REQUIRED) != 0 && field->preset == NULL;
}

void schema_object(struct emitter *emitter, const struct field *fields, const char *description)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	bool any_required = false;

	emit_object(emitter);
	emit_pair(emitter, "type", "object");
	if (description != NULL)
		emit_pair(emitter, "description", description);
	emit_key(emitter, "properties");
	emit_object(emitter);
	for (const struct field *field = fields; field->name != NULL; field++)
		emit_property(emitter, scratch, field);
	emit_object_end(emitter);
	for (const struct field *field = fields; field->name != NULL; field++) {
		if (!is_required(field))
			continue;
		if (!any_required) {
			emit_key(emitter, "required");
			emit_array(emitter);
		}
		any_required = true;
		emit_text(emitter, field->name);
	}
	if (any_required)
		emit_array_end(emitter);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, false);
	emit_object_end(emitter);
}

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
		(void)buffer_format(out, " | %s | ", is_required(field) ? "yes" : "no");
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
