/* Lookups, copies and the list of findings. */
#include <criterion/criterion.h>

#include "reading.h"

Test(document, finds_members_of_objects_only)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "{\"a\":1,\"b\":[2]}");

	cr_assert_not_null(value);
	cr_expect_eq(value_member(value, "a")->integer, 1);
	cr_expect_null(value_member(value, "c"));
	cr_expect_null(value_member(value_member(value, "b"), "a"));
	cr_expect_null(value_member(NULL, "a"));
	reading_done(&reading);
}

Test(document, copies_whole_trees)
{
	struct reading reading = reading_new();
	const struct value *value = reading_json(&reading, "{\"a\":[1,\"x\",{\"b\":null}],\"c\":true,\"d\":0.5}");
	const struct value *copy = value_copy(reading.arena, value);

	cr_expect(is_same_value(value, copy));
	cr_expect_neq(value->list.members[0].name, copy->list.members[0].name);
	cr_expect_neq(value->list.members[0].value.list.items, copy->list.members[0].value.list.items);
	cr_expect_eq(copy->list.members[2].column, value->list.members[2].column);
	reading_done(&reading);
}

Test(document, sorts_findings_by_place)
{
	struct reading reading = reading_new();
	struct findings *findings = &reading.findings;

	findings_add(findings, "b", 1, 1, NULL, NULL, "six");
	findings_add(findings, "a", 10, 1, NULL, NULL, "five");
	findings_add(findings, "a", 2, 10, NULL, NULL, "four");
	findings_add(findings, "a", 2, 9, "z", NULL, "three");
	findings_add(findings, "a", 2, 9, "y", "fix", "%s", "two");
	findings_add(findings, NULL, 99, 1, NULL, NULL, "one");
	findings_sort(findings);
	cr_assert_eq(findings->count, 6);
	cr_expect_str_eq(findings->items[0].message, "one");
	cr_expect_str_eq(findings->items[1].message, "two");
	cr_expect_str_eq(findings->items[1].fix, "fix");
	cr_expect_str_eq(findings->items[2].message, "three");
	cr_expect_str_eq(findings->items[3].message, "four");
	cr_expect_str_eq(findings->items[4].message, "five");
	cr_expect_str_eq(findings->items[5].message, "six");
	reading_done(&reading);
}

Test(document, counts_findings_beyond_the_limit)
{
	struct reading reading = reading_new();

	reading.findings.limit = 3;
	for (int i = 0; i < 5; i++)
		findings_add(&reading.findings, "a", 1, 1, NULL, NULL, "%d", i);
	cr_expect_eq(reading.findings.count, 3);
	cr_expect_eq(reading.findings.dropped, 2);
	reading_done(&reading);
}
