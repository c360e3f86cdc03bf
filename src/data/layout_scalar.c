/* How one text, number or pair of brackets is written within a line. */
#include "character.h"
#include "fops/base/arena.h"
#include "fops/data/emit.h"
#include "layout.h"
#include "plain.h"

/* A text that every reader takes in single quotes, and that double quotes would fill with backslashes. */
static bool wants_single_quotes(const char *text, size_t len)
{
	bool escapes = false;

	for (size_t at = 0; at < len;) {
		uint32_t point = 0;
		size_t step = character_read(text + at, len - at, &point);

		if (step == 0 || point < 0x20 || point == '\'' || is_hidden_character(point))
			return false;
		escapes = escapes || point == '"' || point == '\\';
		at += step;
	}
	return escapes;
}

static bool put_quoted(struct buffer *out, const char *text, size_t len)
{
	struct emitter emitter;

	if (wants_single_quotes(text, len)) {
		buffer_byte(out, '\'');
		buffer_append(out, text, len);
		return buffer_byte(out, '\'');
	}
	emit_start(&emitter, EMIT_JSON, buffer_sink(out));
	emit_text_len(&emitter, text, len);
	return emit_finish(&emitter, false);
}

/* Unquoted in the source and read alike by all: it may stay so although is_plain_text is more careful. */
static bool may_stay_plain(const struct layout *layout, const struct layout_node *node)
{
	return node->plain && !is_number_like(node->text, node->len) &&
	       memchr(layout->data + node->start, '\n', node->end - node->start) == NULL;
}

bool layout_scalar(const struct layout *layout, const struct layout_node *node, bool flow, struct buffer *out)
{
	struct value value = { .kind = VALUE_TEXT };
	enum plain_problem problem = PLAIN_CLEAR;

	if (node->block)
		return false;
	if (node->plain)
		problem = plain_resolve(node->text, node->len, &value);
	/* numbers, booleans and null as they were written */
	if (problem != PLAIN_CLEAR || value.kind != VALUE_TEXT)
		return buffer_append(out, layout->data + node->start, node->end - node->start);
	/* in brackets some readers end a text at a question mark */
	if ((is_plain_text(node->text, node->len) || may_stay_plain(layout, node)) &&
	    !(flow && memchr(node->text, '?', node->len) != NULL))
		return buffer_append(out, node->text, node->len);
	return put_quoted(out, node->text, node->len);
}

static size_t place_of(const struct field *fields, const char *name)
{
	size_t place = 0;

	while (fields != NULL && fields[place].name != NULL && !text_equal(fields[place].name, name))
		place++;
	return fields == NULL ? 0 : place;
}

struct layout_entry **layout_order(const struct layout *layout, const struct layout_node *node,
                                   const struct field *fields)
{
	struct layout_entry **order = arena_array(layout->arena, node->count + 1, sizeof(struct layout_entry *));
	size_t *places = arena_array(layout->arena, node->count + 1, sizeof *places);
	bool sorted = node->kind == NODE_OBJECT && fields != NULL;

	/* by insertion: entries mostly come in order, and those of no known name keep theirs */
	for (size_t i = 0; i < node->count; i++) {
		size_t place = sorted ? place_of(fields, node->entries[i]->name->text) : 0;
		size_t at = i;

		for (; at > 0 && places[at - 1] > place; at--) {
			places[at] = places[at - 1];
			order[at] = order[at - 1];
		}
		places[at] = place;
		order[at] = node->entries[i];
	}
	return order;
}

const struct field *layout_inner_fields(const struct layout_node *node, const struct layout_entry *entry,
                                        const struct field *fields)
{
	const struct field *field;

	/* the objects of a list follow the list's own table */
	if (node->kind == NODE_LIST || fields == NULL || entry->name == NULL)
		return fields;
	field = &fields[place_of(fields, entry->name->text)];
	return field->name == NULL ? NULL : field->fields;
}

static bool put_flow_entry(const struct layout *layout, const struct layout_node *node,
                           const struct layout_entry *entry, const struct field *fields, struct buffer *out)
{
	const struct layout_node *value = entry->value;

	if (entry->head.count > 0 || entry->tail != NULL || value == NULL)
		return false;
	if (entry->name != NULL) {
		/* a colon before a bracket would belong to the name */
		if (!layout_scalar(layout, entry->name, true, out) || !buffer_text(out, ": "))
			return false;
		if (value->kind == NODE_SCALAR && value->end == value->start)
			return true;
	}
	if (value->kind == NODE_SCALAR)
		return (entry->name != NULL || value->end > value->start) && layout_scalar(layout, value, true, out);
	return layout_flow(layout, value, layout_inner_fields(node, entry, fields), out);
}

bool layout_flow(const struct layout *layout, const struct layout_node *node, const struct field *fields,
                 struct buffer *out)
{
	struct layout_entry **order;

	if (!node->flow || node->broken || node->foot.count > 0)
		return false;
	order = layout_order(layout, node, fields);
	buffer_byte(out, node->kind == NODE_LIST ? '[' : '{');
	for (size_t i = 0; i < node->count; i++) {
		buffer_text(out, i == 0 ? "" : ", ");
		if (!put_flow_entry(layout, node, order[i], fields, out))
			return false;
	}
	return buffer_byte(out, node->kind == NODE_LIST ? ']' : '}');
}
