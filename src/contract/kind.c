/* The table of contract kinds. */
#include "fops/contract/kind.h"

#include "check.h"
#include "fops/contract/endpoint.h"
#include "fops/contract/runtime_asset.h"

static const char runtime_asset_name[] = "RuntimeAsset";
static const char endpoint_name[] = "Endpoint";

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
};

static const char *const names[CONTRACT_KIND_COUNT] = {
	[KIND_RUNTIME_ASSET] = runtime_asset_name,
	[KIND_ENDPOINT] = endpoint_name,
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
