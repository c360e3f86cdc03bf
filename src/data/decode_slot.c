/* Knows what each kind of slot accepts and how its content is checked. */
#include "decode_slot.h"

#include <stdarg.h>

#include "character.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/instant.h"

#define LONGEST_PATH ((size_t)4096)

/* Findings of the reader that are looked through, so that very bad documents cost no square. */
#define KNOWN_FINDINGS 256

static void append_place(struct buffer *out, const struct place *place)
{
	if (place->parent != NULL)
		append_place(out, place->parent);
	if (place->name == NULL)
		(void)buffer_format(out, "[%zu]", place->index);
	else
		(void)buffer_format(out, "%s%.*s", out->len > 0 ? "." : "", character_fit(place->name, MESSAGE_BYTES),
		                    place->name);
}

void decode_refuse(struct decoding *decoding, const struct place *place, uint32_t line, uint32_t column,
                   const char *fix, const char *format, ...)
{
	CLEANUP(buffer_done) struct buffer path = BUFFER(LONGEST_PATH);
	struct findings *findings = decoding->findings;
	char message[512];
	va_list values;

	decoding->failed = true;
	if (findings->limit > 0 && findings->count >= findings->limit) {
		findings->dropped++;
		return;
	}
	append_place(&path, place);
	va_start(values, format);
	(void)vsnprintf(message, sizeof message, format, values);
	va_end(values);
	findings_add(findings, decoding->file, line, column, arena_copy(findings->arena, buffer_string(&path)), fix,
	             "%s", message);
}

/* The reader's finding about the same value says it better. */
static bool is_refused_already(const struct decoding *decoding, const struct value *value)
{
	const struct findings *findings = decoding->findings;

	size_t first = decoding->known > KNOWN_FINDINGS ? decoding->known - KNOWN_FINDINGS : 0;

	if (value->line == 0)
		return false;
	for (size_t i = decoding->known; i > first; i--) {
		const struct finding *finding = &findings->items[i - 1];

		if (finding->line == value->line && finding->column == value->column && finding->path == NULL &&
		    text_equal(finding->file, decoding->file))
			return true;
	}
	return false;
}

void decode_refuse_kind(struct decoding *decoding, const struct place *place, const struct value *value,
                        const char *expected, const char *fix)
{
	decoding->failed = true;
	if (!is_refused_already(decoding, value))
		decode_refuse(decoding, place, value->line, value->column, fix, "expected %s, found %s", expected,
		              value_kind_name(value->kind));
}

static bool is_kind(struct decoding *decoding, const struct place *place, const struct value *value,
                    enum value_kind kind)
{
	if (value->kind == kind)
		return true;
	decode_refuse_kind(decoding, place, value, value_kind_name(kind), NULL);
	return false;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return true;
	}
	return false;
}

/* A scheme we speak, a host, and nothing that a URL cannot hold; the parts are for rules. */
static bool is_web_url(const char *text)
{
	const char *host = text_starts(text, "https://") ? text + 8 : text_starts(text, "http://") ? text + 7 : NULL;

	return host != NULL && *host != '\0' && strchr("/?#:@", *host) == NULL &&
	       strpbrk(text, " \"<>\\^`{|}") == NULL && !has_control(text);
}

/* What is wrong with a text, or NULL. flags are those of the field that concern texts. */
static const char *text_problem(unsigned flags, const char *text)
{
	if ((flags & FIELD_NOT_EMPTY) != 0 && *text == '\0')
		return "must not be empty";
	if ((flags & FIELD_IDENTIFIER) != 0 && !is_identifier(text))
		return "is not an identifier: lower-case letters, digits, '.', '_' and '-', first a letter or digit, "
		       "at "
		       "most 128";
	if ((flags & FIELD_PATH) != 0 && (*text != '/' || has_control(text)))
		return "is not a path: it must start with '/' and hold no control characters";
	if ((flags & FIELD_URL) != 0 && !is_web_url(text))
		return "is not a URL: it must start with https:// or http:// and name a host";
	return NULL;
}

/* Bounds of a row; both 0 means none. */
static bool is_in_bounds(const struct field *field, int64_t number)
{
	return (field->minimum == 0 && field->maximum == 0) || (number >= field->minimum && number <= field->maximum);
}

static bool decode_whole(struct decoding *decoding, const struct place *place, const struct field *field,
                         const struct value *value, int64_t *ret_number)
{
	bool bounded = field->minimum != 0 || field->maximum != 0;

	if (!is_kind(decoding, place, value, VALUE_INT))
		return false;
	if (!is_in_bounds(field, value->integer)) {
		decode_refuse(decoding, place, value->line, value->column, NULL,
		              "expected a whole number from %lld to %lld, found %lld", (long long)field->minimum,
		              (long long)field->maximum, (long long)value->integer);
		return false;
	}
	if (field->slot.kind == SLOT_COUNT && !bounded && value->integer < 0) {
		decode_refuse(decoding, place, value->line, value->column, NULL,
		              "expected a whole number of at least 0, found %lld", (long long)value->integer);
		return false;
	}
	*ret_number = value->integer;
	return true;
}

