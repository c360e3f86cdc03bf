/* The one way to report that a contract breaks a rule. Private to this room. */
#ifndef FOPS_CONTRACT_RULE_BREAK_H
#define FOPS_CONTRACT_RULE_BREAK_H

#include "fops/contract/rule.h"
#include "fops/data/document.h"

/* The object whose rules are being checked. */
struct rule_scope {
	const char *file;
	const struct value *spec;
	struct findings *findings;
};

/*
 * Add a finding. path is the dotted path below spec, list items as "hostKeys[0]"; the position is that value's, or that
 * of its nearest parent when the field is absent. An article of the constitution ends the message and stands in the
 * finding's `rule`. The message never quotes a value that could be a secret.
 */
void rule_break(const struct rule_scope *scope, enum rule_id rule, const char *path, const char *fix,
                const char *format, ...) PRINTF(5, 6);

/* Let the finding that was added last carry a rule; nothing when it was dropped over the limit. */
void rule_mark(struct findings *findings, enum rule_id rule);

/* The value at a dotted path below spec, or its nearest parent. */
const struct value *rule_place(const struct value *spec, const char *path);

#endif
