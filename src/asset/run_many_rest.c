/* Reads results of earlier runs line by line, so that the output in between costs no memory. */
#include <errno.h>
#include <fcntl.h>

#include "fops/asset/run.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/data/document.h"

#define LONGEST_LINE  ((size_t)16 * 1024 * 1024)
#define READ_SIZE     ((size_t)64 * 1024)
#define SCRATCH_LIMIT ((size_t)1024 * 1024 * 1024)
#define MOST_UNKNOWN  ((size_t)1000)

struct unknown {
	const char *asset_id;
	size_t line;
	bool waits;
};

struct reader {
	struct arena *arena;
	struct arena *scratch; /* of one line */
	const struct topology *topology;
	const char *name;
	struct run_rest rest;
	struct unknown *unknown;
	size_t unknown_count;
	size_t line;
	bool whole; /* the first line was the beginning of a document of several lines */
	bool any;
};

static bool refuse(const struct reader *reader, size_t line, const char *what, struct error *err)
{
	fail(err, ERROR_DATA, "%s:%zu: %s", reader->name, line, what);
	error_fix(err, "name a file that run printed with -o json or jsonl, or wrote with --result-file");
	return false;
}

static bool note_unknown(struct reader *reader, const char *asset_id, size_t line, bool waits, struct error *err)
{
	for (size_t i = 0; i < reader->unknown_count; i++) {
		struct unknown *unknown = &reader->unknown[i];

		if (!text_equal(unknown->asset_id, asset_id))
			continue;
		unknown->waits = waits;
		unknown->line = line;
		return true;
	}
	if (reader->unknown_count == MOST_UNKNOWN)
		return refuse(reader, line, "too many of its assets are not in the topology", err);
	if (reader->unknown == NULL)
		reader->unknown = arena_array(reader->arena, MOST_UNKNOWN, sizeof *reader->unknown);
	reader->unknown[reader->unknown_count++] = (struct unknown){ arena_copy(reader->arena, asset_id), line, waits };
	return true;
}

static bool note(struct reader *reader, const struct value *id, size_t line, bool waits, struct error *err)
{
	size_t index;

	if (id == NULL || id->kind != VALUE_TEXT || !is_identifier(id->text.data))
		return refuse(reader, line, "asset_id is no identifier", err);
	reader->any = true;
	if (!topology_find(reader->topology, KIND_RUNTIME_ASSET, id->text.data, &index))
		return note_unknown(reader, id->text.data, line, waits, err);
	reader->rest.waits[index] = waits;
	return true;
}

/* Values of one line know their place in it alone. */
static size_t line_of(const struct reader *reader, const struct value *value)
{
	return reader->whole ? value->line : reader->line;
}

static bool read_result(struct reader *reader, const struct value *result, struct error *err)
{
	const struct value *status = value_member(result, "fops_exit");
	const struct value *state = value_member(result, "state");
	bool exited = state == NULL || (state->kind == VALUE_TEXT && text_equal(state->text.data, "exited"));

	if (status == NULL || status->kind != VALUE_INT)
		return refuse(reader, line_of(reader, result), "this is no result of run: it has no fops_exit", err);
	return note(reader, value_member(result, "asset_id"), line_of(reader, result), status->integer != 0 || !exited,
	            err);
}

static bool read_list(struct reader *reader, const struct value *list, bool results, struct error *err)
{
	for (size_t i = 0; i < list->list.count; i++) {
		const struct value *item = &list->list.items[i];

		if (results ? !read_result(reader, item, err) : !note(reader, item, line_of(reader, item), true, err))
			return false;
	}
	reader->any = true;
	return true;
}

static bool read_event(struct reader *reader, const struct value *event, const char *type, struct error *err)
{
	const struct value *item = value_member(event, "item");
	const struct value *ids = value_member(event, "asset_ids");

	if (text_equal(type, "item") && item != NULL)
		return read_result(reader, item, err);
	if (text_equal(type, "selected") && ids != NULL && ids->kind == VALUE_ARRAY)
		return read_list(reader, ids, false, err);
	return true;
}

static bool read_document(struct reader *reader, const struct value *document, struct error *err)
{
	const struct value *type = value_member(document, "type");
	const struct value *items = value_member(document, "items");

	if (type != NULL && type->kind == VALUE_TEXT)
		return read_event(reader, document, type->text.data, err);
	if (items != NULL && items->kind == VALUE_ARRAY)
		return read_list(reader, items, true, err);
	if (document->kind == VALUE_ARRAY)
		return read_list(reader, document, true, err);
	return read_result(reader, document, err);
}

