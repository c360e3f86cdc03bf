/* context list: the contexts of the configuration files. */
#include "context.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

#define ROW(member) SLOT(struct context_row, member)

static const struct column columns[] = {
	{ "name", "NAME", ROW(name), COLUMN_KEEP, "name of the context", NULL, NULL, 0 },
	{ "current", "CURRENT", ROW(current), COLUMN_KEEP, "is it the one in use?", NULL, NULL, 0 },
	{ "protected", "PROTECTED", ROW(protected_context), 0, "is it marked as one to be careful with?", NULL, NULL,
	  0 },
	{ "topology", "TOPOLOGY", ROW(topology), 0, "files and folders with its contracts", NULL, NULL, 0 },
	{ "file", "FILE", ROW(file), COLUMN_WIDE, "file and line that define it", NULL, NULL, 0 },
	{ 0 },
};

static bool list_contexts(struct call *call, struct error *err)
{
	(void)err;
	output_list(call->output);
	for (size_t i = 0; i < call->settings->context_count; i++)
		output_row(call->output, &call->settings->contexts[i]);
	return true;
}

static const char *const examples[] = {
	"fops context list",
	"fops context list -o name",
	"fops context list --filter current=yes --fields name",
	NULL,
};

static const int exits[] = { EXIT_CONFIG, -1 };

const struct command context_list_command = {
	.name = "list",
	.summary = "List the contexts of the configuration files",
	.columns = columns,
	.row_size = sizeof(struct context_row),
	.item = "context",
	.schema = "fops.context.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help contexts",
	.flags = COMMAND_ROWS | COMMAND_SETTINGS,
	.run = list_contexts,
};
