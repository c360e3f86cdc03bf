/* Judges each variable by itself; what could be a secret is replaced before it enters a row. */
#include "fops/flow/env_check.h"

#include "env_shown.h"
#include "fops/base/arena.h"
#include "fops/contract/literal.h"
#include "fops/contract/secret_ref.h"
#include "fops/net/url.h"

struct judge {
	struct arena *arena;
	const struct env_values *values;
	const struct env_surroundings *surroundings;
	struct text_list secrets;
	struct env_check *check;
};

static const char *found_value(const struct env_surroundings *surroundings, const char *name)
{
	for (size_t i = surroundings->count; i > 0; i--) {
		if (strcmp(surroundings->items[i - 1].name, name) == 0)
			return surroundings->items[i - 1].value;
	}
	return NULL;
}

static bool is_reference(struct arena *arena, const char *text)
{
	struct secret_ref ref;
	struct error ignored;

	return secret_ref_parse(arena, text, &ref, &ignored);
}

/* All values that must not show up: those of the contract's secrets here, and those behind its env references. */
static struct text_list known_secrets(struct arena *arena, const struct env_values *values,
                                      const struct env_surroundings *surroundings)
{
	struct text_list secrets = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		const char *reference = values->items[i].secret_ref;
		const char *found = found_value(surroundings, values->items[i].variable->name);
		struct error ignored;

		if (reference == NULL)
			continue;
		if (found != NULL && found[0] != '\0' && !is_reference(arena, found))
			text_list_add(arena, &secrets, found);
		if (text_starts(reference, "env://") && secret_ref_read(arena, reference, &found, &ignored))
			text_list_add(arena, &secrets, found);
	}
	return secrets;
}

static struct env_check_row *add_row(struct judge *judge, const char *variable, const char *state)
{
	struct env_check_row *row = &judge->check->rows[judge->check->count++];

	*row = (struct env_check_row){ .variable = variable, .state = state };
	if (strcmp(state, "drift") == 0)
		judge->check->drift = true;
	else if (strcmp(state, "ok") != 0)
		judge->check->findings = true;
	return row;
}

static const char *fix_of_file(struct judge *judge)
{
	return arena_format(judge->arena, "fops infra generate-env %s --into FILE", judge->values->contract->consumer);
}

static void judge_secret(struct judge *judge, const struct env_value *value, const char *found)
{
	const char *name = value->variable->name;
	bool file = judge->surroundings->file != NULL;
	bool set = found != NULL && found[0] != '\0';
	bool reference = file && set && is_reference(judge->arena, found);
	struct env_check_row *row;

	if (reference) {
		row = add_row(judge, name, strcmp(found, value->secret_ref) == 0 ? "ok" : "drift");
		row->expected = value->secret_ref;
		row->found = found;
		row->fix = strcmp(row->state, "ok") == 0 ? NULL : fix_of_file(judge);
		return;
	}
	if (file && set) {
		row = add_row(judge, name, "secret-in-file");
		row->rule = "R02";
		row->fix = arena_format(judge->arena, "remove it from the file; fops infra exec %s -- CMD passes it",
		                        judge->values->contract->consumer);
	} else if (!file && !set && value->variable->required) {
		row = add_row(judge, name, "missing");
		row->fix = arena_format(judge->arena, "fops infra exec %s -- CMD", judge->values->contract->consumer);
	} else {
		row = add_row(judge, name, "ok");
	}
	row->expected = file ? "not in the file" : "set";
	row->found = set ? "set" : "not set";
}

/* Do two URLs lead to the same place? */
static bool is_same_url(struct arena *arena, const char *a, const char *b)
{
	struct url one, two;
	struct error ignored;

	if (a == NULL || b == NULL)
		return false;
	return strcmp(a, b) == 0 || (url_parse(arena, a, &one, &ignored) && url_parse(arena, b, &two, &ignored) &&
	                             url_same_origin(&one, &two));
}

/* The other kind of URL of the same endpoint that was found; URL_KIND_COUNT when it is none. */
static enum url_kind other_kind(struct judge *judge, const struct env_value *value, const char *found)
{
	for (int kind = 0; kind < URL_KIND_COUNT; kind++) {
		const char *url = value->endpoint_urls[kind];

		if (url != NULL && !is_same_url(judge->arena, url, value->value) &&
		    is_same_url(judge->arena, url, found))
			return (enum url_kind)kind;
	}
	return URL_KIND_COUNT;
}

