/* Tables and records for people, tsv and compact for programs that read lines. */
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "output_private.h"

#define ROWS_BEFORE_WIDTHS 500
#define NARROWEST          8
#define LINE_LIMIT_BYTES   ((size_t)64 << 20)

static void put(struct output *output, const char *text)
{
	stream_write(&output->stream, text, strlen(text));
}

/* Text for one cell: foreign control characters made visible, "-" for none; human: 1.5s instead of milliseconds. */
static const char *shown_text(struct output *output, const struct cell *cell, const void *row, bool human)
{
	const char *text = cell_text(output->rows, cell, row, human);
	struct buffer safe = BUFFER((size_t)1 << 20);
	const char *result;

	if (text == NULL || text[0] == '\0')
		return "-";
	terminal_escape(&safe, text, strlen(text));
	result = arena_text(output->rows, buffer_string(&safe), safe.len);
	buffer_done(&safe);
	return result;
}

static const char *state_color(const char *state)
{
	if (text_in_choices("ok|live|running|exited|open|yes|enforced", state))
		return "\033[32m";
	if (text_in_choices("degraded|unknown|pending|proposal|stopped|warning|skipped|none|elsewhere", state))
		return "\033[33m";
	return "\033[31m";
}

static void put_padded(struct output *output, size_t index, const char *text, bool heading, bool last)
{
	const struct cell *cell = &output->cells[index];
	size_t width = output->table.widths[index];
	size_t len = strlen(text);
	size_t columns = text_columns(text, len);
	size_t fit = len;
	bool cut = columns > width;
	bool color = output->color && !heading && (cell->column->flags & COLUMN_STATE) != 0 && strcmp(text, "-") != 0;
	size_t pad;

	if (cut) {
		fit = text_fit(text, len, width - 1);
		columns = text_columns(text, fit) + 1;
	}
	pad = width > columns ? width - columns : 0;
	if (cell_is_number(cell) && pad > 0)
		stream_write(&output->stream, arena_format(output->rows, "%*s", (int)pad, ""), pad);
	if (color)
		put(output, state_color(text));
	stream_write(&output->stream, text, fit);
	if (cut)
		put(output, terminal_has_utf8() ? "\xE2\x80\xA6" : "~");
	if (color)
		put(output, "\033[0m");
	if (!last && !cell_is_number(cell) && pad > 0)
		stream_write(&output->stream, arena_format(output->rows, "%*s", (int)pad, ""), pad);
	put(output, last ? "\n" : "  ");
}

static size_t table_width(const struct output *output)
{
	size_t width = 0;

	for (size_t i = 0; i < output->cell_count; i++) {
		if (output->table.shown[i])
			width += output->table.widths[i] + (width > 0 ? 2 : 0);
	}
	return width;
}

/* Too wide for the terminal: drop columns from the right unless they were asked for by name, then cut the widest. */
static void fit_table(struct output *output)
{
	struct table *table = &output->table;
	size_t room = terminal_width(output->stream.descriptor);
	bool chosen = output->call->globals.fields != NULL;

	for (size_t i = output->cell_count; !chosen && i-- > 1 && table_width(output) > room;) {
		if ((output->cells[i].column->flags & (COLUMN_KEEP | COLUMN_STATE)) == 0)
			table->shown[i] = false;
	}
	while (table_width(output) > room) {
		size_t widest = 0;

		for (size_t i = 1; i < output->cell_count; i++) {
			if (table->shown[i] && (!table->shown[widest] || table->widths[i] > table->widths[widest]))
				widest = i;
		}
		if (table->widths[widest] <= NARROWEST)
			break;
		table->widths[widest]--;
	}
}

