/* YAML is read under the core schema, in streams, with positions and within bounds. */
#include <criterion/criterion.h>

#include "fops/base/buffer.h"
#include "fops/data/document.h"
#include "reading.h"

struct row {
	const char *text;
	const char *lines;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct reading reading = reading_new();

		const char *lines = reading_lines(&reading, rows[i].text);

		cr_expect_str_eq(lines, rows[i].lines, "%s\nwas read as\n%s", rows[i].text, lines);
		reading_done(&reading);
	}
}

Test(yaml, reads_the_core_schema)
{
	static const struct row rows[] = {
		{ "[null, Null, NULL, ~, ]", "[null,null,null,null]\n" },
		{ "a:\nb: ''\n", "{\"a\":null,\"b\":\"\"}\n" },
		{ "[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]\n" },
		{ "[0, -0, 12, +12, -12, 0o14, 0x1F]", "[0,0,12,12,-12,12,31]\n" },
		{ "[1.5, -1.5, .5, 5., 1.0e+3, 1.25e-2, 0.0]", "[1.5,-1.5,0.5,5.0,1000.0,0.0125,0.0]\n" },
		{ "[9007199254740992, -9007199254740992]", "[9007199254740992,-9007199254740992]\n" },
		{ "[2026-01-01, 2026-01-01T10:00:00Z, 1.2.3, 10.0.0.1, 1-2, a:b, tRUE, nULL, yEs]",
		  "[\"2026-01-01\",\"2026-01-01T10:00:00Z\",\"1.2.3\",\"10.0.0.1\",\"1-2\",\"a:b\",\"tRUE\",\"nULL\","
		  "\"yEs\"]\n" },
		{ "[0o8, 0xG, 1e, e1, '+', '-', '.', 1.e, 0b2, 12:3x, 8080:80, '_1']",
		  "[\"0o8\",\"0xG\",\"1e\",\"e1\",\"+\",\"-\",\".\",\"1.e\",\"0b2\",\"12:3x\",\"8080:80\",\"_1\"]\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, takes_quoted_scalars_for_texts)
{
	static const struct row rows[] = {
		{ "['1', \"true\", 'null', \"no\", '012', '']", "[\"1\",\"true\",\"null\",\"no\",\"012\",\"\"]\n" },
		{ "\"yes\": 'a'\n'8080': b\n", "{\"yes\":\"a\",\"8080\":\"b\"}\n" },
		{ "a: |\n  12\n  no\nb: >-\n  c\n  d\n", "{\"a\":\"12\\nno\\n\",\"b\":\"c d\"}\n" },
		{ "\"\\u00e9\\x41\\U0001F600\\t\\e\"", "\"éA😀\\t\\u001B\"\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, checks_core_tags)
{
	static const struct row rows[] = {
		{ "[!!str 12, !!str no, !!str, !!int 12, !!float 1.5, !!float 2, !!bool true, !!null ~, !!null '']",
		  "[\"12\",\"no\",\"\",12,1.5,2.0,true,null,\"\"]\n1:86: the tag tag:yaml.org,2002:null is not "
		  "allowed; "
		  "only core tags with matching content are\n" },
		{ "a: !!map {b: !!seq [c]}\n", "{\"a\":{\"b\":[\"c\"]}}\n" },
		{ "!!str 8080: web\n", "{\"8080\":\"web\"}\n" },
		{ "!<tag:yaml.org,2002:int> 7\n", "7\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, reads_streams_of_documents)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "# nothing\n", "" },
		{ "---\na: 1\n---\nb: 2\n", "{\"a\":1}\n{\"b\":2}\n" },
		{ "---\n---\na: 1\n", "null\n{\"a\":1}\n" },
		{ "%YAML 1.2\n---\na: 1\n...\n---\nb: 2\n...\n", "{\"a\":1}\n{\"b\":2}\n" },
		{ "a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, expands_aliases)
{
	static const struct row rows[] = {
		{ "a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n",
		  "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]},\"d\":[{\"b\":[1]},{\"b\":[1]}]}\n" },
		{ "a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}\n" },
		{ "&k key: 1\nb: *k\n", "{\"key\":1,\"b\":\"key\"}\n" },
		{ "a: &k name\n*k : 2\n", "{\"a\":\"name\",\"name\":2}\n" },
		{ "a: &x\nb: *x\n", "{\"a\":null,\"b\":null}\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, goes_on_behind_a_trap)
{
	static const struct row rows[] = {
		{ "a: no\nb: {c: 012, c: 1}\n8: x\n<<: {d: 1}\n---\ne: 9007199254740993\n---\nf: 1\n",
		  "{\"a\":\"no\",\"b\":{\"c\":\"012\"},\"8\":\"x\"}\n{\"e\":\"9007199254740993\"}\n{\"f\":1}\n"
		  "1:4: unquoted no means different things to readers of YAML 1.1 and 1.2\n"
		  "2:8: unquoted 012 means different things to readers of YAML 1.1 and 1.2\n"
		  "2:13: the name 'c' stands twice in one object, first at line 2\n"
		  "3:1: a name must be a text, not a whole number\n"
		  "4:1: merge keys are not allowed\n"
		  "6:4: a whole number must lie within -2^53 and 2^53\n" },
		{ "? {a: 1}\n: b\nc: 1\n", "{\"c\":1}\n1:3: a name must be a text, not an object\n" },
		{ "? [a, {b: c}]\n: {d: e}\nf: *g\n",
		  "{\"f\":null}\n1:3: a name must be a text, not a list\n3:4: the alias *g has no anchor before it\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, delivers_what_stands_before_a_syntax_error)
{
	static const struct row rows[] = {
		{ "a: 1\n---\nb: ]\n---\nc: 1\n", "{\"a\":1}\n3:4: did not find expected node content while parsing a "
		                                  "block node that starts at line 3\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(yaml, suggests_quotes)
{
	struct reading reading = reading_new();

	reading_yaml(&reading, "a: no\n", NULL);
	cr_assert_eq(reading.findings.count, 1);
	cr_expect_str_eq(reading.findings.items[0].fix, "quote it: \"no\"");
	cr_expect_str_eq(reading.findings.items[0].file, "t");
	reading_done(&reading);
}

Test(yaml, remembers_where_names_and_values_stand)
{
	struct reading reading = reading_new();
	const struct member *member;

	reading_yaml(&reading, "# ä\nspec:\n  \"ö\": [ü, é, x]\n  a: &a {b: 1}\n  c: *a\n", NULL);
	cr_assert_eq(reading.count, 1);
	cr_expect_eq(reading.documents[0]->line, 2);
	member = &reading.documents[0]->list.members[0].value.list.members[0];
	cr_expect_eq(member->line, 3);
	cr_expect_eq(member->column, 3);
	cr_expect_eq(member->value.column, 8);
	cr_expect_eq(member->value.list.items[2].column, 15);
	member += 2;
	cr_expect_eq(member->value.line, 5);
	cr_expect_eq(member->value.column, 6);
	reading_done(&reading);
}

static size_t findings_under(const char *text, const struct document_limits *limits)
{
	struct reading reading = reading_new();
	size_t count;

	reading_yaml(&reading, text, limits);
	count = reading.findings.count;
	reading_done(&reading);
	return count;
}

Test(yaml, holds_every_limit)
{
	static const struct document_limits limits = {
		.bytes = 40, .depth = 2, .values = 5, .text = 8, .documents = 2
	};

	cr_expect_eq(findings_under("[[1, 2, 3]]", &limits), 0);
	cr_expect_eq(findings_under("[[1, 2, 3, 4]]", &limits), 1);
	cr_expect_eq(findings_under("[[[1]]]", &limits), 1);
	cr_expect_eq(findings_under("12345678", &limits), 0);
	cr_expect_eq(findings_under("a12345678", &limits), 1);
	cr_expect_eq(findings_under("a12345678: 1", &limits), 1);
	cr_expect_eq(findings_under("--- 1\n--- 2\n", &limits), 0);
	cr_expect_eq(findings_under("--- 1\n--- 2\n--- 3\n", &limits), 1);
	cr_expect_eq(findings_under("[&a x, *a, *a, *a]", &limits), 0);
	cr_expect_eq(findings_under("[&a x, *a, *a, *a, *a]", &limits), 1);
	cr_expect_eq(findings_under("[&a [], [*a]]", &limits), 1);
	cr_expect_eq(findings_under("# 6789012345678901234567890123456789012\n", &limits), 0);
	cr_expect_eq(findings_under("# 67890123456789012345678901234567890123\n", &limits), 1);
}

Test(yaml, bounds_the_text_that_aliases_repeat)
{
	static const struct document_limits limits = {
		.bytes = 100, .depth = 8, .values = 1000, .text = 100, .documents = 1
	};

	cr_expect_eq(findings_under("[&a abcdefghijklmnopqrstuvwxyz,*a,*a,*a]", &limits), 0);
	cr_expect_eq(findings_under("[&a abcdefghijklmnopqrstuvwxyz,*a,*a,*a,*a]", &limits), 1);
}

static bool stop(void *user, struct value *document, struct error *err)
{
	size_t *count = user;

	(void)document;
	(*count)++;
	return fail(err, ERROR_DATA, "enough");
}

Test(yaml, stops_when_the_visitor_does)
{
	struct reading reading = reading_new();
	static const char text[] = "a: 1\n---\nb: 1\n";
	size_t count = 0;

	cr_expect_not(yaml_parse(reading.scratch, "t", text, strlen(text), NULL, &reading.findings, stop, &count,
	                         &reading.err));
	cr_expect_eq(count, 1);
	cr_expect_str_eq(reading.err.message, "enough");
	reading_done(&reading);
}

static bool measure(void *user, struct value *document, struct error *err)
{
	size_t *most = ((size_t **)user)[0];
	struct arena_mark mark = arena_mark(((const struct arena **)user)[1]);

	(void)document;
	(void)err;
	/* what stays behind fills the block before a new one is begun */
	if (mark.used > *most)
		*most = mark.used;
	return true;
}

Test(yaml, gives_back_the_memory_of_each_document)
{
	struct reading reading = reading_new();
	struct buffer text = BUFFER((size_t)1024 * 1024);
	size_t most = 0;
	void *user[] = { &most, reading.scratch };

	for (int i = 0; i < 1000; i++)
		(void)buffer_text(&text, "---\nname: a text of some length\nlist: [1, 2, 3]\n");
	cr_assert(yaml_parse(reading.scratch, "t", text.data, text.len, NULL, &reading.findings, measure, user,
	                     &reading.err));
	cr_expect_gt(most, 0);
	cr_expect_lt(most, 2000);
	cr_expect_null(arena_mark(reading.scratch).block);
	buffer_done(&text);
	reading_done(&reading);
}

/* A megabyte of one thing each: nothing may take more than its share of time. */
Test(yaml, reads_large_flat_inputs_in_linear_time, .timeout = 20)
{
	static const char *const pieces[] = { "- no\n", "a: 1\n", "- &a b\n",  "- *b\n",  "- {a: 1, a: 2}\n",
		                              "[",      "{a: ",   "- \"é\"\n", "--- a\n", "\n",
		                              "# c\n",  "\t",     "-\n\ta",    "&a ",     "!!str ",
		                              "? ",     ": " };

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct reading reading = reading_new();
		struct buffer text = BUFFER((size_t)2 * 1024 * 1024);

		reading.findings.limit = 10;
		while (text.len < 400000)
			(void)buffer_text(&text, pieces[i]);
		reading_yaml(&reading, text.data, NULL);
		cr_expect_leq(reading.findings.count, 10);
		buffer_done(&text);
		reading_done(&reading);
	}
}
