/* Findings that carry a position, a rule and a way out. */
#include "rule.h"

#include "fops/base/arena.h"

#define LONGEST_NAME 64

/* One step of a dotted path: a member, then any number of list indexes. */
static const struct value *step(const struct value *value, const char *name, size_t len)
{
	char member[LONGEST_NAME];
	size_t plain = strcspn(name, "[.");

	if (plain >= sizeof member || plain > len)
		return NULL;
	memcpy(member, name, plain);
	member[plain] = '\0';
	value = value_member(value, member);
	if (value != NULL && plain < len && value->kind == VALUE_ARRAY) {
		size_t index = strtoul(name + plain + 1, NULL, 10);

		return index < value->list.count ? &value->list.items[index] : NULL;
	}
	return value;
}

const struct value *rule_place(const struct value *spec, const char *path)
{
	const struct value *place = spec;

	while (*path != '\0') {
		size_t len = strcspn(path, ".");
		const struct value *next = value_member(place, path);

		/* names with dots are found whole, as the last step */
		if (next != NULL)
			return next;
		next = step(place, path, len);
		if (next == NULL)
			break;
		place = next;
		path += len;
		path += *path == '.' ? 1 : 0;
	}
	return place;
}

void rule_break(const struct rule_scope *scope, enum rule_id rule, const char *path, const char *fix,
                const char *format, ...)
{
	const struct value *place = rule_place(scope->spec, path);
	struct arena *arena = scope->findings->arena;
	const struct rule_row *row = &rule_rows[rule];
	const char *message;
	va_list values;

	if (scope->findings->limit > 0 && scope->findings->count >= scope->findings->limit) {
		scope->findings->dropped++;
		return;
	}
	va_start(values, format);
	message = arena_format_list(arena, format, values);
	va_end(values);
	if (row->id != NULL)
		message = arena_format(arena, "%s (%s: %s)", message, row->id, row->text);
	findings_add(scope->findings, scope->file, place->line, place->column, arena_format(arena, "spec.%s", path),
	             fix, "%s", message);
	rule_mark(scope->findings, rule);
}

void rule_mark(struct findings *findings, enum rule_id rule)
{
	if (findings->dropped == 0 && findings->count > 0)
		findings->items[findings->count - 1].rule = rule_rows[rule].id;
}
