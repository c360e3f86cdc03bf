/* Documents are written in canonical form, and what they say and their comments stay. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/data/format.h"

struct inner {
	const char *mode;
	const char *reference;
};

struct thing {
	const char *id;
	struct inner auth;
	struct text_map labels;
	struct text_list keys;
};

static const struct field inner_fields[] = {
	{ "mode", SLOT(struct inner, mode), .flags = 0 },
	{ "reference", SLOT(struct inner, reference), .flags = 0 },
	{ 0 },
};

static const struct field thing_fields[] = {
	{ "id", SLOT(struct thing, id), .flags = 0 },
	{ "auth", SLOT_EMBEDDED(struct thing, auth), 0, .fields = inner_fields },
	{ "labels", SLOT(struct thing, labels), .flags = 0 },
	{ "keys", SLOT(struct thing, keys), .flags = 0 },
	{ 0 },
};

#define HEAD "apiVersion: x/v1\nkind: Thing\nspec:\n"

struct row {
	const char *before;
	const char *after; /* NULL: stays */
};

static struct formatted format(struct arena *arena, const char *text, struct findings *findings)
{
	static const struct format_kind kinds[] = { { "Thing", thing_fields } };
	static const struct format_rules rules = { "x/v1", kinds, 1 };
	struct formatted formatted;

	(void)format_yaml(arena, "a.yaml", (struct str){ text, strlen(text) }, &rules, findings, &formatted);
	return formatted;
}

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena *arena = arena_new((size_t)1 << 30);
		struct findings findings = { .arena = arena };
		struct formatted formatted = format(arena, rows[i].before, &findings);
		const char *after = arena_text(arena, formatted.text.data, formatted.text.len);

		cr_expect_str_eq(after, rows[i].after == NULL ? rows[i].before : rows[i].after, "%s\nbecame\n%s",
		                 rows[i].before, after);
		cr_expect_eq(findings.count, 0);
		cr_expect_eq(formatted.note_count, 0, "%s", formatted.note_count > 0 ? formatted.notes[0].reason : "");
		arena_free(arena);
	}
}

