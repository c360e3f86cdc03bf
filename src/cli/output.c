/* Choice of format and fields, and the path of a row: filter, sort, cursor, limit, print. */
#include "fops/cli/output.h"

#include <errno.h>

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/settings.h"
#include "fops/data/document.h"
#include "output_private.h"

#define ROWS_LIMIT_BYTES     ((size_t)1 << 30)
#define DOCUMENT_LIMIT_BYTES ((size_t)256 << 20)

static bool read_format(struct output *output, struct error *err)
{
	static const char *const names[] = { "table", "wide", "json", "jsonl", "yaml", "name", "tsv", "compact" };
	struct call *call = output->call;
	const char *format = call->globals.format;

	if (call->globals.json_given && format != NULL && !text_equal(format, "json"))
		return fail(err, ERROR_USAGE_CONFLICT, "--json and -o %s exclude each other", format);
	if (call->globals.json_given)
		format = "json";
	if (format == NULL)
		format = getenv("FOPS_OUTPUT");
	if (format == NULL || format[0] == '\0')
		format = "table";
	if (text_starts(format, "jsonpath=")) {
		output->format = OUTPUT_JSONPATH;
		return jsonpath_compile(call->arena, format + strlen("jsonpath="), &output->path, err);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], format) == 0) {
			output->format = (enum output_format)i;
			return true;
		}
	}
	fail(err, ERROR_USAGE_BAD_VALUE, "no output format \"%s\"", format);
	error_cause(err, "formats are table, wide, json, jsonl, yaml, name, tsv, compact and jsonpath=EXPR");
	error_fix(err, "%s %s -o json", call->program, call->path);
	return false;
}

static bool unknown_field(const struct output *output, const char *field, struct error *err)
{
	const char *names[64];
	size_t count = 0;
	const char *near;

	for (const struct column *column = output->command->columns; column->key != NULL && count < 64; column++)
		names[count++] = column->key;
	near = text_suggest(output->call->arena, field, names, count);
	fail(err, ERROR_USAGE_UNKNOWN_FIELD, "%s has no field \"%s\"", output->call->path, field);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "%s %s --fields help", output->call->program, output->call->path);
	return false;
}

static bool resolve(struct output *output, const char *field, struct cell *ret_cell, struct error *err)
{
	return cell_resolve(output->call->arena, output->command->columns, field, ret_cell) ||
	       unknown_field(output, field, err);
}

static bool is_chosen(const struct output *output, const char *field)
{
	for (size_t i = 0; i < output->cell_count; i++) {
		if (strcmp(output->cells[i].key, field) == 0)
			return true;
	}
	return false;
}

static bool choose_named(struct output *output, const char *fields, struct error *err)
{
	struct text_list names = text_split(output->call->arena, fields, ',');

	if (names.count == 0)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--fields needs at least one field");
	output->cells = arena_array(output->call->arena, names.count, sizeof *output->cells);
	for (size_t i = 0; i < names.count; i++) {
		/* a name given twice would stand twice in an object */
		if (is_chosen(output, names.items[i]))
			continue;
		if (!resolve(output, names.items[i], &output->cells[output->cell_count], err))
			return false;
		output->cell_count++;
	}
	return true;
}

/* --fields a,b or --json=a,b; NULL when the default is wanted. */
static const char *chosen_fields(const struct globals *globals)
{
	const char *fields = globals->fields != NULL ? globals->fields : globals->json_fields;

	return fields == NULL || fields[0] == '\0' ? NULL : fields;
}

/* Do all columns of a row stand in this format, or only those of a table? */
static bool shows_all(const struct output *output)
{
	return output->format == OUTPUT_WIDE || output->format == OUTPUT_JSON || output->format == OUTPUT_JSONL ||
	       output->format == OUTPUT_YAML || output->format == OUTPUT_JSONPATH ||
	       (output->command->flags & COMMAND_RECORD) != 0;
}

void output_widen(struct output *output)
{
	if (chosen_fields(&output->call->globals) != NULL)
		return;
	for (const struct column *column = output->command->columns; column->key != NULL; column++) {
		bool shown = false;

		for (size_t i = 0; i < output->cell_count; i++)
			shown = shown || output->cells[i].column == column;
		/* choose_default has made room for every column */
		if (!shown && (shows_all(output) || (column->flags & COLUMN_ASIDE) == 0))
			output->cells[output->cell_count++] = cell_of(column);
	}
}

