/* What the choice in one field means for its neighbours, checked as the tables say it. */
#include "variant.h"

#include "fops/base/arena.h"

#define NO_INDEX SIZE_MAX

/* One object below spec and the table that describes it. */
struct level {
	const struct rule_scope *scope;
	struct arena *scratch;
	const struct level *parent; /* NULL for spec itself */
	const char *name;           /* in the parent */
	size_t index;               /* in a list of the parent, else NO_INDEX */
	const struct value *object;
	const struct field *fields;
};

/* Rendered only when something is wrong. */
static const char *path_of(const struct level *level, const char *name)
{
	struct arena *arena = level->scope->findings->arena;
	const char *path;

	if (level->parent == NULL)
		return name;
	path = path_of(level->parent, level->name);
	if (level->index != NO_INDEX)
		path = arena_format(arena, "%s[%zu]", path, level->index);
	return name == NULL ? path : arena_format(arena, "%s.%s", path, name);
}

static bool names(const char *list, const char *name)
{
	return list != NULL && text_in_choices(list, name);
}

/* Does any row name the neighbour? */
static bool is_bound(const struct field *field, const char *neighbour)
{
	for (const struct field_variant *row = field->variants; row->value != NULL; row++) {
		if (names(row->needs, neighbour) || names(row->takes, neighbour))
			return true;
	}
	return false;
}

/* "ssh" or "local or ssh": the values beside which a neighbour may stand. */
static const char *values_with(struct arena *arena, const struct field *field, const char *neighbour)
{
	const char *found = NULL;

	for (const struct field_variant *row = field->variants; row->value != NULL; row++) {
		if (!names(row->needs, neighbour) && !names(row->takes, neighbour))
			continue;
		found = found == NULL ? row->value : arena_format(arena, "%s or %s", found, row->value);
	}
	return found;
}

/* The value of the deciding field, its preset when it is absent; NULL when there is none or it is not known. */
static const char *value_of(const struct level *level, const struct field *field)
{
	const struct value *value = value_member(level->object, field->name);

	if (value == NULL)
		return field->preset;
	return value->kind == VALUE_TEXT && text_in_choices(field->choices, value->text.data) ? value->text.data : NULL;
}

static void refuse_neighbour(const struct level *level, const struct field *field, const char *value, const char *name)
{
	struct arena *arena = level->scope->findings->arena;
	const char *fix =
	        arena_format(arena, "remove it, or write %s: %s", field->name, values_with(arena, field, name));

	if (value == NULL)
		rule_break(level->scope, RULE_FORM, path_of(level, name), fix, "%s stands only beside %s", name,
		           field->name);
	else
		rule_break(level->scope, RULE_FORM, path_of(level, name), fix, "%s %s takes no %s", field->name, value,
		           name);
}

static void check_needs(const struct level *level, const struct field *field, const struct field_variant *row)
{
	struct arena *arena = level->scope->findings->arena;
	struct text_list needs = { 0 };

	if (row->needs != NULL)
		needs = text_split(level->scratch, row->needs, '|');
	for (size_t i = 0; i < needs.count; i++) {
		if (value_member(level->object, needs.items[i]) == NULL)
			rule_break(level->scope, RULE_FORM, path_of(level, field->name),
			           arena_format(arena, "add %s", path_of(level, needs.items[i])), "%s %s needs %s",
			           field->name, row->value, needs.items[i]);
	}
}

static void check_variants(const struct level *level, const struct field *field)
{
	const char *value = value_of(level, field);
	const struct field_variant *row = field->variants;
	const struct value *given = value_member(level->object, field->name);

	/* a value that is missing or wrong was found already */
	if (value == NULL && (given != NULL || (field->flags & FIELD_REQUIRED) != 0))
		return;
	while (value != NULL && row->value != NULL && strcmp(row->value, value) != 0)
		row++;
	if (value == NULL || row->value == NULL)
		row = NULL;
	if (row != NULL && row->refused != NULL) {
		rule_break(level->scope, RULE_FORM, path_of(level, field->name), row->fix, "%s", row->refused);
		return;
	}
	if (row != NULL)
		check_needs(level, field, row);
	for (size_t i = 0; i < level->object->list.count; i++) {
		const char *name = level->object->list.members[i].name;

		if (is_bound(field, name) && (row == NULL || (!names(row->needs, name) && !names(row->takes, name))))
			refuse_neighbour(level, field, value, name);
	}
}

