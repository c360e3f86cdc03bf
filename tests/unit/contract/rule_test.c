/* The rule table: complete, in order, and found by id. */
#include "fops/contract/rule.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "fops/base/text.h"

static void check_sentence(const char *id, const char *text, size_t most)
{
	size_t len = strlen(text);

	cr_expect_gt(len, 8, "%s", id);
	cr_expect_leq(len, most, "%s: %s", id, text);
	cr_expect_neq(text[len > 0 ? len - 1 : 0], '.', "%s: %s", id, text);
	cr_expect_null(strchr(text, '\n'), "%s", id);
}

Test(rule, table_is_complete)
{
	cr_assert_eq(RULE_COUNT, 19);
	cr_assert_null(rule_rows[RULE_FORM].id);
	for (size_t i = RULE_FORM + 1; i < RULE_COUNT; i++) {
		const struct rule_row *row = &rule_rows[i];
		char id[8];

		(void)snprintf(id, sizeof id, "R%02zu", i);
		cr_expect_str_eq(row->id, id);
		check_sentence(id, row->text, 100);
		check_sentence(id, row->source, 100);
		check_sentence(id, row->enforced, 120);
		check_sentence(id, row->fix, 120);
		cr_expect(text_in_choices("error|warning", row->severity));
		cr_expect(row->state == RULE_ENFORCED || row->commands != NULL, "%s waits for no command", id);
		for (size_t other = RULE_FORM + 1; other < i; other++)
			cr_expect_str_neq(row->text, rule_rows[other].text);
	}
}

Test(rule, is_found_by_its_id)
{
	cr_expect_eq(rule_find("R01"), RULE_R01);
	cr_expect_eq(rule_find("r18"), RULE_R18);
	cr_expect_eq(rule_find("R19"), RULE_FORM);
	cr_expect_eq(rule_find("R7"), RULE_FORM);
	cr_expect_eq(rule_find("R07 "), RULE_FORM);
	cr_expect_eq(rule_find(""), RULE_FORM);
}
