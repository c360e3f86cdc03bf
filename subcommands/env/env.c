/* env: the effective context as shell assignments, for direnv and wrappers. */
#include "env.h"

#include <limits.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
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

/* fish reads a backslash in single quotes, too. */
static void quote_for_fish(struct buffer *out, const char *text)
{
	buffer_byte(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			buffer_byte(out, '\\');
		buffer_byte(out, *text);
	}
	buffer_byte(out, '\'');
}

static void assign(struct buffer *out, const char *name, const char *value, bool fish)
{
	buffer_format(out, "%s %s%s", fish ? "set -gx" : "export", name, fish ? " " : "=");
	if (fish)
		quote_for_fish(out, value);
	else
		buffer_quote(out, value);
	buffer_text(out, fish ? ";\n" : "\n");
}

/* The paths of the topology as one variable that holds wherever the shell goes; NULL for none. */
static bool join_topology(struct call *call, const char **ret_paths, struct error *err)
{
	const struct text_list *paths = &call->settings->topology;
	const char *joined = NULL;
	char folder[PATH_MAX];

	for (size_t i = 0; i < paths->count; i++) {
		const char *path = paths->items[i];

		if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL) {
			fail(err, ERROR_IO_READ, "the current folder has no name any more");
			error_cause(err, "%s is a path relative to it", path);
			return false;
		}
		path = path[0] == '/' ? path : path_join(call->arena, folder, path);
		if (strchr(path, ':') != NULL) {
			fail(err, ERROR_USAGE_BAD_VALUE, "the path %s cannot stand in FOPS_TOPOLOGY", path);
			error_cause(err, "colons divide the paths of that variable");
			error_fix(err, "name the path without a colon, or pass it with --topology");
			return false;
		}
		joined = joined == NULL ? path : arena_format(call->arena, "%s:%s", joined, path);
	}
	*ret_paths = joined;
	return true;
}

static bool print_environment(struct call *call, struct error *err)
{
	const struct env_options *wanted = call->options;
	const struct settings *settings = call->settings;
	bool fish = strcmp(wanted->shell, "fish") == 0;
	struct buffer out = BUFFER((size_t)1 << 20);
	const char *topology = NULL;

	if (!join_topology(call, &topology, err))
		return false;
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
