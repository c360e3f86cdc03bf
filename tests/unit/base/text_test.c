/* Small texts: lists, numbers, durations, identifiers, suggestions and UTF-8. */
#include "fops/base/text.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

#define LIMIT ((size_t)1024 * 1024)

Test(text, compares_with_null_as_a_value)
{
	cr_assert(text_equal("a", "a"));
	cr_assert(text_equal(NULL, NULL));
	cr_assert_not(text_equal("a", NULL));
	cr_assert_not(text_equal(NULL, ""));
}

Test(text, knows_heads_and_tails)
{
	cr_assert(text_starts("runtime", "run"));
	cr_assert(text_starts("run", ""));
	cr_assert_not(text_starts("run", "runtime"));
	cr_assert(text_ends("a.yaml", ".yaml"));
	cr_assert_not(text_ends("yaml", ".yaml"));
}

Test(text, finds_values_in_maps)
{
	struct text_pair pairs[] = { { "a", "1" }, { "b", "2" } };
	struct text_map map = { pairs, 2 }, empty = { 0 };

	cr_assert_str_eq(text_map_get(&map, "b"), "2");
	cr_assert_null(text_map_get(&map, "c"));
	cr_assert_null(text_map_get(&empty, "a"));
}

Test(text, keeps_every_item_of_a_growing_list)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct text_list list = { 0 };

	for (int i = 0; i < 1000; i++)
		text_list_add(arena, &list, arena_format(arena, "%d", i));
	cr_assert_eq(list.count, 1000);
	for (int i = 0; i < 1000; i++)
		cr_assert_str_eq(list.items[i], arena_format(arena, "%d", i));
}

Test(text, splits_and_drops_empty_pieces)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct text_list list = text_split(arena, ",a,,bc,", ',');

	cr_assert_eq(list.count, 2);
	cr_assert_str_eq(list.items[0], "a");
	cr_assert_str_eq(list.items[1], "bc");
	cr_assert_eq(text_split(arena, "", ',').count, 0);
	cr_assert_eq(text_split(arena, ",,,", ',').count, 0);
}

Test(text, finds_whole_words_among_choices)
{
	cr_assert(text_in_choices("auto|always|never", "always"));
	cr_assert(text_in_choices("one", "one"));
	cr_assert_not(text_in_choices("auto|always", "al"));
	cr_assert_not(text_in_choices("auto|always", "auto|always"));
	cr_assert_not(text_in_choices("auto", ""));
	cr_assert_not(text_in_choices("", "auto"));
}

Test(text, parses_counts_whole_and_in_range)
{
	static const char *const refused[] = { "",   "-1", "+1", " 1", "1 ", "0x1", "1e3", "18446744073709551616",
		                               "1a", "٣" };
	uint64_t value = 7;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		cr_assert_not(parse_count(refused[i], &value), "%s", refused[i]);
	cr_assert_eq(value, 7, "a failure writes nothing");
	cr_assert(parse_count("18446744073709551615", &value));
	cr_assert_eq(value, UINT64_MAX);
	cr_assert(parse_count("007", &value));
	cr_assert_eq(value, 7);
}

Test(text, parses_integers_whole_and_in_range)
{
	static const char *const refused[] = {
		"", "-", "--1", "+1", "9223372036854775808", "-9223372036854775809", "1-"
	};
	int64_t value = 7;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		cr_assert_not(parse_int(refused[i], &value), "%s", refused[i]);
	cr_assert_eq(value, 7);
	cr_assert(parse_int("9223372036854775807", &value));
	cr_assert_eq(value, INT64_MAX);
	cr_assert(parse_int("-9223372036854775808", &value));
	cr_assert_eq(value, INT64_MIN);
	cr_assert(parse_int("-0", &value));
	cr_assert_eq(value, 0);
}

Test(text, parses_durations_with_a_unit)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = { { "0s", 0 },       { "250ms", 250 },   { "15s", 15000 },       { "5m", 300000 },
		     { "2h", 7200000 }, { "1d", 86400000 }, { "366d", 31622400000 } };
	static const char *const refused[] = { "",
		                               "5",
		                               "s",
		                               "-5s",
		                               "5 s",
		                               "5S",
		                               "1.5s",
		                               "5sx",
		                               "367d",
		                               "5m5s",
		                               "1min",
		                               "99999999999999999999999s",
		                               "9223372036854775807d" };
	int64_t ms = -1;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		cr_assert_not(parse_duration_ms(refused[i], &ms), "%s", refused[i]);
	cr_assert_eq(ms, -1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cr_assert(parse_duration_ms(rows[i].text, &ms), "%s", rows[i].text);
		cr_assert_eq(ms, rows[i].ms, "%s", rows[i].text);
	}
}

