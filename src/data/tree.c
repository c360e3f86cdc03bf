/* Stacks of open lists and their children; a list is copied to its exact size when it closes. */
#include "tree.h"

#include <stdarg.h>

#include "character.h"
#include "fops/base/arena.h"
#include "limit_words.h"
#include "members.h"

#define FIRST_SIZE 32

/* In one document; each alias is looked up among them one by one. */
#define MOST_ANCHORS 1024

/* Room for one element more. */
static void *grow(void *items, size_t count, size_t *size, size_t element)
{
	if (count < *size)
		return items;
	*size = *size == 0 ? FIRST_SIZE : *size * 2;
	items = reallocarray(items, *size, element);
	if (items == NULL)
		out_of_memory();
	return items;
}

void tree_reset(struct tree *tree)
{
	tree->child_count = 0;
	tree->anchor_count = 0;
	tree->frames = grow(tree->frames, 0, &tree->frame_size, sizeof *tree->frames);
	tree->frames[0] = (struct frame){ .kind = VALUE_ARRAY };
	tree->frame_count = 1;
}

struct value *tree_root(struct tree *tree)
{
	return &tree->children[0].value;
}

void tree_done(struct tree *tree)
{
	free(tree->frames);
	free(tree->children);
	free(tree->anchors);
}

static void add_finding(struct tree *tree, uint32_t line, uint32_t column, const char *fix, const char *format,
                        va_list values) PRINTF(5, 0);

static void add_finding(struct tree *tree, uint32_t line, uint32_t column, const char *fix, const char *format,
                        va_list values)
{
	char text[512];

	(void)vsnprintf(text, sizeof text, format, values);
	findings_add(tree->findings, tree->name, line, column, NULL, fix, "%s", text);
}

void tree_refuse(struct tree *tree, uint32_t line, uint32_t column, const char *fix, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	add_finding(tree, line, column, fix, format, values);
	va_end(values);
}

void tree_stop(struct tree *tree, uint32_t line, uint32_t column, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	add_finding(tree, line, column, NULL, format, values);
	va_end(values);
	tree->stopped = true;
}

static struct frame *top(const struct tree *tree)
{
	return &tree->frames[tree->frame_count - 1];
}

bool tree_wants_name(const struct tree *tree)
{
	const struct frame *frame = top(tree);

	return frame->kind == VALUE_OBJECT && !frame->has_name;
}

