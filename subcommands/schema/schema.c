/* schema: JSON Schemas of contracts and outputs, and the catalogue of all commands. */
#include "schema.h"

#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/help.h"
#include "fops/cli/output.h"
#include "fops/contract/kind.h"
#include "fops/contract/schema.h"

struct schema_options {
	bool all;
};

static const struct command_option options[] = {
	{ "all", 0, SLOT(struct schema_options, all), NULL, NULL,
	  "print the catalogue: every command, flag, field and exit status", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

static bool write_output(void *user, const char *data, size_t len)
{
	output_bytes(user, data, len);
	return true;
}

static void start(struct call *call, struct emitter *emitter)
{
	emit_start(emitter, EMIT_JSON_PRETTY, (struct sink){ write_output, call->output });
}

/* "runtime-assets list", given as one word or two. */
static const struct command *find_command(const struct call *call, const char **ret_path)
{
	const struct command *command = call->root;
	const char *path = "";

	for (size_t i = 0; i < call->arguments.count; i++) {
		struct text_list words = text_split(call->arena, call->arguments.items[i], ' ');

		for (size_t w = 0; w < words.count; w++) {
			command = command_find(command, words.items[w]);
			if (command == NULL)
				return NULL;
			path = arena_format(call->arena, "%s%s%s", path, path[0] == '\0' ? "" : " ", words.items[w]);
		}
	}
	*ret_path = path;
	return command;
}

static bool unknown(const struct call *call, const struct command *command, struct error *err)
{
	const char *name = call->arguments.items[0];
	const char *near = NULL;

	for (size_t i = 1; i < call->arguments.count; i++)
		name = arena_format(call->arena, "%s %s", name, call->arguments.items[i]);
	fail(err, ERROR_NOT_FOUND, "no schema \"%s\"", name);
	if (command == call->root)
		command = NULL;
	if (command != NULL && command->verbs != NULL)
		error_cause(err, "commands of %s are %s", name, command_names(call->arena, command));
	else if (command != NULL)
		error_cause(err, "%s prints no fields", name);
	else
		near = text_suggest(call->arena, name, contract_kind_names(), CONTRACT_KIND_COUNT);
	if (command == NULL && near == NULL)
		near = command_suggest(call->arena, call->root, name);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "%s schema", call->program);
	return false;
}

static void list_schemas(struct call *call)
{
	output_text(call->output, "contracts:\n");
	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++)
		output_text(call->output,
		            arena_format(call->arena, "  %s schema %s\n", call->program, contract_kinds[i].name));
	output_text(call->output, "outputs of commands, for example:\n");
	output_text(call->output, arena_format(call->arena, "  %s schema runtime-assets list\n", call->program));
	output_text(call->output, "everything:\n");
	output_text(call->output, arena_format(call->arena, "  %s schema --all\n", call->program));
}

static bool print_schema(struct call *call, struct error *err)
{
	const struct schema_options *wanted = call->options;
	struct emitter emitter;
	enum contract_kind kind;
	const struct command *command;
	const char *path;

	if (!wanted->all && call->arguments.count == 0) {
		list_schemas(call);
		return true;
	}
	start(call, &emitter);
	if (wanted->all) {
		catalogue_emit(call->arena, &emitter, call->root);
	} else if (call->arguments.count == 1 && contract_kind_of(call->arguments.items[0], &kind)) {
		contract_schema_emit(&emitter, kind);
	} else {
		command = find_command(call, &path);
		if (command == NULL || command->columns == NULL)
			return unknown(call, command, err);
		command_schema_emit(call->arena, &emitter, command, path);
	}
	if (!emit_finish(&emitter, true))
		return fail(err, ERROR_INTERNAL, "a schema does not nest");
	return true;
}

static const char *const examples[] = {
	"fops schema RuntimeAsset",
	"fops schema runtime-assets list",
	"fops schema --all",
	NULL,
};

static const int exits[] = { EXIT_NOT_FOUND, -1 };

const struct command schema_command = {
	.name = "schema",
	.summary = "Print JSON Schemas and the catalogue of commands",
	.about = "Contracts are named as documents name them (RuntimeAsset, Endpoint), outputs by the words of their "
	         "command.",
	.arguments = "[KIND | COMMAND...]",
	.arguments_max = 4,
	.argument_values = VALUES_COMMANDS,
	.options = options,
	.options_size = sizeof(struct schema_options),
	.examples = examples,
	.exits = exits,
	.see = "fops help topology, fops help output",
	.run = print_schema,
};
