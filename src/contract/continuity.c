/* Continuity is a closed type of two words: no alias, no other case, no blank around them. */
#include "fops/contract/continuity.h"

#include "fops/base/text.h"
#include "fops/contract/rule.h"

static const char *const names[CONTINUITY_COUNT] = {
	[CONTINUITY_FRESH] = "fresh",
	[CONTINUITY_RESUME] = "resume",
};

const char *continuity_name(enum continuity continuity)
{
	return names[continuity];
}

bool continuity_parse(const char *text, enum continuity *ret_continuity, struct error *err)
{
	for (size_t i = 0; i < CONTINUITY_COUNT; i++) {
		if (!text_equal(text, names[i]))
			continue;
		*ret_continuity = (enum continuity)i;
		return true;
	}
	fail(err, ERROR_USAGE_BAD_VALUE, "\"%.64s\" is no continuity (%s: %s)", text == NULL ? "" : text,
	     rule_rows[RULE_R09].id, rule_rows[RULE_R09].text);
	error_fix(err, "write fresh or resume");
	return false;
}
