/* YAML to values: libyaml's events, read under the core schema with its traps refused. */
#include "fops/data/document.h"

#include <yaml.h>

#include "character.h"
#include "events.h"
#include "fops/base/arena.h"
#include "limit_words.h"
#include "plain.h"
#include "scan.h"
#include "stream.h"
#include "tree.h"

#define CORE_TAG "tag:yaml.org,2002:"

struct reader {
	struct tree tree;
	struct stream_check check;
	const char *data;
	size_t len;
	size_t documents;
	uint32_t tab_line; /* reported already */
	document_visit *visit;
	void *user;
	struct arena_mark mark; /* of the document */
	struct error *err;
	bool refused; /* visit returned false */
};

static uint32_t line_of(const yaml_mark_t *mark)
{
	return (uint32_t)mark->line + 1;
}

static uint32_t column_of(const yaml_mark_t *mark)
{
	return (uint32_t)mark->column + 1;
}

static const char *bytes_text(const yaml_char_t *text)
{
	return (const char *)text;
}

/* The text is printable, as the stream was checked. Nothing is made once findings are only counted. */
static const char *quote_fix(const struct reader *reader, const char *text)
{
	const struct findings *findings = reader->tree.findings;

	if (findings->limit > 0 && findings->count >= findings->limit)
		return NULL;
	return arena_format(findings->arena, "quote it: \"%.*s\"", character_fit(text, MESSAGE_BYTES), text);
}

static void refuse_plain(struct reader *reader, enum plain_problem problem, const struct value *value, const char *text)
{
	int len = character_fit(text, MESSAGE_BYTES);

	switch (problem) {
	case PLAIN_CLEAR:
		break;
	case PLAIN_AMBIGUOUS:
		tree_refuse(&reader->tree, value->line, value->column, quote_fix(reader, text),
		            "unquoted %.*s means different things to readers of YAML 1.1 and 1.2", len, text);
		break;
	case PLAIN_TOO_LARGE:
		tree_refuse(&reader->tree, value->line, value->column, quote_fix(reader, text),
		            "a whole number must lie within -2^53 and 2^53");
		break;
	case PLAIN_NOT_FINITE:
		tree_refuse(&reader->tree, value->line, value->column, quote_fix(reader, text),
		            "%.*s is not a finite number", len, text);
		break;
	}
}

static void refuse_tag(struct reader *reader, const struct value *value, const char *tag)
{
	tree_refuse(&reader->tree, value->line, value->column, NULL,
	            "the tag %.*s is not allowed; only core tags with matching content are",
	            character_fit(tag, MESSAGE_BYTES), tag);
}

/* The kind that a core tag asks for; VALUE_ARRAY for a tag that scalars may not carry. */
static enum value_kind tag_kind(const char *tag)
{
	static const struct {
		const char *tag;
		enum value_kind kind;
	} kinds[] = { { CORE_TAG "str", VALUE_TEXT },  { "!", VALUE_TEXT },
		      { CORE_TAG "int", VALUE_INT },   { CORE_TAG "float", VALUE_REAL },
		      { CORE_TAG "bool", VALUE_BOOL }, { CORE_TAG "null", VALUE_NULL } };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(tag, kinds[i].tag) == 0)
			return kinds[i].kind;
	}
	return VALUE_ARRAY;
}

/* The content of a scalar that carries a tag: it must be what an unquoted scalar of that kind would be. */
static void resolve_tagged(struct reader *reader, const char *tag, bool plain, struct value *value)
{
	enum value_kind wanted = tag_kind(tag);
	struct value resolved = *value;
	enum plain_problem problem = PLAIN_CLEAR;

	if (wanted == VALUE_TEXT)
		return;
	if (plain && wanted != VALUE_ARRAY)
		problem = plain_resolve(value->text.data, value->text.len, &resolved);
	if (resolved.kind == VALUE_INT && wanted == VALUE_REAL) {
		double real = (double)resolved.integer;

		resolved.kind = VALUE_REAL;
		resolved.real = real;
	}
	if (resolved.kind == wanted)
		*value = resolved;
	else if (problem != PLAIN_CLEAR)
		refuse_plain(reader, problem, value, value->text.data);
	else
		refuse_tag(reader, value, tag);
}