Test(format, orders_members_by_their_tables_and_keeps_maps)
{
	static const struct row rows[] = {
		{ "spec:\n  unknown: 1\n  id: a\nkind: Thing\napiVersion: x/v1\n", HEAD "  id: a\n  unknown: 1\n" },
		{ HEAD "  auth:\n    reference: r\n    mode: m\n  id: a\n",
		  HEAD "  id: a\n  auth:\n    mode: m\n    reference: r\n" },
		{ HEAD "  id: a\n  auth: {reference: r, mode: m}\n",
		  HEAD "  id: a\n  auth: {mode: m, reference: r}\n" },
		{ HEAD "  labels:\n    z: 1\n    a: 2\n", NULL },
		{ HEAD "  zz: 1\n  aa: 2\n  id: a\n", HEAD "  id: a\n  zz: 1\n  aa: 2\n" },
		{ "{kind: Thing, spec: {id: a}, apiVersion: x/v1}\n",
		  "apiVersion: x/v1\nkind: Thing\nspec: {id: a}\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(format, indents_by_two_and_lists_below_their_name)
{
	static const struct row rows[] = {
		{ HEAD "     id:   a\n     keys:\n     - b\n     -   c\n",
		  HEAD "  id: a\n  keys:\n    - b\n    - c\n" },
		{ HEAD "  keys:\n  -\n    a: 1\n    b: 2\n  - - c\n    - d\n",
		  HEAD "  keys:\n    - a: 1\n      b: 2\n    - - c\n      - d\n" },
		{ HEAD "  keys: [ a,b ]\n  labels: {}\n  auth: {\n    }\n",
		  HEAD "  auth: {}\n  labels: {}\n  keys: [a, b]\n" },
		{ HEAD "  keys:\n    -\n    - b\n", NULL },
		{ HEAD "  id:\n", NULL },
		{ HEAD "  id: a   \r\n", HEAD "  id: a\n" },
		{ HEAD "  id: a", HEAD "  id: a\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(format, writes_brackets_as_lines_when_they_are_too_long)
{
	char text[512];
	struct row row = { text, HEAD "  keys:\n"
		                      "    - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		                      "    - bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n" };

	(void)snprintf(text, sizeof text, HEAD "  keys: [%060d, %060d]\n", 0, 0);
	for (char *at = strchr(text, '0'); *at == '0'; at++)
		*at = 'a';
	for (char *at = strchr(text, '0'); *at == '0'; at++)
		*at = 'b';
	check_rows(&row, 1);
}

Test(format, quotes_only_what_needs_it_and_always_in_one_way)
{
	static const struct row rows[] = {
		{ HEAD "  id: 'a'\n", HEAD "  id: a\n" },
		{ HEAD "  id: \"yes\"\n", NULL },
		{ HEAD "  id: '1.3'\n", HEAD "  id: \"1.3\"\n" },
		{ HEAD "  id: 10.0.0.1\n", HEAD "  id: \"10.0.0.1\"\n" },
		{ HEAD "  id: 2026-01-01\n", HEAD "  id: \"2026-01-01\"\n" },
		{ HEAD "  id: ''\n", HEAD "  id: \"\"\n" },
		{ HEAD "  id: 'a: b'\n", HEAD "  id: \"a: b\"\n" },
		{ HEAD "  id: a, b [c] {d}\n", NULL },
		{ HEAD "  id: \"a, b\"\n", NULL },
		{ HEAD "  id: \"{\\\"a\\\": 1}\"\n", HEAD "  id: '{\"a\": 1}'\n" },
		{ HEAD "  id: ' it''s \"x\"'\n", HEAD "  id: \" it's \\\"x\\\"\"\n" },
		{ HEAD "  id: \"a\\tb\\nc\\u202E\"\n", NULL },
		{ HEAD "  id: a\n    b\n", HEAD "  id: a b\n" },
		{ HEAD "  'id': \"\\x61\"\n", HEAD "  id: a\n" },
		{ HEAD "  labels: {\"8080\": x, a/b: True, c: 0x1F, d: ~, e: null, f: }\n", NULL },
		{ HEAD "  id: a?b\n  keys: [a?b]\n", HEAD "  id: a?b\n  keys: [\"a?b\"]\n" },
		{ HEAD "  id: \"# a\"\n  keys: [\"a,b\", 'c#d', \" e\"]\n",
		  HEAD "  id: \"# a\"\n  keys: [\"a,b\", c#d, \" e\"]\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(format, keeps_block_texts)
{
	static const struct row rows[] = {
		{ HEAD "    id: |\n          a\n            b\n\n          c\n",
		  HEAD "  id: |\n    a\n      b\n\n    c\n" },
		{ HEAD "  id: |-   # why\n   a\n\n\n  keys: [b]\n", HEAD "  id: |- # why\n    a\n\n  keys: [b]\n" },
		{ HEAD "  id: >\n      a\n      b\n\n      c\n", HEAD "  id: >\n    a\n    b\n\n    c\n" },
		{ HEAD "  id: |+\n    a\n\n\n", NULL },
		{ HEAD "  id: |+\n    a\n\n  keys: [b]\n", NULL },
		{ HEAD "  keys:\n  - |\n   # no comment\n   a\n",
		  HEAD "  keys:\n    - |\n      # no comment\n      a\n" },
		{ HEAD "  id: |\n    a\n       \n    b\n", NULL },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(format, keeps_comments_with_what_they_stand_beside)
{
	static const struct row rows[] = {
		{ "# file\n\n# of thing\nkind: Thing # tail\napiVersion: x/v1\nspec: # spec\n  id: a#b   # c # d\n",
		  "# file\n\n# of thing\napiVersion: x/v1\nkind: Thing # tail\nspec: # spec\n  id: a#b # c # d\n" },
		{ HEAD "  # keys\n  keys: [a] # tail\n  # id\n\n  # id again\n  id: a\n",
		  HEAD "  # id\n\n  # id again\n  id: a\n  # keys\n  keys: [a] # tail\n" },
		{ HEAD "  auth:\n    mode: m\n    # reference: r\n  # above id\n  id: a\n# the end\n",
		  HEAD "  # above id\n  id: a\n  auth:\n    mode: m\n    # reference: r\n# the end\n" },
		{ HEAD "  auth: { # one\n    reference: r, # two\n    # three\n    mode: m\n    # four\n    } # five\n",
		  HEAD "  # five\n  auth: # one\n    # three\n    mode: m\n    reference: r # two\n    # four\n" },
		{ HEAD "  keys:\n  # first\n  - a\n  # second\n  - b\n  # id\n  id: c\n",
		  HEAD "  # id\n  id: c\n  keys:\n    # first\n    - a\n    # second\n    - b\n" },
		{ HEAD "  keys:\n  - # one\n    b: 1\n    # two\n    c: 2\n    # foot\n  - d\n",
		  HEAD "  keys:\n    # one\n    - b: 1\n      # two\n      c: 2\n      # foot\n    - d\n" },
		{ HEAD "  id: # one\n    # two\n    a # three\n", HEAD "  # two\n  # three\n  id: a # one\n" },
		{ HEAD "  keys: [] # none\n  labels: {\n  # nothing\n  }\n",
		  HEAD "  # nothing\n  labels: {}\n  keys: [] # none\n" },
		{ HEAD "#left\n  id: a\n", HEAD "  #left\n  id: a\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(format, keeps_documents_apart_and_one_empty_line)
{
	static const struct row rows[] = {
		{ "\n\n---\n\n" HEAD "  id: a\n\n\n\n---  # two\n" HEAD "\n  id: b\n\n\n  keys: [c]\n\n\n",
		  "---\n" HEAD "  id: a\n\n--- # two\n" HEAD "  id: b\n\n  keys: [c]\n" },
		{ "# a\n---\n# b\n" HEAD "  id: a\n", NULL },
		{ HEAD "  id: a\n# foot\n\n---\n---\n# only\n---\n" HEAD "  id: b\n", NULL },
		{ "", NULL },
		{ "# nothing\n", NULL },
		{ "--- {kind: Thing, apiVersion: x/v1, spec: {id: a}}\n",
		  "---\napiVersion: x/v1\nkind: Thing\nspec: {id: a}\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(format, leaves_what_has_no_canonical_form_and_says_why)
{
	static const struct row rows[] = {
		{ HEAD "  id:  &a b\n", "it has an anchor, alias, tag or directive" },
		{ HEAD "  id:  &a b\n  keys: [*a]\n", "it has an anchor, alias, tag or directive" },
		{ HEAD "  id:   !!str b\n", "it has an anchor, alias, tag or directive" },
		{ "%YAML 1.2\n---\n" HEAD "  id:   b\n", "it has an anchor, alias, tag or directive" },
		{ HEAD "  id:   b\n...\n", "it ends with ..." },
		{ HEAD "  id: |2\n      b\n", "it has a block text with an indentation indicator" },
		{ HEAD "  id: |\n\n\n", "it has a block text without content" },
		{ "apiVersion: x/v2\nkind:   Thing\n", "it is of another apiVersion" },
		{ "apiVersion: x/v1\nkind:   Other\n", "its kind is not known" },
		{ "a text\n", "it holds nothing to lay out" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new((size_t)1 << 30);
		struct findings findings = { .arena = arena };
		struct formatted formatted = format(arena, rows[i].before, &findings);

		cr_expect_eq(formatted.text.len, strlen(rows[i].before), "%s", rows[i].before);
		cr_expect_arr_eq(formatted.text.data, rows[i].before, strlen(rows[i].before));
		cr_assert_eq(formatted.note_count, 1, "%s", rows[i].before);
		cr_expect_str_eq(formatted.notes[0].reason, rows[i].after);
		cr_expect_eq(formatted.notes[0].line, 1);
		arena_free(arena);
	}
}

Test(format, leaves_one_document_and_writes_the_next)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct findings findings = { .arena = arena };
	struct formatted formatted =
	        format(arena, HEAD "  id:  a\n---\n" HEAD "  id:  &a b\n---\n" HEAD "  id:  c\n", &findings);
	const char *after = arena_text(arena, formatted.text.data, formatted.text.len);

	cr_expect_str_eq(after, HEAD "  id: a\n---\n" HEAD "  id:  &a b\n---\n" HEAD "  id: c\n");
	cr_expect_eq(formatted.documents, 3);
	cr_assert_eq(formatted.note_count, 1);
	cr_expect_eq(formatted.notes[0].line, 5);
	arena_free(arena);
}

Test(format, refuses_what_the_reader_refuses)
{
	static const char *const texts[] = { "a: [b\n", HEAD "  id: a\n  id: b\n", HEAD "  id: no\n",
		                             HEAD "\tid: a\n" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct arena *arena = arena_new((size_t)1 << 30);
		struct findings findings = { .arena = arena };
		struct formatted formatted = format(arena, texts[i], &findings);

		cr_expect_gt(findings.count, 0, "%s", texts[i]);
		cr_expect_eq(formatted.text.data, texts[i]);
		arena_free(arena);
	}
}