static void choose_default(struct output *output)
{
	size_t count = 0;

	while (output->command->columns[count].key != NULL)
		count++;
	output->cells = arena_array(output->call->arena, count, sizeof *output->cells);
	for (size_t i = 0; i < count; i++) {
		const struct column *column = &output->command->columns[i];

		if ((column->flags & COLUMN_ASKED) == 0 && (shows_all(output) || (column->flags & COLUMN_WIDE) == 0))
			output->cells[output->cell_count++] = cell_of(column);
	}
}

static bool read_filters(struct output *output, struct error *err)
{
	const struct text_list *texts = &output->call->globals.filters;

	output->filters = arena_array(output->call->arena, texts->count, sizeof *output->filters);
	output->filter_count = texts->count;
	for (size_t i = 0; i < texts->count; i++) {
		const char *equals = strchr(texts->items[i], '=');
		struct filter *filter = &output->filters[i];
		size_t len;

		if (equals == NULL || equals == texts->items[i])
			return fail(err, ERROR_USAGE_BAD_VALUE, "--filter does not accept \"%s\": it takes FIELD=VALUE",
			            texts->items[i]);
		filter->differs = equals[-1] == '!';
		len = (size_t)(equals - texts->items[i]) - (filter->differs ? 1 : 0);
		filter->value = equals + 1;
		if (!resolve(output, arena_text(output->call->arena, texts->items[i], len), &filter->cell, err))
			return false;
	}
	return true;
}

static void list_fields(struct output *output)
{
	for (const struct column *column = output->command->columns; column->key != NULL; column++)
		output_text(output, arena_format(output->call->arena, "%-20s %s\n", column->key, column->text));
	output->listed_fields = true;
}

static bool read_selection(struct output *output, struct error *err)
{
	const struct globals *globals = &output->call->globals;
	const char *fields = chosen_fields(globals);
	const char *sort = globals->sort;

	if (text_equal(fields, "help")) {
		list_fields(output);
		return true;
	}
	if (fields != NULL) {
		if (!choose_named(output, fields, err))
			return false;
	} else {
		choose_default(output);
	}
	if (sort != NULL) {
		output->descending = sort[0] == '-';
		output->sorted = true;
		if (!resolve(output, sort + (output->descending ? 1 : 0), &output->sort, err))
			return false;
	}
	if (globals->limit.present && globals->limit.value == 0)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--limit needs a number above 0");
	output->limit = globals->limit.present ? (uint64_t)globals->limit.value : UINT64_MAX;
	output->after = globals->after;
	return read_filters(output, err);
}

static bool wants_color(const struct output *output)
{
	const struct call *call = output->call;
	const char *choice = call->settings != NULL ? call->settings->color : call->globals.color;
	const char *force = getenv("CLICOLOR_FORCE");
	const char *off = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (choice != NULL && strcmp(choice, "auto") != 0)
		return strcmp(choice, "always") == 0;
	if (off != NULL && off[0] != '\0')
		return false;
	if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0)
		return true;
	return output->terminal && !text_equal(terminal, "dumb") && terminal != NULL &&
	       !text_equal(getenv("CLICOLOR"), "0");
}

bool output_choose(struct output *output, const char *flag, enum output_format format, const char *fields,
                   struct error *err)
{
	struct globals *globals = &output->call->globals;

	if (globals->format != NULL || globals->json_given || chosen_fields(globals) != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "%s excludes -o, --json and --fields", flag);
	if (globals->quiet == 0)
		output->format = format;
	globals->headers = false;
	output->dashes = true;
	output->cell_count = 0;
	return choose_named(output, fields, err);
}

bool output_open(struct call *call, struct error *err)
{
	struct output *output = arena_alloc(call->arena, sizeof *output);

	output->call = call;
	output->command = call->command;
	output->stream = (struct output_stream){ .descriptor = STDOUT_FILENO, .pending = BUFFER((size_t)1 << 20) };
	output->document = BUFFER(DOCUMENT_LIMIT_BYTES);
	output->rows = arena_new(ROWS_LIMIT_BYTES);
	output->terminal = terminal_is(STDOUT_FILENO);
	output->color = wants_color(output);
	output->pretty = call->globals.pretty || output->terminal;
	call->output = output;
	if ((call->command->flags & (COMMAND_ROWS | COMMAND_RECORD | COMMAND_EVENTS)) == 0)
		return true;
	if (!read_format(output, err))
		return false;
	if (call->command->columns == NULL)
		return true;
	if (!read_selection(output, err))
		return false;
	/* what goes into a pipe is for programs: names in full, no padding */
	if (output->format <= OUTPUT_WIDE && !output->terminal && (call->command->flags & COMMAND_ROWS) != 0)
		output->format = OUTPUT_TSV;
	if (call->globals.quiet > 0 && output->format == OUTPUT_TSV)
		output->format = OUTPUT_NAME;
	if (call->globals.quiet > 0 && output->format <= OUTPUT_WIDE)
		output->format = OUTPUT_NAME;
	return true;
}

