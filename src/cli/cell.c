/* One reader for every kind of slot that a column may show. */
#include "cell.h"

#include "fops/base/arena.h"
#include "fops/data/document.h"

struct cell cell_of(const struct column *column)
{
	return (struct cell){ column->key,  column->heading,
		              column->slot, column,
		              NULL,         (column->flags & COLUMN_UNTRUSTED) != 0 };
}

bool cell_resolve(struct arena *arena, const struct column *columns, const char *field, struct cell *ret_cell)
{
	size_t base = 0;
	bool untrusted = false;
	const char *part = field;

	for (;;) {
		size_t len = strcspn(part, ".");
		const struct column *column = columns;

		while (column->key != NULL && !(strlen(column->key) == len && memcmp(column->key, part, len) == 0))
			column++;
		if (column->key == NULL)
			return false;
		*ret_cell = cell_of(column);
		ret_cell->slot.offset += base;
		ret_cell->key = field;
		untrusted = untrusted || ret_cell->untrusted;
		ret_cell->untrusted = untrusted;
		if (part[len] == '\0')
			return true;
		ret_cell->heading = field;
		if (column->slot.kind == SLOT_TEXT_MAP) {
			ret_cell->map_key = arena_copy(arena, part + len + 1);
			return true;
		}
		if (column->slot.kind != SLOT_RECORD || column->columns == NULL)
			return false;
		base += column->slot.offset;
		columns = column->columns;
		part += len + 1;
	}
}

bool cell_is_number(const struct cell *cell)
{
	enum slot_kind kind = cell->slot.kind;

	return kind == SLOT_INT || kind == SLOT_COUNT || kind == SLOT_OPTIONAL_INT || kind == SLOT_DURATION;
}

static const char *join_list(struct arena *arena, const struct text_list *list)
{
	struct buffer text = BUFFER((size_t)1 << 20);
	const char *joined;

	for (size_t i = 0; i < list->count; i++) {
		buffer_text(&text, i == 0 ? "" : ",");
		buffer_text(&text, list->items[i]);
	}
	joined = arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return list->count == 0 ? NULL : joined;
}

static const char *join_map(struct arena *arena, const struct text_map *map)
{
	struct text_list pairs = { 0 };

	for (size_t i = 0; i < map->count; i++)
		text_list_add(arena, &pairs, arena_format(arena, "%s=%s", map->items[i].key, map->items[i].value));
	return join_list(arena, &pairs);
}

/* What has no short text form is shown as one-line JSON. */
static const char *as_json(struct arena *arena, const struct cell *cell, const void *row)
{
	struct buffer text = BUFFER((size_t)1 << 20);
	struct emitter emitter;
	const char *result;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	cell_emit(&emitter, cell, row);
	result = emit_finish(&emitter, false) ? arena_text(arena, buffer_string(&text), text.len) : NULL;
	buffer_done(&text);
	return text_equal(result, "null") ? NULL : result;
}

const char *cell_text(struct arena *arena, const struct cell *cell, const void *row, bool human)
{
	const struct slot slot = cell->slot;

	switch (slot.kind) {
	case SLOT_BOOL:
		return *SLOT_GET(bool, row, slot) ? "yes" : "no";
	case SLOT_INT:
		return arena_format(arena, "%lld", (long long)*SLOT_GET(int64_t, row, slot));
	case SLOT_COUNT:
		return arena_format(arena, "%llu", (unsigned long long)*SLOT_GET(uint64_t, row, slot));
	case SLOT_TEXT:
		return *SLOT_GET(const char *, row, slot);
	case SLOT_INSTANT:
		return instant_format(arena, *SLOT_GET(struct instant, row, slot), false);
	case SLOT_DURATION:
		if (human)
			return format_duration(arena, SLOT_GET(struct duration, row, slot)->ms);
		return arena_format(arena, "%lld", (long long)SLOT_GET(struct duration, row, slot)->ms);
	case SLOT_OPTIONAL_INT:
		if (!SLOT_GET(struct optional_int, row, slot)->present)
			return NULL;
		return arena_format(arena, "%lld", (long long)SLOT_GET(struct optional_int, row, slot)->value);
	case SLOT_OPTIONAL_BOOL:
		if (!SLOT_GET(struct optional_bool, row, slot)->present)
			return NULL;
		return SLOT_GET(struct optional_bool, row, slot)->value ? "yes" : "no";
	case SLOT_TEXT_LIST:
		return join_list(arena, SLOT_GET(struct text_list, row, slot));
	case SLOT_TEXT_MAP:
		if (cell->map_key != NULL)
			return text_map_get(SLOT_GET(struct text_map, row, slot), cell->map_key);
		return join_map(arena, SLOT_GET(struct text_map, row, slot));
	case SLOT_VALUE:
	case SLOT_RECORD:
	case SLOT_RECORDS:
		break;
	}
	return as_json(arena, cell, row);
}