/* A name of a member: always a text, and never one that only quotes would make a text. */
static void read_name(struct reader *reader, const yaml_event_t *event, struct value *value)
{
	const char *tag = bytes_text(event->data.scalar.tag);
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	const char *text = value->text.data;
	enum plain_problem problem = PLAIN_CLEAR;

	if (plain && tag == NULL && strcmp(text, "<<") == 0) {
		tree_refuse(&reader->tree, value->line, value->column, NULL, "merge keys are not allowed");
		tree_add_name(&reader->tree, value->line, value->column, NULL);
		return;
	}
	if (tag != NULL)
		resolve_tagged(reader, tag, plain, value);
	else if (plain)
		problem = plain_resolve(text, value->text.len, value);
	if (problem == PLAIN_AMBIGUOUS)
		refuse_plain(reader, problem, value, text);
	else if (problem != PLAIN_CLEAR || value->kind != VALUE_TEXT)
		tree_refuse(&reader->tree, value->line, value->column, *text == '\0' ? NULL : quote_fix(reader, text),
		            "a name must be a text, not %s",
		            value_kind_name(value->kind == VALUE_TEXT ? VALUE_REAL : value->kind));
	if (event->data.scalar.anchor != NULL)
		tree_anchor_name(&reader->tree, bytes_text(event->data.scalar.anchor), value);
	tree_add_name(&reader->tree, value->line, value->column, text);
}

static void read_scalar(struct reader *reader, const yaml_event_t *event)
{
	const char *tag = bytes_text(event->data.scalar.tag);
	const char *text = bytes_text(event->data.scalar.value);
	size_t len = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct value value = { .kind = VALUE_TEXT };

	value.line = line_of(&event->start_mark);
	value.column = column_of(&event->start_mark);
	if (len > reader->tree.limits->text) {
		tree_stop(&reader->tree, value.line, value.column, WORDS_TEXT_TOO_LONG, len, reader->tree.limits->text);
		return;
	}
	if (!plain && memchr(text, '\0', len) != NULL) {
		tree_refuse(&reader->tree, value.line, value.column, NULL, "%s", scan_nul_message);
		len = strlen(text);
	}
	value.text.data = arena_text(reader->tree.arena, text, len);
	value.text.len = len;
	if (tree_wants_name(&reader->tree)) {
		read_name(reader, event, &value);
		return;
	}
	if (tag != NULL)
		resolve_tagged(reader, tag, plain, &value);
	else if (plain)
		refuse_plain(reader, plain_resolve(value.text.data, len, &value), &value, text);
	tree_add_scalar(&reader->tree, bytes_text(event->data.scalar.anchor), &value);
}

static void read_open(struct reader *reader, const yaml_event_t *event)
{
	bool list = event->type == YAML_SEQUENCE_START_EVENT;
	const yaml_char_t *tag = list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
	const yaml_char_t *anchor = list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
	struct value value = { .kind = list ? VALUE_ARRAY : VALUE_OBJECT };

	value.line = line_of(&event->start_mark);
	value.column = column_of(&event->start_mark);
	if (tag != NULL && strcmp(bytes_text(tag), "!") != 0 &&
	    strcmp(bytes_text(tag), list ? CORE_TAG "seq" : CORE_TAG "map") != 0)
		refuse_tag(reader, &value, bytes_text(tag));
	tree_open(&reader->tree, bytes_text(anchor), value.kind, value.line, value.column);
}

static void read_alias(struct reader *reader, const yaml_event_t *event)
{
	const char *anchor = bytes_text(event->data.alias.anchor);
	uint32_t line = line_of(&event->start_mark);
	uint32_t column = column_of(&event->start_mark);
	const char *name;

	if (!tree_wants_name(&reader->tree)) {
		tree_add_alias(&reader->tree, anchor, line, column);
		return;
	}
	name = tree_alias_name(&reader->tree, anchor);
	if (name == NULL)
		tree_refuse(&reader->tree, line, column, NULL, "a name must be a text, and the alias *%.*s is none",
		            character_fit(anchor, MESSAGE_BYTES), anchor);
	tree_add_name(&reader->tree, line, column, name);
}

