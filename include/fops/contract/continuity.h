/* Continuity: fresh or resume, nothing else (R09). */
#ifndef FOPS_CONTRACT_CONTINUITY_H
#define FOPS_CONTRACT_CONTINUITY_H

#include "fops/base/error.h"

enum continuity {
	CONTINUITY_FRESH,
	CONTINUITY_RESUME,
	CONTINUITY_COUNT,
};

/* "fresh|resume", for options and tables. */
#define CONTINUITY_WORDS "fresh|resume"

/* Exactly one of the two words, in lower case; whatever else is refused with the rule's id and sentence. errors
 * USAGE_BAD_VALUE */
CHECKED bool continuity_parse(const char *text, enum continuity *ret_continuity, struct error *err);

/* "fresh" or "resume". */
const char *continuity_name(enum continuity continuity);

#endif
