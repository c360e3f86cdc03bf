/* The constitution's rules that contracts can break, and the one way to report a broken rule. Private to this room. */
#ifndef FOPS_CONTRACT_RULE_H
#define FOPS_CONTRACT_RULE_H

#include "fops/data/document.h"

/* RULE_FORM is the plain form of a field; the others are articles of the constitution. */
enum rule_id {
	RULE_FORM,
	RULE_R07,
	RULE_R12,
	RULE_R16,
	RULE_COUNT,
};

/* name "R07", text what it says; both NULL for RULE_FORM. */
struct rule_row {
	const char *name;
	const char *text;
};

extern const struct rule_row rule_rows[RULE_COUNT];

/* The object whose rules are being checked. */
struct rule_scope {
	const char *file;
	const struct value *spec;
	struct findings *findings;
};

/*
 * Add a finding. path is the dotted path below spec, list items as "hostKeys[0]"; the position is that value's, or that
 * of its nearest parent when the field is absent. The message never quotes a value that could be a secret.
 */
void rule_break(const struct rule_scope *scope, enum rule_id rule, const char *path, const char *fix,
                const char *format, ...) PRINTF(5, 6);

/* The value at a dotted path below spec, or its nearest parent. */
const struct value *rule_place(const struct value *spec, const char *path);

#endif
