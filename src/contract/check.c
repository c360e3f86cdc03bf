/* Rules that several kinds share: identities, secret references and health contracts. */
#include "check.h"

#include "fops/base/arena.h"
#include "fops/contract/literal.h"
#include "fops/contract/secret_ref.h"
#include "fops/data/pointer.h"
#include "url_rule.h"

#define LONGEST_LABEL_KEY 128

void secret_ref_check(const struct rule_scope *scope, struct arena *arena, const char *path, const char *text)
{
	struct secret_ref ref;
	struct error err;

	if (text == NULL)
		return;
	if (!secret_ref_parse(arena, text, &ref, &err))
		rule_break(scope, RULE_R16, path, arena_copy(scope->findings->arena, err.fix),
		           "not a secret reference: %s", err.cause);
	else if (literal_names_human_token(text))
		rule_break(scope, RULE_R08, path, rule_rows[RULE_R08].fix, "%s refers to a human's token", path);
}

void identity_check(const struct rule_scope *scope, const char *path, const char *text)
{
	if (text != NULL && url_rule_is_raw_identity(text))
		rule_break(scope, RULE_R07, path, "give it a name", "%s is a raw address", text);
}

/* Identifiers joined by slashes. */
static bool is_label_key(const char *key)
{
	char part[LONGEST_LABEL_KEY + 1];

	if (strlen(key) > LONGEST_LABEL_KEY)
		return false;
	for (;;) {
		size_t len = strcspn(key, "/");

		memcpy(part, key, len);
		part[len] = '\0';
		if (!is_identifier(part))
			return false;
		if (key[len] == '\0')
			return true;
		key += len + 1;
	}
}

const char labels_text[] = "at most 64 labels; keys are identifiers, with slashes between parts";

void labels_check(const struct rule_scope *scope, const struct text_map *labels)
{
	if (labels->count > MOST_LABELS)
		rule_break(scope, RULE_FORM, "labels", "keep at most 64", "%zu labels are too many", labels->count);
	for (size_t i = 0; i < labels->count; i++) {
		if (!is_label_key(labels->items[i].key))
			rule_break(scope, RULE_FORM,
			           arena_format(scope->findings->arena, "labels.%s", labels->items[i].key),
			           "use lower-case letters, digits, dots, hyphens and underscores, with slashes "
			           "between parts",
			           "the label key is no identifier");
	}
}

const char letters_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void path_check(const struct rule_scope *scope, const char *path, const char *text)
{
	if (text != NULL && text[0] == '/' && url_rule_has_dots(text + 1))
		rule_break(scope, RULE_FORM, path, "write the whole path", "the path holds a \".\" or \"..\" segment");
}

bool is_base64(const char *text, size_t least, size_t most)
{
	size_t digits = strspn(text, base64_digits);
	size_t padding = strspn(text + digits, "=");
	size_t len = digits + padding;

	return len >= least && len <= most && padding <= 2 && len % 4 == 0 && text[len] == '\0';
}

static void check_expected_value(const struct rule_scope *scope, const char *path, const struct health *health)
{
	const struct value *value = health->expect.value;

	if (value == NULL)
		return;
	if (value->kind == VALUE_ARRAY || value->kind == VALUE_OBJECT)
		rule_break(scope, RULE_FORM, path, "point at a text, number, boolean or null",
		           "the expected value is %s", value_kind_name(value->kind));
}

/* A body can be asked of GET alone. */
static void check_expected_body(const struct rule_scope *scope, struct arena *arena, const char *path,
                                const struct health *health)
{
	const struct health_expect *expect = &health->expect;
	const char *member = expect->pointer != NULL       ? "pointer"
	                     : expect->body != NULL        ? "body"
	                     : expect->body_starts != NULL ? "bodyStarts"
	                                                   : NULL;

	if (expect->pointer != NULL && !is_pointer(expect->pointer))
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.expect.pointer", path),
		           "write a JSON Pointer such as /status",
		           "not a JSON Pointer: it starts with a slash, and ~ stands only in ~0 and ~1");
	if (member != NULL && text_equal(health->method, "HEAD"))
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.expect.%s", path, member), "use method GET",
		           "an answer to HEAD has no body to point into");
}

void health_check(const struct rule_scope *scope, struct arena *arena, const char *path, const struct health *health)
{
	const char *wrong;

	if (!health->present)
		return;
	wrong = health->path == NULL || health->path[0] != '/' ? NULL : url_rule_path(health->path);
	if (wrong != NULL)
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.path", path),
		           "write a path below the executor URL, such as /health", "%s.path %s", path, wrong);
	if (health->query.count > MOST_QUERY)
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.query", path), "keep at most 32",
		           "%zu parameters are too many", health->query.count);
	check_expected_value(scope, arena_format(arena, "%s.expect.value", path), health);
	check_expected_body(scope, arena, path, health);
	if (health->version_from != NULL && !health_is_version_from(health->version_from))
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.versionFrom", path),
		           "write a JSON Pointer such as /version, body, or header:NAME in lower case",
		           "versionFrom says no place of an answer");
}