/* One text: of a field, of a list's entry, of a map's value. NULL after a finding. */
static const char *decode_text(struct decoding *decoding, const struct place *place, const struct field *field,
                               unsigned flags, const struct value *value)
{
	const char *problem;
	const char *text;

	if (value->kind == VALUE_INT && (flags & FIELD_OR_NUMBER) != 0) {
		int64_t number;

		return decode_whole(decoding, place, field, value, &number)
		               ? arena_format(decoding->arena, "%lld", (long long)number)
		               : NULL;
	}
	if (value->kind != VALUE_TEXT) {
		bool quotable = value->kind == VALUE_BOOL || value->kind == VALUE_INT || value->kind == VALUE_REAL;

		decode_refuse_kind(decoding, place, value, "a text", quotable ? "quote it" : NULL);
		return NULL;
	}
	text = value->text.data;
	problem = text_problem(flags, text);
	if (problem != NULL) {
		decode_refuse(decoding, place, value->line, value->column, NULL, "'%.*s' %s",
		              character_fit(text, MESSAGE_BYTES), text, problem);
		return NULL;
	}
	if (field->choices != NULL && !text_in_choices(field->choices, text)) {
		decode_refuse(decoding, place, value->line, value->column, NULL, "'%.*s' is not one of %s",
		              character_fit(text, MESSAGE_BYTES), text, field->choices);
		return NULL;
	}
	return arena_text(decoding->arena, text, value->text.len);
}

static void decode_duration(struct decoding *decoding, const struct place *place, const struct field *field,
                            const struct value *value, struct duration *duration)
{
	struct arena *arena = decoding->findings->arena;
	int64_t ms;

	if (value->kind != VALUE_TEXT)
		decode_refuse_kind(decoding, place, value, "a duration such as 15s", NULL);
	else if (!parse_duration_ms(value->text.data, &ms))
		decode_refuse(decoding, place, value->line, value->column, NULL,
		              "'%.*s' is not a duration: a whole number with ms, s, m, h or d",
		              character_fit(value->text.data, MESSAGE_BYTES), value->text.data);
	else if (!is_in_bounds(field, ms))
		decode_refuse(decoding, place, value->line, value->column, NULL,
		              "expected a duration from %s to %s, found %s", format_duration(arena, field->minimum),
		              format_duration(arena, field->maximum), value->text.data);
	else
		duration->ms = ms;
}

static void decode_instant(struct decoding *decoding, const struct place *place, const struct value *value,
                           struct instant *instant)
{
	if (value->kind != VALUE_TEXT)
		decode_refuse_kind(decoding, place, value, "a time such as 2026-01-31T12:00:00Z", NULL);
	else if (!instant_parse(value->text.data, instant))
		decode_refuse(decoding, place, value->line, value->column, NULL,
		              "'%.*s' is not a time such as 2026-01-31T12:00:00Z",
		              character_fit(value->text.data, MESSAGE_BYTES), value->text.data);
}

static bool is_filled(struct decoding *decoding, const struct place *place, const struct field *field,
                      const struct value *value)
{
	if ((field->flags & FIELD_NOT_EMPTY) == 0 || value->list.count > 0)
		return true;
	decode_refuse(decoding, place, value->line, value->column, NULL, "must have at least one entry");
	return false;
}

/* By content, and equal texts in document order, which is the order of addresses. */
static int compare_texts(const void *a, const void *b)
{
	const struct value *const *left = a;
	const struct value *const *right = b;
	int order = strcmp((*left)->text.data, (*right)->text.data);

	if (order != 0)
		return order;
	return *left < *right ? -1 : *left > *right;
}

static void refuse_repeated(struct decoding *decoding, const struct place *place, const struct value *list)
{
	const struct value **sorted = calloc(list->list.count, sizeof *sorted);
	size_t count = 0;

	if (sorted == NULL)
		out_of_memory();
	for (size_t i = 0; i < list->list.count; i++) {
		if (list->list.items[i].kind == VALUE_TEXT)
			sorted[count++] = &list->list.items[i];
	}
	qsort(sorted, count, sizeof *sorted, compare_texts);
	for (size_t i = 1; i < count; i++) {
		struct place inner = { place, NULL, (size_t)(sorted[i] - list->list.items) };

		if (strcmp(sorted[i - 1]->text.data, sorted[i]->text.data) == 0)
			decode_refuse(decoding, &inner, sorted[i]->line, sorted[i]->column, NULL,
			              "'%.*s' stands twice in the list",
			              character_fit(sorted[i]->text.data, MESSAGE_BYTES), sorted[i]->text.data);
	}
	free(sorted);
}

