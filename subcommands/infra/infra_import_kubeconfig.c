/* infra import-kubeconfig: Endpoint documents out of a kubeconfig, once, with references where secrets were. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/contract/kind.h"
#include "fops/contract/kubeconfig.h"
#include "fops/contract/secret_ref.h"
#include "fops/data/emit.h"
#include "infra.h"

#define FILE_BYTES ((size_t)16 * 1024 * 1024)

struct import_options {
	const char *context;
	bool all;
	const char *id;
	const char *secret_prefix;
	const char *export_env;
	const char *output;
};

static const struct command_option options[] = {
	{ "context", 0, SLOT(struct import_options, context), "NAME", NULL,
	  "take this context of the kubeconfig, not its current one", NULL, VALUES_NONE, 0, 0 },
	{ "all", 0, SLOT(struct import_options, all), NULL, NULL, "take every context of the kubeconfig", NULL,
	  VALUES_NONE, 0, 0 },
	{ "id", 0, SLOT(struct import_options, id), "ID", NULL,
	  "id of the Endpoint; without it, made of the context's name", NULL, VALUES_NONE, 0, 0 },
	{ "secret-prefix", 0, SLOT(struct import_options, secret_prefix), "REF", NULL,
	  "begin references so, as in env://LAB_ or openbao://kv/lab#; without it, env:// and the id", NULL,
	  VALUES_NONE, 0, 0 },
	{ "export-env", 0, SLOT(struct import_options, export_env), "FILE", NULL,
	  "write the values behind the env references into a new file that only you can read", NULL, VALUES_FILES, 0,
	  0 },
	{ "output", 'o', SLOT(struct import_options, output), "FORMAT", "yaml", "print the documents as yaml or json",
	  "yaml|json", VALUES_CHOICES, 0, 0 },
	{ 0 },
};

static bool check_options(const struct call *call, const struct import_options *wanted, struct error *err)
{
	struct secret_ref ref;
	struct error wrong;

	if (wanted->all && (wanted->context != NULL || wanted->id != NULL))
		return fail(err, ERROR_USAGE_CONFLICT, "--all and --%s exclude each other",
		            wanted->context != NULL ? "context" : "id");
	if (wanted->id != NULL && !is_identifier(wanted->id)) {
		fail(err, ERROR_USAGE_BAD_VALUE, "--id takes an identifier");
		error_cause(err, "lower-case letters, digits, dots, hyphens and underscores");
		return false;
	}
	if (wanted->all && wanted->secret_prefix != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--all and --secret-prefix exclude each other");
	if (wanted->secret_prefix == NULL)
		return true;
	if (!secret_ref_parse(call->arena, arena_format(call->arena, "%stoken", wanted->secret_prefix), &ref, &wrong)) {
		fail(err, ERROR_USAGE_BAD_VALUE, "--secret-prefix takes the beginning of a secret reference");
		error_cause(err, "%s", wrong.cause);
		error_fix(err, "%s infra import-kubeconfig --secret-prefix env://LAB_ FILE", call->program);
		return false;
	}
	if (wanted->export_env != NULL && ref.scheme != SECRET_ENV)
		return fail(err, ERROR_USAGE_CONFLICT, "--export-env needs references that start with env://");
	return true;
}

static void emit_document(struct emitter *emitter, const struct endpoint *endpoint)
{
	emit_object(emitter);
	emit_key(emitter, "apiVersion");
	emit_text(emitter, "fractalops/v1");
	emit_key(emitter, "kind");
	emit_text(emitter, contract_kinds[KIND_ENDPOINT].name);
	emit_key(emitter, "spec");
	emit_record(emitter, endpoint_fields, endpoint);
	emit_object_end(emitter);
}

static bool write_output(void *user, const char *data, size_t len)
{
	output_bytes(user, data, len);
	return true;
}

/* One document each in YAML; in JSON one object, or an array of several: both are files of a topology. */
static bool print_documents(struct call *call, const struct kubeconfig_endpoints *endpoints, bool json,
                            struct error *err)
{
	struct sink sink = { write_output, call->output };
	struct emitter emitter;
	bool good = true;

	for (size_t i = 0; i < endpoints->count && !json; i++) {
		if (i > 0)
			output_text(call->output, "---\n");
		emit_start(&emitter, EMIT_YAML, sink);
		emit_document(&emitter, &endpoints->items[i].endpoint);
		good = emit_finish(&emitter, true) && good;
	}
	if (json) {
		emit_start(&emitter, EMIT_JSON_PRETTY, sink);
		if (endpoints->count != 1)
			emit_array(&emitter);
		for (size_t i = 0; i < endpoints->count; i++)
			emit_document(&emitter, &endpoints->items[i].endpoint);
		if (endpoints->count != 1)
			emit_array_end(&emitter);
		good = emit_finish(&emitter, true);
	}
	return good || fail(err, ERROR_INTERNAL, "an Endpoint does not nest");
}

/* A shell's single quotes: the file is sourced. */
static void put_assignment(struct buffer *out, const char *name, struct str value)
{
	buffer_format(out, "export %s='", name);
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\'')
			buffer_text(out, "'\\''");
		else
			buffer_byte(out, value.data[i]);
	}
	buffer_text(out, "'\n");
}

