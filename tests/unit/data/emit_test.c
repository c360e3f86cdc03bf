/* What is written reads back, and nothing written breaks a reader. */
#include <criterion/criterion.h>

#include <math.h>

#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "reading.h"

#define MOST_BYTES ((size_t)1024 * 1024)

static const char *write_value(struct reading *reading, enum emit_format format, const struct value *value)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, format, buffer_sink(&out));
	emit_value(&emitter, value);
	cr_expect(emit_finish(&emitter, true));
	return arena_copy(reading->arena, buffer_string(&out));
}

static void check_format(enum emit_format format, const char *json, const char *text)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, json);
	const char *written;

	cr_assert_not_null(value, "%s", json);
	written = write_value(&reading, format, value);
	cr_expect_str_eq(written, text, "%s was written as\n%s", json, written);
	reading_done(&reading);
}

Test(emit, writes_json_on_one_line)
{
	check_format(EMIT_JSON, " { \"a\" : [ 1 , { } , [ ] ] , \"b\" : null } ", "{\"a\":[1,{},[]],\"b\":null}\n");
}

Test(emit, writes_pretty_json)
{
	check_format(
	        EMIT_JSON_PRETTY, "{\"a\":[1,{},[[]]],\"b\":{\"c\":true}}",
	        "{\n  \"a\": [\n    1,\n    {},\n    [\n      []\n    ]\n  ],\n  \"b\": {\n    \"c\": true\n  }\n}\n");
	check_format(EMIT_JSON_PRETTY, "[]", "[]\n");
}

Test(emit, writes_block_yaml)
{
	check_format(
	        EMIT_YAML,
	        "{\"a\":[1,{},[[]],[2,[3]]],\"b\":{\"c\":true,\"d\":{}},\"e\":[{\"f\":1,\"g\":[{\"h\":[4]}]}],\"i\":[]"
	        "}",
	        "a:\n  - 1\n  - {}\n  - - []\n  - - 2\n    - - 3\nb:\n  c: true\n  d: {}\ne:\n  - f: 1\n    g:\n      "
	        "- h:\n          - 4\ni: []\n");
	check_format(EMIT_YAML, "{}", "{}\n");
	check_format(EMIT_YAML, "\"a text\"", "a text\n");
	check_format(EMIT_YAML, "[[1,2],3]", "- - 1\n  - 2\n- 3\n");
}

Test(emit, escapes_what_steers_terminals_and_readers)
{
	static const char text[] = "a\x01\x1b\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\"\\\b\f\n\r\t/\xc3\xa9";
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	emit_text(&emitter, text);
	cr_expect(emit_finish(&emitter, false));
	cr_expect_str_eq(out.data,
	                 "\"a\\u0001\\u001B\\u007F\\u0085\\u2028\\u2029\\uFEFF\\\"\\\\\\b\\f\\n\\r\\t/\xc3\xa9\"");
}

Test(emit, replaces_each_bad_byte)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	emit_text(&emitter, "a\xff\xc3(\xed\xa0\x80\xe2\x82");
	cr_expect(emit_finish(&emitter, false));
	cr_expect_str_eq(out.data,
	                 "\"a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

Test(emit, writes_numbers_that_read_back)
{
	static const double reals[] = {
		0.0, -0.0, 0.1, 1.0, -1.5, 1e21, 1.7976931348623157e308, 5e-324, 0.1 + 0.2, 123456789012345680.0
	};
	struct reading reading = reading_new();

	for (size_t i = 0; i < ARRAY_LEN(reals); i++) {
		struct value value = { .kind = VALUE_REAL, .real = reals[i] };
		const char *json = write_value(&reading, EMIT_JSON, &value);

		cr_expect(is_same_value(reading_json(&reading, json), &value), "%s", json);
		reading_yaml(&reading, write_value(&reading, EMIT_YAML, &value), NULL);
		cr_assert_eq(reading.count, 1);
		cr_expect(is_same_value(reading.documents[0], &value), "%s", json);
	}
	reading_done(&reading);
}

Test(emit, quotes_whole_numbers_that_others_would_round)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	emit_array(&emitter);
	emit_int(&emitter, INT64_C(9007199254740992));
	emit_int(&emitter, INT64_C(9007199254740993));
	emit_int(&emitter, INT64_MIN);
	emit_count(&emitter, UINT64_MAX);
	emit_value(&emitter, &(struct value){ .kind = VALUE_REAL, .real = (double)INFINITY });
	emit_text(&emitter, NULL);
	emit_array_end(&emitter);
	cr_expect(emit_finish(&emitter, false));
	cr_expect_str_eq(out.data, "[9007199254740992,\"9007199254740993\",\"-9223372036854775808\","
	                           "\"18446744073709551615\",null,null]");
}

