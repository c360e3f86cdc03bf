/* The rules between objects: an id is given once, and references lead somewhere. */
#include "compile.h"
#include "fops/base/arena.h"
#include "rule.h"

static int by_id(const void *a, const void *b)
{
	const struct compiled_object *left = *(const struct compiled_object *const *)a;
	const struct compiled_object *right = *(const struct compiled_object *const *)b;
	int order = strcmp(left->id, right->id);

	if (order != 0)
		return order;
	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	/* two of one id in one file: documents come in the order of their lines, and so in the order of memory */
	return left < right ? -1 : left > right;
}

const struct compiled_object **compile_rows(struct arena *arena, const struct compilation *compilation,
                                            enum contract_kind kind, size_t *ret_count)
{
	const struct compiled_object **rows = arena_array(arena, compilation->count, sizeof *rows);
	size_t count = 0;

	for (size_t i = 0; i < compilation->count; i++) {
		if (compilation->objects[i].kind == kind)
			rows[count++] = &compilation->objects[i];
	}
	if (count > 0)
		qsort(rows, count, sizeof *rows, by_id);
	*ret_count = count;
	return rows;
}

static void check_unique(const struct compiled_object *const *rows, size_t count, const struct source_list *files,
                         struct findings *findings)
{
	size_t first = 0;

	for (size_t i = 1; i < count; i++) {
		const struct compiled_object *object = rows[i];
		const struct compiled_object *before = rows[first];
		const char *name = compile_id_name(object->kind);

		if (strcmp(object->id, before->id) != 0) {
			first = i;
			continue;
		}
		findings_add(findings, files->items[object->file].path, object->id_line, object->id_column,
		             arena_format(findings->arena, "spec.%s", name), "give one of the two another id",
		             "%s \"%s\" is already taken by the %s at %s:%u", name, object->id,
		             contract_kinds[object->kind].name, files->items[before->file].path, before->id_line);
	}
}

static const struct compiled_object *find(const struct compiled_object *const *rows, size_t count, const char *id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(rows[middle]->id, id);

		if (order == 0)
			return rows[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Everything that references are checked against. */
struct reference_scope {
	const struct compilation *compilation;
	const struct compiled_object *const *endpoints;
	size_t count;
};

static const char *suggest_endpoint(const struct reference_scope *scope, const struct compiled_ref *ref)
{
	struct arena *arena = scope->compilation->findings->arena;
	const char **ids = arena_array(arena, scope->count, sizeof *ids);
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < scope->count; i++) {
		if (ref->plane == NULL || text_equal(scope->endpoints[i]->plane, ref->plane))
			ids[count++] = scope->endpoints[i]->id;
	}
	near = text_suggest(arena, ref->id, ids, count);
	if (near != NULL)
		return arena_format(arena, "did you mean %s?", near);
	return ref->plane == NULL ? "add the Endpoint, or remove executorRef"
	                          : arena_format(arena, "add the Endpoint, with plane: %s", ref->plane);
}

static void refuse_reference(const struct reference_scope *scope, const struct compiled_object *asset,
                             const struct compiled_ref *ref, const char *fix, const char *message)
{
	const struct compilation *compilation = scope->compilation;
	struct findings *findings = compilation->findings;

	findings_add(findings, compilation->files->items[asset->file].path, ref->line, ref->column,
	             arena_format(findings->arena, "spec.%s", ref->path), fix, "%s", message);
}

static void check_reference(const struct reference_scope *scope, const struct compiled_object *asset,
                            const struct compiled_ref *ref)
{
	const struct compiled_object *endpoint = find(scope->endpoints, scope->count, ref->id);
	struct findings *findings = scope->compilation->findings;
	struct arena *arena = findings->arena;
	bool other_plane = endpoint != NULL && ref->plane != NULL && !text_equal(endpoint->plane, ref->plane);
	const char *place;

	if (endpoint != NULL && !other_plane &&
	    (endpoint->has_executor || (ref->plane != NULL && endpoint->in_cluster)))
		return;
	/* beyond the limit a suggestion would only cost time */
	if (findings->count >= findings->limit) {
		findings->dropped++;
		return;
	}
	if (endpoint == NULL) {
		refuse_reference(scope, asset, ref, suggest_endpoint(scope, ref),
		                 arena_format(arena, "there is no Endpoint \"%s\"", ref->id));
		return;
	}
	place = arena_format(arena, "Endpoint \"%s\" at %s:%u", ref->id,
	                     scope->compilation->files->items[endpoint->file].path, endpoint->line);
	if (other_plane)
		refuse_reference(scope, asset, ref, arena_format(arena, "name an Endpoint of plane %s", ref->plane),
		                 arena_format(arena, "%s is of another plane than %s", place, ref->plane));
	else
		refuse_reference(scope, asset, ref, "give that Endpoint an executorUrl",
		                 arena_format(arena, "%s has no executorUrl (%s: %s)", place, rule_rows[RULE_R12].name,
		                              rule_rows[RULE_R12].text));
}

/* Once some documents were not understood, a missing Endpoint may be one of them: only what is known to be wrong is
 * said. */
static bool is_judgeable(const struct reference_scope *scope, const struct compiled_ref *ref)
{
	return ref->id != NULL &&
	       (!scope->compilation->incomplete || find(scope->endpoints, scope->count, ref->id) != NULL);
}

void compile_check_references(struct arena *arena, const struct compilation *compilation)
{
	const struct source_list *files = compilation->files;
	struct findings *findings = compilation->findings;
	const struct compiled_object **rows[CONTRACT_KIND_COUNT];
	size_t counts[CONTRACT_KIND_COUNT];
	struct reference_scope scope;

	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		rows[kind] = compile_rows(arena, compilation, (enum contract_kind)kind, &counts[kind]);
		check_unique(rows[kind], counts[kind], files, findings);
	}
	scope = (struct reference_scope){ compilation, rows[KIND_ENDPOINT], counts[KIND_ENDPOINT] };
	for (size_t i = 0; i < counts[KIND_RUNTIME_ASSET]; i++) {
		const struct compiled_object *asset = rows[KIND_RUNTIME_ASSET][i];

		for (size_t r = 0; r < COMPILED_REFS; r++) {
			if (is_judgeable(&scope, &asset->refs[r]))
				check_reference(&scope, asset, &asset->refs[r]);
		}
	}
}
