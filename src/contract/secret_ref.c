/* The grammar of secret references, and reading the ones that name an environment variable. */
#include "fops/contract/secret_ref.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "fops/contract/literal.h"
#include "fops/contract/rule.h"

#define LONGEST_REF 1024

static const char env_scheme[] = "env://";
static const char openbao_scheme[] = "openbao://";

/* The text itself is never quoted: who writes a secret where a reference belongs must not find it in a log. */
static bool malformed(struct error *err, const char *cause)
{
	fail(err, ERROR_SECRET_REF, "the secret reference is malformed");
	error_cause(err, "%s", cause);
	error_fix(err, "write env://NAME or openbao://[mount]/path#field");
	return false;
}

static bool is_variable(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && name[len] == '\0' && (name[0] < '0' || name[0] > '9');
}

/* Letters, digits and a few signs: nothing that a server, a shell or a URL reads as syntax. */
static bool is_segment(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte <= ' ' || byte >= 0x7F || strchr("*+?&#%\\\"'`<>{}|^:@/", byte) != NULL)
			return false;
	}
	/* a segment that ends in a dot is answered with 404 by the server; "." and ".." end in one as well */
	return text.len > 0 && text.data[text.len - 1] != '.';
}

static bool are_segments(const char *from, const char *end)
{
	while (from <= end) {
		const char *slash = memchr(from, '/', (size_t)(end - from));
		const char *stop = slash == NULL ? end : slash;

		if (!is_segment((struct str){ from, (size_t)(stop - from) }))
			return false;
		from = stop + 1;
	}
	return true;
}

static bool parse_openbao(struct arena *arena, const char *rest, struct secret_ref *ret_ref, struct error *err)
{
	const char *slash = strchr(rest, '/');
	const char *hash = strchr(rest, '#');

	if (hash == NULL)
		return malformed(err, "an openbao reference names its field behind a #");
	if (slash == NULL || slash > hash)
		return malformed(err, "an openbao reference has a slash between mount and path");
	if (slash > rest && !is_segment((struct str){ rest, (size_t)(slash - rest) }))
		return malformed(err, "the mount is not one plain segment");
	if (!are_segments(slash + 1, hash))
		return malformed(err, "the path has an empty, dotted or not plain segment");
	if (!is_segment((struct str){ hash + 1, strlen(hash + 1) }))
		return malformed(err, "the field is empty or not plain");
	*ret_ref = (struct secret_ref){
		.scheme = SECRET_OPENBAO,
		.mount = arena_text(arena, rest, (size_t)(slash - rest)),
		.path = arena_text(arena, slash + 1, (size_t)(hash - slash - 1)),
		.field = arena_copy(arena, hash + 1),
	};
	return true;
}

bool secret_ref_parse(struct arena *arena, const char *text, struct secret_ref *ret_ref, struct error *err)
{
	if (strlen(text) > LONGEST_REF)
		return malformed(err, "it is longer than 1024 bytes");
	if (text_starts(text, openbao_scheme))
		return parse_openbao(arena, text + sizeof openbao_scheme - 1, ret_ref, err);
	if (!text_starts(text, env_scheme))
		return malformed(err, "it starts with neither env:// nor openbao://");
	text += sizeof env_scheme - 1;
	if (!is_variable(text))
		return malformed(err, "the name behind env:// is not a variable name");
	*ret_ref = (struct secret_ref){ .scheme = SECRET_ENV, .name = arena_copy(arena, text) };
	return true;
}

bool secret_allowed(const char *value, const char *where, struct error *err)
{
	if (!literal_is_human_token(value))
		return true;
	fail(err, ERROR_SECRET_REFUSED, "a human's token is refused (%s: %s)", rule_rows[RULE_R08].id,
	     rule_rows[RULE_R08].text);
	error_cause(err, "%s holds one", where);
	error_fix(err, "%s", rule_rows[RULE_R08].fix);
	return false;
}

bool secret_ref_read(struct arena *arena, const char *text, const char **ret_value, struct error *err)
{
	struct secret_ref ref;
	const char *value;

	if (!secret_ref_parse(arena, text, &ref, err))
		return false;
	if (ref.scheme == SECRET_OPENBAO) {
		fail(err, ERROR_SECRET_UNRESOLVED, "cannot read the secret %s", text);
		error_cause(err, "this version has no OpenBao client");
		error_fix(err, "use an env:// reference");
		return false;
	}
	value = getenv(ref.name);
	if (value == NULL || value[0] == '\0') {
		fail(err, ERROR_SECRET_UNRESOLVED, "cannot read the secret %s", text);
		error_cause(err, "the environment variable %s is %s", ref.name, value == NULL ? "not set" : "empty");
		error_fix(err, "set %s", ref.name);
		return false;
	}
	if (!secret_allowed(value, arena_format(arena, "the environment variable %s", ref.name), err))
		return false;
	*ret_value = value;
	return true;
}
