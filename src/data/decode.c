/* Walks an object and a table side by side: members to rows, rows without a member to presets. */
#include "fops/data/decode.h"

#include "character.h"
#include "decode_slot.h"
#include "fops/base/arena.h"
#include "preset.h"

#define COMMON_FIELDS 64

static void decode_object(struct decoding *decoding, const struct place *place, const struct value *object,
                          const struct field *fields, void *record);

static size_t count_fields(const struct field *fields)
{
	size_t count = 0;

	while (fields[count].name != NULL)
		count++;
	return count;
}

/* The row of a name, tried first where the last one was found: documents mostly keep the table's order. */
static size_t find_field(const struct field *fields, size_t count, size_t start, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = start + i < count ? start + i : start + i - count;

		if (fields[at].name[0] == name[0] && strcmp(fields[at].name, name) == 0)
			return at;
	}
	return count;
}

static void refuse_unknown(struct decoding *decoding, const struct place *place, const struct member *member,
                           const struct field *fields, size_t count)
{
	struct arena *arena = decoding->findings->arena;
	struct place inner = { place, member->name, 0 };
	const char *near = NULL;

	if (decoding->findings->limit == 0 || decoding->findings->count < decoding->findings->limit) {
		const char **names = arena_array(arena, count, sizeof *names);

		for (size_t i = 0; i < count; i++)
			names[i] = fields[i].name;
		near = text_suggest(arena, member->name, names, count);
	}
	decode_refuse(decoding, &inner, member->line, member->column,
	              near == NULL ? NULL : arena_format(arena, "did you mean %s?", near), "unknown field %.*s",
	              character_fit(member->name, MESSAGE_BYTES), member->name);
}

static void decode_records(struct decoding *decoding, const struct place *place, const struct field *field,
                           const struct value *value, void *record)
{
	struct record_list *list = SLOT_AT(struct record_list, record, field->slot);

	if (value->kind != VALUE_ARRAY) {
		decode_refuse_kind(decoding, place, value, value_kind_name(VALUE_ARRAY), NULL);
		return;
	}
	if (value->list.count == 0) {
		if ((field->flags & FIELD_NOT_EMPTY) != 0)
			decode_refuse(decoding, place, value->line, value->column, NULL,
			              "must have at least one entry");
		return;
	}
	list->items = arena_array(decoding->arena, value->list.count, field->record_size);
	list->count = value->list.count;
	for (size_t i = 0; i < list->count; i++) {
		struct place inner = { place, NULL, i };

		decode_object(decoding, &inner, &value->list.items[i], field->fields,
		              (char *)list->items + i * field->record_size);
	}
}

static void decode_field(struct decoding *decoding, const struct place *place, const struct field *field,
                         const struct value *value, void *record)
{
	struct place inner = { place, field->name, 0 };

	if (field->slot.kind == SLOT_RECORDS) {
		decode_records(decoding, &inner, field, value, record);
	} else if (field->slot.kind == SLOT_RECORD) {
		if (field->present_offset != 0)
			*((bool *)record + field->present_offset) = true;
		decode_object(decoding, &inner, value, field->fields, SLOT_AT(char, record, field->slot));
	} else {
		decode_slot(decoding, &inner, field, value, record);
	}
}

/* A preset is read like a value of the document. */
static void apply_preset(struct decoding *decoding, const struct place *place, const struct field *field, void *record)
{
	struct place inner = { place, field->name, 0 };
	struct value value = preset_value(decoding->arena, field->slot.kind, field->preset);

	decode_slot(decoding, &inner, field, &value, record);
}

static void apply_presets(struct decoding *decoding, const struct place *place, const struct field *fields,
                          void *record);

/* A row without a member; complain is false inside records that are absent themselves. */
static void decode_absent(struct decoding *decoding, const struct place *place, const struct field *field,
                          const struct value *object, void *record)
{
	if (field->preset != NULL) {
		apply_preset(decoding, place, field, record);
	} else if ((field->flags & FIELD_REQUIRED) != 0 && object != NULL) {
		struct place inner = { place, field->name, 0 };

		decode_refuse(decoding, &inner, object->line, object->column, NULL, "missing required field %s",
		              field->name);
	} else if (field->slot.kind == SLOT_RECORD && field->present_offset == 0) {
		struct place inner = { place, field->name, 0 };

		apply_presets(decoding, &inner, field->fields, SLOT_AT(char, record, field->slot));
	}
}

static void apply_presets(struct decoding *decoding, const struct place *place, const struct field *fields,
                          void *record)
{
	for (const struct field *field = fields; field->name != NULL; field++)
		decode_absent(decoding, place, field, NULL, record);
}

static void decode_object(struct decoding *decoding, const struct place *place, const struct value *object,
                          const struct field *fields, void *record)
{
	const struct value *few[COMMON_FIELDS] = { 0 };
	const struct value **found = few;
	size_t count = count_fields(fields);
	size_t next = 0;

	if (object->kind != VALUE_OBJECT) {
		decode_refuse_kind(decoding, place, object, value_kind_name(VALUE_OBJECT), NULL);
		return;
	}
	if (count > COMMON_FIELDS)
		found = arena_array(decoding->arena, count, sizeof *found);
	for (size_t i = 0; i < object->list.count; i++) {
		const struct member *member = &object->list.members[i];
		size_t at = find_field(fields, count, next, member->name);

		if (at == count && decoding->mode == DECODE_STRICT)
			refuse_unknown(decoding, place, member, fields, count);
		if (at == count)
			continue;
		next = at + 1;
		if (decoding->mode == DECODE_STRICT || member->value.kind != VALUE_NULL)
			found[at] = &member->value;
	}
	for (size_t i = 0; i < count; i++) {
		if (found[i] != NULL)
			decode_field(decoding, place, &fields[i], found[i], record);
		else
			decode_absent(decoding, place, &fields[i], object, record);
	}
}

bool decode(struct arena *arena, const char *file, const char *path, const struct value *object,
            const struct field *fields, enum decode_mode mode, void *record, struct findings *findings)
{
	struct decoding decoding = { .arena = arena, .file = file, .mode = mode, .findings = findings };
	struct place root = { NULL, path == NULL ? "" : path, 0 };

	decoding.known = findings->count;
	decode_object(&decoding, &root, object, fields, record);
	return !decoding.failed;
}
