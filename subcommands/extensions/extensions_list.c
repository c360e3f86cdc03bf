/* extensions list: the extensions found in the listed folders. */
#include "extensions.h"
#include "fops/cli/call.h"
#include "fops/cli/extension.h"
#include "fops/cli/output.h"

static const struct column columns[] = {
	{ "name", "NAME", SLOT(struct extension, name), COLUMN_KEEP, "word that starts it", NULL, NULL, 0 },
	{ "path", "PATH", SLOT(struct extension, path), 0, "program", NULL, NULL, 0 },
	{ 0 },
};

static bool list_extensions(struct call *call, struct error *err)
{
	size_t count;
	const struct extension *list = extension_list(call, &count);

	(void)err;
	output_list(call->output);
	for (size_t i = 0; i < count; i++)
		output_row(call->output, &list[i]);
	return true;
}

static const char *const examples[] = { "fops extensions list", "fops extensions list -o json", NULL };

const struct command extensions_list_command = {
	.name = "list",
	.summary = "List the extensions that can be called",
	.columns = columns,
	.row_size = sizeof(struct extension),
	.item = "extension",
	.schema = "fops.extension.list/1",
	.examples = examples,
	.see = "fops help extensions",
	.flags = COMMAND_ROWS | COMMAND_SETTINGS,
	.run = list_extensions,
};
