/* One writer for each format; what a format cannot hold in the way all its readers agree on is refused, not mangled. */
#include "fops/flow/env_render.h"

#include "env_kubernetes.h"
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/data/emit.h"

static const char *const names[ENV_FORMAT_COUNT] = {
	[ENV_DOTENV] = "dotenv", [ENV_SHELL] = "shell",           [ENV_MAKE] = "make",
	[ENV_JSON] = "json",     [ENV_KUBERNETES] = "kubernetes",
};

bool env_format_of(const char *name, enum env_format *ret_format)
{
	for (int i = 0; i < ENV_FORMAT_COUNT; i++) {
		if (text_equal(names[i], name)) {
			*ret_format = (enum env_format)i;
			return true;
		}
	}
	return false;
}

const char *env_format_name(enum env_format format)
{
	return names[format];
}

static bool unfit(const struct env_values *values, const struct env_value *value, enum env_format format,
                  const char *cause, struct error *err)
{
	const char *consumer = values->contract->consumer;

	fail(err, ERROR_CONTRACT_INVALID, "%s of consumer %s cannot stand in a file of the format %s",
	     value->variable->name, consumer, names[format]);
	error_cause(err, "%s", cause);
	error_fix(err, "fops infra generate-env %s --format json", consumer);
	error_object(err, "env-contract/%s", consumer);
	return false;
}

#define HEAD_WRITTEN  "# Written by fops infra generate-env "
#define HEAD_SCHEMA   "# schema "
#define HEAD_TOPOLOGY "# topology sha256:"
#define HEAD_SOURCE   "# source "

static void write_head(struct buffer *out, const struct env_values *values)
{
	buffer_format(out, HEAD_WRITTEN "%s; changes are lost.\n", values->contract->consumer);
	buffer_text(out, HEAD_SCHEMA ENV_SCHEMA "\n");
	buffer_format(out, HEAD_TOPOLOGY "%s\n", values->digest);
	for (size_t i = 0; i < values->sources.count; i++) {
		buffer_text(out, HEAD_SOURCE);
		terminal_escape(out, values->sources.items[i], strlen(values->sources.items[i]));
		buffer_byte(out, '\n');
	}
}

const char *env_body(const char *text, bool *ret_ours)
{
	static const char *const heads[] = { HEAD_WRITTEN, HEAD_SCHEMA, HEAD_TOPOLOGY, HEAD_SOURCE };

	*ret_ours = text_starts(text, HEAD_WRITTEN);
	for (size_t i = 0; *ret_ours && i < ARRAY_LEN(heads); i++) {
		while (text_starts(text, heads[i])) {
			text = strchrnul(text, '\n');
			text += *text == '\n' ? 1 : 0;
		}
	}
	return text;
}

/* The name of a secret in a comment: references are plain, so that no comment ends early. */
static void write_secret(struct buffer *out, const struct env_value *value)
{
	buffer_format(out, "# %s: secret %s (infra exec passes it)\n", value->variable->name, value->secret_ref);
}

/* What no reader changes without quotes; a tilde, for one, is a home folder to a shell. */
static bool is_plain(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,-") == strlen(text);
}

static bool has_control(const char *text, const char *allowed)
{
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < 0x20 || *text == 0x7F) && strchr(allowed, *text) == NULL)
			return true;
	}
	return false;
}

/* A backslash that some reader takes for an escape, between single quotes as well. */
static bool has_escape(const char *text)
{
	for (const char *at = strchr(text, '\\'); at != NULL; at = strchr(at + 1, '\\')) {
		if (at[1] == '\\' || at[1] == '\'' || at[1] == '\0')
			return true;
	}
	return false;
}

/* Why no quoting is read alike by all, or NULL. */
static const char *dotenv_trouble(const char *text)
{
	if (has_control(text, "\n\t"))
		return "it has a control character";
	if (strstr(text, "${") != NULL)
		return "it has ${, which some readers replace even between single quotes";
	if (has_escape(text))
		return "it has a backslash that some readers take for an escape";
	if (strchr(text, '\'') != NULL && strpbrk(text, "\"$`\\\n") != NULL)
		return "beside a single quote it has a character that double quotes change";
	return NULL;
}

static bool write_dotenv(struct buffer *out, const struct env_values *values, const struct env_value *value,
                         struct error *err)
{
	const char *text = value->value;
	const char *trouble = dotenv_trouble(text);
	const char *quote = is_plain(text) ? "" : strchr(text, '\'') == NULL ? "'" : "\"";

	if (trouble != NULL)
		return unfit(values, value, ENV_DOTENV, trouble, err);
	buffer_format(out, "%s=%s%s%s\n", value->variable->name, quote, text, quote);
	return true;
}

