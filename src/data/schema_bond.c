/* What binds members of one object to each other, in the words of JSON Schema. */
#include "schema_bond.h"

#include "fops/base/arena.h"

bool schema_is_required(const struct field *field)
{
	return (field->flags & FIELD_REQUIRED) != 0 && field->preset == NULL;
}

/* The row of a value, or NULL. */
static const struct field_variant *find_variant(const struct field *field, const char *value)
{
	for (const struct field_variant *row = field->variants; row != NULL && row->value != NULL; row++) {
		if (strcmp(row->value, value) == 0)
			return row;
	}
	return NULL;
}

bool schema_is_refused(const struct field *field, const char *value)
{
	const struct field_variant *row = find_variant(field, value);

	return row != NULL && row->refused != NULL;
}

static void emit_words(struct emitter *emitter, const char *key, const struct text_list *words)
{
	emit_key(emitter, key);
	emit_array(emitter);
	for (size_t i = 0; i < words->count; i++)
		emit_text(emitter, words->items[i]);
	emit_array_end(emitter);
}

/* "properties": each of the words that the row does not name, as false: it may not be there. */
static void emit_forbidden(struct emitter *emitter, const struct text_list *words, const struct field_variant *row)
{
	emit_key(emitter, "properties");
	emit_object(emitter);
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];

		if (row != NULL && ((row->needs != NULL && text_in_choices(row->needs, word)) ||
		                    (row->takes != NULL && text_in_choices(row->takes, word))))
			continue;
		emit_key(emitter, word);
		emit_bool(emitter, false);
	}
	emit_object_end(emitter);
}

static bool has_word(const struct text_list *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->items[i], word) == 0)
			return true;
	}
	return false;
}

/* Every neighbour that some row of a field's variants names. */
static struct text_list bound_neighbours(struct arena *scratch, const struct field *field)
{
	struct text_list all = { 0 };

	for (const struct field_variant *row = field->variants; row->value != NULL; row++) {
		const char *const lists[] = { row->needs, row->takes };

		for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
			struct text_list some = { 0 };

			if (lists[l] != NULL)
				some = text_split(scratch, lists[l], '|');
			for (size_t i = 0; i < some.count; i++) {
				if (!has_word(&all, some.items[i]))
					text_list_add(scratch, &all, some.items[i]);
			}
		}
	}
	return all;
}

/* The field has the value, or is absent. */
static void emit_condition(struct emitter *emitter, struct arena *scratch, const struct field *field, const char *value)
{
	struct text_list name = { 0 };

	text_list_add(scratch, &name, field->name);
	emit_object(emitter);
	if (value == NULL) {
		emit_key(emitter, "not");
		emit_object(emitter);
		emit_words(emitter, "required", &name);
		emit_object_end(emitter);
	} else {
		emit_key(emitter, "properties");
		emit_object(emitter);
		emit_key(emitter, field->name);
		emit_object(emitter);
		emit_key(emitter, "const");
		emit_text(emitter, value);
		emit_object_end(emitter);
		emit_object_end(emitter);
		/* without `required` an absent field, which has the preset, is meant as well */
		if (!text_equal(value, field->preset))
			emit_words(emitter, "required", &name);
	}
	emit_object_end(emitter);
}

/* { "if": the field has the value (or is absent), "then": what holds of its neighbours } */
static void emit_variant(struct emitter *emitter, struct arena *scratch, const struct field *field, const char *value,
                         const struct text_list *bound)
{
	const struct field_variant *row = value == NULL ? NULL : find_variant(field, value);

	emit_object(emitter);
	emit_key(emitter, "if");
	emit_condition(emitter, scratch, field, value);
	emit_key(emitter, "then");
	emit_object(emitter);
	if (row != NULL && row->needs != NULL) {
		struct text_list needed = text_split(scratch, row->needs, '|');

		emit_words(emitter, "required", &needed);
	}
	emit_forbidden(emitter, bound, row);
	emit_object_end(emitter);
	emit_object_end(emitter);
}

static void emit_variants(struct emitter *emitter, struct arena *scratch, const struct field *field)
{
	struct text_list values = text_split(scratch, field->choices, '|');
	struct text_list bound = bound_neighbours(scratch, field);

	for (size_t i = 0; i < values.count; i++) {
		if (!schema_is_refused(field, values.items[i]))
			emit_variant(emitter, scratch, field, values.items[i], &bound);
	}
	if (field->preset == NULL && (field->flags & FIELD_REQUIRED) == 0)
		emit_variant(emitter, scratch, field, NULL, &bound);
}

static void emit_all_variants(struct emitter *emitter, struct arena *scratch, const struct field *fields)
{
	bool any = false;

	for (const struct field *field = fields; field->name != NULL; field++) {
		if (field->variants == NULL)
			continue;
		if (!any) {
			emit_key(emitter, "allOf");
			emit_array(emitter);
		}
		any = true;
		emit_variants(emitter, scratch, field);
	}
	if (any)
		emit_array_end(emitter);
}

static void emit_exclusions(struct emitter *emitter, struct arena *scratch, const struct field *fields)
{
	bool any = false;

	for (const struct field *field = fields; field->name != NULL; field++) {
		struct text_list excluded;

		if (field->excludes == NULL)
			continue;
		if (!any) {
			emit_key(emitter, "dependentSchemas");
			emit_object(emitter);
		}
		any = true;
		excluded = text_split(scratch, field->excludes, '|');
		emit_key(emitter, field->name);
		emit_object(emitter);
		emit_forbidden(emitter, &excluded, NULL);
		emit_object_end(emitter);
	}
	if (any)
		emit_object_end(emitter);
}

static void emit_requirements(struct emitter *emitter, struct arena *scratch, const struct field *fields)
{
	bool any = false;

	for (const struct field *field = fields; field->name != NULL; field++) {
		struct text_list required;

		if (field->requires == NULL)
			continue;
		if (!any) {
			emit_key(emitter, "dependentRequired");
			emit_object(emitter);
		}
		any = true;
		required = text_split(scratch, field->requires, '|');
		emit_words(emitter, field->name, &required);
	}
	if (any)
		emit_object_end(emitter);
}

/* "oneOf" or "anyOf": each of the words alone is asked for. */
static void emit_alternatives(struct emitter *emitter, struct arena *scratch, const char *key, const char *words)
{
	struct text_list names;

	if (words == NULL)
		return;
	names = text_split(scratch, words, '|');
	emit_key(emitter, key);
	emit_array(emitter);
	for (size_t i = 0; i < names.count; i++) {
		struct text_list name = { &names.items[i], 1 };

		emit_object(emitter);
		emit_words(emitter, "required", &name);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

void schema_bonds(struct emitter *emitter, struct arena *scratch, const struct field *fields, const struct field *owner)
{
	emit_all_variants(emitter, scratch, fields);
	emit_exclusions(emitter, scratch, fields);
	emit_requirements(emitter, scratch, fields);
	if (owner == NULL)
		return;
	emit_alternatives(emitter, scratch, "oneOf", owner->one_of);
	emit_alternatives(emitter, scratch, "anyOf", owner->any_of);
}
