/* The constitution on the command line. */
#ifndef FOPS_SUBCOMMANDS_RULES_H
#define FOPS_SUBCOMMANDS_RULES_H

#include "fops/cli/command.h"
#include "fops/contract/rule.h"

extern const struct command rules_command;
extern const struct command rules_list_command;
extern const struct command rules_show_command;
extern const struct command rules_check_command;

/* "enforced" or "pending"; as choices of a column. */
#define RULE_STATES     "enforced|pending"
#define RULE_STATE_TEXT "is it enforced, or does its command not exist yet?"
const char *rule_state_name(enum rule_state state);

/* A rule as the verbs print it; texts are the table's. */
struct rule_record {
	const char *id;
	const char *state;
	const char *severity;
	const char *text;
	const char *enforced;
	struct text_list commands;
	const char *source;
	const char *fix;
};

struct arena;

struct rule_record rule_record_of(struct arena *arena, const struct rule_row *row);

#endif
