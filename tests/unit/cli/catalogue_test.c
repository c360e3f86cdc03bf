/* The catalogue and the schemas of documents, read back as JSON. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "fops/data/document.h"
#include "sample_tree.h"

#define LIMIT ((size_t)64 * 1024 * 1024)

/* What the pages of one test live in. */
static struct arena *arena;

static void start(void)
{
	arena = arena_new(LIMIT);
}

static void end(void)
{
	arena_free(arena);
}

TestSuite(catalogue, .init = start, .fini = end);
TestSuite(command_schema, .init = start, .fini = end);

static struct value read_back(struct buffer *text)
{
	struct value value = { 0 };
	struct error err = { 0 };

	cr_assert(json_parse(arena, "rendered", buffer_string(text), text->len, NULL, &value, &err), "%s", err.message);
	buffer_done(text);
	return value;
}

static struct value read_catalogue(void)
{
	struct buffer out = BUFFER(LIMIT);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON_PRETTY, buffer_sink(&out));
	catalogue_emit(arena, &emitter, &sample_root);
	cr_assert(emit_finish(&emitter, true));
	return read_back(&out);
}

static struct value read_schema(const struct command *command, const char *path)
{
	struct buffer out = BUFFER(LIMIT);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	command_schema_emit(arena, &emitter, command, path);
	cr_assert(emit_finish(&emitter, true));
	return read_back(&out);
}

/* The member below a dotted path; the test fails when there is none. */
static const struct value *get(const struct value *value, const char *path)
{
	char name[64];

	while (*path != '\0') {
		size_t len = strcspn(path, ".");

		memcpy(name, path, len);
		name[len] = '\0';
		value = value_member(value, name);
		cr_assert_not_null(value, "no member %s", name);
		path += len + (path[len] == '.' ? 1 : 0);
	}
	return value;
}

/* The element of a list whose member has this text. */
static const struct value *find(const struct value *list, const char *member, const char *text)
{
	for (size_t i = 0; i < list->list.count; i++) {
		const struct value *value = value_member(&list->list.items[i], member);

		if (value != NULL && value->kind == VALUE_TEXT && strcmp(value->text.data, text) == 0)
			return &list->list.items[i];
	}
	return NULL;
}

static bool has_text(const struct value *list, const char *text)
{
	for (size_t i = 0; i < list->list.count; i++) {
		if (list->list.items[i].kind == VALUE_TEXT && strcmp(list->list.items[i].text.data, text) == 0)
			return true;
	}
	return false;
}

static bool has_null(const struct value *list)
{
	for (size_t i = 0; i < list->list.count; i++) {
		if (list->list.items[i].kind == VALUE_NULL)
			return true;
	}
	return false;
}

static void expect_text(const struct value *value, const char *path, const char *expected)
{
	const struct value *found = get(value, path);

	cr_assert_eq(found->kind, VALUE_TEXT, "%s", path);
	cr_expect_str_eq(found->text.data, expected, "%s", path);
}

Test(catalogue, names_itself_and_lists_every_command)
{
	struct value catalogue = read_catalogue();
	const struct value *commands = get(&catalogue, "commands");

	expect_text(&catalogue, "schema", "fops.catalogue/1");
	expect_text(&catalogue, "program", "fops");
	cr_assert_eq(commands->list.count, 7);
	cr_assert_not_null(find(commands, "path", "boxes list"));
	cr_assert(get(find(commands, "path", "__secretly"), "hidden")->boolean);
	cr_assert_not(get(find(commands, "path", "boxes list"), "hidden")->boolean);
}

Test(catalogue, describes_flags)
{
	struct value catalogue = read_catalogue();
	const struct value *options = get(find(get(&catalogue, "commands"), "path", "boxes list"), "options");

	cr_assert_eq(options->list.count, 8);
	expect_text(find(options, "name", "kind"), "letter", "k");
	cr_assert(has_text(get(find(options, "name", "kind"), "choices"), "lxc"));
	cr_assert_eq(get(find(options, "name", "wait"), "choices")->list.count, 1);
	cr_assert(get(find(options, "name", "wait"), "argument_optional")->boolean);
	expect_text(find(options, "name", "age"), "type", "duration");
	expect_text(find(options, "name", "age"), "default", "5m");
	expect_text(find(options, "name", "depth"), "type", "integer");
	expect_text(find(options, "name", "disk-cache"), "type", "boolean");
	expect_text(find(options, "name", "label"), "type", "list");
	cr_assert(get(find(options, "name", "label"), "repeatable")->boolean);
	cr_assert(get(find(options, "name", "loud"), "repeatable")->boolean);
	cr_assert_not(get(find(options, "name", "kind"), "repeatable")->boolean);
}