void output_close(struct output *output)
{
	if (output == NULL)
		return;
	buffer_done(&output->stream.pending);
	buffer_done(&output->document);
	arena_free(output->rows);
	free(output->last_name);
	free(output->waiting);
}

enum output_format output_format(const struct output *output)
{
	return output->format;
}

bool output_listed_fields(const struct output *output)
{
	return output->listed_fields;
}

void output_source(struct output *output, const struct output_source *source)
{
	struct output_source *longer = arena_array(output->call->arena, output->source_count + 1, sizeof *longer);

	if (output->source_count > 0)
		memcpy(longer, output->sources, output->source_count * sizeof *longer);
	longer[output->source_count++] = *source;
	output->sources = longer;
}

void output_context(struct output *output, const char *context)
{
	output->context = context;
}

void output_partial(struct output *output)
{
	output->partial = true;
}

void output_list(struct output *output)
{
	output->is_list = true;
}

const char *row_name(struct arena *arena, const struct output *output, const void *row)
{
	struct cell cell = cell_of(&output->command->columns[0]);

	return cell_text(arena, &cell, row, false);
}

static void print_name(struct output *output, const void *row)
{
	struct arena_mark mark = arena_mark(output->rows);
	const char *name = row_name(output->rows, output, row);

	if (output->call->globals.quiet == 0)
		output_text(output, arena_format(output->rows, "%s/", output->command->item));
	output_text(output, name);
	output_text(output, "\n");
	arena_rewind(output->rows, mark);
}

static void begin(struct output *output)
{
	if (output->begun)
		return;
	output->begun = true;
	if (output->format == OUTPUT_TSV || output->format == OUTPUT_COMPACT)
		tsv_heading(output);
	else if (output->format == OUTPUT_JSON || output->format == OUTPUT_YAML || output->format == OUTPUT_JSONL ||
	         output->format == OUTPUT_JSONPATH)
		document_begin(output);
}

static void print_row(struct output *output, const void *row)
{
	switch (output->format) {
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
		table_row(output, row);
		break;
	case OUTPUT_TSV:
	case OUTPUT_COMPACT:
		tsv_row(output, row);
		break;
	case OUTPUT_NAME:
		print_name(output, row);
		break;
	case OUTPUT_JSON:
	case OUTPUT_JSONL:
	case OUTPUT_YAML:
	case OUTPUT_JSONPATH:
		document_row(output, row);
		break;
	}
}

/* Behind filter and sort: cursor and limit, then print. */
void deliver_row(struct output *output, const void *row)
{
	struct arena *scratch = NULL;
	const char *name;

	output->total++;
	if (output->after != NULL && !output->after_seen) {
		struct arena_mark mark = arena_mark(output->rows);

		output->after_seen = text_equal(row_name(output->rows, output, row), output->after);
		arena_rewind(output->rows, mark);
		return;
	}
	if (output->returned >= output->limit) {
		output->more = true;
		return;
	}
	begin(output);
	print_row(output, row);
	output->returned++;
	if (output->limit == UINT64_MAX)
		return;
	scratch = arena_new((size_t)1 << 20);
	name = row_name(scratch, output, row);
	free(output->last_name);
	output->last_name = name == NULL ? NULL : strdup(name);
	arena_free(scratch);
}

static bool passes_filters(struct output *output, const void *row)
{
	struct arena_mark mark = arena_mark(output->rows);
	bool passes = true;

	for (size_t i = 0; passes && i < output->filter_count; i++) {
		const struct filter *filter = &output->filters[i];
		const char *text = cell_text(output->rows, &filter->cell, row, false);

		passes = text_equal(text == NULL ? "" : text, filter->value) != filter->differs;
	}
	if (output->filter_count > 0)
		arena_rewind(output->rows, mark);
	return passes;
}

void output_row(struct output *output, const void *row)
{
	if (output->stream.failed != 0 || !passes_filters(output, row))
		return;
	if (output->sorted)
		keep_row(output, row);
	else
		deliver_row(output, row);
}

bool output_is_done(const struct output *output)
{
	return output->stream.failed != 0;
}

