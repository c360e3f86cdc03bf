/* The supported subset prints, the rest is refused by name and column. */
#include <criterion/criterion.h>

#include "fops/base/buffer.h"
#include "fops/data/jsonpath.h"
#include "reading.h"

#define MOST_BYTES ((size_t)64 * 1024)

static const char document[] = "{\"items\":[{\"name\":\"a\",\"n\":1,\"tags\":[\"x\",\"y\"],\"m\":{\"k.l\":null}},"
                               "{\"name\":\"b\",\"n\":2.5,\"tags\":[]},{\"name\":\"c\",\"ok\":true}],\"grid\":[[1,2],["
                               "3]],\"none\":null,\"o\":{\"p\":1,\"q\":\"r\"}}";

/* The output, or the message of the error. */
static const char *print(struct reading *reading, const char *expression)
{
	CLEANUP(buffer_done) struct buffer out = BUFFER(MOST_BYTES);
	struct jsonpath *path;

	if (!jsonpath_compile(reading->arena, expression, &path, &reading->err) ||
	    !jsonpath_print(path, reading_json(reading, document), &out, &reading->err)) {
		cr_expect_eq(reading->err.id, ERROR_USAGE_EXPRESSION);
		return reading->err.message;
	}
	return arena_copy(reading->arena, buffer_string(&out));
}

static void check_rows(const char *const rows[][2], size_t count)
{
	struct reading reading = reading_new();

	for (size_t i = 0; i < count; i++) {
		const char *text = print(&reading, rows[i][0]);

		cr_expect_str_eq(text, rows[i][1], "%s printed\n%s", rows[i][0], text);
	}
	reading_done(&reading);
}

