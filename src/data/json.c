/* JSON to values: our scanner judges and measures, cJSON builds, and both are paired in pre-order. */
#include "fops/data/document.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "fops/base/arena.h"
#include "members.h"
#include "scan.h"

struct pairing {
	struct arena *arena;
	const struct scan_marks *marks;
	size_t at;
	uint32_t line; /* of the first problem, 0 when there is none */
	uint32_t column;
	const char *problem;
	bool disagree;
};

static void tree_cleanup(cJSON **tree)
{
	cJSON_Delete(*tree);
}

/* Keep the problem that stands first in the text. */
static void note_problem(struct pairing *pairing, uint32_t line, uint32_t column, const char *problem)
{
	if (pairing->line != 0 && (pairing->line < line || (pairing->line == line && pairing->column <= column)))
		return;
	pairing->line = line;
	pairing->column = column;
	pairing->problem = problem;
}

static void report_repeated(void *user, const struct member *first, const struct member *again)
{
	struct pairing *pairing = user;

	note_problem(pairing, again->line, again->column, members_repeated(pairing->arena, first, again));
}

static struct scan_mark next_mark(struct pairing *pairing)
{
	if (pairing->at >= pairing->marks->count) {
		pairing->disagree = true;
		return (struct scan_mark){ 0 };
	}
	return pairing->marks->items[pairing->at++];
}

static enum value_kind kind_of(const cJSON *item, const struct scan_mark *mark)
{
	if (cJSON_IsBool(item))
		return VALUE_BOOL;
	if (cJSON_IsNumber(item))
		return mark->kind == VALUE_INT ? VALUE_INT : VALUE_REAL;
	if (cJSON_IsString(item))
		return VALUE_TEXT;
	if (cJSON_IsArray(item))
		return VALUE_ARRAY;
	return cJSON_IsObject(item) ? VALUE_OBJECT : VALUE_NULL;
}

static void pair(struct pairing *pairing, const cJSON *item, struct value *value);

static size_t count_children(const cJSON *item)
{
	size_t count = 0;

	for (const cJSON *child = item->child; child != NULL; child = child->next)
		count++;
	return count;
}

static void pair_list(struct pairing *pairing, const cJSON *item, struct value *value)
{
	size_t count = count_children(item);
	size_t i = 0;

	value->list.count = count;
	if (count == 0)
		return;
	if (value->kind == VALUE_ARRAY)
		value->list.items = arena_array(pairing->arena, count, sizeof(struct value));
	else
		value->list.members = arena_array(pairing->arena, count, sizeof(struct member));
	for (const cJSON *child = item->child; child != NULL; child = child->next, i++) {
		if (value->kind == VALUE_ARRAY) {
			pair(pairing, child, &value->list.items[i]);
		} else {
			struct member *member = &value->list.members[i];
			struct scan_mark mark = next_mark(pairing);

			member->name = arena_copy(pairing->arena, child->string == NULL ? "" : child->string);
			member->line = mark.line;
			member->column = mark.column;
			pair(pairing, child, &member->value);
		}
	}
	if (value->kind == VALUE_OBJECT)
		(void)members_keep_first(value->list.members, count, report_repeated, pairing);
}

static void pair(struct pairing *pairing, const cJSON *item, struct value *value)
{
	struct scan_mark mark = next_mark(pairing);

	*value = (struct value){ .kind = kind_of(item, &mark), .line = mark.line, .column = mark.column };
	if (value->kind != mark.kind)
		pairing->disagree = true;
	switch (value->kind) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		value->boolean = cJSON_IsTrue(item);
		break;
	case VALUE_INT:
		value->integer = mark.integer;
		break;
	case VALUE_REAL:
		value->real = item->valuedouble;
		if (!isfinite(value->real))
			note_problem(pairing, mark.line, mark.column, "a number is too large");
		break;
	case VALUE_TEXT:
		value->text.len = strlen(item->valuestring);
		value->text.data = arena_text(pairing->arena, item->valuestring, value->text.len);
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		pair_list(pairing, item, value);
		break;
	}
}

static bool refuse_at(struct arena *arena, const char *name, uint32_t line, uint32_t column, const char *message,
                      struct error *err)
{
	struct finding *finding = arena_alloc(arena, sizeof *finding);

	*finding = (struct finding){ .file = name, .line = line, .column = column };
	finding->message = arena_copy(arena, message);
	(void)fail(err, ERROR_DATA, "%s:%u:%u: %s", name, line, column, message);
	err->findings = finding;
	err->finding_count = 1;
	return false;
}

bool json_parse(struct arena *arena, const char *name, const char *data, size_t len,
                const struct document_limits *limits, struct value *ret_value, struct error *err)
{
	CLEANUP(scan_marks_done) struct scan_marks marks = { 0 };
	CLEANUP(tree_cleanup) cJSON *tree = NULL;
	struct pairing pairing = { .arena = arena, .marks = &marks };
	struct scan_fault fault;
	struct value value;

	if (!scan_json(data, len, limits == NULL ? &document_default_limits : limits, &marks, &fault))
		return refuse_at(arena, name, fault.line, fault.column, fault.message, err);
	/* with the text accepted above, only missing memory makes cJSON fail */
	tree = cJSON_ParseWithLengthOpts(data, len, NULL, false);
	if (tree == NULL)
		return fail(err, ERROR_INTERNAL_MEMORY, "no memory to read %s", name);
	pair(&pairing, tree, &value);
	if (pairing.disagree || pairing.at != marks.count)
		return fail(err, ERROR_INTERNAL, "two readers of %s disagree about it", name);
	if (pairing.line != 0)
		return refuse_at(arena, name, pairing.line, pairing.column, pairing.problem, err);
	*ret_value = value;
	return true;
}

const char *document_json_library(void)
{
	return cJSON_Version();
}