static void emit_columns(struct emitter *emitter, const struct column *columns, const void *record)
{
	emit_object(emitter);
	for (; columns->key != NULL; columns++) {
		struct cell cell = cell_of(columns);

		emit_key(emitter, columns->key);
		cell_emit(emitter, &cell, record);
	}
	emit_object_end(emitter);
}

static void emit_texts(struct emitter *emitter, const struct text_list *list)
{
	emit_array(emitter);
	for (size_t i = 0; i < list->count; i++)
		emit_text(emitter, list->items[i]);
	emit_array_end(emitter);
}

static void emit_map(struct emitter *emitter, const struct text_map *map, const char *key)
{
	if (key != NULL) {
		emit_text(emitter, text_map_get(map, key));
		return;
	}
	emit_object(emitter);
	for (size_t i = 0; i < map->count; i++) {
		emit_key(emitter, map->items[i].key);
		emit_text(emitter, map->items[i].value);
	}
	emit_object_end(emitter);
}

static void emit_instant(struct emitter *emitter, struct instant instant)
{
	struct arena *arena = arena_new(256);

	emit_text(emitter, instant_format(arena, instant, false));
	arena_free(arena);
}

static void emit_optional_int(struct emitter *emitter, const struct optional_int *number)
{
	if (number->present)
		emit_int(emitter, number->value);
	else
		emit_null(emitter);
}

static void emit_records(struct emitter *emitter, const struct cell *cell, const struct record_list *list)
{
	const char *item = list->items;

	emit_array(emitter);
	for (size_t i = 0; i < list->count; i++, item += cell->column->record_size)
		emit_columns(emitter, cell->column->columns, item);
	emit_array_end(emitter);
}

void cell_emit(struct emitter *emitter, const struct cell *cell, const void *row)
{
	const struct slot slot = cell->slot;

	switch (slot.kind) {
	case SLOT_BOOL:
		emit_bool(emitter, *SLOT_GET(bool, row, slot));
		break;
	case SLOT_INT:
		emit_int(emitter, *SLOT_GET(int64_t, row, slot));
		break;
	case SLOT_COUNT:
		emit_count(emitter, *SLOT_GET(uint64_t, row, slot));
		break;
	case SLOT_TEXT:
		emit_text(emitter, *SLOT_GET(const char *, row, slot));
		break;
	case SLOT_INSTANT:
		emit_instant(emitter, *SLOT_GET(struct instant, row, slot));
		break;
	case SLOT_DURATION:
		emit_int(emitter, SLOT_GET(struct duration, row, slot)->ms);
		break;
	case SLOT_OPTIONAL_INT:
		emit_optional_int(emitter, SLOT_GET(struct optional_int, row, slot));
		break;
	case SLOT_OPTIONAL_BOOL:
		if (SLOT_GET(struct optional_bool, row, slot)->present)
			emit_bool(emitter, SLOT_GET(struct optional_bool, row, slot)->value);
		else
			emit_null(emitter);
		break;
	case SLOT_TEXT_LIST:
		emit_texts(emitter, SLOT_GET(struct text_list, row, slot));
		break;
	case SLOT_TEXT_MAP:
		emit_map(emitter, SLOT_GET(struct text_map, row, slot), cell->map_key);
		break;
	case SLOT_VALUE:
		if (*SLOT_GET(const struct value *, row, slot) == NULL)
			emit_null(emitter);
		else
			emit_value(emitter, *SLOT_GET(const struct value *, row, slot));
		break;
	case SLOT_RECORD:
		emit_columns(emitter, cell->column->columns, SLOT_GET(void, row, slot));
		break;
	case SLOT_RECORDS:
		emit_records(emitter, cell, SLOT_GET(struct record_list, row, slot));
		break;
	}
}

