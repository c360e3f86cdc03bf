/* Walks a document along compiled paths and prints what they lead to. */
#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "fops/data/jsonpath.h"
#include "jsonpath_node.h"

struct printer {
	const struct value *document;
	struct buffer *out;
	struct error *err;
};

/* Called for each value that a path leads to; false ends the walk with err filled. */
typedef bool result_visit(struct printer *printer, const struct node *node, const struct value *value, bool *first);

struct walk {
	struct printer *printer;
	const struct node *node;
	result_visit *visit;
	bool first;
};

static bool refuse_step(const struct walk *walk, const struct step *step, const char *what, const struct value *value)
{
	return fail(walk->printer->err, ERROR_USAGE_EXPRESSION, "jsonpath, column %zu: %s does not fit %s",
	            step->column, what, value_kind_name(value->kind));
}

static bool walk_steps(struct walk *walk, size_t at, const struct value *value);

/* The index that a negative number counts from the end, cut to 0…count. */
static size_t clamp_index(int64_t index, size_t count)
{
	int64_t limit = (int64_t)count;

	if (index < 0)
		index += limit;
	if (index < 0)
		return 0;
	return index > limit ? count : (size_t)index;
}

static bool walk_items(struct walk *walk, size_t at, const struct value *array, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		if (!walk_steps(walk, at + 1, &array->list.items[i]))
			return false;
	}
	return true;
}

static bool walk_all(struct walk *walk, size_t at, const struct value *value)
{
	if (value->kind == VALUE_ARRAY)
		return walk_items(walk, at, value, 0, value->list.count);
	if (value->kind != VALUE_OBJECT)
		return refuse_step(walk, &walk->node->steps[at], "*", value);
	for (size_t i = 0; i < value->list.count; i++) {
		if (!walk_steps(walk, at + 1, &value->list.members[i].value))
			return false;
	}
	return true;
}

static bool walk_name(struct walk *walk, size_t at, const struct value *value)
{
	const struct step *step = &walk->node->steps[at];
	const struct value *member;

	if (value->kind != VALUE_OBJECT)
		return refuse_step(walk, step, "a name", value);
	member = value_member(value, step->name);
	return member == NULL || walk_steps(walk, at + 1, member);
}

static bool walk_index(struct walk *walk, size_t at, const struct value *value)
{
	const struct step *step = &walk->node->steps[at];
	size_t count = value->kind == VALUE_ARRAY ? value->list.count : 0;

	if (value->kind != VALUE_ARRAY)
		return refuse_step(walk, step, step->kind == STEP_INDEX ? "an index" : "a slice", value);
	if (step->kind == STEP_SLICE)
		return walk_items(walk, at, value, clamp_index(step->first, count), clamp_index(step->end, count));
	if (step->first >= (int64_t)count || step->first < -(int64_t)count)
		return true;
	return walk_steps(walk, at + 1, &value->list.items[clamp_index(step->first, count)]);
}

/* Each step goes one level down, so the document's depth bounds the recursion. */
static bool walk_steps(struct walk *walk, size_t at, const struct value *value)
{
	if (at == walk->node->step_count)
		return walk->visit(walk->printer, walk->node, value, &walk->first);
	if (value->kind == VALUE_NULL)
		return true;
	switch (walk->node->steps[at].kind) {
	case STEP_NAME:
		return walk_name(walk, at, value);
	case STEP_ALL:
		return walk_all(walk, at, value);
	case STEP_INDEX:
	case STEP_SLICE:
		return walk_index(walk, at, value);
	}
	return true;
}

static bool check_space(struct printer *printer)
{
	if (!printer->out->overflow)
		return true;
	return fail(printer->err, ERROR_IO_OUTPUT, "the jsonpath output is larger than %zu bytes",
	            printer->out->limit_bytes);
}

static bool print_value(struct printer *printer, const struct node *node, const struct value *value, bool *first)
{
	struct emitter emitter;

	(void)node;
	if (!*first)
		(void)buffer_byte(printer->out, ' ');
	*first = false;
	if (value->kind == VALUE_TEXT) {
		(void)buffer_append(printer->out, value->text.data, value->text.len);
	} else if (value->kind != VALUE_NULL) {
		emit_start(&emitter, EMIT_JSON, buffer_sink(printer->out));
		emit_value(&emitter, value);
		if (!emit_finish(&emitter, false) && !printer->out->overflow)
			return fail(printer->err, ERROR_INTERNAL, "a document is nested too deeply to be printed");
	}
	return check_space(printer);
}

static bool print_nodes(struct printer *printer, const struct node *nodes, const struct value *current);

/* NOLINTNEXTLINE(readability-non-const-parameter): the walk prescribes the type */
static bool print_entry(struct printer *printer, const struct node *node, const struct value *value, bool *first)
{
	(void)first;
	return print_nodes(printer, node->body, value);
}

static bool print_nodes(struct printer *printer, const struct node *nodes, const struct value *current)
{
	for (const struct node *node = nodes; node != NULL; node = node->next) {
		struct walk walk = { .printer = printer, .node = node, .first = true };

		if (node->kind == NODE_TEXT) {
			(void)buffer_append(printer->out, node->text, node->len);
			if (!check_space(printer))
				return false;
			continue;
		}
		walk.visit = node->kind == NODE_RANGE ? print_entry : print_value;
		if (!walk_steps(&walk, 0, node->from_root ? printer->document : current))
			return false;
	}
	return true;
}

bool jsonpath_print(const struct jsonpath *path, const struct value *document, struct buffer *out, struct error *err)
{
	struct printer printer = { document, out, err };

	return print_nodes(&printer, path->nodes, document);
}
