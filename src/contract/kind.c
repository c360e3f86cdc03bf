/* The table of contract kinds. */
#include "fops/contract/kind.h"

#include "check.h"
#include "fops/contract/endpoint.h"
#include "fops/contract/env_contract.h"
#include "fops/contract/runtime_asset.h"
#include "fops/contract/stack.h"

static const char runtime_asset_name[] = "RuntimeAsset";
static const char endpoint_name[] = "Endpoint";
static const char stack_name[] = "Stack";
static const char env_contract_name[] = "EnvContract";

const struct kind_row contract_kinds[CONTRACT_KIND_COUNT] = {
	[KIND_RUNTIME_ASSET] = {
		.name = runtime_asset_name,
		.text = "a typed machine surface, selected by assetId or role",
		.fields = runtime_asset_fields,
		.record_size = sizeof(struct runtime_asset),
		.id_offset = offsetof(struct runtime_asset, asset_id),
		.check = runtime_asset_check,
	},
	[KIND_ENDPOINT] = {
		.name = endpoint_name,
		.text = "an integration reached by URL, auth and readiness only",
		.fields = endpoint_fields,
		.record_size = sizeof(struct endpoint),
		.id_offset = offsetof(struct endpoint, id),
		.check = endpoint_check,
	},
	[KIND_STACK] = {
		.name = stack_name,
		.text = "a row of the stack catalogue with the endpoints, assets, stacks and metrics bound to it",
		.fields = stack_fields,
		.record_size = sizeof(struct stack),
		.id_offset = offsetof(struct stack, name),
		.check = stack_check,
	},
	[KIND_ENV_CONTRACT] = {
		.name = env_contract_name,
		.text = "the environment of one consumer, variable by variable",
		.fields = env_contract_fields,
		.record_size = sizeof(struct env_contract),
		.id_offset = offsetof(struct env_contract, consumer),
		.check = env_contract_check,
	},
};

static const char *const names[CONTRACT_KIND_COUNT] = {
	[KIND_RUNTIME_ASSET] = runtime_asset_name,
	[KIND_ENDPOINT] = endpoint_name,
	[KIND_STACK] = stack_name,
	[KIND_ENV_CONTRACT] = env_contract_name,
};

const char *const *contract_kind_names(void)
{
	return names;
}

bool contract_kind_of(const char *name, enum contract_kind *ret_kind)
{
	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++) {
		if (strcmp(contract_kinds[i].name, name) != 0)
			continue;
		*ret_kind = (enum contract_kind)i;
		return true;
	}
	return false;
}
