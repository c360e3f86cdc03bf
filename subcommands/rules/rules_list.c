/* rules list: the constitution, one row a rule. */
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "rules.h"

#define ROW(member) SLOT(struct rule_record, member)

static const struct column columns[] = {
	{ "id", "RULE", ROW(id), COLUMN_KEEP, "id of the rule", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE, RULE_STATE_TEXT, RULE_STATES, NULL, 0 },
	{ "severity", "SEVERITY", ROW(severity), 0, "what breaking it is", "error|warning", NULL, 0 },
	{ "text", "SENTENCE", ROW(text), COLUMN_KEEP, "what it says", NULL, NULL, 0 },
	{ "enforced", "WHERE", ROW(enforced), COLUMN_WIDE, "what is held against it", NULL, NULL, 0 },
	{ "commands", "COMMANDS", ROW(commands), COLUMN_WIDE, "commands that enforce it, or will", NULL, NULL, 0 },
	{ 0 },
};

static bool list_rules(struct call *call, struct error *err)
{
	(void)err;
	output_list(call->output);
	for (size_t i = RULE_FORM + 1; i < RULE_COUNT; i++) {
		struct rule_record record = rule_record_of(call->arena, &rule_rows[i]);

		output_row(call->output, &record);
	}
	return true;
}

static const char *const examples[] = {
	"fops rules list",
	"fops rules list -o wide",
	"fops rules list --filter state=pending -o name",
	NULL,
};

const struct command rules_list_command = {
	.name = "list",
	.summary = "List the rules of the constitution",
	.columns = columns,
	.row_size = sizeof(struct rule_record),
	.item = "rule",
	.schema = "fops.rule.list/1",
	.examples = examples,
	.see = "fops rules show, fops rules check",
	.flags = COMMAND_ROWS,
	.run = list_rules,
};