/* Texts that YAML 1.1 or 1.2 could take for something else. */
static const char *const tricky[] = {
	"",
	" ",
	" a",
	"a ",
	"a  b",
	"a b",
	"yes",
	"No",
	"ON",
	"off",
	"y",
	"N",
	"true",
	"FALSE",
	"null",
	"Null",
	"~",
	"0",
	"012",
	"1_000",
	"0x1F",
	"0o14",
	"0b101",
	"12:30",
	"1:2:3",
	"1.5",
	".5",
	"5.",
	"1e3",
	"1e+3",
	"1.5e+3",
	".inf",
	"-.INF",
	".nan",
	"-",
	"--",
	"---",
	"...",
	"- a",
	"? a",
	": a",
	"a: b",
	"a:",
	":a",
	"a:b",
	"a #b",
	"a#b",
	"#a",
	"&a",
	"*a",
	"!a",
	"|",
	">",
	"%a",
	"@a",
	"`a",
	"'a'",
	"\"a\"",
	"[a",
	"{a",
	"a]",
	"a, b",
	"a}",
	"=",
	"<<",
	"<",
	"a\nb",
	"a\n",
	"\na",
	"a\tb",
	"\t",
	"a\\b",
	"2026-01-01",
	"2026-01-01T10:00:00Z",
	"1.2.3.4",
	"10.0",
	"1,000",
	"é",
	"é: b",
	"日本",
	"😀",
	"\xc2\xa0",
	"\xc2\x85",
	"\xe2\x80\xa8",
	"\xef\xbb\xbf-",
	"\xef\xbf\xbf",
	"+1",
	"-1",
	"+",
	"a'b",
	"a\"b",
	"/a/b",
	"_a",
	"a=b",
	"deadbeef",
	"1d",
	"12e03",
	"190:20:30",
	"0.",
	"C:\\x",
	"http://a:1/b?c#d",
	"env://A",
	"NaN",
	"Infinity",
	"1 2",
	"123 abc",
	"0x",
	"0o8",
	"1e",
	"\x7f",
};

Test(emit, writes_yaml_texts_that_read_back)
{
	for (size_t i = 0; i < ARRAY_LEN(tricky); i++) {
		struct reading reading = reading_new();
		struct value value = { .kind = VALUE_TEXT };
		struct member members[1] = { { .name = tricky[i] } };
		struct value object = { .kind = VALUE_OBJECT };
		const char *yaml;

		value.text.data = tricky[i];
		value.text.len = strlen(tricky[i]);
		members[0].value = value;
		object.list.members = members;
		object.list.count = 1;
		yaml = write_value(&reading, EMIT_YAML, &object);
		reading_yaml(&reading, yaml, NULL);
		cr_expect_eq(reading.findings.count, 0, "%s", yaml);
		cr_assert_eq(reading.count, 1, "%s", yaml);
		cr_expect(is_same_value(reading.documents[0], &object), "%s", yaml);
		reading_yaml(&reading, write_value(&reading, EMIT_YAML, &value), NULL);
		cr_assert_eq(reading.count, 1, "%s", yaml);
		cr_expect(is_same_value(reading.documents[0], &value), "%s", yaml);
		reading_done(&reading);
	}
}

