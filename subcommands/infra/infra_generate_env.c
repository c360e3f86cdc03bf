/* infra generate-env: the environment of a consumer as a file, with references where secrets would be. */
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/flow/env_place.h"
#include "fops/flow/env_render.h"
#include "infra.h"

#define FILE_BYTES ((size_t)4 * 1024 * 1024)

struct generate_options {
	const char *format;
	const char *into;
};

static const struct command_option options[] = {
	{ "format", 0, SLOT(struct generate_options, format), "FORMAT", NULL,
	  "form of the file; without it, the one that the contract names", "dotenv|shell|make|json|kubernetes",
	  VALUES_CHOICES, 0, 0 },
	{ "into", 0, SLOT(struct generate_options, into), "FILE", NULL,
	  "write the file, if it changes, instead of printing it", NULL, VALUES_FILES, 0, 0 },
	{ 0 },
};

static bool write_into(struct call *call, const char *path, const struct buffer *text, struct error *err)
{
	struct buffer line = BUFFER(FILE_BYTES);
	bool changed = false;

	if (!env_place_write(call->arena, path, text->data, text->len, &changed, err))
		return false;
	buffer_text(&line, changed ? "written " : "unchanged ");
	terminal_escape(&line, path, strlen(path));
	buffer_byte(&line, '\n');
	output_text(call->output, buffer_string(&line));
	buffer_done(&line);
	return true;
}

static bool generate(struct call *call, struct error *err)
{
	const struct generate_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct buffer text = BUFFER(FILE_BYTES);
	const struct env_contract *contract;
	enum env_format format = ENV_DOTENV;
	struct env_values values;
	bool good;

	if (wanted->into != NULL && wanted->into[0] == '\0') {
		fail(err, ERROR_USAGE_BAD_VALUE, "--into does not accept \"\"");
		error_cause(err, "it takes the name of a file, in a folder that exists");
		return false;
	}
	if (!call_topology(call, &topology, err) ||
	    !env_contract_find(call->arena, topology, call->arguments.items[0], &contract, err) ||
	    !env_values_find(call->arena, topology, contract, &values, err))
		return false;
	if (!env_format_of(wanted->format == NULL ? contract->format : wanted->format, &format))
		return fail(err, ERROR_INTERNAL, "the contract of %s has an unknown format", contract->consumer);
	good = env_render(call->arena, &values, format, &text, err);
	if (good && wanted->into != NULL)
		good = write_into(call, wanted->into, &text, err);
	else if (good)
		output_bytes(call->output, text.data, text.len);
	call->changed_nothing = wanted->into == NULL;
	buffer_done(&text);
	return good;
}

static const char *const examples[] = {
	"fops infra generate-env portal",
	"fops infra generate-env portal --into .env.portal",
	"fops infra generate-env portal --format kubernetes",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CANNOT_CREATE, EXIT_IO, EXIT_CONFIG, -1 };

const struct command infra_generate_env_command = {
	.name = "generate-env",
	.summary = "Write the environment file of a consumer",
	.about =
	        "Makes the file that an EnvContract describes out of the topology: URLs of the kind it asks for and no "
	        "other, fields of assets, literals. The value of a secret is never written: a comment, an object "
	        "{\"secret_ref\"} or an ExternalSecret stands for it, and infra exec passes it to a program. The same "
	        "topology gives the same bytes; the head names its digest and, for a git revision, the commit.\n\n"
	        "dotenv is quoted as common readers and a shell read it alike, shell is for `.`, make for include, "
	        "kubernetes is a ConfigMap and an ExternalSecret (external-secrets.io/v1) for each such target of the "
	        "contract. --into replaces the file whole, leaves it alone when nothing changed, and follows no "
	        "symbolic link out of the folder.",
	.arguments = "CONSUMER",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = options,
	.options_size = sizeof(struct generate_options),
	.examples = examples,
	.exits = exits,
	.see = "fops infra env-check, fops infra exec, fops help secrets",
	.flags = COMMAND_TOPOLOGY | COMMAND_SETTINGS | COMMAND_WRITES,
	.run = generate,
};
