/* Writes a document that was laid out: two blanks a level, members in order, comments in their places. */
#include "character.h"
#include "fops/base/arena.h"
#include "layout.h"

#define WIDTH            120
#define FLOW_LIMIT_BYTES ((size_t)1024)

struct printer {
	struct layout *layout;
	struct buffer *out;
};

static void print_block(struct printer *printer, const struct layout_node *node, const struct field *fields,
                        size_t indent, bool compact);

static void put_indent(struct printer *printer, size_t indent)
{
	for (size_t i = 0; i < indent; i++)
		buffer_byte(printer->out, ' ');
}

static void put_remark(struct printer *printer, const char *text, size_t indent)
{
	put_indent(printer, indent);
	buffer_text(printer->out, text);
	buffer_byte(printer->out, '\n');
}

/* first_blank: may an empty line stand above the first one? */
static void put_remarks(struct printer *printer, const struct remarks *remarks, size_t indent, bool first_blank)
{
	for (size_t i = 0; i < remarks->count; i++) {
		if (remarks->items[i].blank && (i > 0 || first_blank))
			buffer_byte(printer->out, '\n');
		put_remark(printer, remarks->items[i].text, indent);
	}
}

/* The value in brackets behind its name or dash, into text; false when it must be a block. */
static bool fits_line(const struct printer *printer, const struct layout_entry *entry, const struct field *fields,
                      size_t indent, struct buffer *text)
{
	size_t width = indent + 2;

	if (entry->value->count == 0 && entry->value->foot.count == 0)
		return buffer_text(text, entry->value->kind == NODE_LIST ? "[]" : "{}");
	if (!layout_flow(printer->layout, entry->value, fields, text) || text->overflow)
		return false;
	if (entry->name != NULL)
		width += character_count(entry->name->text, entry->name->len);
	return width + character_count(buffer_string(text), text->len) <= WIDTH;
}

static bool is_block_value(const struct printer *printer, const struct layout_entry *entry, const struct field *fields,
                           size_t indent)
{
	struct buffer text = BUFFER(FLOW_LIMIT_BYTES);
	bool fits = entry->value->kind == NODE_SCALAR || fits_line(printer, entry, fields, indent, &text);

	buffer_done(&text);
	return !fits;
}

/* The first entry below a dash stands on the dash's line: its comments go above the dash. */
static void lift_remarks(struct printer *printer, const struct layout_entry *entry, const struct field *fields,
                         size_t indent, size_t shown)
{
	const struct layout_entry *first;
	size_t inner = indent;

	while (entry->name == NULL && is_block_value(printer, entry, fields, inner)) {
		if (entry->tail != NULL)
			put_remark(printer, entry->tail, shown);
		first = layout_order(printer->layout, entry->value, fields)[0];
		for (size_t i = 0; i < first->head.count; i++)
			put_remark(printer, first->head.items[i].text, shown);
		fields = layout_inner_fields(entry->value, first, fields);
		entry = first;
		inner += 2;
	}
}

static void put_tail(struct printer *printer, const struct layout_entry *entry)
{
	if (entry->tail != NULL) {
		buffer_byte(printer->out, ' ');
		buffer_text(printer->out, entry->tail);
	}
	buffer_byte(printer->out, '\n');
}

static size_t count_blanks(const char *line, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && line[blanks] == ' ')
		blanks++;
	return blanks;
}

/* Bytes of the line at text, without its end; ret_step goes to the next one. */
static size_t line_length(const char *text, size_t len, size_t *ret_step)
{
	const char *end = memchr(text, '\n', len);
	size_t line = end == NULL ? len : (size_t)(end - text);

	*ret_step = end == NULL ? len : line + 1;
	return line > 0 && text[line - 1] == '\r' ? line - 1 : line;
}

