/* JSON is read strictly and remembered by position. */
#include <criterion/criterion.h>

#include "fops/base/buffer.h"
#include "fops/data/document.h"
#include "reading.h"

static void expect_same(struct reading *reading, const char *text)
{
	cr_expect_str_eq(reading_show(reading, reading_json(reading, text)), text);
}

Test(json, reads_every_kind)
{
	struct reading reading = reading_new();

	expect_same(&reading, "{\"a\":null,\"b\":true,\"c\":false,\"d\":-12,\"e\":0.5,\"f\":\"x\",\"g\":[],\"h\":{}}");
	expect_same(&reading, "[[1,[2]],{\"a\":{\"b\":[3]}}]");
	expect_same(&reading, "\"\"");
	expect_same(&reading, "{\"\":1}");
	reading_done(&reading);
}

Test(json, keeps_whole_numbers_exact)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "[9007199254740992,-9007199254740992,9007199254740991]");

	cr_assert_not_null(value);
	cr_expect_eq(value->list.items[0].integer, INT64_C(9007199254740992));
	cr_expect_eq(value->list.items[1].integer, -INT64_C(9007199254740992));
	cr_expect_eq(value->list.items[2].integer, INT64_C(9007199254740991));
	reading_done(&reading);
}

Test(json, tells_whole_numbers_from_others_by_their_form)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "[1,1.0,1e2,-0]");

	cr_assert_not_null(value);
	cr_expect_eq(value->list.items[0].kind, VALUE_INT);
	cr_expect_eq(value->list.items[1].kind, VALUE_REAL);
	cr_expect_eq(value->list.items[2].kind, VALUE_REAL);
	cr_expect(value->list.items[2].real > 99.9 && value->list.items[2].real < 100.1);
	cr_expect_eq(value->list.items[3].kind, VALUE_INT);
	reading_done(&reading);
}

Test(json, reads_escapes)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "\"\\u00e9\\u20AC\\ud83d\\ude00\\n\\/\\\"\"");

	cr_assert_not_null(value);
	cr_expect_str_eq(value->text.data, "é€😀\n/\"");
	cr_expect_eq(value->text.len, strlen("é€😀\n/\""));
	reading_done(&reading);
}

Test(json, remembers_where_names_and_values_stand)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "{\n  \"äö\": [1,\r\n\t\"ü\", {\"x\" : true}]}");
	const struct member *member;

	cr_assert_not_null(value);
	cr_expect_eq(value->line, 1);
	cr_expect_eq(value->column, 1);
	member = &value->list.members[0];
	cr_expect_eq(member->line, 2);
	cr_expect_eq(member->column, 3);
	cr_expect_eq(member->value.line, 2);
	cr_expect_eq(member->value.column, 9);
	cr_expect_eq(member->value.list.items[1].line, 3);
	cr_expect_eq(member->value.list.items[1].column, 2);
	cr_expect_eq(member->value.list.items[2].column, 7);
	cr_expect_eq(member->value.list.items[2].list.members[0].column, 8);
	cr_expect_eq(member->value.list.items[2].list.members[0].value.column, 14);
	reading_done(&reading);
}

Test(json, reports_name_line_and_column)
{
	struct reading reading = reading_new();

	cr_expect_null(reading_json(&reading, "{\n  \"a\": nul\n}"));
	cr_expect_eq(reading.err.id, ERROR_DATA);
	cr_expect_eq(reading.err.exit_status, EXIT_DATA);
	cr_expect_str_eq(reading.err.message, "t:2:8: expected a value, found 'n'");
	cr_assert_eq(reading.err.finding_count, 1);
	cr_expect_str_eq(reading.err.findings[0].file, "t");
	cr_expect_str_eq(reading.err.findings[0].message, "expected a value, found 'n'");
	reading_done(&reading);
}

Test(json, reports_the_first_of_several_repeated_names)
{
	struct reading reading = reading_new();

	cr_expect_null(reading_json(&reading, "{\"a\":{\"c\":1},\n\"b\":{\"d\":1,\"d\":2},\"a\":3,\n\"a\":4}"));
	cr_expect_str_eq(reading.err.message, "t:2:12: the name 'd' stands twice in one object, first at line 2");
	reading_done(&reading);
}

Test(json, needs_no_nul_behind_the_text)
{
	struct reading reading = reading_new();
	char *text = malloc(5);
	struct value value;

	cr_assert_not_null(text);
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): what the test is about */
	memcpy(text, "[123]", 5);
	cr_expect(json_parse(reading.arena, "t", text, 5, NULL, &value, &reading.err));
	cr_expect_not(json_parse(reading.arena, "t", text, 4, NULL, &value, &reading.err));
	cr_expect_not(json_parse(reading.arena, "t", text, 0, NULL, &value, &reading.err));
	free(text);
	reading_done(&reading);
}

static bool fits(const char *text, const struct document_limits *limits)
{
	struct reading reading = reading_new();
	struct value value;
	bool result = json_parse(reading.arena, "t", text, strlen(text), limits, &value, &reading.err);

	reading_done(&reading);
	return result;
}

Test(json, holds_every_limit)
{
	struct document_limits limits = { .bytes = 20, .depth = 2, .values = 4, .text = 3 };

	cr_expect(fits("[\"abc\"]", &limits));
	cr_expect_not(fits("[\"abcd\"]", &limits));
	cr_expect(fits("[\"\\u0061\\u0061\"]", &limits));
	cr_expect_not(fits("{\"abcd\":1}", &limits));
	cr_expect(fits("[[1],2]", &limits));
	cr_expect_not(fits("[[[1]]]", &limits));
	cr_expect_not(fits("[1,2,3,4]", &limits));
	cr_expect(fits("[1                 ]", &limits));
	cr_expect_not(fits("[1                  ]", &limits));
}

/* Large flat inputs must not cost more than their length. */
Test(json, reads_one_long_line_in_linear_time, .timeout = 10)
{
	struct reading reading = reading_new();
	struct buffer text = BUFFER((size_t)16 * 1024 * 1024);
	struct value value;

	(void)buffer_byte(&text, '{');
	for (int i = 0; i < 200000; i++)
		(void)buffer_format(&text, "%s\"name%d\":\"ü\"", i == 0 ? "" : ",", i);
	(void)buffer_byte(&text, '}');
	cr_assert(json_parse(reading.arena, "t", text.data, text.len, NULL, &value, &reading.err), "%s",
	          reading.err.message);
	cr_expect_eq(value.list.count, 200000);
	cr_expect_gt(value.list.members[199999].column, 3000000);
	buffer_done(&text);
	reading_done(&reading);
}
