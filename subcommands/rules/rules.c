/* rules: the constitution as a table, and this call against it. */
#include "rules.h"

#include "fops/base/arena.h"

static const struct command *const verbs[] = { &rules_list_command, &rules_show_command, &rules_check_command, NULL };

static const char *const examples[] = { "fops rules list", "fops rules show R07", "fops rules check", NULL };

const struct command rules_command = {
	.name = "rules",
	.summary = "List, show and check the rules of the constitution",
	.about = "Every rule has an id, one sentence and the place where it is enforced. A message about a broken rule "
	         "ends with its id and sentence. A rule that is pending waits for the command that will enforce it.",
	.examples = examples,
	.see = "fops infra validate, fops help topology",
	.verbs = verbs,
};

const char *rule_state_name(enum rule_state state)
{
	return state == RULE_ENFORCED ? "enforced" : "pending";
}

struct rule_record rule_record_of(struct arena *arena, const struct rule_row *row)
{
	struct text_list commands = { 0 };

	if (row->commands != NULL)
		commands = text_split(arena, row->commands, '|');
	return (struct rule_record){
		.id = row->id,
		.state = rule_state_name(row->state),
		.severity = row->severity,
		.text = row->text,
		.enforced = row->enforced,
		.commands = commands,
		.source = row->source,
		.fix = row->fix,
	};
}
