/* The constitution as one table: what each rule says, where it is enforced, and what helps. */
#ifndef FOPS_CONTRACT_RULE_H
#define FOPS_CONTRACT_RULE_H

#include "fops/base/compiler.h"

enum rule_id {
	RULE_FORM, /* not a rule of the constitution: the plain form of a field */
	RULE_R01,
	RULE_R02,
	RULE_R03,
	RULE_R04,
	RULE_R05,
	RULE_R06,
	RULE_R07,
	RULE_R08,
	RULE_R09,
	RULE_R10,
	RULE_R11,
	RULE_R12,
	RULE_R13,
	RULE_R14,
	RULE_R15,
	RULE_R16,
	RULE_R17,
	RULE_R18,
	RULE_COUNT,
};

enum rule_state {
	RULE_ENFORCED,
	RULE_PENDING, /* `commands` will enforce it; a test fails once one of them exists and the rule is still pending
	               */
};

struct rule_row {
	const char *id;       /* "R07"; NULL for RULE_FORM */
	const char *text;     /* one sentence without a full stop, of at most 100 bytes; it ends messages */
	const char *source;   /* the document that it comes from: "current stack map 2026-05-10, Legacy/Drift" */
	const char *enforced; /* where, for people: "infra validate, env-check" */
	const char *commands; /* "proof close|browser lease": paths of commands that (will) enforce it */
	const char *severity; /* "error" or "warning" */
	const char *fix;      /* one sentence */
	enum rule_state state;
};

/* Indexed by rule_id. */
extern const struct rule_row rule_rows[RULE_COUNT];

/* The rule of an id such as "R07" in any case; RULE_FORM when there is none. */
enum rule_id rule_find(const char *id);

#endif
