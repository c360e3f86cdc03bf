/* The vectors of RFC 8785: numbers of appendix B, order and escapes of section 3.2; and what has no canonical form. */
#include <criterion/criterion.h>

#include <math.h>

#include "fops/base/arena.h"
#include "fops/data/canonical.h"
#include "reading.h"

static double number_of(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof number);
	return number;
}

/* The text of a number, valid until the next call. */
static const char *text_of(double number)
{
	static char text[64];
	struct arena *scratch = arena_new(1024);
	struct buffer out = BUFFER(sizeof text - 1);
	struct value value = { .kind = VALUE_REAL, .real = number };

	cr_assert(canonical_write(scratch, &out, &value));
	memcpy(text, buffer_string(&out), out.len + 1);
	buffer_done(&out);
	arena_free(scratch);
	return text;
}

Test(canonical, writes_numbers_as_the_standard_lists_them)
{
	static const struct {
		uint64_t bits;
		const char *text;
	} rows[] = {
		{ 0x0000000000000000, "0" },
		{ 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" },
		{ 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" },
		{ 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" },
		{ 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" },
		{ 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" },
		{ 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" },
		{ 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" },
		{ 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" },
		{ 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" },
		{ 0x43143ff3c1cb0959, "1424953923781206.2" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *text = text_of(number_of(rows[i].bits));

		cr_expect_str_eq(text, rows[i].text, "%s instead of %s", text, rows[i].text);
	}
}

Test(canonical, writes_digits_that_read_back_as_the_same_number)
{
	/* a fixed walk over the bits, so that every run sees the same numbers */
	uint64_t bits = 0x9e3779b97f4a7c15;

	for (int i = 0; i < 20000; i++) {
		double number;

		bits = bits * 6364136223846793005u + 1442695040888963407u;
		number = number_of(bits);
		if (!isfinite(number))
			continue;
		cr_expect_eq(strtod(text_of(number), NULL), number, "%s", text_of(number));
	}
}

static void expect(const char *json, const char *wanted)
{
	struct reading reading = reading_new();
	struct buffer out = BUFFER(4096);
	const struct value *value = reading_json(&reading, json);

	cr_assert_not_null(value, "%s", reading.err.message);
	cr_expect(canonical_write(reading.scratch, &out, value));
	cr_expect_str_eq(buffer_string(&out), wanted, "%s", buffer_string(&out));
	buffer_done(&out);
	reading_done(&reading);
}

Test(canonical, writes_the_sample_of_the_standard)
{
	/* 1E30 of the standard's sample is 1e+30 beyond what documents take for a whole number: see the numbers above
	 */
	expect("{\"numbers\": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],\n"
	       " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\", \"literals\": [null, true, "
	       "false]}",
	       "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,4.5,0.002,1e-27],"
	       "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

Test(canonical, sorts_members_by_the_code_units_of_their_names)
{
	expect("{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", \"\\ufb33\": \"Hebrew Letter Dalet With "
	       "Dagesh\","
	       " \"1\": \"One\", \"\\ud83d\\ude00\": \"Emoji: Grinning Face\", \"\\u0080\": \"Control\","
	       " \"\\u00f6\": \"Latin Small Letter O With Diaeresis\"}",
	       "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
	       "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\",\"\xE2\x82\xAC\":\"Euro Sign\","
	       "\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\",\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
	expect("{\"ab\": 1, \"a\": {\"c\": 2, \"b\": []}, \"\": {}}", "{\"\":{},\"a\":{\"b\":[],\"c\":2},\"ab\":1}");
	expect("{\"\\ud83d\\ude01\": 1, \"\\ud83d\\ude00\": 2}", "{\"\xF0\x9F\x98\x80\":2,\"\xF0\x9F\x98\x81\":1}");
}

Test(canonical, escapes_no_more_than_json_needs)
{
	expect("\"\\b\\t\\n\\f\\r\\u001f\\u007f\\u2028</script>\"",
	       "\"\\b\\t\\n\\f\\r\\u001f\x7F\xE2\x80\xA8</script>\"");
	expect("-0.0", "0");
	expect("1.0", "1");
	expect("9007199254740992", "9007199254740992");
}

Test(canonical, refuses_what_has_no_form)
{
	struct arena *scratch = arena_new((size_t)1 << 20);
	struct buffer out = BUFFER(4096);
	struct value infinite = { .kind = VALUE_REAL, .real = (double)INFINITY };
	struct value nowhere = { .kind = VALUE_REAL, .real = (double)NAN };
	struct value deep = { .kind = VALUE_NULL };
	struct value text = { .kind = VALUE_TEXT, .text = { "0123456789", 10 } };
	struct buffer small = BUFFER(8);

	cr_expect(!canonical_write(scratch, &out, &infinite));
	cr_expect(!canonical_write(scratch, &out, &nowhere));
	for (int i = 0; i < 129; i++) {
		struct value *items = arena_alloc(scratch, sizeof *items);

		*items = deep;
		deep = (struct value){ .kind = VALUE_ARRAY, .list = { .items = items, .count = 1 } };
	}
	cr_expect(!canonical_write(scratch, &out, &deep));
	buffer_clear(&out);
	cr_expect(canonical_write(scratch, &out, &deep.list.items[0]));
	cr_expect(!canonical_write(scratch, &small, &text));
	buffer_done(&out);
	buffer_done(&small);
	arena_free(scratch);
}
