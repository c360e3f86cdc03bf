/* Errors as values, and the tables of codes and exit statuses. */
#include "fops/base/error.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "fops/base/text.h"

Test(error, is_filled_from_its_row)
{
	struct error err = { .cause = "old", .finding_count = 3 };

	cr_assert_not(fail(&err, ERROR_TIMEOUT, "waited for %s", "it"));
	cr_assert_eq(err.id, ERROR_TIMEOUT);
	cr_assert_eq(err.exit_status, EXIT_TIMEOUT);
	cr_assert_str_eq(err.message, "waited for it");
	cr_assert_str_eq(err.cause, "");
	cr_assert_eq(err.finding_count, 0);
	cr_assert_lt(err.retry_after_ms, 0);
}

Test(error, keeps_each_field_apart)
{
	struct error err;

	(void)fail(&err, ERROR_DATA, "message");
	error_cause(&err, "cause %d", 1);
	error_effect(&err, "effect %d", 2);
	error_fix(&err, "fix %d", 3);
	error_object(&err, "object %d", 4);
	cr_assert_str_eq(err.message, "message");
	cr_assert_str_eq(err.cause, "cause 1");
	cr_assert_str_eq(err.effect, "effect 2");
	cr_assert_str_eq(err.fix, "fix 3");
	cr_assert_str_eq(err.object, "object 4");
}

Test(error, cuts_long_texts_on_a_character_border)
{
	char text[2000];
	struct error err;
	size_t bad = 0;

	/* every phase of four-byte characters against the end of the field */
	for (size_t phase = 0; phase < 4; phase++) {
		size_t at = 0;

		while (at < phase)
			text[at++] = 'a';
		while (at + 4 < sizeof text) {
			memcpy(text + at, "\xF0\x9F\x98\x80", 4);
			at += 4;
		}
		text[at] = '\0';
		(void)fail(&err, ERROR_DATA, "%s", text);
		cr_assert(is_utf8(err.message, strlen(err.message), &bad), "phase %zu, byte %zu", phase, bad);
		cr_assert_geq(strlen(err.message), sizeof err.message - 5);
	}
}

Test(error, names_errno_values)
{
	cr_assert_str_eq(errno_text(ENOENT), "No such file or directory");
	cr_assert_not_null(errno_text(123456));
}

Test(error_code, has_unique_names_of_one_form)
{
	for (size_t i = 0; i < ERROR_ID_COUNT; i++) {
		const char *name = error_codes[i].name;

		cr_assert_not_null(name);
		cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz.-"), strlen(name), "%s", name);
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(name, error_codes[j].name);
	}
}

Test(error_code, ends_in_a_known_failing_status)
{
	for (size_t i = 0; i < ERROR_ID_COUNT; i++) {
		cr_assert_neq(error_codes[i].status, EXIT_OK, "%s", error_codes[i].name);
		cr_assert_not_null(exit_name(error_codes[i].status), "%s", error_codes[i].name);
	}
}

Test(error_code, explains_itself_in_sentences)
{
	for (size_t i = 0; i < ERROR_ID_COUNT; i++) {
		const struct error_code *row = &error_codes[i];

		cr_assert(text_ends(row->cause, "."), "%s", row->name);
		cr_assert(text_ends(row->fix, "."), "%s", row->name);
		cr_assert_gt(strlen(row->example), 0, "%s", row->name);
	}
}

Test(error_code, lists_exits_in_ascending_order)
{
	for (const struct exit_row *row = exit_rows; row->name != NULL; row++) {
		cr_assert_gt(strlen(row->meaning), 0);
		cr_assert(row == exit_rows || row[-1].status < row->status, "%s", row->name);
		cr_assert_str_eq(exit_name(row->status), row->name);
	}
	cr_assert_null(exit_name(3));
}
