/* Rules that several kinds share: identities, secret references and health contracts. */
#include "check.h"

#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"
#include "fops/data/pointer.h"
#include "url_rule.h"

void secret_ref_check(const struct rule_scope *scope, struct arena *arena, const char *path, const char *text)
{
	struct secret_ref ref;
	struct error err;

	if (text != NULL && !secret_ref_parse(arena, text, &ref, &err))
		rule_break(scope, RULE_R16, path, arena_copy(scope->findings->arena, err.fix),
		           "not a secret reference: %s", err.cause);
}

/* Four numbers between dots; a shorter one such as "12" may well be a name. */
static bool is_dotted_quad(const char *text)
{
	size_t dots = 0;

	for (const char *at = text; *at != '\0'; at++)
		dots += *at == '.' ? 1 : 0;
	return dots == 3 && strspn(text, "0123456789.") == strlen(text);
}

void identity_check(const struct rule_scope *scope, const char *path, const char *text)
{
	if (text != NULL && is_dotted_quad(text))
		rule_break(scope, RULE_R07, path, "give it a name", "%s is a raw address", text);
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

static void check_expected_value(const struct rule_scope *scope, const struct health *health)
{
	const struct value *value = health->expect.value;

	if (value == NULL)
		return;
	if (value->kind == VALUE_ARRAY || value->kind == VALUE_OBJECT)
		rule_break(scope, RULE_FORM, "health.expect.value", "point at a text, number, boolean or null",
		           "the expected value is %s", value_kind_name(value->kind));
}

void health_check(const struct rule_scope *scope, const struct health *health)
{
	const char *wrong;

	if (!health->present)
		return;
	wrong = health->path == NULL || health->path[0] != '/' ? NULL : url_rule_path(health->path);
	if (wrong != NULL)
		rule_break(scope, RULE_FORM, "health.path", "write a path below the executor URL, such as /health",
		           "health.path %s", wrong);
	check_expected_value(scope, health);
	if (health->expect.pointer == NULL)
		return;
	if (!is_pointer(health->expect.pointer))
		rule_break(scope, RULE_FORM, "health.expect.pointer", "write a JSON Pointer such as /status",
		           "not a JSON Pointer: it starts with a slash, and ~ stands only in ~0 and ~1");
	if (text_equal(health->method, "HEAD"))
		rule_break(scope, RULE_FORM, "health.expect.pointer", "use method GET",
		           "an answer to HEAD has no body to point into");
}