Test(emit, writes_plain_texts_without_quotes)
{
	check_format(EMIT_YAML,
	             "[\"abc\",\"a b\",\"/usr/bin\",\"langboard-executor\",\"http://a:1/b\",\"é\",\"3.11-slim\"]",
	             "- abc\n- a b\n- /usr/bin\n- langboard-executor\n- http://a:1/b\n- é\n- 3.11-slim\n");
	check_format(EMIT_YAML, "[\"yes\",\"12\",\"a: b\",\"\",\"a\\nb\"]",
	             "- \"yes\"\n- \"12\"\n- \"a: b\"\n- \"\"\n- \"a\\nb\"\n");
}

Test(emit, writes_long_names_that_read_back)
{
	struct reading reading = reading_new();
	char name[3000];
	struct member inner = { .name = "b" };
	struct member members[1] = { { .name = name } };
	struct value object = { .kind = VALUE_OBJECT };

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	inner.value = (struct value){ .kind = VALUE_BOOL, .boolean = true };
	members[0].value.kind = VALUE_OBJECT;
	members[0].value.list.members = &inner;
	members[0].value.list.count = 1;
	object.list.members = members;
	object.list.count = 1;
	reading_yaml(&reading, write_value(&reading, EMIT_YAML, &object), NULL);
	cr_assert_eq(reading.findings.count, 0);
	cr_assert_eq(reading.count, 1);
	cr_expect(is_same_value(reading.documents[0], &object));
	reading_done(&reading);
}

static bool refuse(void *user, const char *data, size_t len)
{
	size_t *calls = user;

	(void)data;
	(void)len;
	return ++*calls < 3;
}

Test(emit, stays_failed_after_the_sink_failed)
{
	struct emitter emitter;
	size_t calls = 0;

	emit_start(&emitter, EMIT_JSON, (struct sink){ refuse, &calls });
	emit_array(&emitter);
	for (int i = 0; i < 10; i++)
		emit_int(&emitter, i);
	emit_array_end(&emitter);
	cr_expect_not(emit_finish(&emitter, true));
	cr_expect_eq(calls, 3);
}

/* Each letter is one call; good says whether the whole must succeed. */
static bool run_calls(const char *calls)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	for (; *calls != '\0'; calls++) {
		switch (*calls) {
		case '{':
			emit_object(&emitter);
			break;
		case '}':
			emit_object_end(&emitter);
			break;
		case '[':
			emit_array(&emitter);
			break;
		case ']':
			emit_array_end(&emitter);
			break;
		case 'k':
			emit_key(&emitter, "k");
			break;
		default:
			emit_int(&emitter, 1);
			break;
		}
	}
	return emit_finish(&emitter, false);
}

Test(emit, refuses_calls_that_do_not_nest)
{
	static const char *const good[] = { "1", "[]", "{}", "[11]", "{k1k1}", "{k[]k{}}", "[[[]]]" };
	static const char *const bad[] = { "",   "11", "{1}", "[k1]", "k1", "{k}", "{kk1}",
		                           "[}", "{]", "[",   "{k",   "]",  "[]]", "{k1" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect(run_calls(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(run_calls(bad[i]), "%s", bad[i]);
}

Test(emit, refuses_to_nest_too_deeply)
{
	char calls[2 * EMIT_DEPTH + 1] = { 0 };

	memset(calls, '[', EMIT_DEPTH - 1);
	memset(calls + EMIT_DEPTH - 1, ']', EMIT_DEPTH - 1);
	cr_expect(run_calls(calls));
	memset(calls, '[', EMIT_DEPTH);
	memset(calls + EMIT_DEPTH, ']', EMIT_DEPTH);
	cr_expect_not(run_calls(calls));
}

Test(emit, fails_when_the_buffer_is_full)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(4);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	emit_text(&emitter, "abcdef");
	cr_expect_not(emit_finish(&emitter, true));
}
