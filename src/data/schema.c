/* What decode() checks, in the words of JSON Schema 2020-12. */
#include "fops/data/schema.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "preset.h"
#include "schema_bond.h"

#define SCRATCH_BYTES      ((size_t)1024 * 1024)

#define IDENTIFIER_PATTERN "^[a-z0-9][a-z0-9._-]{0,127}$"
#define PATH_PATTERN       "^/[^\\x00-\\x1F\\x7F]*$"
#define URL_PATTERN        "^https?://[^/?#:@\\s]"
#define SECRET_REF_SEGMENT "[!$(-),.0-9;=A-Z\\[\\]_a-z~-]*[!$(-),0-9;=A-Z\\[\\]_a-z~-]"
#define SECRET_REF_PATTERN                                                                                             \
	"^(env://[A-Za-z_][A-Za-z0-9_]*|openbao://(" SECRET_REF_SEGMENT ")?(/" SECRET_REF_SEGMENT                      \
	")+#" SECRET_REF_SEGMENT ")$"
#define DURATION_PATTERN "^[0-9]+(ms|s|m|h|d)$"

static void emit_pair(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_text(emitter, text);
}

static void emit_choices(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	struct text_list list = text_split(scratch, field->choices, '|');

	emit_key(emitter, "enum");
	emit_array(emitter);
	for (size_t i = 0; i < list.count; i++) {
		if (!schema_is_refused(field, list.items[i]))
			emit_text(emitter, list.items[i]);
	}
	emit_array_end(emitter);
}

/* "type": "string", or both types of a text that may be a number. */
static void emit_text_types(struct emitter *emitter, const struct field *field, unsigned flags)
{
	if ((flags & FIELD_OR_NUMBER) == 0) {
		emit_pair(emitter, "type", "string");
		return;
	}
	emit_key(emitter, "type");
	emit_array(emitter);
	emit_text(emitter, "string");
	emit_text(emitter, "integer");
	emit_array_end(emitter);
	emit_key(emitter, "minimum");
	emit_int(emitter, field->minimum);
	emit_key(emitter, "maximum");
	emit_int(emitter, field->maximum);
}

/* The keywords for one text; flags are those of the field that concern it. */
static void emit_text_type(struct emitter *emitter, struct arena *scratch, const struct field *field, unsigned flags)
{
	emit_text_types(emitter, field, flags);
	if (field->choices != NULL)
		emit_choices(emitter, scratch, field);
	if (field->pattern != NULL)
		emit_pair(emitter, "pattern", field->pattern);
	else if ((flags & FIELD_SECRET_REF) != 0)
		emit_pair(emitter, "pattern", SECRET_REF_PATTERN);
	else if ((flags & FIELD_IDENTIFIER) != 0)
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

/* At least one entry and not too many, with the keywords of the type. */
static void emit_entries(struct emitter *emitter, const struct field *field, const char *least, const char *most)
{
	if ((field->flags & FIELD_NOT_EMPTY) != 0) {
		emit_key(emitter, least);
		emit_int(emitter, 1);
	}
	if (field->most > 0) {
		emit_key(emitter, most);
		emit_int(emitter, field->most);
	}
}

static void emit_record_type(struct emitter *emitter, const struct field *fields, const char *description,
                             const struct field *owner);

static void emit_list_type(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	emit_pair(emitter, "type", "array");
	emit_entries(emitter, field, "minItems", "maxItems");
	if ((field->flags & FIELD_DISTINCT) != 0) {
		emit_key(emitter, "uniqueItems");
		emit_bool(emitter, true);
	}
	emit_key(emitter, "items");
	if (field->slot.kind == SLOT_RECORDS) {
		emit_record_type(emitter, field->fields, NULL, field);
		return;
	}
	emit_object(emitter);
	emit_text_type(emitter, scratch, field, field->flags);
	emit_object_end(emitter);
}

static void emit_map_type(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	unsigned flags = field->flags & ~(unsigned)FIELD_IDENTIFIER;

	emit_pair(emitter, "type", "object");
	emit_entries(emitter, field, "minProperties", "maxProperties");
	if ((flags & FIELD_BLANK_OK) != 0)
		flags &= ~(unsigned)FIELD_NOT_EMPTY;
	if ((field->flags & FIELD_IDENTIFIER) != 0 || field->name_pattern != NULL) {
		emit_key(emitter, "propertyNames");
		emit_object(emitter);
		emit_pair(emitter, "pattern", field->name_pattern != NULL ? field->name_pattern : IDENTIFIER_PATTERN);
		emit_object_end(emitter);
	}
	emit_key(emitter, "additionalProperties");
	emit_object(emitter);
	emit_text_type(emitter, scratch, field, flags);
	emit_object_end(emitter);
}

static void emit_scalar_types(struct emitter *emitter)
{
	static const char *const names[] = { "string", "number", "boolean", "null" };

	emit_key(emitter, "type");
	emit_array(emitter);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		emit_text(emitter, names[i]);
	emit_array_end(emitter);
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
		if ((field->flags & FIELD_SCALAR) != 0)
			emit_scalar_types(emitter);
		if ((field->flags & FIELD_NUMBER) != 0)
			emit_pair(emitter, "type", "number");
		break;
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
		emit_record_type(emitter, field->fields, field->text, field);
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

static void emit_required(struct emitter *emitter, const struct field *fields)
{
	bool any = false;

	for (const struct field *field = fields; field->name != NULL; field++) {
		if (!schema_is_required(field))
			continue;
		if (!any) {
			emit_key(emitter, "required");
			emit_array(emitter);
		}
		any = true;
		emit_text(emitter, field->name);
	}
	if (any)
		emit_array_end(emitter);
}

static void emit_record_type(struct emitter *emitter, const struct field *fields, const char *description,
                             const struct field *owner)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);

	emit_object(emitter);
	emit_pair(emitter, "type", "object");
	if (description != NULL)
		emit_pair(emitter, "description", description);
	emit_key(emitter, "properties");
	emit_object(emitter);
	for (const struct field *field = fields; field->name != NULL; field++)
		emit_property(emitter, scratch, field);
	emit_object_end(emitter);
	emit_required(emitter, fields);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, false);
	schema_bonds(emitter, scratch, fields, owner);
	emit_object_end(emitter);
}

void schema_object(struct emitter *emitter, const struct field *fields, const char *description)
{
	emit_record_type(emitter, fields, description, NULL);
}
