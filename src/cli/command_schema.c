/* JSON Schema 2020-12 of what a command prints with -o json. */
#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "fops/data/schema.h"

static void emit_pair(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_text(emitter, text);
}

static void emit_type(struct emitter *emitter, const char *type, bool nullable)
{
	emit_key(emitter, "type");
	if (!nullable) {
		emit_text(emitter, type);
		return;
	}
	emit_array(emitter);
	emit_text(emitter, type);
	emit_text(emitter, "null");
	emit_array_end(emitter);
}

/* A property of one simple type. */
static void emit_simple(struct emitter *emitter, const char *key, const char *type, bool nullable, const char *text)
{
	emit_key(emitter, key);
	emit_object(emitter);
	emit_type(emitter, type, nullable);
	emit_pair(emitter, "description", text);
	emit_object_end(emitter);
}

/* A property that is a list of texts. */
static void emit_text_array(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_object(emitter);
	emit_type(emitter, "array", false);
	emit_pair(emitter, "description", text);
	emit_key(emitter, "items");
	emit_object(emitter);
	emit_type(emitter, "string", false);
	emit_object_end(emitter);
	emit_object_end(emitter);
}

static void emit_enum(struct emitter *emitter, const struct column *column, bool nullable)
{
	const char *at = column->choices;

	emit_key(emitter, "enum");
	emit_array(emitter);
	while (*at != '\0') {
		size_t len = strcspn(at, "|");

		if (len > 0)
			emit_text_len(emitter, at, len);
		at += len + (at[len] == '|' ? 1 : 0);
	}
	if (nullable)
		emit_null(emitter);
	emit_array_end(emitter);
}

static void emit_columns_object(struct emitter *emitter, const struct column *columns, bool is_row);

static void emit_items_of(struct emitter *emitter, const struct column *column)
{
	emit_type(emitter, "array", false);
	emit_key(emitter, "items");
	emit_object(emitter);
	if (column->slot.kind == SLOT_RECORDS)
		emit_columns_object(emitter, column->columns, false);
	else
		emit_type(emitter, "string", false);
	emit_object_end(emitter);
}

/* The members that describe a column's value; name: the row's own name, which is never absent. */
static void emit_column_type(struct emitter *emitter, const struct column *column, bool name)
{
	switch (column->slot.kind) {
	case SLOT_BOOL:
	case SLOT_OPTIONAL_BOOL:
		emit_type(emitter, "boolean", column->slot.kind == SLOT_OPTIONAL_BOOL);
		break;
	case SLOT_INT:
	case SLOT_COUNT:
	case SLOT_DURATION:
	case SLOT_OPTIONAL_INT:
		emit_type(emitter, "integer", column->slot.kind == SLOT_OPTIONAL_INT);
		break;
	case SLOT_TEXT:
		emit_type(emitter, "string", !name);
		if (column->choices != NULL)
			emit_enum(emitter, column, !name);
		break;
	case SLOT_INSTANT:
		emit_type(emitter, "string", true);
		emit_pair(emitter, "format", "date-time");
		break;
	case SLOT_TEXT_LIST:
	case SLOT_RECORDS:
		emit_items_of(emitter, column);
		break;
	case SLOT_TEXT_MAP:
		emit_type(emitter, "object", false);
		emit_key(emitter, "additionalProperties");
		emit_object(emitter);
		emit_type(emitter, "string", false);
		emit_object_end(emitter);
		break;
	case SLOT_RECORD:
		emit_columns_object(emitter, column->columns, false);
		break;
	case SLOT_VALUE:
		break;
	}
}

static void emit_properties(struct emitter *emitter, const struct column *columns, bool is_row)
{
	for (const struct column *column = columns; column != NULL && column->key != NULL; column++) {
		emit_key(emitter, column->key);
		emit_object(emitter);
		emit_column_type(emitter, column, is_row && column == columns);
		emit_pair(emitter, "description", column->text);
		emit_object_end(emitter);
	}
}

static void emit_required(struct emitter *emitter, const struct column *columns)
{
	for (; columns != NULL && columns->key != NULL; columns++) {
		if ((columns->flags & COLUMN_ASKED) == 0)
			emit_text(emitter, columns->key);
	}
}

/* The members of an object's schema; readers must ignore names that they do not know. */
static void emit_columns_object(struct emitter *emitter, const struct column *columns, bool is_row)
{
	emit_type(emitter, "object", false);
	emit_key(emitter, "properties");
	emit_object(emitter);
	emit_properties(emitter, columns, is_row);
	emit_object_end(emitter);
	emit_key(emitter, "required");
	emit_array(emitter);
	emit_required(emitter, columns);
	emit_array_end(emitter);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, true);
}

/* Has any column these flags and none of those? */
static bool has_columns(const struct column *columns, unsigned flags, unsigned without)
{
	for (; columns != NULL && columns->key != NULL; columns++) {
		if ((columns->flags & flags) != 0 && (columns->flags & without) == 0)
			return true;
	}
	return false;
}

static bool has_untrusted(const struct column *columns)
{
	return has_columns(columns, COLUMN_UNTRUSTED, 0);
}

static void emit_schema_name(struct emitter *emitter, const struct command *command)
{
	emit_key(emitter, "schema");
	emit_object(emitter);
	if (command->schema != NULL)
		emit_pair(emitter, "const", command->schema);
	else
		emit_type(emitter, "string", false);
	emit_pair(emitter, "description", "name and major version of this document");
	emit_object_end(emitter);
}

static void emit_untrusted(struct emitter *emitter)
{
	emit_text_array(emitter, "untrusted", "the fields that hold text written by others");
}