/* A file of its own, never one that others could have prepared or may read. */
static bool write_private(const char *path, const struct buffer *text, struct error *err)
{
	CLEANUP(file_close) int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const char *data = buffer_string(text);
	size_t at = 0;

	while (file >= 0 && at < text->len) {
		ssize_t some = write(file, data + at, text->len - at);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			break;
		at += (size_t)some;
	}
	if (file >= 0 && at == text->len && fsync(file) == 0)
		return true;
	fail(err, ERROR_IO_CREATE, "cannot write %s", path);
	error_cause(err, "%s", errno_text(errno));
	error_effect(err, file >= 0 ? "the file is incomplete" : "nothing changed");
	error_fix(err, "name a file that does not exist yet");
	return false;
}

static bool export_values(struct call *call, const struct kubeconfig_endpoints *endpoints, const char *path,
                          struct error *err)
{
	struct buffer text = BUFFER(FILE_BYTES);
	struct secret_ref ref;
	bool good = true;

	for (size_t i = 0; i < endpoints->count && good; i++) {
		const struct kubeconfig_endpoint *endpoint = &endpoints->items[i];

		for (size_t s = 0; s < endpoint->secret_count && good; s++) {
			good = secret_ref_parse(call->arena, endpoint->secrets[s].ref, &ref, err);
			if (good)
				put_assignment(&text, ref.name, endpoint->secrets[s].value);
		}
	}
	if (text.overflow)
		good = fail(err, ERROR_IO_CREATE, "the values are too long for one file");
	good = good && write_private(path, &text, err);
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	buffer_done(&text);
	return good;
}

static void tell(struct call *call, const struct kubeconfig_endpoints *endpoints, const char *export_env)
{
	struct output *output = call->output;

	for (size_t i = 0; i < endpoints->count; i++) {
		const struct kubeconfig_endpoint *endpoint = &endpoints->items[i];
		const char *id = endpoint->endpoint.id;

		for (size_t n = 0; n < endpoint->notes.count; n++)
			output_warning(output, "%s: %s", id, endpoint->notes.items[n]);
		if (endpoint->name_space != NULL && endpoint->name_space[0] != '\0')
			output_warning(output, "%s: the namespace %s belongs into the asset, as kubernetes.namespace",
			               id, endpoint->name_space);
		for (size_t s = 0; s < endpoint->secret_count && export_env == NULL; s++)
			output_warning(output, "%s: %s must hold %s", id, endpoint->secrets[s].ref,
			               endpoint->secrets[s].place);
	}
	if (export_env != NULL)
		output_warning(output, "the values are in %s; load them with: . %s", export_env, export_env);
}

/* The folder of the file as an absolute path; the working folder for standard input. */
static const char *folder_of(struct call *call, const char *file)
{
	const char *folder = strcmp(file, "-") == 0 ? "." : path_folder(call->arena, file);
	char *whole = realpath(folder, NULL);
	const char *copy = arena_copy(call->arena, whole == NULL ? folder : whole);

	free(whole);
	return copy;
}

static bool import_kubeconfig(struct call *call, struct error *err)
{
	const struct import_options *wanted = call->options;
	const char *file = call->arguments.items[0];
	struct kubeconfig_request request = {
		.file = strcmp(file, "-") == 0 ? "standard input" : file,
		.context = wanted->context,
		.all = wanted->all,
		.id = wanted->id,
		.secret_prefix = wanted->secret_prefix,
		.read = file_read,
		.values = wanted->export_env != NULL,
	};
	struct kubeconfig_endpoints endpoints;
	struct str text;

	/* what fails is told in the same form */
	if (text_equal(wanted->output, "json"))
		call->globals.format = wanted->output;
	if (!check_options(call, wanted, err) || !file_read(call->arena, file, FILE_BYTES, &text, err))
		return false;
	request.folder = folder_of(call, file);
	if (!kubeconfig_import(call->arena, &request, text, &endpoints, err) ||
	    (wanted->export_env != NULL && !export_values(call, &endpoints, wanted->export_env, err)))
		return false;
	tell(call, &endpoints, wanted->export_env);
	return print_documents(call, &endpoints, text_equal(wanted->output, "json"), err);
}

static const char *const examples[] = {
	"fops infra import-kubeconfig ~/.kube/config > topology/cluster.yaml",
	"fops infra import-kubeconfig --context lab --id lab-cluster ~/.kube/config",
	"fops infra import-kubeconfig --all -o json ~/.kube/config",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CANNOT_CREATE, EXIT_IO, -1 };

const struct command infra_import_kubeconfig_command = {
	.name = "import-kubeconfig",
	.summary = "Turn a kubeconfig into Endpoint documents",
	.about =
	        "Prints documents for a topology and keeps no tie to the file: nothing reads it later. Tokens and keys "
	        "become secret references and are never printed; standard error says what belongs behind each of "
	        "them, and --export-env writes the values into a new file with mode 0600 for an environment that "
	        "you load yourself.\n\n"
	        "FILE may be - for standard input. Credentials from programs, auth providers, passwords, "
	        "impersonation and insecure-skip-tls-verify are refused; the message says what to do instead.",
	.arguments = "FILE",
	.arguments_min = 1,
	.arguments_max = 1,
	.argument_values = VALUES_FILES,
	.options = options,
	.options_size = sizeof(struct import_options),
	.examples = examples,
	.exits = exits,
	.see = "fops help topology, fops help secrets",
	.flags = COMMAND_WRITES,
	.run = import_kubeconfig,
};