Test(text, formats_durations_for_people)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = { { 0, "0ms" },         { 999, "999ms" },     { 1000, "1s" },      { 1500, "1.5s" },
		     { 59999, "59.9s" },   { 60000, "1m" },      { 90000, "1m30s" },  { 3600000, "1h0m" },
		     { 5400000, "1h30m" }, { 86400000, "1d0h" }, { 90000000, "1d1h" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_str_eq(format_duration(arena, rows[i].ms), rows[i].text);
}

Test(text, suggests_what_two_edits_or_swaps_reach)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	static const struct {
		const char *word, *name;
		bool near;
	} rows[] = { { "list", "list", true },      { "lsit", "list", true }, { "lst", "list", true },
		     { "lists", "list", true },     { "ilts", "list", true }, { "badcfe", "abcdef", false },
		     { "axxb", "ab", true },        { "axxxb", "ab", false }, { "abc", "xyz", false },
		     { "abcdef", "uvwxyz", false }, { "abcd", "abyz", true }, { "abcd", "axyz", false },
		     { "", "ab", false },           { "ba", "ab", true },     { "b", "ab", false } };
	static const char *const names[] = { "lift", "list" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *found = text_suggest(arena, rows[i].word, &rows[i].name, 1);

		cr_assert_eq(found != NULL, rows[i].near, "%s %s", rows[i].word, rows[i].name);
	}
	cr_assert_str_eq(text_suggest(arena, "lsit", names, 2), "list or lift", "a swap is one step");
}

Test(text, suggests_no_word_over_its_bound)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	char word[66], other[66];
	const char *name = other;

	memset(word, 'a', sizeof word);
	memset(other, 'a', sizeof other);
	other[0] = 'b';
	word[65] = other[65] = '\0';
	cr_assert_null(text_suggest(arena, word, &name, 1));
	word[64] = other[64] = '\0';
	cr_assert_not_null(text_suggest(arena, word, &name, 1));
}

Test(text, suggests_the_nearest_names_best_first)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	static const char *const names[] = { "list", "lisp", "last", "show", NULL, "runtime-assets" };

	cr_assert_str_eq(text_suggest(arena, "shwo", names, ARRAY_LEN(names)), "show");
	cr_assert_str_eq(text_suggest(arena, "list", names, 2), "list or lisp");
	cr_assert_str_eq(text_suggest(arena, "lis", names, ARRAY_LEN(names)), "list, lisp or last");
	cr_assert_str_eq(text_suggest(arena, "runtime", names, ARRAY_LEN(names)), "runtime-assets");
	cr_assert_null(text_suggest(arena, "zzzzzz", names, ARRAY_LEN(names)));
	cr_assert_null(text_suggest(arena, "x", names, ARRAY_LEN(names)));
	cr_assert_null(text_suggest(arena, "list", NULL, 0));
}

Test(text, knows_identifiers)
{
	static const char *const good[] = { "a", "0", "daytona-01", "a.b_c-d", "x-" };
	static const char *const bad[] = { "", "-a", ".a", "_a", "A", "a b", "ä", "a/b", "a\n" };
	char longest[130];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_assert(is_identifier(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_not(is_identifier(bad[i]), "%s", bad[i]);
	memset(longest, 'a', sizeof longest);
	longest[129] = '\0';
	cr_assert_not(is_identifier(longest));
	longest[128] = '\0';
	cr_assert(is_identifier(longest));
}

Test(text, accepts_valid_utf8_alone)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
		size_t bad;
	} rows[] = {
		{ "", 0, true, 0 },
		{ "a\0b", 3, true, 0 },
		{ "ä€😀", 9, true, 0 },
		{ "\xF4\x8F\xBF\xBF", 4, true, 0 },
		{ "\xED\x9F\xBF\xEE\x80\x80", 6, true, 0 },
		{ "ab\x80", 3, false, 2 },
		{ "a\xC0\x80", 3, false, 1 },
		{ "\xC1\xBF", 2, false, 0 },
		{ "\xE0\x9F\xBF", 3, false, 0 },
		{ "\xF0\x8F\xBF\xBF", 4, false, 0 },
		{ "\xED\xA0\x80", 3, false, 0 },
		{ "\xED\xBF\xBF", 3, false, 0 },
		{ "\xF4\x90\x80\x80", 4, false, 0 },
		{ "\xF5\x80\x80\x80", 4, false, 0 },
		{ "abc\xE2\x82", 5, false, 3 },
		{ "\xE2\x28\xA1", 3, false, 0 },
		{ "\xFF", 1, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t bad = 99;

		cr_assert_eq(is_utf8(rows[i].text, rows[i].len, &bad), rows[i].good, "row %zu", i);
		cr_assert_eq(bad, rows[i].good ? 99 : rows[i].bad, "row %zu", i);
		cr_assert_eq(is_utf8(rows[i].text, rows[i].len, NULL), rows[i].good, "row %zu", i);
	}
}
