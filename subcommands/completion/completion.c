/* completion: the script for a shell, and the hidden command that it calls. */
#include "completion.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/cli/call.h"
#include "fops/cli/extension.h"
#include "fops/cli/help.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "fops/flow/stack_map.h"

#define MOST_VALUES  2000
#define ANSWER_LIMIT ((size_t)4 << 20)

static bool print_script(struct call *call, struct error *err)
{
	const char *shell = call->arguments.items[0];
	const char *script = completion_script(shell);

	if (script == NULL) {
		fail(err, ERROR_USAGE_BAD_VALUE, "no completion for the shell \"%s\"", shell);
		error_cause(err, "shells are bash, zsh and fish");
		error_fix(err, "%s completion bash", call->program);
		return false;
	}
	output_text(call->output, script);
	return true;
}

static const char *const examples[] = {
	"fops completion bash > ~/.local/share/bash-completion/completions/fops",
	"fops completion zsh > ~/.local/share/zsh/site-functions/_fops",
	"fops completion fish > ~/.config/fish/completions/fops.fish",
	NULL,
};

const struct command completion_command = {
	.name = "completion",
	.summary = "Print the completion script for a shell",
	.about = "The installed package brings the scripts along; this prints them for other places. The script is a "
	         "small script that asks fops itself.",
	.arguments = "bash|zsh|fish",
	.arguments_min = 1,
	.arguments_max = 1,
	.examples = examples,
	.run = print_script,
};

static void add_endpoints(const struct call *call, const struct topology *topology, struct buffer *out)
{
	size_t count = topology_count(topology, KIND_ENDPOINT);

	for (size_t i = 0; i < count && i < MOST_VALUES; i++) {
		struct endpoint endpoint;
		struct error ignored;

		if (topology_read_endpoint(topology, i, call->arena, &endpoint, &ignored))
			buffer_format(out, "%s\t%s\n", endpoint.id, endpoint.plane);
	}
}

/* The catalogue's names are known even without a topology. */
static void add_stacks(const struct call *call, const struct topology *topology, struct buffer *out)
{
	struct stack_map map;
	struct error ignored;

	if (!stack_map_read(call->arena, topology, &map, &ignored))
		return;
	for (size_t i = 0; i < map.count && i < MOST_VALUES; i++)
		buffer_format(out, "%s\t%s\n", map.entries[i].stack.name, map.entries[i].stack.ownership_class);
}

static void add_assets(const struct topology *topology, bool roles, struct buffer *out)
{
	size_t count = topology_count(topology, KIND_RUNTIME_ASSET);

	for (size_t i = 0; i < count && i < MOST_VALUES; i++) {
		const char *id = topology_id(topology, KIND_RUNTIME_ASSET, i);
		const char *role = topology_asset_role(topology, i);

		buffer_format(out, "%s\t%s\n", roles ? role : id, roles ? id : role);
	}
}

/* Live values come from the compiled topology and the configuration; any failure just means no values. */
static void supply_values(void *user, enum value_source source, struct buffer *out)
{
	struct call *call = user;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct error ignored;

	if (call->settings == NULL && !settings_load(call, &ignored))
		return;
	if (source == VALUES_CONTEXTS) {
		for (size_t i = 0; i < call->settings->context_count; i++)
			buffer_format(out, "%s\t%s\n", call->settings->contexts[i].name,
			              call->settings->contexts[i].file);
	} else if (source == VALUES_COMMANDS) {
		size_t count;
		const struct extension *list = extension_list(call, &count);

		for (size_t i = 0; i < count; i++)
			buffer_format(out, "%s\textension\n", list[i].name);
	} else if (source == VALUES_ENDPOINTS && call_topology(call, &topology, &ignored)) {
		add_endpoints(call, topology, out);
	} else if (source == VALUES_STACKS) {
		if (!call_topology(call, &topology, &ignored))
			topology = NULL;
		add_stacks(call, topology, out);
	} else if ((source == VALUES_ASSETS || source == VALUES_ROLES) && call_topology(call, &topology, &ignored)) {
		add_assets(topology, source == VALUES_ROLES, out);
	}
}

static bool complete(struct call *call, struct error *err)
{
	struct buffer out = BUFFER(ANSWER_LIMIT);
	size_t count = 0;

	(void)err;
	while (call->rest != NULL && call->rest[count] != NULL)
		count++;
	/* flags of the half-typed line, such as --context, are not honoured: a guess must stay quick and silent */
	completion_complete(call->arena, call->root, call->rest, count, supply_values, call, &out);
	output_bytes(call->output, buffer_string(&out), out.len);
	buffer_done(&out);
	return true;
}

const struct command complete_command = {
	.name = "__complete",
	.summary = "Answer a completion script",
	.rest = "WORDS...",
	.rest_min = 1,
	.flags = COMMAND_HIDDEN,
	.run = complete,
};