static void measure_table(struct output *output)
{
	struct table *table = &output->table;

	table->widths = arena_array(output->call->arena, output->cell_count, sizeof *table->widths);
	table->shown = arena_array(output->call->arena, output->cell_count, sizeof *table->shown);
	for (size_t i = 0; i < output->cell_count; i++) {
		table->shown[i] = true;
		table->widths[i] = output->call->globals.headers ? strlen(output->cells[i].heading) : 1;
		for (size_t r = 0; r < table->count; r++) {
			size_t columns = text_columns(table->rows[r][i], strlen(table->rows[r][i]));

			if (columns > table->widths[i])
				table->widths[i] = columns;
		}
	}
	/* wide promises all columns; the terminal breaks the lines */
	if (output->format != OUTPUT_WIDE)
		fit_table(output);
}

static void put_line(struct output *output, const char *const *texts, bool heading)
{
	size_t last = 0;

	for (size_t i = 0; i < output->cell_count; i++) {
		if (output->table.shown[i])
			last = i;
	}
	for (size_t i = 0; i <= last; i++) {
		if (output->table.shown[i])
			put_padded(output, i, texts[i], heading, i == last);
	}
}

static void put_table(struct output *output)
{
	struct table *table = &output->table;

	if (!table->started) {
		const char **headings = arena_array(output->call->arena, output->cell_count, sizeof *headings);

		table->started = true;
		measure_table(output);
		for (size_t i = 0; i < output->cell_count; i++)
			headings[i] = output->cells[i].heading;
		if (output->call->globals.headers)
			put_line(output, headings, true);
	}
	for (size_t r = 0; r < table->count; r++)
		put_line(output, table->rows[r], false);
	table->count = 0;
	stream_flush(&output->stream);
	arena_rewind(output->rows, (struct arena_mark){ NULL, 0 });
	table->size = 0;
}

void table_row(struct output *output, const void *row)
{
	struct table *table = &output->table;
	const char **texts = arena_array(output->rows, output->cell_count, sizeof *texts);

	for (size_t i = 0; i < output->cell_count; i++) {
		const char *text = shown_text(output, &output->cells[i], row, true);

		/* the row's own memory may be reused before the table is printed */
		texts[i] = arena_copy(output->rows, text);
	}
	if (table->count == table->size) {
		const char ***rows = arena_array(output->rows, ROWS_BEFORE_WIDTHS, sizeof *rows);

		table->rows = rows;
		table->size = ROWS_BEFORE_WIDTHS;
	}
	table->rows[table->count++] = texts;
	if (table->count == ROWS_BEFORE_WIDTHS)
		put_table(output);
}

void table_finish(struct output *output)
{
	if (output->table.count > 0)
		put_table(output);
}

/* Nested records print as dotted names, one line per value; those of a list are numbered. */
static void put_members(struct output *output, const struct column *columns, const void *record, const char *prefix,
                        size_t width)
{
	for (; columns->key != NULL; columns++) {
		struct cell cell = cell_of(columns);
		const char *name = arena_format(output->rows, "%s%s", prefix, columns->key);
		const struct record_list *list = SLOT_GET(struct record_list, record, columns->slot);

		if (columns->slot.kind == SLOT_RECORD) {
			put_members(output, columns->columns, SLOT_GET(void, record, columns->slot),
			            arena_format(output->rows, "%s.", name), width);
			continue;
		}
		if (columns->slot.kind != SLOT_RECORDS) {
			put(output, arena_format(output->rows, "%-*s  %s\n", (int)width, name,
			                         shown_text(output, &cell, record, false)));
			continue;
		}
		for (size_t i = 0; i < list->count; i++)
			put_members(output, columns->columns, (const char *)list->items + i * columns->record_size,
			            arena_format(output->rows, "%s[%zu].", name, i), width);
		if (list->count == 0)
			put(output, arena_format(output->rows, "%-*s  -\n", (int)width, name));
	}
}

