/* context use: make a context the default of the user's configuration. */
#include "context.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

static bool use_context(struct call *call, struct error *err)
{
	const char *name = call->arguments.items[0];

	if (text_starts(name, "context/"))
		name += strlen("context/");
	if (!settings_use_context(call, name, err))
		return false;
	if (call->globals.quiet == 0)
		output_text(call->output, arena_format(call->arena, "ok changed=context/%s file=%s\n", name,
		                                       call->settings->user_file));
	return true;
}

static const char *const examples[] = { "fops context use lab", "fops context use context/lab-ssh", NULL };

static const int exits[] = { EXIT_NOT_FOUND, EXIT_CANNOT_CREATE, EXIT_CONFIG, -1 };

const struct command context_use_command = {
	.name = "use",
	.summary = "Make a context the default",
	.about = "Writes `context: NAME` into the user's configuration file and leaves the rest of it as it is.",
	.arguments = "NAME",
	.arguments_min = 1,
	.arguments_max = 1,
	.argument_values = VALUES_CONTEXTS,
	.examples = examples,
	.exits = exits,
	.see = "fops help contexts",
	.flags = COMMAND_SETTINGS | COMMAND_WRITES,
	.run = use_context,
};
