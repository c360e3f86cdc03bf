/* context: named topologies with their defaults. */
#include "context.h"

static const struct command *const verbs[] = { &context_list_command, &context_use_command, &context_show_command,
	                                       NULL };

static const char *const examples[] = { "fops context list", "fops context use lab", NULL };

const struct command context_command = {
	.name = "context",
	.summary = "List, choose and show contexts",
	.examples = examples,
	.see = "fops help contexts",
	.verbs = verbs,
};
