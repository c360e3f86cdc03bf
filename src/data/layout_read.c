/* From events to the tree of one document: where its names, dashes and values stand. */
#include "events.h"
#include "fops/base/arena.h"
#include "layout.h"

#define LONGEST_NAME 128

struct layout_reader {
	struct layout *layout;
	struct layout_node *open[LAYOUT_DEPTH];
	size_t depth;
	struct layout_entry *waiting; /* a member whose value comes next */
	size_t cursor;                /* behind the last token */
	size_t documents;
};

static void *grow(struct arena *arena, void *items, size_t count, size_t *size, size_t element)
{
	void *more;

	if (count < *size)
		return items;
	*size = *size == 0 ? 8 : *size * 2;
	more = arena_array(arena, *size, element);
	if (count > 0)
		memcpy(more, items, count * element);
	return more;
}

static void touch(struct layout *layout, size_t at, struct layout_entry *entry)
{
	layout->touches =
	        grow(layout->arena, layout->touches, layout->touch_count, &layout->touch_size, sizeof *layout->touches);
	layout->touches[layout->touch_count++] = (struct layout_touch){ at, entry };
}

static void add_span(struct layout *layout, const struct event *event)
{
	const char *end = memchr(layout->data + event->start, '\n', event->end - event->start);
	bool keep = false;

	for (const char *at = layout->data + event->start + 1; event->block && end != NULL && at < end && *at != ' ';
	     at++)
		keep = keep || *at == '+';
	layout->spans =
	        grow(layout->arena, layout->spans, layout->span_count, &layout->span_size, sizeof *layout->spans);
	layout->spans[layout->span_count++] = (struct layout_span){ event->start, event->end, event->block, keep };
}

size_t layout_column(const struct layout *layout, size_t at)
{
	size_t start = at;

	while (start > 0 && layout->data[start - 1] != '\n')
		start--;
	return at - start;
}

bool layout_is_first(const struct layout *layout, size_t at)
{
	while (at > 0 && (layout->data[at - 1] == ' ' || layout->data[at - 1] == '\t'))
		at--;
	return at == 0 || layout->data[at - 1] == '\n';
}