static void judge_difference(struct judge *judge, const struct env_value *value, const char *found)
{
	const struct env_variable *variable = value->variable;
	enum url_kind kind = variable->endpoint == NULL ? URL_KIND_COUNT : other_kind(judge, value, found);
	const char *host = env_host(judge->arena, found);
	struct env_check_row *row;

	if (judge->surroundings->file != NULL && env_holds_secret(found, &judge->secrets)) {
		row = add_row(judge, variable->name, "secret-in-file");
		row->rule = "R02";
		row->fix = "take the secret out of the file";
	} else if (kind != URL_KIND_COUNT) {
		row = add_row(judge, variable->name, "wrong-url-kind");
		row->rule = "R12";
		row->fix = arena_format(judge->arena, "it is the %s of endpoint %s; use its %s URL",
		                        url_kind_field(kind), variable->endpoint, variable->url);
	} else if ((host != NULL && env_host_is_raw(host)) || literal_is_raw_url(found)) {
		row = add_row(judge, variable->name, "raw-address");
		row->rule = "R07";
		row->fix = "use the expected name, not an address";
	} else {
		row = add_row(judge, variable->name, "drift");
		row->fix = judge->surroundings->file != NULL ? fix_of_file(judge) : "set it to the expected value";
	}
	row->expected = value->value;
	row->found = env_shown(judge->arena, found, &judge->secrets);
}

static void judge_plain(struct judge *judge, const struct env_value *value, const char *found)
{
	const struct env_variable *variable = value->variable;
	bool empty = found == NULL || (found[0] == '\0' && value->value != NULL && value->value[0] != '\0');
	struct env_check_row *row;

	if (empty && variable->required) {
		row = add_row(judge, variable->name, "missing");
		row->expected = value->value;
		row->found = found == NULL ? "not set" : "empty";
		row->fix = judge->surroundings->file != NULL ? fix_of_file(judge) : "set it to the expected value";
		return;
	}
	if (!empty && value->value != NULL && strcmp(found, value->value) != 0) {
		judge_difference(judge, value, found);
		return;
	}
	row = add_row(judge, variable->name, "ok");
	row->expected = value->value;
	row->found = found == NULL ? "not set" : env_shown(judge->arena, found, &judge->secrets);
}

/* Names that every system, shell or session sets, and this program's own. */
static bool is_of_system(const char *name)
{
	static const char *const begins[] = {
		"LC_", "XDG_", "SSH_", "FOPS_", "BASH_FUNC_", "ASAN_", "LSAN_", "UBSAN_"
	};

	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		if (text_starts(name, begins[i]))
			return true;
	}
	return text_in_choices("PATH|HOME|USER|LOGNAME|SHELL|TERM|LANG|TZ|PWD|OLDPWD|SHLVL|_|TMPDIR|MAIL|HOSTNAME|"
	                       "COLUMNS|LINES|EDITOR|PAGER|DISPLAY|COLORTERM|MAKEFLAGS|MAKELEVEL|MFLAGS",
	                       name);
}

/* Does name begin with the consumer's own name in capitals, or with the first word of another variable? */
static bool has_prefix(const struct env_values *values, const char *name)
{
	const char *consumer = values->contract->consumer;
	size_t len = strlen(consumer);
	size_t same = 0;

	while (same < len &&
	       name[same] ==
	               (isalnum((unsigned char)consumer[same]) ? (char)toupper((unsigned char)consumer[same]) : '_'))
		same++;
	if (same == len && name[same] == '_')
		return true;
	for (size_t i = 0; i < values->count; i++) {
		const struct env_variable *variable = values->items[i].variable;
		size_t word = strcspn(variable->name, "_");

		if (variable->value == NULL && word > 0 && variable->name[word] == '_' &&
		    strncmp(name, variable->name, word + 1) == 0)
			return true;
	}
	return false;
}

static void judge_extra(struct judge *judge, const struct env_found *found, bool strict)
{
	bool file = judge->surroundings->file != NULL;
	struct env_check_row *row;

	if (env_value_get(judge->values, found->name) != NULL)
		return;
	if (file && env_holds_secret(found->value, &judge->secrets)) {
		row = add_row(judge, found->name, "secret-in-file");
		row->rule = "R02";
		row->fix = "take the secret out of the file";
	} else if (has_prefix(judge->values, found->name) || (strict && (file || !is_of_system(found->name)))) {
		row = add_row(judge, found->name, "extra");
		row->fix = "remove it, or add it to the EnvContract";
	} else {
		return;
	}
	row->found = "set";
}

static int compare_rows(const void *a, const void *b)
{
	const struct env_check_row *left = a, *right = b;

	return strcmp(left->variable, right->variable);
}

void env_check(struct arena *arena, const struct env_values *values, const struct env_surroundings *surroundings,
               bool strict, struct env_check *ret_check)
{
	struct env_check check = { .rows = arena_array(arena, values->count + surroundings->count,
		                                       sizeof *check.rows) };
	struct judge judge = { arena, values, surroundings, known_secrets(arena, values, surroundings), &check };

	for (size_t i = 0; i < values->count; i++) {
		const struct env_value *value = &values->items[i];
		const char *found = found_value(surroundings, value->variable->name);

		if (value->secret_ref != NULL)
			judge_secret(&judge, value, found);
		else
			judge_plain(&judge, value, found);
	}
	for (size_t i = 0; i < surroundings->count; i++)
		judge_extra(&judge, &surroundings->items[i], strict);
	qsort(check.rows, check.count, sizeof *check.rows, compare_rows);
	*ret_check = check;
}
