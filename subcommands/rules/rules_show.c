/* rules show: everything the table says of one rule. */
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "rules.h"

#define ROW(member) SLOT(struct rule_record, member)

static const struct column columns[] = {
	{ "id", "RULE", ROW(id), 0, "id of the rule", NULL, NULL, 0 },
	{ "text", "SENTENCE", ROW(text), 0, "what it says", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_STATE, RULE_STATE_TEXT, RULE_STATES, NULL, 0 },
	{ "severity", "SEVERITY", ROW(severity), 0, "what breaking it is", "error|warning", NULL, 0 },
	{ "source", "SOURCE", ROW(source), 0, "document that it comes from", NULL, NULL, 0 },
	{ "enforced", "WHERE", ROW(enforced), 0, "what is held against it", NULL, NULL, 0 },
	{ "commands", "COMMANDS", ROW(commands), 0, "commands that enforce it, or will", NULL, NULL, 0 },
	{ "fix", "FIX", ROW(fix), 0, "what helps", NULL, NULL, 0 },
	{ 0 },
};

static bool no_rule(struct call *call, const char *word, struct error *err)
{
	const char *names[RULE_COUNT];
	const char *near;
	size_t count = 0;

	for (size_t i = RULE_FORM + 1; i < RULE_COUNT; i++)
		names[count++] = rule_rows[i].id;
	near = text_suggest(call->arena, word, names, count);
	fail(err, ERROR_NOT_FOUND, "there is no rule %.64s", word);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "%s rules list", call->program);
	return false;
}

static bool show_rule(struct call *call, struct error *err)
{
	const char *word = call->arguments.items[0];
	struct rule_record record;
	enum rule_id rule;

	if (text_starts(word, "rule/"))
		word += strlen("rule/");
	rule = rule_find(word);
	if (rule == RULE_FORM)
		return no_rule(call, word, err);
	record = rule_record_of(call->arena, &rule_rows[rule]);
	output_record(call->output, &record);
	return true;
}

static const char *const examples[] = { "fops rules show R07", "fops rules show R12 -o json", NULL };

static const int exits[] = { EXIT_NOT_FOUND, -1 };

const struct command rules_show_command = {
	.name = "show",
	.summary = "Show one rule of the constitution",
	.arguments = "RULE",
	.arguments_min = 1,
	.arguments_max = 1,
	.columns = columns,
	.row_size = sizeof(struct rule_record),
	.item = "rule",
	.schema = "fops.rule.show/1",
	.examples = examples,
	.exits = exits,
	.see = "fops rules list",
	.flags = COMMAND_RECORD,
	.run = show_rule,
};
