/* env: the effective context as shell assignments, for direnv and wrappers. */
#include "env.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

struct env_options {
	const char *shell;
};

static const struct command_option options[] = {
	{ "shell", 0, SLOT(struct env_options, shell), "SHELL", "sh", "syntax to print", "sh|fish", VALUES_CHOICES, 0,
	  0 },
	{ 0 },
};

/* Single quotes for POSIX shells ('\'' inside), or for fish (\' and \\ inside). */
static void quote(struct buffer *out, const char *text, bool fish)
{
	buffer_byte(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buffer_text(out, fish ? "\\'" : "'\\''");
		else if (*text == '\\' && fish)
			buffer_text(out, "\\\\");
		else
			buffer_byte(out, *text);
	}
	buffer_byte(out, '\'');
}

static void assign(struct buffer *out, const char *name, const char *value, bool fish)
{
	buffer_format(out, "%s %s%s", fish ? "set -gx" : "export", name, fish ? " " : "=");
	quote(out, value, fish);
	buffer_text(out, fish ? ";\n" : "\n");
}

static bool print_environment(struct call *call, struct error *err)
{
	const struct env_options *wanted = call->options;
	const struct settings *settings = call->settings;
	bool fish = strcmp(wanted->shell, "fish") == 0;
	struct buffer out = BUFFER((size_t)1 << 20);
	const char *topology = NULL;

	(void)err;
	for (size_t i = 0; i < settings->topology.count; i++)
		topology = topology == NULL ? settings->topology.items[i]
		                            : arena_format(call->arena, "%s:%s", topology, settings->topology.items[i]);
	if (settings->context != NULL)
		assign(&out, "FOPS_CONTEXT", settings->context, fish);
	if (topology != NULL)
		assign(&out, "FOPS_TOPOLOGY", topology, fish);
	output_bytes(call->output, buffer_string(&out), out.len);
	buffer_done(&out);
	return true;
}

static const char *const examples[] = { "eval \"$(fops env)\"", "fops env --shell fish | source", NULL };

const struct command env_command = {
	.name = "env",
	.summary = "Print the context as shell assignments",
	.about = "Prints FOPS_CONTEXT and FOPS_TOPOLOGY of the effective settings, ready for eval or direnv. Running "
	         "it again changes nothing, and it never "
	         "prints a secret.",
	.options = options,
	.options_size = sizeof(struct env_options),
	.examples = examples,
	.see = "fops help contexts, fops help environment",
	.flags = COMMAND_SETTINGS,
	.run = print_environment,
};