/* Does the line before this one belong to a text that keeps its empty lines? */
static bool is_kept(const struct layout *layout, size_t line)
{
	size_t low = 0, high = layout->span_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (layout->spans[middle].start < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && layout->spans[low - 1].keep && line <= layout->spans[low - 1].end;
}

bool layout_blank_above(const struct layout *layout, size_t at)
{
	size_t line = at - layout_column(layout, at);
	size_t end = line == 0 ? 0 : line - 1;
	size_t start = end - layout_column(layout, end);

	if (line == 0 || is_kept(layout, line))
		return false;
	for (size_t i = start; i < end; i++) {
		if (strchr(" \t\r", layout->data[i]) == NULL)
			return false;
	}
	return true;
}

/* The last dash before a list's entry; comments in between are passed over. */
static size_t find_dash(const struct layout *layout, size_t from, size_t to)
{
	size_t found = to;

	for (size_t at = from; at < to; at++) {
		bool apart = at == 0 || strchr("\n \t", layout->data[at - 1]) != NULL;

		if (layout->data[at] == '#' && apart) {
			while (at < to && layout->data[at] != '\n')
				at++;
		} else if (layout->data[at] == '-' && apart) {
			found = at;
		}
	}
	return found;
}

static struct layout_entry *add_entry(struct layout_reader *reader, struct layout_node *owner, size_t start)
{
	struct layout *layout = reader->layout;
	struct layout_entry *entry = arena_alloc(layout->arena, sizeof *entry);

	entry->owner = owner;
	entry->start = start;
	/* a line in brackets may be long and hold many entries */
	entry->column = owner->flow ? 0 : layout_column(layout, start);
	entry->blank = !owner->flow && layout_is_first(layout, start) && layout_blank_above(layout, start);
	if (owner->count == 0)
		owner->column = entry->column;
	owner->entries = grow(layout->arena, owner->entries, owner->count, &owner->size, sizeof(struct layout_entry *));
	owner->entries[owner->count++] = entry;
	touch(layout, start, entry);
	return entry;
}

static struct layout_node *make_node(struct layout_reader *reader, const struct event *event)
{
	struct layout *layout = reader->layout;
	struct layout_node *node = arena_alloc(layout->arena, sizeof *node);

	node->kind = event->kind == EVENT_SCALAR ? NODE_SCALAR : event->kind == EVENT_LIST ? NODE_LIST : NODE_OBJECT;
	node->start = event->start;
	node->end = event->end;
	node->plain = event->plain;
	node->block = event->block && node->kind == NODE_SCALAR;
	node->flow = !event->block && node->kind != NODE_SCALAR;
	if (node->kind == NODE_SCALAR) {
		node->text = arena_text(layout->arena, event->text, event->len);
		node->len = event->len;
		if (event->end > event->start)
			add_span(layout, event);
	}
	return node;
}

/* A member's name: begins an entry that waits for its value. */
static void add_name(struct layout_reader *reader, struct layout_node *owner, struct layout_node *name)
{
	if (name->kind != NODE_SCALAR || name->block || name->len > LONGEST_NAME) {
		reader->layout->odd = "it has a name that is no short text";
		return;
	}
	reader->waiting = add_entry(reader, owner, name->start);
	reader->waiting->name = name;
	name->parent = reader->waiting;
}

static void add_value(struct layout_reader *reader, struct layout_node *owner, struct layout_node *value)
{
	struct layout *layout = reader->layout;
	struct layout_entry *entry = reader->waiting;

	if (owner == NULL) {
		layout->root = value;
		return;
	}
	if (owner->kind == NODE_LIST) {
		size_t start = value->start;

		if (!owner->flow)
			start = owner->count == 0 ? owner->start : find_dash(layout, reader->cursor, value->start);
		entry = add_entry(reader, owner, start);
	}
	reader->waiting = NULL;
	entry->value = value;
	value->parent = entry;
	if (value->kind == NODE_SCALAR || value->flow)
		touch(layout, value->start, entry);
}

static void close_node(struct layout_reader *reader, const struct event *event)
{
	struct layout_node *node = reader->open[--reader->depth];

	if (!node->flow)
		return;
	node->end = event->end;
	reader->cursor = event->end;
	if (node->parent != NULL)
		touch(reader->layout, event->end, node->parent);
}

static void add_node(struct layout_reader *reader, const struct event *event)
{
	struct layout *layout = reader->layout;
	struct layout_node *owner = reader->depth == 0 ? NULL : reader->open[reader->depth - 1];
	struct layout_node *node = make_node(reader, event);

	if (owner != NULL && owner->kind == NODE_OBJECT && reader->waiting == NULL)
		add_name(reader, owner, node);
	else
		add_value(reader, owner, node);
	if (node->kind == NODE_SCALAR)
		return;
	if (reader->depth == LAYOUT_DEPTH)
		layout->odd = "it is nested too deep";
	else
		reader->open[reader->depth++] = node;
}

static bool visit(void *user, const struct event *event)
{
	struct layout_reader *reader = user;
	struct layout *layout = reader->layout;

	if (event->special)
		layout->odd = "it has an anchor, alias, tag or directive";
	if (layout->odd != NULL)
		return false;
	switch (event->kind) {
	case EVENT_DOCUMENT:
		if (reader->documents++ > 0)
			layout->odd = "it is not divided from the next one by ---";
		layout->marked = event->marked;
		layout->marker = event->start;
		reader->cursor = event->end;
		break;
	case EVENT_DOCUMENT_END:
		if (event->marked)
			layout->odd = "it ends with ...";
		break;
	case EVENT_SCALAR:
	case EVENT_LIST:
	case EVENT_OBJECT:
		add_node(reader, event);
		/* the first dash of a list in a list is what the list begins with */
		reader->cursor = event->kind == EVENT_SCALAR ? event->end : event->start + 1;
		break;
	case EVENT_END:
		close_node(reader, event);
		break;
	case EVENT_ALIAS:
		break;
	}
	return true;
}

bool layout_read(struct arena *arena, const char *data, size_t len, struct layout *ret_layout)
{
	struct layout layout = { .arena = arena, .data = data, .len = len };
	struct layout_reader reader = { .layout = &layout };

	if (!events_walk(data, len, visit, &reader) && layout.odd == NULL)
		return false;
	*ret_layout = layout;
	return true;
}
