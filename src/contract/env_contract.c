/* EnvContract: its fields, and the rules inside one contract. */
#include "fops/contract/env_contract.h"

#include "check.h"
#include "fops/base/arena.h"
#include "fops/contract/literal.h"
#include "kubernetes_name.h"
#include "pattern.h"
#include "url_rule.h"

#define MOST_VARIABLES 1024
#define MOST_TARGETS   32
#define LONGEST_NAME   128

static const struct field variable_fields[] = {
	{ "name", SLOT(struct env_variable, name), FIELD_REQUIRED | FIELD_NOT_EMPTY, .pattern = PATTERN_VARIABLE,
	  .text = "the environment variable, once in a contract; never one for a human's GitHub token",
	  .example = "LANGBOARD_URL" },
	{ "endpoint", SLOT(struct env_variable, endpoint), FIELD_IDENTIFIER, .requires = "url",
	  .text = "id of the Endpoint whose URL is the value", .example = "langboard-executor" },
	{ "url", SLOT(struct env_variable, url), .choices = "public|executor|internal", .requires = "endpoint",
	  .text = "which of its URLs; one never stands in for another" },
	{ "asset", SLOT(struct env_variable, asset), FIELD_IDENTIFIER, .requires = "field",
	  .text = "id of the RuntimeAsset of which a field is the value", .example = "daytona-01" },
	{ "field", SLOT(struct env_variable, field), .choices = "assetId|role|kind|owner", .requires = "asset",
	  .text = "which of its fields" },
	{ "secretRef", SLOT(struct env_variable, secret_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the value, which is never written", .example = "openbao://kv/langboard#token" },
	{ "value", SLOT(struct env_variable, value), .pattern = PATTERN_LITERAL,
	  .text = "the value itself, one line and never a secret", .example = "info" },
	{ "required", SLOT(struct env_variable, required), .preset = "true",
	  .text = "whether it is an error when there is no value" },
	{ "default", SLOT(struct env_variable, preset), .pattern = PATTERN_LITERAL, .excludes = "secretRef",
	  .rule = "R16", .text = "the value when its source has none; never of a secret", .example = "off" },
	{ "text", SLOT(struct env_variable, text), FIELD_NOT_EMPTY, .text = "what it is for, in one sentence",
	  .example = "where the boards are" },
	{ 0 },
};

static const struct field_variant target_types[] = {
	{ "env-file", .needs = "path", .takes = "format" },
	{ "kubernetes", .needs = "endpoint|namespace|name", .takes = "secretStore|secretStoreKind" },
	{ 0 },
};

static const struct field target_fields[] = {
	{ "type", SLOT(struct env_target, type), FIELD_REQUIRED, .choices = "env-file|kubernetes",
	  .variants = target_types, .text = "a file, or a ConfigMap and an ExternalSecret in a cluster" },
	{ "path", SLOT(struct env_target, path), FIELD_NOT_EMPTY, .pattern = PATTERN_FILE,
	  .text = "the file of env-file, relative to the folder of the call or absolute, without .. segments",
	  .example = ".env.portal" },
	{ "format", SLOT(struct env_target, format), .choices = "dotenv|shell|make|json",
	  .text = "the form of env-file; without it, the contract's" },
	{ "endpoint", SLOT(struct env_target, endpoint), FIELD_IDENTIFIER,
	  .text = "id of an Endpoint of plane kubernetes", .example = "lab-cluster" },
	{ "namespace", SLOT(struct env_target, space), .pattern = PATTERN_LABEL, .text = "the namespace",
	  .example = "boards" },
	{ "name", SLOT(struct env_target, name), .pattern = PATTERN_OBJECT_NAME,
	  .text = "the name of the ConfigMap and the ExternalSecret", .example = "portal-env" },
	{ "secretStore", SLOT(struct env_target, store), .pattern = PATTERN_OBJECT_NAME,
	  .text = "the store that the ExternalSecret reads; needed when a variable is a secret", .example = "openbao" },
	{ "secretStoreKind", SLOT(struct env_target, store_kind), .choices = "SecretStore|ClusterSecretStore",
	  .preset = "ClusterSecretStore", .text = "the kind of that store" },
	{ 0 },
};

const struct field env_contract_fields[] = {
	{ "consumer", SLOT(struct env_contract, consumer), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .pattern = PATTERN_IDENTITY, .text = "whose environment it is", .example = "portal" },
	{ "owner", SLOT(struct env_contract, owner), FIELD_NOT_EMPTY, .text = "the team that answers for it",
	  .example = "platform" },
	{ "text", SLOT(struct env_contract, text), FIELD_NOT_EMPTY, .text = "what the consumer is, in one sentence",
	  .example = "the portal's shell" },
	{ "format", SLOT(struct env_contract, format), .choices = "dotenv|shell|make|json|kubernetes",
	  .preset = "dotenv", .text = "the form that fops infra generate-env writes" },
	{ "variables", SLOT(struct env_contract, variables), FIELD_REQUIRED | FIELD_NOT_EMPTY,
	  .fields = variable_fields, .record_size = sizeof(struct env_variable), .most = MOST_VARIABLES,
	  .one_of = "endpoint|asset|secretRef|value", .text = "the variables, at most 1024, each from one source" },
	{ "targets", SLOT(struct env_contract, targets), .fields = target_fields,
	  .record_size = sizeof(struct env_target), .most = MOST_TARGETS,
	  .text = "where fops infra apply-ssot puts them, at most 32" },
	{ 0 },
};

/* The variable that is checked. */
struct variable_scope {
	const struct rule_scope *scope;
	struct arena *arena;
	const struct env_variable *variable;
	size_t index;
};

static const char *path_of(const struct variable_scope *at, const char *member)
{
	return arena_format(at->arena, "variables[%zu].%s", at->index, member);
}

static bool is_variable(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (name[i] != '_' && strchr(letters_digits, name[i]) == NULL)
			return false;
	}
	return len > 0 && len <= LONGEST_NAME && (name[0] < '0' || name[0] > '9');
}

static void check_name(const struct variable_scope *at)
{
	const struct env_variable *variables = at->variable - at->index;
	const char *name = at->variable->name;

	if (name == NULL || name[0] == '\0')
		return;
	if (!is_variable(name))
		rule_break(at->scope, RULE_FORM, path_of(at, "name"),
		           "use letters, digits and underscores, no digit first", "not the name of a variable");
	else if (literal_names_human_token(name))
		rule_break(at->scope, RULE_R08, path_of(at, "name"), rule_rows[RULE_R08].fix,
		           "%s is named after a human's token", name);
	for (size_t i = 0; i < at->index; i++) {
		if (!text_equal(name, variables[i].name))
			continue;
		rule_break(at->scope, RULE_FORM, path_of(at, "name"), "keep one of the two",
		           "the variable %s is already there", name);
		break;
	}
}

/* Words that switch something or count, which no secret is. */
static bool is_harmless(const char *text)
{
	return text[strspn(text, "0123456789.")] == '\0' ||
	       text_in_choices("true|false|on|off|yes|no|none|disabled|enabled|optional|required", text);
}

static void check_literal(const struct variable_scope *at, const char *member, const char *text)
{
	const char *name = at->variable->name;

	if (text == NULL)
		return;
	for (const char *byte = text; *byte != '\0'; byte++) {
		if ((unsigned char)*byte >= ' ' && *byte != 0x7F)
			continue;
		rule_break(at->scope, RULE_FORM, path_of(at, member), "write one line without control characters",
		           "the text holds a control character");
		break;
	}
	if (name == NULL)
		return;
	if (literal_names_secret(name) && !is_harmless(text))
		rule_break(at->scope, RULE_R02, path_of(at, member), "write secretRef in its place",
		           "%s is named after a secret, and its value stands here", name);
	else if (literal_has_word(name, "PUBLIC") && literal_is_raw_url(text))
		rule_break(at->scope, RULE_R07, path_of(at, member), rule_rows[RULE_R07].fix,
		           "%s leads to a raw address", name);
}

/* A name that says one kind of URL and a field that says another swap them for whoever reads the name. */
static void check_url_kind(const struct variable_scope *at)
{
	const char *name = at->variable->name;
	const char *said = NULL;

	if (name == NULL || at->variable->url == NULL)
		return;
	for (size_t i = 0; i < URL_KIND_COUNT; i++) {
		if (!literal_has_word(name, url_kind_name((enum url_kind)i)))
			continue;
		/* a name with two kinds says neither */
		if (said != NULL)
			return;
		said = url_kind_name((enum url_kind)i);
	}
	if (said != NULL && !text_equal(said, at->variable->url))
		rule_break(at->scope, RULE_R12, path_of(at, "url"),
		           arena_format(at->scope->findings->arena, "write url: %s, or another name", said),
		           "%s is named after the %s URL and gets the %s one", name, said, at->variable->url);
}

static void check_path(const struct rule_scope *scope, const char *path, const char *file)
{
	if (file == NULL)
		return;
	for (const char *byte = file; *byte != '\0'; byte++) {
		if ((unsigned char)*byte >= ' ' && *byte != 0x7F)
			continue;
		rule_break(scope, RULE_FORM, path, "write the path of a file", "the path holds a control character");
		return;
	}
	if (url_rule_has_dots(file))
		rule_break(scope, RULE_FORM, path, "write a path below the folder of the call, or a whole one",
		           "the path holds dot segments");
}

static void check_object_name(const struct rule_scope *scope, const char *path, const char *name)
{
	if (name != NULL && !is_dns_name((struct str){ name, strlen(name) }))
		rule_break(scope, RULE_FORM, path, "use lower-case letters, digits, inner hyphens and dots",
		           "not the name of an object");
}

static void check_target(const struct rule_scope *scope, struct arena *arena, const struct env_contract *contract,
                         size_t index)
{
	const struct env_variable *variables = contract->variables.items;
	const struct env_target *targets = contract->targets.items;
	const struct env_target *target = &targets[index];
	const char *path = arena_format(arena, "targets[%zu]", index);

	check_path(scope, arena_format(arena, "%s.path", path), target->path);
	if (target->space != NULL && !is_dns_label((struct str){ target->space, strlen(target->space) }))
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.namespace", path),
		           "use lower-case letters, digits and hyphens, at most 63", "not the name of a namespace");
	check_object_name(scope, arena_format(arena, "%s.name", path), target->name);
	check_object_name(scope, arena_format(arena, "%s.secretStore", path), target->store);
	if (!text_equal(target->type, "kubernetes") || target->store != NULL)
		return;
	for (size_t i = 0; i < contract->variables.count; i++) {
		if (variables[i].secret_ref == NULL)
			continue;
		rule_break(scope, RULE_FORM, path, arena_format(scope->findings->arena, "add %s.secretStore", path),
		           "variable %s is a secret, and the target names no store",
		           variables[i].name == NULL ? "without a name" : variables[i].name);
		break;
	}
}

static void check_most(const struct rule_scope *scope, const char *path, size_t count, size_t most)
{
	if (count > most)
		rule_break(scope, RULE_FORM, path, arena_format(scope->findings->arena, "keep at most %zu", most),
		           "%zu entries are too many", count);
}

void env_contract_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                        struct findings *findings)
{
	const struct env_contract *contract = record;
	const struct env_variable *variables = contract->variables.items;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "consumer", contract->consumer);
	check_most(&scope, "variables", contract->variables.count, MOST_VARIABLES);
	check_most(&scope, "targets", contract->targets.count, MOST_TARGETS);
	for (size_t i = 0; i < contract->variables.count && i < MOST_VARIABLES; i++) {
		struct variable_scope at = { &scope, arena, &variables[i], i };

		check_name(&at);
		check_literal(&at, "value", variables[i].value);
		check_literal(&at, "default", variables[i].preset);
		check_url_kind(&at);
		secret_ref_check(&scope, arena, path_of(&at, "secretRef"), variables[i].secret_ref);
	}
	for (size_t i = 0; i < contract->targets.count && i < MOST_TARGETS; i++)
		check_target(&scope, arena, contract, i);
}
