/* config: the effective settings. */
#include "config.h"

static const struct command *const verbs[] = { &config_show_command, NULL };

static const char *const examples[] = { "fops config show --origin", NULL };

const struct command config_command = {
	.name = "config",
	.summary = "Show the effective settings",
	.examples = examples,
	.see = "fops help environment, fops help contexts",
	.verbs = verbs,
};