static void decode_text_list(struct decoding *decoding, const struct place *place, const struct field *field,
                             const struct value *value, struct text_list *ret_list)
{
	struct text_list list = { 0 };

	if (!is_kind(decoding, place, value, VALUE_ARRAY) || !is_filled(decoding, place, field, value) ||
	    value->list.count == 0)
		return;
	list.items = arena_array(decoding->arena, value->list.count, sizeof *list.items);
	for (size_t i = 0; i < value->list.count; i++) {
		const struct value *item = &value->list.items[i];
		struct place inner = { place, NULL, i };
		const char *text = decode_text(decoding, &inner, field, field->flags, item);

		if (text != NULL)
			list.items[list.count++] = text;
	}
	if ((field->flags & FIELD_DISTINCT) != 0)
		refuse_repeated(decoding, place, value);
	*ret_list = list;
}

static void decode_text_map(struct decoding *decoding, const struct place *place, const struct field *field,
                            const struct value *value, struct text_map *ret_map)
{
	struct text_map map = { 0 };
	unsigned value_flags = field->flags & ~(unsigned)FIELD_IDENTIFIER;

	if ((field->flags & FIELD_BLANK_OK) != 0)
		value_flags &= ~(unsigned)FIELD_NOT_EMPTY;
	if (!is_kind(decoding, place, value, VALUE_OBJECT) || !is_filled(decoding, place, field, value) ||
	    value->list.count == 0)
		return;
	map.items = arena_array(decoding->arena, value->list.count, sizeof *map.items);
	for (size_t i = 0; i < value->list.count; i++) {
		const struct member *member = &value->list.members[i];
		struct place inner = { place, member->name, 0 };
		const char *problem = text_problem(field->flags & FIELD_IDENTIFIER, member->name);
		const char *text = decode_text(decoding, &inner, field, value_flags, &member->value);

		if (problem != NULL)
			decode_refuse(decoding, &inner, member->line, member->column, NULL, "'%.*s' %s",
			              character_fit(member->name, MESSAGE_BYTES), member->name, problem);
		if (text != NULL)
			map.items[map.count++] = (struct text_pair){ arena_copy(decoding->arena, member->name), text };
	}
	*ret_map = map;
}

/* The kinds that hold one whole number. */
static void decode_number(struct decoding *decoding, const struct place *place, const struct field *field,
                          const struct value *value, void *record)
{
	int64_t number;

	if (!decode_whole(decoding, place, field, value, &number))
		return;
	if (field->slot.kind == SLOT_INT)
		*SLOT_AT(int64_t, record, field->slot) = number;
	else if (field->slot.kind == SLOT_COUNT)
		*SLOT_AT(uint64_t, record, field->slot) = (uint64_t)number;
	else
		*SLOT_AT(struct optional_int, record, field->slot) = (struct optional_int){ number, true };
}

void decode_slot(struct decoding *decoding, const struct place *place, const struct field *field,
                 const struct value *value, void *record)
{
	switch (field->slot.kind) {
	case SLOT_BOOL:
		if (is_kind(decoding, place, value, VALUE_BOOL))
			*SLOT_AT(bool, record, field->slot) = value->boolean;
		break;
	case SLOT_OPTIONAL_BOOL:
		if (is_kind(decoding, place, value, VALUE_BOOL))
			*SLOT_AT(struct optional_bool, record, field->slot) =
			        (struct optional_bool){ value->boolean, true };
		break;
	case SLOT_INT:
	case SLOT_COUNT:
	case SLOT_OPTIONAL_INT:
		decode_number(decoding, place, field, value, record);
		break;
	case SLOT_TEXT:
		*SLOT_AT(const char *, record, field->slot) = decode_text(decoding, place, field, field->flags, value);
		break;
	case SLOT_INSTANT:
		decode_instant(decoding, place, value, SLOT_AT(struct instant, record, field->slot));
		break;
	case SLOT_DURATION:
		decode_duration(decoding, place, field, value, SLOT_AT(struct duration, record, field->slot));
		break;
	case SLOT_TEXT_LIST:
		decode_text_list(decoding, place, field, value, SLOT_AT(struct text_list, record, field->slot));
		break;
	case SLOT_TEXT_MAP:
		decode_text_map(decoding, place, field, value, SLOT_AT(struct text_map, record, field->slot));
		break;
	case SLOT_VALUE:
		*SLOT_AT(const struct value *, record, field->slot) = value_copy(decoding->arena, value);
		break;
	case SLOT_RECORD:
	case SLOT_RECORDS:
		break;
	}
}
