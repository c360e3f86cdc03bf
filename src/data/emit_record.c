/* Records by their tables, written so that decode() reads the same record back. */
#include "fops/base/arena.h"
#include "fops/data/decode.h"
#include "fops/data/emit.h"

#define SCRATCH_BYTES ((size_t)4096)

/* The largest unit that leaves a whole number, as parse_duration_ms reads it. */
static void emit_duration(struct emitter *emitter, int64_t ms)
{
	static const struct {
		const char *suffix;
		int64_t ms;
	} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };
	char text[32];
	size_t i = 0;

	while (units[i].ms > 1 && (ms == 0 || ms % units[i].ms != 0))
		i++;
	(void)snprintf(text, sizeof text, "%lld%s", (long long)(ms / units[i].ms), units[i].suffix);
	emit_text(emitter, text);
}

static void emit_instant(struct emitter *emitter, struct instant instant)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES * 8);

	emit_text(emitter, instant_format(scratch, instant, instant.unix_ms % 1000 != 0));
}

static void emit_text_list(struct emitter *emitter, const struct text_list *list)
{
	emit_array(emitter);
	for (size_t i = 0; i < list->count; i++)
		emit_text(emitter, list->items[i]);
	emit_array_end(emitter);
}

static void emit_text_map(struct emitter *emitter, const struct text_map *map)
{
	emit_object(emitter);
	for (size_t i = 0; i < map->count; i++) {
		emit_key(emitter, map->items[i].key);
		emit_text(emitter, map->items[i].value);
	}
	emit_object_end(emitter);
}

static void emit_records(struct emitter *emitter, const struct field *field, const struct record_list *list)
{
	emit_array(emitter);
	for (size_t i = 0; i < list->count; i++)
		emit_record(emitter, field->fields, (const char *)list->items + i * field->record_size);
	emit_array_end(emitter);
}

static bool is_record_absent(const struct field *fields, const void *record);

/* Would the slot be the same if the member were left out? */
static bool is_zero(const struct field *field, const void *record)
{
	switch (field->slot.kind) {
	case SLOT_BOOL:
		return !*SLOT_GET(bool, record, field->slot);
	case SLOT_INT:
		return *SLOT_GET(int64_t, record, field->slot) == 0;
	case SLOT_COUNT:
		return *SLOT_GET(uint64_t, record, field->slot) == 0;
	case SLOT_TEXT:
		return *SLOT_GET(const char *, record, field->slot) == NULL;
	case SLOT_INSTANT:
		return SLOT_GET(struct instant, record, field->slot)->unix_ms == 0;
	case SLOT_DURATION:
		return SLOT_GET(struct duration, record, field->slot)->ms == 0;
	case SLOT_OPTIONAL_INT:
		return !SLOT_GET(struct optional_int, record, field->slot)->present;
	case SLOT_OPTIONAL_BOOL:
		return !SLOT_GET(struct optional_bool, record, field->slot)->present;
	case SLOT_TEXT_LIST:
		return SLOT_GET(struct text_list, record, field->slot)->count == 0;
	case SLOT_TEXT_MAP:
		return SLOT_GET(struct text_map, record, field->slot)->count == 0;
	case SLOT_VALUE:
		return *SLOT_GET(const struct value *, record, field->slot) == NULL;
	case SLOT_RECORD:
		if (field->present_offset != 0)
			return !*((const bool *)record + field->present_offset);
		return is_record_absent(field->fields, SLOT_GET(char, record, field->slot));
	case SLOT_RECORDS:
		return SLOT_GET(struct record_list, record, field->slot)->count == 0;
	}
	return true;
}

/* Zero means absent in these kinds, so that a preset cannot mean anything else. */
static bool has_absence(const struct field *field)
{
	return field->slot.kind == SLOT_TEXT || field->slot.kind == SLOT_INSTANT || field->slot.kind == SLOT_VALUE ||
	       field->slot.kind == SLOT_OPTIONAL_INT || field->slot.kind == SLOT_OPTIONAL_BOOL ||
	       field->present_offset != 0;
}

static bool is_absent(const struct field *field, const void *record)
{
	if (!is_zero(field, record))
		return false;
	return has_absence(field) || (field->preset == NULL && (field->flags & FIELD_REQUIRED) == 0);
}

/* Would decode() make the same record out of nothing? */
static bool is_record_absent(const struct field *fields, const void *record)
{
	for (const struct field *field = fields; field->name != NULL; field++) {
		if (!is_zero(field, record) || (field->preset != NULL && !has_absence(field)))
			return false;
	}
	return true;
}

static void emit_slot(struct emitter *emitter, const struct field *field, const void *record)
{
	switch (field->slot.kind) {
	case SLOT_BOOL:
		emit_bool(emitter, *SLOT_GET(bool, record, field->slot));
		break;
	case SLOT_INT:
		emit_int(emitter, *SLOT_GET(int64_t, record, field->slot));
		break;
	case SLOT_COUNT:
		emit_count(emitter, *SLOT_GET(uint64_t, record, field->slot));
		break;
	case SLOT_TEXT:
		emit_text(emitter, *SLOT_GET(const char *, record, field->slot));
		break;
	case SLOT_INSTANT:
		emit_instant(emitter, *SLOT_GET(struct instant, record, field->slot));
		break;
	case SLOT_DURATION:
		emit_duration(emitter, SLOT_GET(struct duration, record, field->slot)->ms);
		break;
	case SLOT_OPTIONAL_INT:
		emit_int(emitter, SLOT_GET(struct optional_int, record, field->slot)->value);
		break;
	case SLOT_OPTIONAL_BOOL:
		emit_bool(emitter, SLOT_GET(struct optional_bool, record, field->slot)->value);
		break;
	case SLOT_TEXT_LIST:
		emit_text_list(emitter, SLOT_GET(struct text_list, record, field->slot));
		break;
	case SLOT_TEXT_MAP:
		emit_text_map(emitter, SLOT_GET(struct text_map, record, field->slot));
		break;
	case SLOT_VALUE:
		emit_value(emitter, *SLOT_GET(const struct value *, record, field->slot));
		break;
	case SLOT_RECORD:
		emit_record(emitter, field->fields, SLOT_GET(char, record, field->slot));
		break;
	case SLOT_RECORDS:
		emit_records(emitter, field, SLOT_GET(struct record_list, record, field->slot));
		break;
	}
}

void emit_record(struct emitter *emitter, const struct field *fields, const void *record)
{
	emit_object(emitter);
	for (const struct field *field = fields; field->name != NULL; field++) {
		if (is_absent(field, record))
			continue;
		emit_key(emitter, field->name);
		emit_slot(emitter, field, record);
	}
	emit_object_end(emitter);
}