void output_record(struct output *output, const void *record)
{
	switch (output->format) {
	case OUTPUT_TABLE:
	case OUTPUT_WIDE:
		record_lines(output, record);
		break;
	case OUTPUT_TSV:
	case OUTPUT_COMPACT:
		output->returned = output->total = 1;
		begin(output);
		tsv_row(output, record);
		break;
	case OUTPUT_NAME:
		print_name(output, record);
		break;
	case OUTPUT_JSON:
	case OUTPUT_JSONL:
	case OUTPUT_YAML:
	case OUTPUT_JSONPATH:
		document_record(output, record);
		break;
	}
}

void output_warning(struct output *output, const char *text, ...)
{
	va_list values;
	const char *line;

	va_start(values, text);
	line = arena_format_list(output->call->arena, text, values);
	va_end(values);
	text_list_add(output->call->arena, &output->warnings, line);
}

void output_note(struct output *output, const char *text, ...)
{
	va_list values;

	va_start(values, text);
	text_list_add(output->call->arena, &output->notes, arena_format_list(output->call->arena, text, values));
	va_end(values);
}

void output_count(struct output *output, const char *name, uint64_t number)
{
	if (output->count_count == ARRAY_LEN(output->counts))
		return;
	output->counts[output->count_count].name = name;
	output->counts[output->count_count++].number = number;
}

void output_items(struct output *output, uint64_t returned, uint64_t total)
{
	output->returned = returned;
	output->total = total;
}

void output_bytes(struct output *output, const void *data, size_t len)
{
	stream_write(&output->stream, data, len);
}

void output_text(struct output *output, const char *text)
{
	stream_write(&output->stream, text, strlen(text));
}

void output_flush(struct output *output)
{
	stream_flush(&output->stream);
}

bool output_offer(struct output *output)
{
	return stream_offer(&output->stream);
}

static bool is_human(const struct output *output)
{
	return output->format != OUTPUT_JSON && output->format != OUTPUT_JSONL;
}

/* Raw into pipes and files; on a terminal without what could steer it. */
static void write_shown(struct output *output, const struct buffer *text)
{
	struct buffer safe = BUFFER(DOCUMENT_LIMIT_BYTES);

	if (output->terminal) {
		terminal_escape_lines(&safe, buffer_string(text), text->len);
		text = &safe;
	}
	stream_write(&output->stream, buffer_string(text), text->len);
	buffer_done(&safe);
}

static bool print_jsonpath(struct output *output, struct error *err)
{
	struct buffer text = BUFFER(DOCUMENT_LIMIT_BYTES);
	struct document_limits limits = document_default_limits;
	struct value document;
	bool good;

	limits.bytes = DOCUMENT_LIMIT_BYTES;
	limits.values = SIZE_MAX;
	good = json_parse(output->call->arena, "answer", buffer_string(&output->document), output->document.len,
	                  &limits, &document, err) &&
	       jsonpath_print(output->path, &document, &text, err);
	if (good) {
		write_shown(output, &text);
		if (output->terminal && text.len > 0 && text.data[text.len - 1] != '\n')
			output_text(output, "\n");
	}
	buffer_done(&text);
	return good;
}

static bool finish_list(struct output *output, int exit_status, struct error *err)
{
	deliver_waiting(output);
	if (output->after != NULL && !output->after_seen && output->total > 0) {
		fail(err, ERROR_NOT_FOUND, "--after names no row: \"%s\"", output->after);
		return false;
	}
	begin(output);
	table_finish(output);
	if (output->format == OUTPUT_COMPACT)
		compact_finish(output);
	else if (output->format == OUTPUT_JSON || output->format == OUTPUT_YAML || output->format == OUTPUT_JSONL ||
	         output->format == OUTPUT_JSONPATH)
		document_end(output, exit_status);
	return true;
}

bool output_finish(struct output *output, int exit_status, bool *ret_reader_gone, struct error *err)
{
	*ret_reader_gone = false;
	if (output->is_list && !output->listed_fields) {
		if (!finish_list(output, exit_status, err))
			return false;
	} else if (output->format == OUTPUT_COMPACT && output->begun) {
		compact_finish(output);
	} else if (output->format == OUTPUT_JSONL && output->begun) {
		document_end(output, exit_status);
	}
	if (output->format == OUTPUT_JSONPATH && output->document.len > 0 && !print_jsonpath(output, err))
		return false;
	stream_flush(&output->stream);
	if (output->stream.failed == EPIPE) {
		*ret_reader_gone = true;
		return true;
	}
	if (output->stream.failed != 0) {
		fail(err, ERROR_IO_OUTPUT, "cannot write to standard output");
		error_cause(err, "%s", errno_text(output->stream.failed));
		return false;
	}
	if (is_human(output) && output->call->globals.quiet == 0)
		print_notices(output);
	return true;
}
