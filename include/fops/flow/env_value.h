/* The environment of one consumer as the topology says it: every variable with its value, or with the reference to it.
 */
#ifndef FOPS_FLOW_ENV_VALUE_H
#define FOPS_FLOW_ENV_VALUE_H

#include "fops/contract/env_contract.h"
#include "fops/contract/topology.h"

/* One variable. value and secret_ref are both NULL when a variable that is not required has neither source nor default.
 */
struct env_value {
	const struct env_variable *variable;
	const char *value;
	const char *secret_ref;
	const char
	        *endpoint_urls[URL_KIND_COUNT]; /* of a variable with an endpoint: all its URLs, for judgements alone */
};

struct env_values {
	const struct env_contract *contract;
	struct env_value *items; /* in the contract's order */
	size_t count;
	const char *digest;       /* of the topology, 64 hexadecimal digits */
	struct text_list sources; /* "SOURCE at COMMIT", when the topology comes from revisions */
};

/*
 * Read the EnvContract of a consumer into arena.
 * errors  NOT_FOUND with suggestions; DATA
 */
CHECKED bool env_contract_find(struct arena *arena, const struct topology *topology, const char *consumer,
                               const struct env_contract **ret_contract, struct error *err);

/*
 * Find the value of each variable. Another kind of URL never takes the place of the one asked for (R12).
 * errors  CONTRACT_INVALID a required variable has no value; DATA
 */
CHECKED bool env_values_find(struct arena *arena, const struct topology *topology, const struct env_contract *contract,
                             struct env_values *ret_values, struct error *err);

/* The value of a name, or NULL. */
const struct env_value *env_value_get(const struct env_values *values, const char *name);

#endif