Test(jsonpath, prints_paths)
{
	static const char *const rows[][2] = {
		{ ".items[0].name", "a" },
		{ "{.items[0].name}", "a" },
		{ "{ .items[0].name }", "a" },
		{ "{$.items[-1].name}", "c" },
		{ "{@.items[1].n}", "2.5" },
		{ "{['items'][0][\"name\"]}", "a" },
		{ "{.items[0].m['k.l']}", "" },
		{ "{.items[*].name}", "a b c" },
		{ "{.items[0:2].name}", "a b" },
		{ "{.items[1:].name}", "b c" },
		{ "{.items[:-1].name}", "a b" },
		{ "{.items[-2:].name}", "b c" },
		{ "{.items[2:1].name}", "" },
		{ "{.items[0:99].name}", "a b c" },
		{ "{.items[7].name}", "" },
		{ "{.items[-4].name}", "" },
		{ "{.items[*].ok}", "true" },
		{ "{.items[*].tags}", "[\"x\",\"y\"] []" },
		{ "{.items[*].tags[*]}", "x y" },
		{ "{.grid[*][*]}", "1 2 3" },
		{ "{.grid}", "[[1,2],[3]]" },
		{ "{.o.*}", "1 r" },
		{ "{.o[*]}", "1 r" },
		{ "{.o}", "{\"p\":1,\"q\":\"r\"}" },
		{ "{.none}", "" },
		{ "{.none.more[0].*}", "" },
		{ "{.missing.more}", "" },
		{ "{.o.p}{.o.q}", "1r" },
		{ "p={.o.p}, q={.o.q}", "p=1, q=r" },
		{ "{\"a\\tb\\n\\\\\\\"{}\"}", "a\tb\n\\\"{}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(jsonpath, repeats_ranges)
{
	static const char *const rows[][2] = {
		{ "{range .items[*]}{.name}{\"\\n\"}{end}", "a\nb\nc\n" },
		{ "{range .items[*]}{.name}={.n};{end}.", "a=1;b=2.5;c=;." },
		{ "{range .items[*]}{range .tags[*]}{@},{end}{end}", "x,y," },
		{ "{range .grid[*]}[{range @[*]}{.}{$.o.q} {end}]{end}", "[1r 2r ][3r ]" },
		{ "{range .missing[*]}x{end}", "" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(jsonpath, refuses_the_rest_by_name)
{
	static const char *const rows[][2] = {
		{ "", "the jsonpath expression is empty" },
		{ "items", "jsonpath, column 1: expected a path that starts with ., [, $ or @" },
		{ "{.items[?(@.n>1)].name}", "jsonpath, column 9: filters ?() are not supported" },
		{ "{..name}", "jsonpath, column 2: recursive descents (..) are not supported" },
		{ "{.items[0,1]}", "jsonpath, column 10: unions [a,b] are not supported" },
		{ "{['a','b']}", "jsonpath, column 6: unions [a,b] are not supported" },
		{ "{.a,.b}", "jsonpath, column 4: unions are not supported" },
		{ "{.items.length()}", "jsonpath, column 9: functions are not supported" },
		{ "{length(.items)}", "jsonpath, column 2: functions are not supported" },
		{ "{.items[(@.length-1)]}", "jsonpath, column 9: scripts () are not supported" },
		{ "{.items[0:2:2]}", "jsonpath, column 12: steps of slices are not supported" },
		{ "{.items[::2]}", "jsonpath, column 10: steps of slices are not supported" },
		{ "{.a\\.b}", "jsonpath, column 4: escapes in names are not supported; write ['the.name'] instead" },
		{ "{.a == 1}", "jsonpath, column 5: operators are not supported" },
		{ "{.items[x]}", "jsonpath, column 9: expected a number, a quoted name or *" },
		{ "{.items[99999999999]}", "jsonpath, column 9: the number is too large" },
		{ "{.items[0}", "jsonpath, column 10: expected ]" },
		{ "{.items[0", "jsonpath, column 8: the bracket is not closed" },
		{ "{['a}", "jsonpath, column 3: the quotation mark is not closed" },
		{ "{.items", "jsonpath, column 8: the brace is not closed" },
		{ "ä}", "jsonpath, column 2: a closing brace without an opening one" },
		{ "{}", "jsonpath, column 2: expected a path that starts with ., [, $ or @" },
		{ "{\"a}", "jsonpath, column 2: the quotation mark is not closed" },
		{ "{\"\\r\"}", "jsonpath, column 3: an unknown escape; \\n, \\t, \\\\ and \\\" are supported" },
		{ "{end}", "jsonpath, column 1: {end} without a range" },
		{ "x{range .items[*]}", "jsonpath, column 2: the range has no {end}" },
		{ "{range .a}{range .b}{range .c}{range .d}{range .e}{end}{end}{end}{end}{end}",
		  "jsonpath, column 41: ranges are nested deeper than 4" },
		{ ".a b", "jsonpath, column 3: expected the end of the path" },
		{ "{.a b}", "jsonpath, column 5: expected }" },
		{ "\xff", "the jsonpath expression is not valid UTF-8 at byte 1" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(jsonpath, refuses_steps_that_do_not_fit)
{
	static const char *const rows[][2] = {
		{ "{.o[0]}", "jsonpath, column 5: an index does not fit an object" },
		{ "{.o[0:1]}", "jsonpath, column 5: a slice does not fit an object" },
		{ "{.items.name}", "jsonpath, column 9: a name does not fit a list" },
		{ "{.o.q.r}", "jsonpath, column 7: a name does not fit a text" },
		{ "{.o.p.*}", "jsonpath, column 7: * does not fit a whole number" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

Test(jsonpath, fails_when_the_output_is_full)
{
	struct reading reading = reading_new();
	struct buffer out = BUFFER(10);
	struct jsonpath *path;

	cr_assert(jsonpath_compile(reading.arena, "{.items}", &path, &reading.err));
	cr_expect_not(jsonpath_print(path, reading_json(&reading, document), &out, &reading.err));
	cr_expect_eq(reading.err.id, ERROR_IO_OUTPUT);
	buffer_done(&out);
	reading_done(&reading);
}
