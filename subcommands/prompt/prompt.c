/* prompt: the context's name for a shell prompt. */
#include "prompt.h"

#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

static bool print_prompt(struct call *call, struct error *err)
{
	(void)err;
	/* a shell asks at every prompt: what the other commands warn of is left out */
	call->globals.quiet++;
	if (call->settings->context != NULL)
		output_text(call->output, arena_format(call->arena, "%s\n", call->settings->context));
	return true;
}

static const char *const examples[] = { "fops prompt", "PS1='$(fops prompt) \\$ '", NULL };

const struct command prompt_command = {
	.name = "prompt",
	.summary = "Print the current context for a shell prompt",
	.about = "Reads the configuration files only. Prints nothing when no context is chosen.",
	.examples = examples,
	.see = "fops help contexts",
	.flags = COMMAND_SETTINGS,
	.run = print_prompt,
};
