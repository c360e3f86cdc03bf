/* context show: one context, the current one by default. */
#include "context.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

#define ROW(member) SLOT(struct context_row, member)

static const struct column columns[] = {
	{ "name", "NAME", ROW(name), 0, "name of the context", NULL, NULL, 0 },
	{ "current", "CURRENT", ROW(current), 0, "is it the one in use?", NULL, NULL, 0 },
	{ "protected", "PROTECTED", ROW(protected_context), 0, "is it marked as one to be careful with?", NULL, NULL,
	  0 },
	{ "topology", "TOPOLOGY", ROW(topology), 0, "files, folders and git revisions with its contracts", NULL, NULL,
	  0 },
	{ "git", "GIT", ROW(git_settings), 0, "how its git repositories are reached", NULL, NULL, 0 },
	{ "file", "FILE", ROW(file), 0, "file and line that define it", NULL, NULL, 0 },
	{ 0 },
};

static bool show_context(struct call *call, struct error *err)
{
	const struct settings *settings = call->settings;
	const char *name = call->arguments.count > 0 ? call->arguments.items[0] : settings->context;

	if (name == NULL) {
		fail(err, ERROR_CONFIG_MISSING, "no context is chosen");
		error_fix(err, "%s context list", call->program);
		return false;
	}
	if (text_starts(name, "context/"))
		name += strlen("context/");
	for (size_t i = 0; i < settings->context_count; i++) {
		if (strcmp(settings->contexts[i].name, name) == 0) {
			output_record(call->output, &settings->contexts[i]);
			return true;
		}
	}
	return settings_context_missing(call, name, err);
}

static const char *const examples[] = { "fops context show", "fops context show lab -o json",
	                                "fops context show -o name", NULL };

static const int exits[] = { EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command context_show_command = {
	.name = "show",
	.summary = "Show one context",
	.arguments = "[NAME]",
	.arguments_max = 1,
	.argument_values = VALUES_CONTEXTS,
	.columns = columns,
	.row_size = sizeof(struct context_row),
	.item = "context",
	.schema = "fops.context.show/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help contexts",
	.flags = COMMAND_RECORD | COMMAND_SETTINGS,
	.run = show_context,
};