static void emit_page(struct emitter *emitter)
{
	emit_key(emitter, "page");
	emit_object(emitter);
	emit_type(emitter, "object", false);
	emit_key(emitter, "properties");
	emit_object(emitter);
	emit_simple(emitter, "returned", "integer", false, "number of items in this document");
	emit_simple(emitter, "total", "integer", false, "number of items that match");
	emit_simple(emitter, "next", "string", true, "value of --after for the rest, null when nothing is left");
	emit_object_end(emitter);
	emit_key(emitter, "required");
	emit_array(emitter);
	emit_text(emitter, "returned");
	emit_text(emitter, "total");
	emit_text(emitter, "next");
	emit_array_end(emitter);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, true);
	emit_object_end(emitter);
}

static void emit_counts(struct emitter *emitter, const char *names)
{
	emit_key(emitter, "counts");
	emit_object(emitter);
	emit_type(emitter, "object", false);
	emit_pair(emitter, "description", "what the command counted");
	emit_key(emitter, "properties");
	emit_object(emitter);
	for (const char *at = names; *at != '\0'; at += strcspn(at, "|"), at += *at == '|' ? 1 : 0) {
		char name[64];

		(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "|"), at);
		emit_key(emitter, name);
		emit_object(emitter);
		emit_type(emitter, "integer", false);
		emit_object_end(emitter);
	}
	emit_object_end(emitter);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, true);
	emit_object_end(emitter);
}

/* Only there when the topology was read from git. */
static void emit_sources(struct emitter *emitter)
{
	emit_key(emitter, "source");
	emit_object(emitter);
	emit_type(emitter, "array", false);
	emit_pair(emitter, "description", "git revisions of the topology");
	emit_key(emitter, "items");
	emit_object(emitter);
	emit_type(emitter, "object", false);
	emit_key(emitter, "properties");
	emit_object(emitter);
	emit_simple(emitter, "url", "string", false, "the repository");
	emit_simple(emitter, "ref", "string", true, "branch, tag or commit that was asked for, null for HEAD");
	emit_simple(emitter, "path", "string", false, "file or folder inside, empty for all of it");
	emit_simple(emitter, "commit", "string", false, "commit that was read");
	emit_simple(emitter, "fetched_at", "string", false, "when the repository last named this commit");
	emit_simple(emitter, "stale", "boolean", false, "true when the repository could not be asked");
	emit_object_end(emitter);
	emit_object_end(emitter);
	emit_object_end(emitter);
}

static void emit_envelope_properties(struct emitter *emitter, const struct command *command)
{
	emit_schema_name(emitter, command);
	emit_simple(emitter, "context", "string", true, "context that the answer is about, null when none is chosen");
	emit_key(emitter, "as_of");
	emit_object(emitter);
	emit_type(emitter, "string", false);
	emit_pair(emitter, "format", "date-time");
	emit_pair(emitter, "description", "when the answer was made");
	emit_object_end(emitter);
	if ((command->flags & COMMAND_TOPOLOGY) != 0)
		emit_sources(emitter);
	emit_simple(emitter, "partial", "boolean", false, "true when the answer is incomplete");
	if (command->counts != NULL)
		emit_counts(emitter, command->counts);
	if (has_untrusted(command->columns))
		emit_untrusted(emitter);
	emit_key(emitter, "items");
	emit_object(emitter);
	emit_type(emitter, "array", false);
	emit_key(emitter, "items");
	emit_object(emitter);
	emit_columns_object(emitter, command->columns, true);
	emit_object_end(emitter);
	emit_object_end(emitter);
	emit_page(emitter);
	emit_text_array(emitter, "warnings", "notices for people");
}

static void emit_list(struct emitter *emitter, const struct command *command)
{
	static const char *const names[] = { "schema", "context", "as_of", "partial" };
	static const char *const last_names[] = { "items", "page", "warnings" };

	emit_key(emitter, "properties");
	emit_object(emitter);
	emit_envelope_properties(emitter, command);
	emit_object_end(emitter);
	emit_key(emitter, "required");
	emit_array(emitter);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		emit_text(emitter, names[i]);
	if (command->counts != NULL)
		emit_text(emitter, "counts");
	if (has_columns(command->columns, COLUMN_UNTRUSTED, COLUMN_ASKED))
		emit_text(emitter, "untrusted");
	for (size_t i = 0; i < ARRAY_LEN(last_names); i++)
		emit_text(emitter, last_names[i]);
	emit_array_end(emitter);
}

static void emit_single(struct emitter *emitter, const struct command *command)
{
	bool untrusted = has_untrusted(command->columns);

	emit_key(emitter, "properties");
	emit_object(emitter);
	emit_schema_name(emitter, command);
	emit_properties(emitter, command->columns, false);
	if (untrusted)
		emit_untrusted(emitter);
	emit_object_end(emitter);
	emit_key(emitter, "required");
	emit_array(emitter);
	emit_text(emitter, "schema");
	emit_required(emitter, command->columns);
	if (untrusted)
		emit_text(emitter, "untrusted");
	emit_array_end(emitter);
}

void command_schema_emit(struct arena *arena, struct emitter *emitter, const struct command *command, const char *path)
{
	emit_object(emitter);
	emit_pair(emitter, "$schema", SCHEMA_DIALECT);
	emit_pair(emitter, "title", command->schema != NULL ? command->schema : path);
	emit_pair(emitter, "description",
	          arena_format(arena,
	                       "What `fops %s -o json` prints. With --fields a document has fewer members. Readers "
	                       "ignore members and "
	                       "treat words of an enumeration as unknown that they do not know. Integers beyond 2^53 "
	                       "are written as text.",
	                       path));
	emit_type(emitter, "object", false);
	if ((command->flags & COMMAND_ROWS) != 0)
		emit_list(emitter, command);
	else
		emit_single(emitter, command);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, true);
	emit_object_end(emitter);
}
