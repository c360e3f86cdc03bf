/* Each variable has one source; nothing stands in for a source that has no value but the contract's own default. */
#include "fops/flow/env_value.h"

#include "fops/base/arena.h"

static bool contract_missing(struct arena *arena, const struct topology *topology, const char *consumer,
                             struct error *err)
{
	size_t count = topology_count(topology, KIND_ENV_CONTRACT);
	const char **names = arena_array(arena, count, sizeof *names);
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = topology_id(topology, KIND_ENV_CONTRACT, i);
	near = text_suggest(arena, consumer, names, count);
	fail(err, ERROR_NOT_FOUND, "the topology has no EnvContract of consumer %s", consumer);
	error_object(err, "env-contract/%s", consumer);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	if (count > 0)
		error_fix(err, "name one that the topology has, such as %s", near != NULL ? near : names[0]);
	else
		error_fix(err, "add a document of kind EnvContract: fops schema EnvContract");
	return false;
}

bool env_contract_find(struct arena *arena, const struct topology *topology, const char *consumer,
                       const struct env_contract **ret_contract, struct error *err)
{
	struct env_contract *contract = arena_alloc(arena, sizeof *contract);
	size_t index;

	if (!topology_find(topology, KIND_ENV_CONTRACT, consumer, &index))
		return contract_missing(arena, topology, consumer, err);
	if (!topology_read_env_contract(topology, index, arena, contract, err))
		return false;
	*ret_contract = contract;
	return true;
}

static bool no_value(const struct env_contract *contract, const struct env_variable *variable, const char *cause,
                     const char *fix, struct error *err)
{
	fail(err, ERROR_CONTRACT_INVALID, "%s of consumer %s has no value", variable->name, contract->consumer);
	error_cause(err, "%s", cause);
	error_fix(err, "%s, give the variable a default, or set required: false", fix);
	error_object(err, "env-contract/%s", contract->consumer);
	return false;
}

static bool unknown_source(const struct env_contract *contract, const struct env_variable *variable, const char *kind,
                           const char *id, struct error *err)
{
	fail(err, ERROR_CONTRACT_INVALID, "%s of consumer %s has no source", variable->name, contract->consumer);
	error_cause(err, "the topology has no %s %s", kind, id);
	error_object(err, "env-contract/%s", contract->consumer);
	return false;
}

static bool url_kind_of(const char *name, enum url_kind *ret_kind)
{
	for (int kind = 0; kind < URL_KIND_COUNT; kind++) {
		if (text_equal(url_kind_name((enum url_kind)kind), name)) {
			*ret_kind = (enum url_kind)kind;
			return true;
		}
	}
	return false;
}

static bool find_url(struct arena *arena, const struct topology *topology, const struct env_contract *contract,
                     struct env_value *value, struct error *err)
{
	const struct env_variable *variable = value->variable;
	struct endpoint *endpoint = arena_alloc(arena, sizeof *endpoint);
	enum url_kind kind = URL_EXECUTOR;
	size_t index;

	if (!topology_find(topology, KIND_ENDPOINT, variable->endpoint, &index))
		return unknown_source(contract, variable, "endpoint", variable->endpoint, err);
	if (!topology_read_endpoint(topology, index, arena, endpoint, err))
		return false;
	if (!url_kind_of(variable->url, &kind))
		return no_value(contract, variable, "its url is neither public, executor nor internal",
		                "name the kind of URL", err);
	for (int each = 0; each < URL_KIND_COUNT; each++)
		value->endpoint_urls[each] = endpoint_url(endpoint, (enum url_kind)each);
	value->value = value->endpoint_urls[kind];
	if (value->value != NULL || variable->preset != NULL || !variable->required)
		return true;
	return no_value(contract, variable,
	                arena_format(arena, "endpoint %s has no %s, and no other URL of it stands in (R12)",
	                             endpoint->id, url_kind_field(kind)),
	                arena_format(arena, "add %s to the endpoint", url_kind_field(kind)), err);
}

static const char *asset_field(const struct runtime_asset *asset, const char *field)
{
	if (text_equal(field, "assetId"))
		return asset->asset_id;
	if (text_equal(field, "role"))
		return asset->role;
	if (text_equal(field, "kind"))
		return asset->kind;
	return text_equal(field, "owner") ? asset->owner : NULL;
}

static bool find_field(struct arena *arena, const struct topology *topology, const struct env_contract *contract,
                       struct env_value *value, struct error *err)
{
	const struct env_variable *variable = value->variable;
	struct runtime_asset *asset = arena_alloc(arena, sizeof *asset);
	size_t index;

	if (!topology_find(topology, KIND_RUNTIME_ASSET, variable->asset, &index))
		return unknown_source(contract, variable, "runtime asset", variable->asset, err);
	if (!topology_read_asset(topology, index, arena, asset, err))
		return false;
	value->value = asset_field(asset, variable->field);
	if (value->value != NULL || variable->preset != NULL || !variable->required)
		return true;
	return no_value(contract, variable,
	                arena_format(arena, "asset %s has no %s", variable->asset,
	                             variable->field == NULL ? "field of that name" : variable->field),
	                "complete the asset", err);
}

static bool find_value(struct arena *arena, const struct topology *topology, const struct env_contract *contract,
                       struct env_value *value, struct error *err)
{
	const struct env_variable *variable = value->variable;

	if (variable->secret_ref != NULL) {
		value->secret_ref = variable->secret_ref;
		return true;
	}
	if (variable->endpoint != NULL && !find_url(arena, topology, contract, value, err))
		return false;
	if (variable->asset != NULL && !find_field(arena, topology, contract, value, err))
		return false;
	if (variable->value != NULL)
		value->value = variable->value;
	/* an empty text of a variable that need not be there is no value */
	if (value->value != NULL && value->value[0] == '\0' && !variable->required)
		value->value = NULL;
	if (value->value == NULL)
		value->value = variable->preset;
	return true;
}

/* "git+ssh://git@host/topology.git?ref=main#edge at COMMIT" */
static struct text_list list_sources(struct arena *arena, const struct topology *topology)
{
	struct text_list sources = { 0 };
	size_t count = 0;
	const struct topology_revision *revisions = topology_revisions(topology, &count);

	for (size_t i = 0; i < count; i++) {
		const struct topology_revision *revision = &revisions[i];

		text_list_add(arena, &sources,
		              arena_format(arena, "%s%s%s%s%s at %s", revision->url,
		                           revision->ref == NULL ? "" : "?ref=",
		                           revision->ref == NULL ? "" : revision->ref,
		                           revision->path[0] == '\0' ? "" : "#", revision->path, revision->commit));
	}
	return sources;
}

bool env_values_find(struct arena *arena, const struct topology *topology, const struct env_contract *contract,
                     struct env_values *ret_values, struct error *err)
{
	const struct env_variable *variables = contract->variables.items;
	struct env_values values = { .contract = contract, .count = contract->variables.count };

	values.items = arena_array(arena, values.count, sizeof *values.items);
	for (size_t i = 0; i < values.count; i++) {
		values.items[i].variable = &variables[i];
		if (!find_value(arena, topology, contract, &values.items[i], err))
			return false;
	}
	values.digest = topology_digest(topology, arena);
	values.sources = list_sources(arena, topology);
	*ret_values = values;
	return true;
}

const struct env_value *env_value_get(const struct env_values *values, const char *name)
{
	for (size_t i = 0; i < values->count; i++) {
		if (strcmp(values->items[i].variable->name, name) == 0)
			return &values->items[i];
	}
	return NULL;
}
