/* JSON Pointer, with the examples of RFC 6901. */
#include <criterion/criterion.h>

#include "fops/data/pointer.h"
#include "reading.h"

Test(pointer, finds_what_the_rfc_says)
{
	static const char document[] =
	        "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
	        "\"k\\\"l\":6,\" \":7,\"m~n\":8}";
	static const char *const rows[][2] = {
		{ "/foo", "[\"bar\",\"baz\"]" },
		{ "/foo/0", "\"bar\"" },
		{ "/foo/1", "\"baz\"" },
		{ "/", "0" },
		{ "/a~1b", "1" },
		{ "/c%d", "2" },
		{ "/e^f", "3" },
		{ "/g|h", "4" },
		{ "/i\\j", "5" },
		{ "/k\"l", "6" },
		{ "/ ", "7" },
		{ "/m~0n", "8" },
	};
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, document);

	cr_assert_not_null(value);
	cr_expect_eq(pointer_find(value, ""), value);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_str_eq(reading_show(&reading, pointer_find(value, rows[i][0])), rows[i][1], "%s", rows[i][0]);
	reading_done(&reading);
}

Test(pointer, finds_nothing_elsewhere)
{
	static const char *const pointers[] = { "/c",
		                                "/a/2",
		                                "/a/-",
		                                "/a/01",
		                                "/a/+1",
		                                "/a/1x",
		                                "/a/",
		                                "/a/0/x",
		                                "/b/0",
		                                "a",
		                                "/a/99999999999999999999",
		                                "/a~1",
		                                "//",
		                                "/m~0n/x" };
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "{\"a\":[1,2],\"b\":\"text\",\"~1\":{},\"m~n\":1}");

	cr_assert_not_null(value);
	for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
		cr_expect_null(pointer_find(value, pointers[i]), "%s", pointers[i]);
	cr_expect_not_null(pointer_find(value, "/~01"));
	reading_done(&reading);
}

Test(pointer, knows_its_own_grammar)
{
	static const char *const good[] = { "", "/", "/a", "/a/b", "//", "/~0~1" };
	static const char *const bad[] = { "a", "a/b", "#/a", "/~", "/~2", "/a~" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect(is_pointer(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(is_pointer(bad[i]), "%s", bad[i]);
}