static void check_excludes(const struct level *level, const struct field *field)
{
	for (size_t i = 0; i < level->object->list.count; i++) {
		const char *name = level->object->list.members[i].name;

		if (names(field->excludes, name))
			rule_break(level->scope, field->rule == NULL ? RULE_FORM : rule_find(field->rule),
			           path_of(level, name), "keep one of the two", "%s and %s exclude each other", name,
			           field->name);
	}
}

static void check_requires(const struct level *level, const struct field *field)
{
	struct text_list words = text_split(level->scratch, field->requires, '|');

	for (size_t i = 0; i < words.count; i++) {
		if (value_member(level->object, words.items[i]) == NULL)
			rule_break(level->scope, RULE_FORM, path_of(level, field->name),
			           arena_format(level->scope->findings->arena, "add %s",
			                        path_of(level, words.items[i])),
			           "%s means nothing without %s", field->name, words.items[i]);
	}
}

static void check_one_of(const struct level *level, const char *one_of)
{
	struct arena *arena = level->scope->findings->arena;
	struct text_list words = text_split(level->scratch, one_of, '|');
	const char *joined = NULL;
	size_t count = 0;

	for (size_t i = 0; i < words.count; i++) {
		count += value_member(level->object, words.items[i]) != NULL ? 1 : 0;
		joined = joined == NULL ? words.items[i]
		                        : arena_format(level->scratch, "%s%s%s", joined,
		                                       i + 1 < words.count ? ", " : " and ", words.items[i]);
	}
	if (count != 1)
		rule_break(level->scope, RULE_FORM, path_of(level, NULL),
		           count == 0 ? arena_format(arena, "add %s", path_of(level, words.items[0]))
		                      : "keep one of them",
		           "exactly one of %s must be there", joined);
}

static void check_any_of(const struct level *level, const char *any_of)
{
	struct arena *arena = level->scope->findings->arena;
	struct text_list words = text_split(level->scratch, any_of, '|');
	const char *joined = NULL;

	for (size_t i = 0; i < words.count; i++) {
		if (value_member(level->object, words.items[i]) != NULL)
			return;
		joined = joined == NULL ? words.items[i]
		                        : arena_format(level->scratch, "%s, %s", joined, words.items[i]);
	}
	rule_break(level->scope, RULE_FORM, path_of(level, NULL),
	           arena_format(arena, "add %s", path_of(level, words.items[0])), "at least one of %s must be there",
	           joined);
}

static void check_level(const struct level *level);

/* One object that a row holds: what the row asks of its members, then the members. */
static void check_inner(const struct level *level, const struct field *field)
{
	if (level->object->kind != VALUE_OBJECT)
		return;
	if (field->one_of != NULL)
		check_one_of(level, field->one_of);
	if (field->any_of != NULL)
		check_any_of(level, field->any_of);
	check_level(level);
}

static void check_items(const struct level *level, const struct field *field, const struct value *list)
{
	for (size_t i = 0; i < list->list.count; i++)
		check_inner(&(struct level){ level->scope, level->scratch, level, field->name, i, &list->list.items[i],
		                             field->fields },
		            field);
}

static void check_field(const struct level *level, const struct field *field)
{
	const struct value *member = value_member(level->object, field->name);

	if (field->variants != NULL)
		check_variants(level, field);
	if (member == NULL)
		return;
	if (field->excludes != NULL)
		check_excludes(level, field);
	if (field->requires != NULL)
		check_requires(level, field);
	if (field->slot.kind == SLOT_RECORDS && member->kind == VALUE_ARRAY)
		check_items(level, field, member);
	if (field->slot.kind == SLOT_RECORD)
		check_inner(&(struct level){ level->scope, level->scratch, level, field->name, NO_INDEX, member,
		                             field->fields },
		            field);
}

static void check_level(const struct level *level)
{
	if (level->object->kind != VALUE_OBJECT)
		return;
	for (const struct field *field = level->fields; field->name != NULL; field++)
		check_field(level, field);
}

void variants_check(const struct rule_scope *scope, struct arena *scratch, const struct field *fields)
{
	check_level(&(struct level){ scope, scratch, NULL, NULL, NO_INDEX, scope->spec, fields });
}