static bool read_text(struct reader *reader, const char *data, size_t len, struct error *err)
{
	static const char output[] = "{\"type\":\"output\",";
	struct arena_mark mark = arena_mark(reader->scratch);
	struct value document;
	bool good;

	if (len >= sizeof output && memcmp(data, output, sizeof output - 1) == 0)
		return true;
	while (len > 0 && strchr(" \t\r\n", data[len - 1]) != NULL)
		len--;
	if (len == 0)
		return true;
	good = json_parse(reader->scratch, reader->name, data, len, NULL, &document, err);
	if (good)
		good = read_document(reader, &document, err);
	else if (err->finding_count > 0)
		fail(err, ERROR_DATA, "%s:%zu:%llu: %s", reader->name,
		     reader->whole ? (size_t)err->findings[0].line : reader->line,
		     (unsigned long long)err->findings[0].column, err->findings[0].message);
	arena_rewind(reader->scratch, mark);
	return good;
}

/* All lines that are complete; a first one that is none may begin a document of several lines. */
static bool read_lines(struct reader *reader, struct buffer *text, struct error *err)
{
	const char *newline;
	size_t at = 0;

	while (!reader->whole && (newline = memchr(text->data + at, '\n', text->len - at)) != NULL) {
		size_t len = (size_t)(newline - text->data) - at;

		reader->line++;
		if (!read_text(reader, text->data + at, len, err)) {
			if (reader->line > 1 || reader->any)
				return false;
			reader->whole = true;
			break;
		}
		at += len + 1;
	}
	buffer_drop(text, at);
	if (!text->overflow)
		return true;
	return refuse(reader, reader->line + 1, "the line is too long", err);
}

/* What stands behind the last newline: a line without one, or one that was cut when its run was killed. */
static bool read_tail(struct reader *reader, const struct buffer *text, struct error *err)
{
	if (text->len > 0) {
		reader->line++;
		if (!read_text(reader, text->data, text->len, err)) {
			if (reader->whole || reader->line == 1)
				return false;
			reader->rest.cut = arena_format(reader->arena, "%s:%zu: the last line is cut; it is left out",
			                                reader->name, reader->line);
		}
	}
	if (reader->any)
		return true;
	return refuse(reader, 1, reader->line == 0 ? "the file is empty" : "there is no result of run", err);
}

static bool open_results(const char *path, int *ret_descriptor, struct error *err)
{
	int descriptor = text_equal(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (descriptor >= 0) {
		*ret_descriptor = descriptor;
		return true;
	}
	fail(err, errno == ENOENT ? ERROR_INPUT_NOT_FOUND : ERROR_IO_READ, "cannot open %s", path);
	error_cause(err, "%s", errno_text(errno));
	return false;
}

static bool read_all(struct reader *reader, int descriptor, struct error *err)
{
	struct buffer text = BUFFER(LONGEST_LINE);
	bool good = true;
	ssize_t got = 1;

	while (good && got != 0) {
		char data[READ_SIZE];

		got = read(descriptor, data, sizeof data);
		if (got > 0) {
			buffer_append(&text, data, (size_t)got);
			good = read_lines(reader, &text, err);
		} else if (got < 0 && errno != EINTR) {
			good = fail(err, ERROR_IO_READ, "cannot read %s", reader->name);
			error_cause(err, "%s", errno_text(errno));
		}
	}
	good = good && read_tail(reader, &text, err);
	buffer_done(&text);
	return good;
}

static void conclude(struct reader *reader)
{
	struct run_rest *rest = &reader->rest;

	for (size_t i = 0; i < topology_count(reader->topology, KIND_RUNTIME_ASSET); i++)
		rest->count += rest->waits[i] ? 1 : 0;
	for (size_t i = 0; i < reader->unknown_count; i++) {
		const struct unknown *unknown = &reader->unknown[i];

		if (unknown->waits)
			text_list_add(reader->arena, &rest->unknown,
			              arena_format(reader->arena, "%s:%zu: the topology has no asset %s", reader->name,
			                           unknown->line, unknown->asset_id));
	}
}

bool run_rest_read(struct arena *arena, const struct topology *topology, const char *path, struct run_rest *ret_rest,
                   struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_LIMIT);
	CLEANUP(file_close) int descriptor = -1;
	struct reader reader = {
		.arena = arena,
		.scratch = scratch,
		.topology = topology,
		.name = text_equal(path, "-") ? "stdin" : path,
		.rest.waits = arena_array(arena, topology_count(topology, KIND_RUNTIME_ASSET) + 1, sizeof(bool)),
	};

	if (!open_results(path, &descriptor, err) || !read_all(&reader, descriptor, err))
		return false;
	conclude(&reader);
	*ret_rest = reader.rest;
	return true;
}
