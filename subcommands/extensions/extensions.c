/* extensions: programs that add commands. */
#include "extensions.h"

static const struct command *const verbs[] = { &extensions_list_command, NULL };

static const char *const examples[] = { "fops extensions list", NULL };

const struct command extensions_command = {
	.name = "extensions",
	.summary = "List extensions, the programs fops-NAME",
	.examples = examples,
	.see = "fops help extensions",
	.verbs = verbs,
};