/* The lines of a block scalar, moved to their new indentation; its empty lines at the end only where they count. */
static void put_block_lines(struct printer *printer, const char *text, size_t len, size_t indent, bool keep)
{
	size_t empty = 0;
	size_t old = 0;
	bool known = false;

	for (size_t at = 0, step = 0; at < len; at += step) {
		const char *line = text + at;
		size_t length = line_length(line, len - at, &step);
		size_t blanks = count_blanks(line, length);

		if (!known && blanks < length) {
			old = blanks;
			known = true;
		}
		if (blanks == length && (!known || length <= old)) {
			empty++;
			continue;
		}
		for (; empty > 0; empty--)
			buffer_byte(printer->out, '\n');
		put_indent(printer, indent);
		buffer_append(printer->out, line + old, length - old);
		buffer_byte(printer->out, '\n');
	}
	for (; keep && empty > 0; empty--)
		buffer_byte(printer->out, '\n');
	if (!known)
		printer->layout->odd = "it has a block text without content";
}

static void put_block_scalar(struct printer *printer, const struct layout_entry *entry, size_t indent)
{
	const struct layout_node *node = entry->value;
	const char *text = printer->layout->data + node->start;
	size_t len = node->end - node->start;
	size_t header = 1;
	size_t step;

	while (header < len && (text[header] == '+' || text[header] == '-'))
		header++;
	if (header < len && text[header] >= '0' && text[header] <= '9')
		printer->layout->odd = "it has a block text with an indentation indicator";
	buffer_byte(printer->out, ' ');
	buffer_append(printer->out, text, header);
	put_tail(printer, entry);
	(void)line_length(text, len, &step);
	put_block_lines(printer, text + step, len - step, indent + 2, memchr(text, '+', header) != NULL);
}

static void put_value(struct printer *printer, const struct layout_entry *entry, const struct field *fields,
                      size_t indent)
{
	const struct layout_node *value = entry->value;
	struct buffer text = BUFFER(FLOW_LIMIT_BYTES);

	if (value->kind == NODE_SCALAR && value->block) {
		put_block_scalar(printer, entry, indent);
	} else if (value->kind == NODE_SCALAR) {
		if (value->end > value->start)
			buffer_byte(printer->out, ' ');
		if (value->end > value->start && !layout_scalar(printer->layout, value, false, printer->out))
			printer->layout->odd = "it has a text that cannot be written";
		put_tail(printer, entry);
	} else if (fits_line(printer, entry, fields, indent, &text)) {
		buffer_byte(printer->out, ' ');
		buffer_append(printer->out, buffer_string(&text), text.len);
		put_tail(printer, entry);
	} else if (entry->name != NULL) {
		put_tail(printer, entry);
		print_block(printer, value, fields, indent + 2, false);
	} else {
		buffer_byte(printer->out, ' ');
		print_block(printer, value, fields, indent + 2, true);
	}
	buffer_done(&text);
}

static void print_block(struct printer *printer, const struct layout_node *node, const struct field *fields,
                        size_t indent, bool compact)
{
	struct layout_entry **order = layout_order(printer->layout, node, fields);

	for (size_t i = 0; i < node->count; i++) {
		const struct layout_entry *entry = order[i];
		const struct field *inner = layout_inner_fields(node, entry, fields);
		/* what stood first had no empty line above that was its own */
		bool blank = i > 0 && entry != node->entries[0];

		if (i > 0 || !compact) {
			put_remarks(printer, &entry->head, indent, blank);
			if (entry->blank && (entry->head.count > 0 || blank))
				buffer_byte(printer->out, '\n');
			lift_remarks(printer, entry, inner, indent, indent);
			put_indent(printer, indent);
		}
		if (entry->name == NULL)
			buffer_byte(printer->out, '-');
		else if (layout_scalar(printer->layout, entry->name, false, printer->out))
			buffer_byte(printer->out, ':');
		put_value(printer, entry, inner, indent);
	}
	put_remarks(printer, &node->foot, indent, true);
}

void layout_print(struct layout *layout, const struct field *fields, struct buffer *out)
{
	struct printer printer = { layout, out };

	put_remarks(&printer, &layout->preface, 0, false);
	if (layout->marked) {
		buffer_text(out, "---");
		if (layout->marker_tail != NULL) {
			buffer_byte(out, ' ');
			buffer_text(out, layout->marker_tail);
		}
		buffer_byte(out, '\n');
	}
	put_remarks(&printer, &layout->head, 0, false);
	if (layout->head_blank)
		buffer_byte(out, '\n');
	print_block(&printer, layout->root, fields, 0, false);
}
