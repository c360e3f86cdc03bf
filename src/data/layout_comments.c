/* Finds the comments of a document and gives each the entry that it stands beside, above or behind. */
#include "fops/base/arena.h"
#include "layout.h"

struct comment {
	size_t at;
	size_t column;
	const char *text;
	bool alone; /* on a line of its own */
	bool blank; /* below an empty line */
};

static void add_remark(struct layout *layout, struct remarks *remarks, const struct comment *comment)
{
	if (remarks->count == remarks->size) {
		size_t size = remarks->size == 0 ? 4 : remarks->size * 2;
		struct remark *items = arena_array(layout->arena, size, sizeof *items);

		if (remarks->count > 0)
			memcpy(items, remarks->items, remarks->count * sizeof *items);
		remarks->items = items;
		remarks->size = size;
	}
	remarks->items[remarks->count++] = (struct remark){ comment->text, comment->blank };
}

/* The comment's text up to the end of its line, without blanks at the end. */
static struct comment read_comment(struct layout *layout, size_t at)
{
	const char *text = layout->data + at;
	const char *end = memchr(text, '\n', layout->len - at);
	size_t len = end == NULL ? layout->len - at : (size_t)(end - text);
	struct comment comment = { .at = at };

	while (len > 1 && strchr(" \t\r", text[len - 1]) != NULL)
		len--;
	comment.column = layout_column(layout, at);
	comment.text = arena_text(layout->arena, text, len);
	comment.alone = layout_is_first(layout, at);
	comment.blank = comment.alone && layout_blank_above(layout, at);
	if (layout->comment_count == layout->comment_size) {
		size_t size = layout->comment_size == 0 ? 16 : layout->comment_size * 2;
		const char **more = arena_array(layout->arena, size, sizeof *more);

		if (layout->comment_count > 0)
			memcpy(more, layout->comments, layout->comment_count * sizeof *more);
		layout->comments = more;
		layout->comment_size = size;
	}
	layout->comments[layout->comment_count++] = comment.text;
	return comment;
}

/* The index of the first touch behind a place. */
static size_t touch_behind(const struct layout *layout, size_t at)
{
	size_t low = 0, high = layout->touch_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (layout->touches[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct layout_node *container_above(const struct layout_node *node)
{
	return node->parent == NULL ? NULL : node->parent->owner;
}

static bool encloses(const struct layout_node *node, size_t at)
{
	return node->flow && node->start < at && at < node->end;
}

/* The innermost brackets around a place, seen from an entry beside it. Those and all around them must go. */
static struct layout_node *break_brackets(const struct layout_entry *entry, size_t at)
{
	struct layout_node *innermost = NULL;
	struct layout_node *node = entry->value;

	if (node == NULL || !encloses(node, at))
		node = entry->owner;
	for (; node != NULL; node = container_above(node)) {
		if (!encloses(node, at))
			continue;
		node->broken = true;
		innermost = innermost == NULL ? node : innermost;
	}
	return innermost;
}

static bool holds(const struct layout_node *node, const struct layout_entry *entry)
{
	for (const struct layout_node *at = entry->owner; at != NULL; at = container_above(at)) {
		if (at == node)
			return true;
	}
	return false;
}

/* The list or object that the comment ends: it is indented like its entries, and the next entry stands further left. */
static struct layout_node *ended_by(const struct layout_entry *before, const struct layout_entry *next,
                                    const struct comment *comment)
{
	struct layout_node *node = before->owner;

	for (; node != NULL && (next == NULL || !holds(node, next)); node = container_above(node)) {
		struct layout_node *above = container_above(node);
		bool indented = above == NULL || above->flow || node->column > above->column;

		if (!node->flow && indented && node->column <= comment->column &&
		    (next == NULL || node->column > next->column))
			return node;
	}
	return NULL;
}

/* The remarks at the end of brackets; of empty ones, above the entry that holds them. */
static struct remarks *end_of_brackets(struct layout *layout, struct layout_node *brackets)
{
	if (brackets->count > 0)
		return &brackets->foot;
	return brackets->parent == NULL ? &layout->head : &brackets->parent->head;
}

static void attach_alone(struct layout *layout, const struct comment *comment)
{
	size_t behind = touch_behind(layout, comment->at);
	struct layout_entry *before = behind == 0 ? NULL : layout->touches[behind - 1].entry;
	struct layout_entry *next = behind == layout->touch_count ? NULL : layout->touches[behind].entry;
	struct layout_node *place;

	if (before == NULL) {
		add_remark(layout, &layout->head, comment);
		return;
	}
	place = break_brackets(before, comment->at);
	if (place == NULL && next != NULL)
		place = break_brackets(next, comment->at);
	if (place != NULL) {
		bool within = next != NULL && layout->touches[behind].at < place->end && holds(place, next);

		add_remark(layout, within ? &next->head : end_of_brackets(layout, place), comment);
		return;
	}
	place = ended_by(before, next, comment);
	if (place != NULL)
		add_remark(layout, &place->foot, comment);
	else
		add_remark(layout, next == NULL ? &layout->root->foot : &next->head, comment);
}

static void attach_beside(struct layout *layout, const struct comment *comment)
{
	size_t behind = touch_behind(layout, comment->at);
	struct layout_entry *entry = behind == 0 ? NULL : layout->touches[behind - 1].entry;

	if (entry == NULL && layout->marked && layout->marker_tail == NULL && layout->marker < comment->at) {
		layout->marker_tail = comment->text;
		return;
	}
	if (entry == NULL) {
		add_remark(layout, &layout->head, comment);
		return;
	}
	(void)break_brackets(entry, comment->at);
	if (entry->tail == NULL)
		entry->tail = comment->text;
	else
		add_remark(layout, &entry->head, comment);
}

static void attach(struct layout *layout, size_t at)
{
	struct comment comment = read_comment(layout, at);

	if (layout->marked && at < layout->marker)
		add_remark(layout, &layout->preface, &comment);
	else if (comment.alone)
		attach_alone(layout, &comment);
	else
		attach_beside(layout, &comment);
}

/* Comments between two texts: behind a blank or at the start of a line. */
static void search(struct layout *layout, size_t from, size_t to)
{
	for (size_t at = from; at < to; at++) {
		if (layout->data[at] != '#' || (at > 0 && strchr(" \t\n", layout->data[at - 1]) == NULL))
			continue;
		attach(layout, at);
		while (at < to && layout->data[at] != '\n')
			at++;
	}
}

void layout_attach_comments(struct layout *layout)
{
	const struct layout_node *root = layout->root;
	size_t from = 0;

	if (root == NULL || root->kind == NODE_SCALAR || root->count == 0) {
		layout->odd = "it holds nothing to lay out";
		return;
	}
	for (size_t i = 0; i < layout->span_count; i++) {
		const struct layout_span *span = &layout->spans[i];
		const char *start = layout->data + span->start;

		search(layout, from, span->start);
		if (span->block) {
			const char *end = memchr(start, '\n', span->end - span->start);

			search(layout, span->start, end == NULL ? span->end : (size_t)(end - layout->data));
		}
		from = span->end;
	}
	search(layout, from, layout->len);
	layout->head_blank = layout->head.count > 0 && root->entries[0]->blank && root->entries[0]->head.count == 0;
}