/* A number for comparison; false when the cell is no number or absent. */
static bool cell_number(const struct cell *cell, const void *row, int64_t *ret_number)
{
	const struct slot slot = cell->slot;

	if (slot.kind == SLOT_INT)
		*ret_number = *SLOT_GET(int64_t, row, slot);
	else if (slot.kind == SLOT_COUNT)
		*ret_number = (int64_t)*SLOT_GET(uint64_t, row, slot);
	else if (slot.kind == SLOT_DURATION)
		*ret_number = SLOT_GET(struct duration, row, slot)->ms;
	else if (slot.kind == SLOT_OPTIONAL_INT && SLOT_GET(struct optional_int, row, slot)->present)
		*ret_number = SLOT_GET(struct optional_int, row, slot)->value;
	else
		return false;
	return true;
}

int cell_compare(const struct cell *cell, const void *a, const void *b)
{
	struct arena *arena;
	const char *a_text, *b_text;
	int64_t a_number, b_number;
	int order;

	if (cell_is_number(cell)) {
		bool a_known = cell_number(cell, a, &a_number);
		bool b_known = cell_number(cell, b, &b_number);

		if (!a_known || !b_known)
			return (int)b_known - (int)a_known;
		return (a_number > b_number) - (a_number < b_number);
	}
	arena = arena_new((size_t)64 << 20);
	a_text = cell_text(arena, cell, a, false);
	b_text = cell_text(arena, cell, b, false);
	if (a_text == NULL || b_text == NULL)
		order = (int)(b_text != NULL) - (int)(a_text != NULL);
	else
		order = strcmp(a_text, b_text);
	arena_free(arena);
	return order;
}

static void copy_list(struct arena *arena, struct text_list *list)
{
	struct text_list copy = { 0 };

	for (size_t i = 0; i < list->count; i++)
		text_list_add(arena, &copy, arena_copy(arena, list->items[i]));
	*list = copy;
}

static void copy_map(struct arena *arena, struct text_map *map)
{
	struct text_pair *items = arena_array(arena, map->count, sizeof *items);

	for (size_t i = 0; i < map->count; i++)
		items[i] = (struct text_pair){ arena_copy(arena, map->items[i].key),
			                       arena_copy(arena, map->items[i].value) };
	map->items = items;
}

static void copy_slots(struct arena *arena, const struct column *columns, void *record)
{
	for (; columns->key != NULL; columns++) {
		if (columns->slot.kind == SLOT_TEXT) {
			const char **text = SLOT_AT(const char *, record, columns->slot);

			*text = arena_copy(arena, *text);
		} else if (columns->slot.kind == SLOT_TEXT_LIST) {
			copy_list(arena, SLOT_AT(struct text_list, record, columns->slot));
		} else if (columns->slot.kind == SLOT_TEXT_MAP) {
			copy_map(arena, SLOT_AT(struct text_map, record, columns->slot));
		} else if (columns->slot.kind == SLOT_RECORD) {
			copy_slots(arena, columns->columns, SLOT_AT(void, record, columns->slot));
		}
	}
}

void *row_copy(struct arena *arena, const struct column *columns, const void *row, size_t row_size)
{
	void *copy = arena_alloc(arena, row_size);

	memcpy(copy, row, row_size);
	copy_slots(arena, columns, copy);
	return copy;
}
