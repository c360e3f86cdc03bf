/* Which fields of a kind name other objects, and where in the document they stand. */
#include "relation.h"

#include "compile.h"
#include "fops/base/arena.h"
#include "fops/contract/env_contract.h"
#include "fops/contract/runtime_asset.h"
#include "fops/contract/stack.h"
#include "rule.h"

static const struct reference_rule any_endpoint = { .kind = KIND_ENDPOINT };
static const struct reference_rule cluster = { .kind = KIND_ENDPOINT, .planes = "kubernetes", .in_cluster = true };
static const struct reference_rule proxmox = { .kind = KIND_ENDPOINT, .planes = "proxmox" };
static const struct reference_rule incus = { .kind = KIND_ENDPOINT, .planes = "incus" };
static const struct reference_rule metrics = { .kind = KIND_ENDPOINT,
	                                       .planes = "prometheus|mimir",
	                                       .plane_rule = RULE_R14 };
static const struct reference_rule any_asset = { .kind = KIND_RUNTIME_ASSET };
static const struct reference_rule any_stack = { .kind = KIND_STACK };

/* The object whose references are noted. */
struct noting {
	struct compilation *compilation;
	struct compiled_object *object;
	const struct value *spec;
};

static struct compiled_ref *add_ref(struct compilation *compilation)
{
	if (compilation->ref_count == compilation->ref_size) {
		compilation->ref_size = compilation->ref_size == 0 ? 256 : compilation->ref_size * 2;
		compilation->refs = reallocarray(compilation->refs, compilation->ref_size, sizeof *compilation->refs);
		if (compilation->refs == NULL)
			out_of_memory();
	}
	return &compilation->refs[compilation->ref_count++];
}

/* id NULL: the field is absent, or decode() found it wrong. */
static void note(const struct noting *noting, const struct compiled_ref *ref, const char *id)
{
	const struct value *place = rule_place(noting->spec, ref->path);
	struct compiled_ref *own;

	if (id == NULL)
		return;
	if (ref->index != NOT_IN_LIST && place->kind == VALUE_ARRAY && ref->index < place->list.count) {
		const struct value *entry = &place->list.items[ref->index];
		const struct value *member = ref->member == NULL ? NULL : value_member(entry, ref->member);

		place = member != NULL ? member : entry;
	}
	own = add_ref(noting->compilation);
	*own = *ref;
	own->id = arena_copy(noting->compilation->arena, id);
	own->line = place->line;
	own->column = place->column;
	noting->object->ref_count++;
}

static void note_field(const struct noting *noting, const struct reference_rule *rule, const char *path, const char *id)
{
	struct compiled_ref ref = { .path = path, .index = NOT_IN_LIST, .rule = rule, .url = URL_EXECUTOR };

	note(noting, &ref, id);
}

static void note_list(const struct noting *noting, const struct reference_rule *rule, const char *path,
                      const struct text_list *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		struct compiled_ref ref = { .path = path, .index = i, .rule = rule, .url = URL_KIND_COUNT };

		note(noting, &ref, ids->items[i]);
	}
}

static void note_asset(const struct noting *noting, const struct runtime_asset *asset)
{
	struct compiled_object *object = noting->object;

	object->role = arena_copy(noting->compilation->arena, asset->role);
	object->asset_kind = arena_copy(noting->compilation->arena, asset->kind);
	object->traits.has_owner = value_member(noting->spec, "owner") != NULL;
	note_field(noting, &any_endpoint, "executorRef", asset->executor_ref);
	if (asset->kubernetes.present)
		note_field(noting, &cluster, "kubernetes.cluster", asset->kubernetes.cluster);
	else if (asset->lxc.proxmox.present)
		note_field(noting, &proxmox, "lxc.proxmox.endpoint", asset->lxc.proxmox.endpoint);
	else if (asset->lxc.incus.present)
		note_field(noting, &incus, "lxc.incus.endpoint", asset->lxc.incus.endpoint);
}

static void note_endpoint(const struct noting *noting, const struct endpoint *endpoint)
{
	struct compiled_traits *traits = &noting->object->traits;

	traits->plane = arena_copy(noting->compilation->arena, endpoint->plane);
	traits->in_cluster = text_equal(endpoint->auth.mode, "in-cluster");
	for (size_t i = 0; i < URL_KIND_COUNT; i++)
		traits->has[i] = value_member(noting->spec, url_kind_field((enum url_kind)i)) != NULL;
}

static void note_stack(const struct noting *noting, const struct stack *stack)
{
	const struct stack_metric *rows = stack->metrics.items;

	note_list(noting, &any_endpoint, "endpoints", &stack->endpoints);
	note_list(noting, &any_asset, "assets", &stack->assets);
	note_list(noting, &any_stack, "dependsOn", &stack->depends_on);
	for (size_t i = 0; i < stack->metrics.count; i++) {
		struct compiled_ref ref = {
			.path = "metrics", .member = "endpoint", .index = i, .rule = &metrics, .url = URL_EXECUTOR
		};

		note(noting, &ref, rows[i].endpoint);
	}
}

static enum url_kind url_kind_of(const char *name)
{
	size_t kind = 0;

	while (kind < URL_KIND_COUNT && !text_equal(url_kind_name((enum url_kind)kind), name))
		kind++;
	return (enum url_kind)kind;
}

static void note_env_contract(const struct noting *noting, const struct env_contract *contract)
{
	const struct env_variable *variables = contract->variables.items;
	const struct env_target *targets = contract->targets.items;

	for (size_t i = 0; i < contract->variables.count; i++) {
		const struct env_variable *variable = &variables[i];
		/* what has another way to a value, or needs none, may find the source without it */
		bool needed = variable->required && variable->preset == NULL;
		struct compiled_ref ref = { .path = "variables", .index = i, .url = URL_KIND_COUNT };

		ref.rule = &any_endpoint;
		ref.member = "endpoint";
		ref.url = needed ? url_kind_of(variable->url) : URL_KIND_COUNT;
		note(noting, &ref, variable->endpoint);
		ref.rule = &any_asset;
		ref.member = "asset";
		ref.url = URL_KIND_COUNT;
		ref.needs_owner = needed && text_equal(variable->field, "owner");
		note(noting, &ref, variable->asset);
	}
	for (size_t i = 0; i < contract->targets.count; i++) {
		struct compiled_ref ref = {
			.path = "targets", .member = "endpoint", .index = i, .rule = &cluster, .url = URL_EXECUTOR
		};

		note(noting, &ref, targets[i].endpoint);
	}
}

void relations_note(struct compilation *compilation, const struct value *spec, const void *record)
{
	struct compiled_object *object = &compilation->objects[compilation->count - 1];
	struct noting noting = { compilation, object, spec };

	object->first_ref = compilation->ref_count;
	switch (object->kind) {
	case KIND_RUNTIME_ASSET:
		note_asset(&noting, record);
		break;
	case KIND_ENDPOINT:
		note_endpoint(&noting, record);
		break;
	case KIND_STACK:
		note_stack(&noting, record);
		break;
	case KIND_ENV_CONTRACT:
		note_env_contract(&noting, record);
		break;
	case CONTRACT_KIND_COUNT:
		break;
	}
}