static bool write_shell(struct buffer *out, const struct env_value *value)
{
	buffer_format(out, "export %s=", value->variable->name);
	buffer_quote(out, value->value);
	return buffer_byte(out, '\n');
}

/* "$()" is nothing, and keeps a blank at the beginning and a backslash at the end where they are. */
static bool write_make(struct buffer *out, const struct env_values *values, const struct env_value *value,
                       struct error *err)
{
	const char *text = value->value;

	if (has_control(text, "\t"))
		return unfit(values, value, ENV_MAKE, "a variable of make is one line", err);
	buffer_format(out, "export %s :=%s%s", value->variable->name, *text == '\0' ? "" : " ",
	              *text == ' ' || *text == '\t' ? "$()" : "");
	for (const char *at = text; *at != '\0'; at++) {
		size_t slashes = strspn(at, "\\");

		/* in front of a # each backslash stands for half of one */
		for (size_t i = 0; i < slashes; i++)
			buffer_text(out, at[slashes] == '#' ? "\\\\" : "\\");
		at += slashes;
		if (*at == '\0') {
			buffer_text(out, "$()");
			break;
		}
		buffer_text(out, *at == '$' ? "$" : *at == '#' ? "\\" : "");
		buffer_byte(out, *at);
	}
	buffer_byte(out, '\n');
	return true;
}

static void write_json(struct buffer *out, const struct env_values *values)
{
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON_PRETTY, buffer_sink(out));
	emit_object(&emitter);
	emit_key(&emitter, "schema");
	emit_text(&emitter, ENV_SCHEMA);
	emit_key(&emitter, "consumer");
	emit_text(&emitter, values->contract->consumer);
	emit_key(&emitter, "topology");
	emit_text(&emitter, values->digest);
	emit_key(&emitter, "sources");
	emit_array(&emitter);
	for (size_t i = 0; i < values->sources.count; i++)
		emit_text(&emitter, values->sources.items[i]);
	emit_array_end(&emitter);
	emit_key(&emitter, "variables");
	emit_object(&emitter);
	for (size_t i = 0; i < values->count; i++) {
		const struct env_value *value = &values->items[i];

		if (value->value == NULL && value->secret_ref == NULL)
			continue;
		emit_key(&emitter, value->variable->name);
		if (value->secret_ref == NULL) {
			emit_text(&emitter, value->value);
			continue;
		}
		emit_object(&emitter);
		emit_key(&emitter, "secret_ref");
		emit_text(&emitter, value->secret_ref);
		emit_object_end(&emitter);
	}
	emit_object_end(&emitter);
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, true))
		out->overflow = true;
}

static bool write_lines(struct buffer *out, const struct env_values *values, enum env_format format, struct error *err)
{
	bool good = true;

	write_head(out, values);
	for (size_t i = 0; i < values->count && good; i++) {
		const struct env_value *value = &values->items[i];

		if (value->secret_ref != NULL)
			write_secret(out, value);
		else if (value->value == NULL)
			buffer_format(out, "# %s: no value\n", value->variable->name);
		else if (format == ENV_DOTENV)
			good = write_dotenv(out, values, value, err);
		else if (format == ENV_MAKE)
			good = write_make(out, values, value, err);
		else
			write_shell(out, value);
	}
	return good;
}

static bool write_documents(struct arena *arena, struct buffer *out, const struct env_values *values, struct error *err)
{
	const struct env_target *targets = values->contract->targets.items;
	size_t written = 0;

	write_head(out, values);
	for (size_t i = 0; i < values->contract->targets.count; i++) {
		if (!text_equal(targets[i].type, "kubernetes"))
			continue;
		if (!env_documents_write(arena, values, &targets[i], written++ > 0, out, err))
			return false;
	}
	if (written > 0)
		return true;
	fail(err, ERROR_CONTRACT_INVALID, "consumer %s has no target of type kubernetes", values->contract->consumer);
	error_cause(err, "the target says the namespace, the name and the SecretStore");
	error_fix(err, "add a target of type kubernetes to the EnvContract");
	return false;
}

bool env_render(struct arena *arena, const struct env_values *values, enum env_format format, struct buffer *out,
                struct error *err)
{
	if (format == ENV_JSON)
		write_json(out, values);
	else if (format == ENV_KUBERNETES ? !write_documents(arena, out, values, err)
	                                  : !write_lines(out, values, format, err))
		return false;
	if (!out->overflow)
		return true;
	return fail(err, ERROR_DATA, "the environment of %s is too large for one file", values->contract->consumer);
}
