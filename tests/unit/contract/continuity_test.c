/* Continuity: two words, and nothing that looks like them (R09). */
#include "fops/contract/continuity.h"

#include <criterion/criterion.h>

Test(continuity, knows_its_two_words)
{
	enum continuity continuity = CONTINUITY_COUNT;
	struct error err;

	cr_assert(continuity_parse("fresh", &continuity, &err));
	cr_expect_eq(continuity, CONTINUITY_FRESH);
	cr_expect_str_eq(continuity_name(continuity), "fresh");
	cr_assert(continuity_parse("resume", &continuity, &err));
	cr_expect_eq(continuity, CONTINUITY_RESUME);
	cr_expect_str_eq(continuity_name(continuity), "resume");
	cr_expect_str_eq(CONTINUITY_WORDS, "fresh|resume");
}

Test(continuity, refuses_everything_else_with_the_rule)
{
	static const char *const ways[] = {
		"",     "Fresh",   "RESUME", "fresh ", " resume",      "fresh\n", "fresh|resume", "resumed", "reuse",
		"auto", "recover", "0",      "res",    "fre\xc5\x9fh", "replay",  "rotate",       NULL
	};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		enum continuity continuity = CONTINUITY_COUNT;
		struct error err = { 0 };

		cr_expect_not(continuity_parse(ways[i], &continuity, &err), "%s", ways[i]);
		cr_expect_eq(err.id, ERROR_USAGE_BAD_VALUE);
		cr_expect_not_null(strstr(err.message, "(R09: public continuity is fresh or resume"), "%s",
		                   err.message);
		cr_expect_str_eq(err.fix, "write fresh or resume");
		cr_expect_eq(continuity, CONTINUITY_COUNT);
	}
}
