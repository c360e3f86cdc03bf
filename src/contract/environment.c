/* The variables of the call, looked at as a contract would be: by name, and by what their values give away. */
#include "fops/contract/environment.h"

#include "fops/base/arena.h"
#include "fops/contract/literal.h"
#include "rule.h"

const char environment_place[] = "environment";

static void refuse(struct findings *findings, enum rule_id rule, const char *name, const char *fix, const char *message)
{
	const struct rule_row *row = &rule_rows[rule];

	findings_add(findings, environment_place, 0, 0, arena_copy(findings->arena, name), fix, "%s (%s: %s)", message,
	             row->id, row->text);
	rule_mark(findings, rule);
}

static void check_variable(struct findings *findings, const char *name, const char *value)
{
	struct arena *arena = findings->arena;

	if (value[0] == '\0')
		return;
	if (literal_names_human_token(name))
		refuse(findings, RULE_R08, name, rule_rows[RULE_R08].fix,
		       arena_format(arena, "%.128s is named after a human's token", name));
	else if (literal_is_human_token(value))
		refuse(findings, RULE_R08, name, rule_rows[RULE_R08].fix,
		       arena_format(arena, "%.128s holds a human's token", name));
	if (literal_has_word(name, "PUBLIC") && literal_is_raw_url(value))
		refuse(findings, RULE_R07, name, rule_rows[RULE_R07].fix,
		       arena_format(arena, "%.128s leads to a raw address", name));
}

void environment_check(struct arena *arena, const char *const *variables, struct findings *findings)
{
	for (; *variables != NULL; variables++) {
		const char *sign = strchr(*variables, '=');

		if (sign != NULL)
			check_variable(findings, arena_text(arena, *variables, (size_t)(sign - *variables)), sign + 1);
	}
}

static const char *value_of(const char *const *variables, const char *name)
{
	size_t len = strlen(name);

	for (; *variables != NULL; variables++) {
		if (strncmp(*variables, name, len) == 0 && (*variables)[len] == '=')
			return *variables + len + 1;
	}
	return NULL;
}

/* A slash at the end means nothing. */
static bool is_same_url(const char *a, const char *b)
{
	size_t left = strlen(a), right = strlen(b);

	left -= left > 0 && a[left - 1] == '/' ? 1 : 0;
	right -= right > 0 && b[right - 1] == '/' ? 1 : 0;
	return left == right && strncasecmp(a, b, left) == 0;
}

static void check_url(const struct env_variable *variable, const struct endpoint *endpoint, const char *value,
                      struct findings *findings)
{
	struct arena *arena = findings->arena;
	const char *other = NULL;

	for (size_t i = 0; i < URL_KIND_COUNT; i++) {
		const char *url = endpoint_url(endpoint, (enum url_kind)i);

		if (url == NULL || !is_same_url(url, value))
			continue;
		if (text_equal(url_kind_name((enum url_kind)i), variable->url))
			return;
		other = url_kind_name((enum url_kind)i);
	}
	if (other != NULL)
		refuse(findings, RULE_R12, variable->name,
		       arena_format(arena, "set it to the %s URL of endpoint %s", variable->url, endpoint->id),
		       arena_format(arena, "%s holds the %s URL of endpoint %s, and the %s one belongs there",
		                    variable->name, other, endpoint->id, variable->url));
}

static bool check_contract(struct arena *arena, const char *const *variables, const struct topology *topology,
                           const struct env_contract *contract, struct findings *findings, struct error *err)
{
	const struct env_variable *rows = contract->variables.items;

	for (size_t i = 0; i < contract->variables.count; i++) {
		const char *value = value_of(variables, rows[i].name);
		struct endpoint endpoint;
		size_t index;

		if (rows[i].endpoint == NULL || value == NULL ||
		    !topology_find(topology, KIND_ENDPOINT, rows[i].endpoint, &index))
			continue;
		if (!topology_read_endpoint(topology, index, arena, &endpoint, err))
			return false;
		check_url(&rows[i], &endpoint, value, findings);
	}
	return true;
}

bool environment_check_urls(struct arena *arena, const char *const *variables, const struct topology *topology,
                            struct findings *findings, struct error *err)
{
	size_t count = topology_count(topology, KIND_ENV_CONTRACT);

	for (size_t i = 0; i < count; i++) {
		struct env_contract contract;

		if (!topology_read_env_contract(topology, i, arena, &contract, err) ||
		    !check_contract(arena, variables, topology, &contract, findings, err))
			return false;
	}
	return true;
}