static void start_document(struct reader *reader, const yaml_event_t *event)
{
	const yaml_version_directive_t *version = event->data.document_start.version_directive;
	uint32_t line = line_of(&event->start_mark);
	uint32_t column = column_of(&event->start_mark);

	reader->mark = arena_mark(reader->tree.arena);
	tree_reset(&reader->tree);
	if (++reader->documents > reader->tree.limits->documents)
		tree_stop(&reader->tree, line, column, "more than %zu documents", reader->tree.limits->documents);
	if (version != NULL && (version->major != 1 || version->minor != 2))
		tree_refuse(&reader->tree, line, column, "leave the directive out",
		            "the document says that it is YAML %d.%d; only 1.2 is read", version->major,
		            version->minor);
	if (event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
		tree_refuse(&reader->tree, line, column, NULL, "the directive %%TAG is not allowed");
}

static void end_document(struct reader *reader)
{
	if (!reader->visit(reader->user, tree_root(&reader->tree), reader->err))
		reader->refused = true;
	arena_rewind(reader->tree.arena, reader->mark);
}

/* libyaml takes tabs for blanks between brackets; as indentation they are refused everywhere. */
static void check_tab(struct reader *reader, const yaml_event_t *event)
{
	uint32_t line = line_of(&event->start_mark);
	uint32_t column = column_of(&event->start_mark);

	if (reader->check.tab_count == 0 || line == reader->tab_line || !is_behind_tab(&reader->check, line, column))
		return;
	reader->tab_line = line;
	tree_refuse(&reader->tree, line, column, "indent with blanks", "a tab is not allowed as indentation");
}

static void read_event(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		start_document(reader, event);
		break;
	case YAML_DOCUMENT_END_EVENT:
		end_document(reader);
		break;
	case YAML_SCALAR_EVENT:
		check_tab(reader, event);
		read_scalar(reader, event);
		break;
	case YAML_ALIAS_EVENT:
		check_tab(reader, event);
		read_alias(reader, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		check_tab(reader, event);
		read_open(reader, event);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		check_tab(reader, event);
		tree_close(&reader->tree);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
		break;
	}
}

/* What libyaml complains about, in words that help where its own do not. */
static void refuse_syntax(struct reader *reader, const yaml_parser_t *parser)
{
	uint32_t line = line_of(&parser->problem_mark);
	uint32_t column = column_of(&parser->problem_mark);
	char byte = stream_byte(reader->data, reader->len, line, column);
	const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;

	if (parser->error == YAML_MEMORY_ERROR)
		out_of_memory();
	if (byte == '\t' &&
	    (strstr(problem, "cannot start any token") != NULL || strstr(problem, "tab character") != NULL))
		tree_stop(&reader->tree, line, column, "a tab is not allowed as indentation; indent with blanks");
	else if (strstr(problem, "cannot start any token") != NULL)
		tree_stop(&reader->tree, line, column, "a text must not start with '%c' unquoted", byte);
	else if (parser->context != NULL)
		tree_stop(&reader->tree, line, column, "%s %s that starts at line %u", problem, parser->context,
		          line_of(&parser->context_mark));
	else
		tree_stop(&reader->tree, line, column, "%s", problem);
}

static void read_stream(struct reader *reader, yaml_parser_t *parser)
{
	bool end = false;

	while (!end && !reader->tree.stopped && !reader->refused) {
		yaml_event_t event;

		if (yaml_parser_parse(parser, &event) == 0) {
			refuse_syntax(reader, parser);
			return;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		read_event(reader, &event);
		yaml_event_delete(&event);
	}
}

bool yaml_parse(struct arena *arena, const char *name, const char *data, size_t len,
                const struct document_limits *limits, struct findings *findings, document_visit *visit, void *user,
                struct error *err)
{
	struct reader reader = { .data = data, .len = len, .visit = visit, .user = user, .err = err };
	struct arena_mark mark = arena_mark(arena);
	yaml_parser_t parser;

	reader.tree = (struct tree){ .arena = arena, .name = name, .findings = findings };
	reader.tree.limits = limits == NULL ? &document_default_limits : limits;
	if (len > reader.tree.limits->bytes) {
		tree_stop(&reader.tree, 1, 1, WORDS_INPUT_TOO_LARGE, len, reader.tree.limits->bytes);
		return true;
	}
	reader.check = stream_check(data, len);
	if (reader.check.problem != NULL) {
		tree_stop(&reader.tree, reader.check.line, reader.check.column, "%s", reader.check.problem);
	} else {
		if (yaml_parser_initialize(&parser) == 0)
			out_of_memory();
		yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
		read_stream(&reader, &parser);
		yaml_parser_delete(&parser);
	}
	tree_done(&reader.tree);
	stream_check_done(&reader.check);
	arena_rewind(arena, mark);
	return !reader.refused;
}

/* libyaml counts characters; offsets are wanted in bytes. Marks come nearly in order, so each step is short. */
struct cursor {
	const char *data;
	size_t len;
	size_t index; /* in characters */
	size_t at;    /* in bytes */
};

static bool is_inside_character(const struct cursor *cursor)
{
	return cursor->at < cursor->len && ((unsigned char)cursor->data[cursor->at] & 0xC0) == 0x80;
}

static size_t offset_of(struct cursor *cursor, const yaml_mark_t *mark)
{
	for (; cursor->index < mark->index && cursor->at < cursor->len; cursor->index++) {
		do
			cursor->at++;
		while (is_inside_character(cursor));
	}
	for (; cursor->index > mark->index && cursor->at > 0; cursor->index--) {
		do
			cursor->at--;
		while (is_inside_character(cursor));
	}
	return cursor->at;
}

/* What the formatter wants to know of an event; false for the ends of the stream, which it does not. */
static bool describe_event(const yaml_event_t *from, struct event *event)
{
	switch (from->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
		return false;
	case YAML_DOCUMENT_START_EVENT:
		event->kind = EVENT_DOCUMENT;
		event->marked = from->data.document_start.implicit == 0;
		event->special =
		        from->data.document_start.version_directive != NULL ||
		        from->data.document_start.tag_directives.start != from->data.document_start.tag_directives.end;
		break;
	case YAML_DOCUMENT_END_EVENT:
		event->kind = EVENT_DOCUMENT_END;
		event->marked = from->data.document_end.implicit == 0;
		break;
	case YAML_ALIAS_EVENT:
		event->kind = EVENT_ALIAS;
		event->special = true;
		break;
	case YAML_SCALAR_EVENT:
		event->kind = EVENT_SCALAR;
		event->plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		event->block = from->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
		               from->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
		event->special = from->data.scalar.anchor != NULL || from->data.scalar.tag != NULL;
		event->text = bytes_text(from->data.scalar.value);
		event->len = from->data.scalar.length;
		break;
	case YAML_SEQUENCE_START_EVENT:
		event->kind = EVENT_LIST;
		event->block = from->data.sequence_start.style != YAML_FLOW_SEQUENCE_STYLE;
		event->special = from->data.sequence_start.anchor != NULL || from->data.sequence_start.tag != NULL;
		break;
	case YAML_MAPPING_START_EVENT:
		event->kind = EVENT_OBJECT;
		event->block = from->data.mapping_start.style != YAML_FLOW_MAPPING_STYLE;
		event->special = from->data.mapping_start.anchor != NULL || from->data.mapping_start.tag != NULL;
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		event->kind = EVENT_END;
		break;
	}
	return true;
}

bool events_walk(const char *data, size_t len, event_visit *visit, void *user)
{
	struct cursor cursor = { .data = data, .len = len };
	yaml_parser_t parser;
	bool good = true;
	bool end = false;

	if (yaml_parser_initialize(&parser) == 0)
		out_of_memory();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
	while (good && !end) {
		yaml_event_t from;
		struct event event = { 0 };

		good = yaml_parser_parse(&parser, &from) != 0;
		if (!good)
			break;
		end = from.type == YAML_STREAM_END_EVENT;
		if (describe_event(&from, &event)) {
			event.start = offset_of(&cursor, &from.start_mark);
			event.end = offset_of(&cursor, &from.end_mark);
			good = visit(user, &event);
		}
		yaml_event_delete(&from);
	}
	yaml_parser_delete(&parser);
	return good;
}

const char *document_yaml_library(void)
{
	return yaml_get_version_string();
}