static size_t widest_member(const struct column *columns, const void *record, size_t prefix)
{
	size_t widest = 0;

	for (; columns->key != NULL; columns++) {
		size_t width = prefix + strlen(columns->key);
		const struct record_list *list = SLOT_GET(struct record_list, record, columns->slot);

		if (columns->slot.kind == SLOT_RECORD)
			width = widest_member(columns->columns, SLOT_GET(void, record, columns->slot), width + 1);
		for (size_t i = 0; columns->slot.kind == SLOT_RECORDS && i < list->count; i++) {
			const char *item = (const char *)list->items + i * columns->record_size;
			/* "[10]." */
			size_t inner =
			        widest_member(columns->columns, item,
			                      prefix + strlen(columns->key) + (size_t)snprintf(NULL, 0, "[%zu].", i));

			width = inner > width ? inner : width;
		}
		if (width > widest)
			widest = width;
	}
	return widest;
}

void record_lines(struct output *output, const void *record)
{
	size_t width = 0;

	if (output->call->globals.fields == NULL && output->call->globals.json_fields == NULL) {
		put_members(output, output->command->columns, record, "",
		            widest_member(output->command->columns, record, 0));
		return;
	}
	for (size_t i = 0; i < output->cell_count; i++) {
		size_t len = strlen(output->cells[i].key);

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < output->cell_count; i++)
		put(output, arena_format(output->rows, "%-*s  %s\n", (int)width, output->cells[i].key,
		                         shown_text(output, &output->cells[i], record, false)));
}

/* tsv and compact escape what would break a line or field; absent is empty. */
static void append_field(struct buffer *line, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		switch (*text) {
		case '\t':
			buffer_text(line, "\\t");
			break;
		case '\n':
			buffer_text(line, "\\n");
			break;
		case '\r':
			buffer_text(line, "\\r");
			break;
		case '\\':
			buffer_text(line, "\\\\");
			break;
		default:
			buffer_byte(line, *text);
		}
	}
}

static void put_fields(struct output *output, const void *row)
{
	struct buffer line = BUFFER(LINE_LIMIT_BYTES);
	struct buffer field = BUFFER(LINE_LIMIT_BYTES);
	struct arena_mark mark = arena_mark(output->rows);

	for (size_t i = 0; i < output->cell_count; i++) {
		buffer_clear(&field);
		append_field(&field, row == NULL ? output->cells[i].key
		                                 : cell_text(output->rows, &output->cells[i], row, false));
		buffer_text(&field, field.len == 0 && output->dashes ? "-" : "");
		buffer_text(&line, i == 0 ? "" : "\t");
		/* behind head or grep such lines do reach a terminal; backslashes are doubled, so \xNN is unambiguous
		 */
		terminal_escape(&line, buffer_string(&field), field.len);
	}
	buffer_byte(&line, '\n');
	buffer_done(&field);
	if (output->format == OUTPUT_COMPACT)
		buffer_append(&output->document, buffer_string(&line), line.len);
	else
		stream_write(&output->stream, buffer_string(&line), line.len);
	buffer_done(&line);
	arena_rewind(output->rows, mark);
}

void tsv_heading(struct output *output)
{
	if (output->call->globals.headers || output->format == OUTPUT_COMPACT)
		put_fields(output, NULL);
}

void tsv_row(struct output *output, const void *row)
{
	put_fields(output, row);
}

void compact_finish(struct output *output)
{
	struct arena *arena = output->call->arena;

	put(output,
	    arena_format(arena, "#%s context=%s as_of=%s n=%llu/%llu", output->command->schema,
	                 output->context == NULL ? "-" : output->context, instant_format(arena, clock_now(), false),
	                 (unsigned long long)output->returned, (unsigned long long)output->total));
	for (size_t i = 0; i < output->source_count; i++)
		put(output, arena_format(arena, " commit=%s%s", output->sources[i].commit,
		                         output->sources[i].stale ? " stale" : ""));
	if (output->partial)
		put(output, " partial");
	if (output->more)
		put(output, arena_format(arena, " next=%s", output->last_name));
	put(output, "\n");
	stream_write(&output->stream, buffer_string(&output->document), output->document.len);
}
