/* RuntimeAsset: its fields, and the rules inside one asset. */
#include "fops/contract/runtime_asset.h"

#include "block.h"
#include "check.h"
#include "fops/base/arena.h"
#include "pattern.h"

static const struct field policy_fields[] = {
	{ "run", SLOT(struct asset_policy, run), .choices = "open|proposal", .preset = "open",
	  .text = "whether running a command needs an approved proposal" },
	{ "request", SLOT(struct asset_policy, request), .choices = "open|proposal", .preset = "open",
	  .text = "whether an HTTP request needs an approved proposal" },
	{ 0 },
};

static const struct field_variant kinds[] = {
	{ "lxc", .needs = "lxc" },
	{ "kubernetes", .needs = "kubernetes" },
	{ 0 },
};

const struct field runtime_asset_fields[] = {
	{ "assetId", SLOT(struct runtime_asset, asset_id), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .pattern = PATTERN_IDENTITY, .text = "the asset's own name; never a raw address", .example = "daytona-01" },
	{ "role", SLOT(struct runtime_asset, role), FIELD_REQUIRED | FIELD_IDENTIFIER, .pattern = PATTERN_IDENTITY,
	  .text = "what the asset is for; several assets may share a role", .example = "daytona_runtime" },
	{ "kind", SLOT(struct runtime_asset, kind), FIELD_REQUIRED, .choices = "lxc|kubernetes", .variants = kinds,
	  .text = "the machine's kind, which names its adapter block" },
	{ "owner", SLOT(struct runtime_asset, owner), FIELD_NOT_EMPTY, .text = "the team that answers for it",
	  .example = "platform" },
	{ "labels", SLOT(struct runtime_asset, labels), .name_pattern = PATTERN_LABEL_KEY, .most = MOST_LABELS,
	  .text = labels_text, .example = "tier: core" },
	{ "executorRef", SLOT(struct runtime_asset, executor_ref), FIELD_IDENTIFIER,
	  .text = "id of the Endpoint that controls it over HTTP; that Endpoint has an executorUrl",
	  .example = "langboard-executor" },
	{ "health", SLOT_EMBEDDED(struct runtime_asset, health), .fields = health_fields, .any_of = HEALTH_ANY_OF,
	  .present_offset = offsetof(struct runtime_asset, health.present),
	  .text = "the health contract; without it, the endpoint's own" },
	{ "policy", SLOT_EMBEDDED(struct runtime_asset, policy), .fields = policy_fields,
	  .text = "which actions are bound to a proposal" },
	{ "lxc", SLOT_EMBEDDED(struct runtime_asset, lxc), .fields = lxc_block_fields,
	  .present_offset = offsetof(struct runtime_asset, lxc.present), .text = "the adapter block of kind lxc" },
	{ "kubernetes", SLOT_EMBEDDED(struct runtime_asset, kubernetes), .fields = kubernetes_block_fields,
	  .one_of = "selector|workload", .present_offset = offsetof(struct runtime_asset, kubernetes.present),
	  .text = "the adapter block of kind kubernetes" },
	{ 0 },
};

const char *runtime_asset_driver(const struct runtime_asset *asset)
{
	static const char *const names[] = { "lxc/local", "lxc/ssh", "lxc/proxmox", "lxc/incus" };

	if (text_equal(asset->kind, "kubernetes"))
		return "kubernetes";
	if (text_equal(asset->lxc.driver, "proxmox") && text_equal(asset->lxc.proxmox.type, "qemu"))
		return "lxc/proxmox-agent";
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (text_equal(names[i] + strlen("lxc/"), asset->lxc.driver))
			return names[i];
	}
	return names[0];
}

void runtime_asset_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                         struct findings *findings)
{
	const struct runtime_asset *asset = record;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "assetId", asset->asset_id);
	identity_check(&scope, "role", asset->role);
	labels_check(&scope, &asset->labels);
	health_check(&scope, arena, "health", &asset->health);
	if (asset->lxc.present)
		lxc_block_check(&scope, arena, &asset->lxc);
	if (!asset->kubernetes.present)
		return;
	kubernetes_block_check(&scope, &asset->kubernetes);
	if (asset->executor_ref != NULL && asset->kubernetes.via != NULL)
		rule_break(&scope, RULE_FORM, "kubernetes.via", "keep via, or executorRef",
		           "HTTP goes one way only: executorRef says another one");
}