Test(catalogue, names_the_global_flags_a_command_takes)
{
	struct value catalogue = read_catalogue();
	const struct value *commands = get(&catalogue, "commands");

	cr_assert(has_text(get(find(commands, "path", "boxes list"), "global_flags"), "filter"));
	cr_assert_not(has_text(get(find(commands, "path", "boxes show"), "global_flags"), "filter"));
	cr_assert(has_text(get(find(commands, "path", "pick"), "global_flags"), "quiet"));
	cr_assert_not_null(find(get(&catalogue, "global_flags"), "name", "output"));
}

Test(catalogue, describes_fields_effect_and_exits)
{
	struct value catalogue = read_catalogue();
	const struct value *list = find(get(&catalogue, "commands"), "path", "boxes list");
	const struct value *fields = get(list, "fields");

	expect_text(list, "effect", "read");
	expect_text(find(get(&catalogue, "commands"), "path", "boxes run"), "effect", "exec");
	expect_text(find(fields, "key", "limit_ms"), "type", "duration");
	expect_text(find(fields, "key", "labels"), "type", "map");
	cr_assert_not(get(find(fields, "key", "labels"), "default")->boolean);
	cr_assert(get(find(fields, "key", "name"), "default")->boolean);
	cr_assert_not_null(find(get(find(fields, "key", "part"), "fields"), "key", "port"));
	cr_assert(get(find(fields, "key", "last_words"), "untrusted")->boolean);
	cr_assert_not_null(find(get(list, "exits"), "name", "check-failed"));
	cr_assert_eq(find(get(list, "exits"), "name", "timeout")->list.count, 2);
	cr_assert_eq(get(find(get(list, "exits"), "name", "timeout"), "status")->integer, EXIT_TIMEOUT);
}

Test(catalogue, holds_the_tables_of_codes_and_topics)
{
	struct value catalogue = read_catalogue();

	cr_assert_eq(get(&catalogue, "error_codes")->list.count, ERROR_ID_COUNT);
	cr_assert_not_null(find(get(&catalogue, "exit_codes"), "name", "link-lost"));
	cr_assert_not_null(find(get(&catalogue, "topics"), "name", "jsonpath"));
}

Test(command_schema, list_has_the_envelope)
{
	struct value schema = read_schema(&sample_list, "boxes list");
	static const char *const members[] = { "schema",    "context", "as_of", "partial",
		                               "untrusted", "items",   "page",  "warnings" };

	expect_text(&schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	expect_text(&schema, "properties.schema.const", "fops.box.list/1");
	cr_assert_eq(get(&schema, "properties")->list.count, ARRAY_LEN(members) + 1,
	             "source is there for revisions of git alone");
	cr_assert_not_null(get(&schema, "properties.source"));
	cr_assert_eq(get(&schema, "required")->list.count, ARRAY_LEN(members));
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		cr_expect_not_null(value_member(get(&schema, "properties"), members[i]), "%s", members[i]);
		cr_expect(has_text(get(&schema, "required"), members[i]), "%s", members[i]);
	}
	cr_assert(has_text(get(&schema, "properties.page.properties.next.type"), "null"));
	cr_assert(get(&schema, "additionalProperties")->boolean);
}

Test(command_schema, what_may_be_absent_may_be_null)
{
	struct value schema = read_schema(&sample_list, "boxes list");
	const struct value *fields = get(&schema, "properties.items.items.properties");

	expect_text(fields, "name.type", "string");
	cr_assert(has_text(get(fields, "state.type"), "null"));
	cr_assert(has_text(get(fields, "state.enum"), "down"));
	cr_assert(has_null(get(fields, "state.enum")));
	cr_assert(has_text(get(fields, "latency_ms.type"), "null"));
	expect_text(fields, "limit_ms.type", "integer");
	expect_text(fields, "seen_at.format", "date-time");
	cr_assert(has_text(get(fields, "fresh.type"), "null"));
	expect_text(fields, "good.type", "boolean");
	expect_text(fields, "tags.items.type", "string");
	expect_text(fields, "labels.additionalProperties.type", "string");
	expect_text(fields, "part.properties.port.type", "integer");
	expect_text(fields, "parts.items.properties.port.type", "integer");
	cr_assert_null(value_member(get(fields, "value"), "type"));
	cr_assert_eq(get(&schema, "properties.items.items.required")->list.count, 13);
}

Test(command_schema, single_object_has_no_envelope)
{
	struct value schema = read_schema(&sample_show, "boxes show");

	expect_text(&schema, "properties.schema.const", "fops.box.show/1");
	cr_assert_null(value_member(get(&schema, "properties"), "items"));
	cr_assert_not_null(value_member(get(&schema, "properties"), "untrusted"));
	cr_assert(has_text(get(&schema, "required"), "last_words"));
	cr_assert_eq(get(&schema, "required")->list.count, 15);
}