void tree_add_name(struct tree *tree, uint32_t line, uint32_t column, const char *name)
{
	struct frame *frame = top(tree);

	frame->next = (struct member){ .name = name, .line = line, .column = column };
	frame->has_name = true;
	frame->drop_next = name == NULL;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* A finished value goes to the list that is open. */
static void add_value(struct tree *tree, const struct value *value, const struct weight *weight)
{
	struct frame *frame = top(tree);

	frame->weight.values += weight->values;
	frame->weight.bytes += weight->bytes;
	frame->weight.height = larger(frame->weight.height, weight->height + 1);
	if (tree_wants_name(tree)) { /* a list or object in the place of a name was refused when it opened */
		tree_add_name(tree, value->line, value->column, NULL);
		return;
	}
	frame->has_name = false;
	if (frame->kind == VALUE_OBJECT && frame->drop_next)
		return;
	tree->children = grow(tree->children, tree->child_count, &tree->child_size, sizeof *tree->children);
	frame->next.value = *value;
	tree->children[tree->child_count++] = frame->next;
}

/* Count values that are about to be built; false once there are too many. */
static bool count_values(struct tree *tree, size_t count, uint32_t line, uint32_t column)
{
	if (count <= tree->limits->values - tree->values) {
		tree->values += count;
		return true;
	}
	tree_stop(tree, line, column, "more than %zu values, those of aliases counted at each use",
	          tree->limits->values);
	return false;
}

/* The index + 1 of a new anchor. */
static size_t add_anchor(struct tree *tree, const char *name, uint32_t line, uint32_t column)
{
	if (name == NULL)
		return 0;
	if (tree->anchor_count >= MOST_ANCHORS) {
		tree_stop(tree, line, column, "more than %d anchors in one document", MOST_ANCHORS);
		return 0;
	}
	tree->anchors = grow(tree->anchors, tree->anchor_count, &tree->anchor_size, sizeof *tree->anchors);
	tree->anchors[tree->anchor_count++] = (struct anchor){ .name = arena_copy(tree->arena, name) };
	return tree->anchor_count;
}

static void complete_anchor(struct tree *tree, size_t anchor, const struct value *value, const struct weight *weight)
{
	if (anchor == 0)
		return;
	tree->anchors[anchor - 1].value = *value;
	tree->anchors[anchor - 1].weight = *weight;
	tree->anchors[anchor - 1].complete = true;
}

/* The latest of that name, as an anchor may be given again. */
static const struct anchor *find_anchor(const struct tree *tree, const char *name)
{
	for (size_t i = tree->anchor_count; i > 0; i--) {
		if (strcmp(tree->anchors[i - 1].name, name) == 0)
			return &tree->anchors[i - 1];
	}
	return NULL;
}

static struct weight scalar_weight(const struct value *value)
{
	return (struct weight){ .values = 1, .bytes = value->kind == VALUE_TEXT ? value->text.len : 0 };
}

void tree_anchor_name(struct tree *tree, const char *anchor, const struct value *value)
{
	struct weight weight = scalar_weight(value);

	complete_anchor(tree, add_anchor(tree, anchor, value->line, value->column), value, &weight);
}

void tree_add_scalar(struct tree *tree, const char *anchor, const struct value *value)
{
	struct weight weight = scalar_weight(value);

	if (!count_values(tree, 1, value->line, value->column))
		return;
	complete_anchor(tree, add_anchor(tree, anchor, value->line, value->column), value, &weight);
	add_value(tree, value, &weight);
}

void tree_open(struct tree *tree, const char *anchor, enum value_kind kind, uint32_t line, uint32_t column)
{
	if (!count_values(tree, 1, line, column))
		return;
	if (tree->frame_count - 1 >= tree->limits->depth) {
		tree_stop(tree, line, column, WORDS_TOO_DEEP, tree->limits->depth);
		return;
	}
	if (tree_wants_name(tree))
		tree_refuse(tree, line, column, NULL, "a name must be a text, not %s", value_kind_name(kind));
	tree->frames = grow(tree->frames, tree->frame_count, &tree->frame_size, sizeof *tree->frames);
	tree->frames[tree->frame_count++] = (struct frame){
		.kind = kind,
		.line = line,
		.column = column,
		.first_child = tree->child_count,
		.anchor = add_anchor(tree, anchor, line, column),
		.weight = { .values = 1, .height = 1 },
	};
}

static void report_repeated(void *user, const struct member *first, const struct member *again)
{
	struct tree *tree = user;

	tree_refuse(tree, again->line, again->column, NULL, "%s", members_repeated(tree->arena, first, again));
}

void tree_close(struct tree *tree)
{
	struct frame frame = *top(tree);
	struct value value = { .kind = frame.kind, .line = frame.line, .column = frame.column };
	struct member *children = NULL;
	size_t count = tree->child_count - frame.first_child;

	if (count > 0)
		children = &tree->children[frame.first_child];
	if (count > 0 && frame.kind == VALUE_OBJECT) {
		count = members_keep_first(children, count, report_repeated, tree);
		value.list.members = arena_array(tree->arena, count, sizeof(struct member));
		memcpy(value.list.members, children, count * sizeof(struct member));
	} else if (count > 0) {
		value.list.items = arena_array(tree->arena, count, sizeof(struct value));
		for (size_t i = 0; i < count; i++)
			value.list.items[i] = children[i].value;
	}
	value.list.count = count;
	tree->child_count = frame.first_child;
	tree->frame_count--;
	complete_anchor(tree, frame.anchor, &value, &frame.weight);
	add_value(tree, &value, &frame.weight);
}

void tree_add_alias(struct tree *tree, const char *anchor, uint32_t line, uint32_t column)
{
	const struct anchor *found = find_anchor(tree, anchor);
	struct value value = { .kind = VALUE_NULL };

	if (found == NULL || !found->complete) {
		tree_refuse(tree, line, column, NULL,
		            found == NULL ? "the alias *%.*s has no anchor before it"
		                          : "the alias *%.*s stands inside the value of its own anchor",
		            character_fit(anchor, MESSAGE_BYTES), anchor);
	} else if (tree->frame_count - 1 + found->weight.height > tree->limits->depth) {
		tree_stop(tree, line, column, WORDS_TOO_DEEP, tree->limits->depth);
		return;
	} else if (found->weight.bytes > tree->limits->bytes - tree->alias_bytes) {
		tree_stop(tree, line, column, "aliases repeat more than %zu bytes of text", tree->limits->bytes);
		return;
	} else if (count_values(tree, found->weight.values, line, column)) {
		struct weight weight = found->weight;

		tree->alias_bytes += weight.bytes;
		value = found->value;
		value.line = line;
		value.column = column;
		add_value(tree, &value, &weight);
		return;
	}
	value.line = line;
	value.column = column;
	if (!tree->stopped)
		add_value(tree, &value, &(struct weight){ .values = 1 });
}

const char *tree_alias_name(const struct tree *tree, const char *anchor)
{
	const struct anchor *found = find_anchor(tree, anchor);

	return found != NULL && found->complete && found->value.kind == VALUE_TEXT ? found->value.text.data : NULL;
}
