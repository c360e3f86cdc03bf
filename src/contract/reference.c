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

static const char *suggest_endpoint(struct arena *arena, const struct compiled_object *const *endpoints, size_t count,
                                    const char *wanted)
{
	const char **ids = arena_array(arena, count, sizeof *ids);
	const char *near;

	for (size_t i = 0; i < count; i++)
		ids[i] = endpoints[i]->id;
	near = text_suggest(arena, wanted, ids, count);
	if (near == NULL)
		return "add the Endpoint, or remove executorRef";
	return arena_format(arena, "did you mean %s?", near);
}

static void check_executor(const struct compiled_object *asset, const struct compiled_object *const *endpoints,
                           size_t count, const struct source_list *files, struct findings *findings)
{
	const struct compiled_object *endpoint = find(endpoints, count, asset->executor_ref);
	const char *file = files->items[asset->file].path;

	if (endpoint != NULL && endpoint->has_executor)
		return;
	/* beyond the limit a suggestion would only cost time */
	if (findings->count >= findings->limit)
		findings->dropped++;
	else if (endpoint == NULL)
		findings_add(findings, file, asset->ref_line, asset->ref_column, "spec.executorRef",
		             suggest_endpoint(findings->arena, endpoints, count, asset->executor_ref),
		             "there is no Endpoint \"%s\"", asset->executor_ref);
	else
		findings_add(findings, file, asset->ref_line, asset->ref_column, "spec.executorRef",
		             "give that Endpoint an executorUrl",
		             "Endpoint \"%s\" at %s:%u has no executorUrl (%s: %s)", asset->executor_ref,
		             files->items[endpoint->file].path, endpoint->line, rule_rows[RULE_R12].name,
		             rule_rows[RULE_R12].text);
}

/* Once some documents were not understood, a missing Endpoint may be one of them: only what is known to be wrong is
 * said. */
static bool is_judgeable(const struct compilation *compilation, const struct compiled_object *asset,
                         const struct compiled_object *const *endpoints, size_t count)
{
	return asset->executor_ref != NULL &&
	       (!compilation->incomplete || find(endpoints, count, asset->executor_ref) != NULL);
}

void compile_check_references(struct arena *arena, const struct compilation *compilation)
{
	const struct source_list *files = compilation->files;
	struct findings *findings = compilation->findings;
	const struct compiled_object **rows[CONTRACT_KIND_COUNT];
	size_t counts[CONTRACT_KIND_COUNT];

	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		rows[kind] = compile_rows(arena, compilation, (enum contract_kind)kind, &counts[kind]);
		check_unique(rows[kind], counts[kind], files, findings);
	}
	for (size_t i = 0; i < counts[KIND_RUNTIME_ASSET]; i++) {
		const struct compiled_object *asset = rows[KIND_RUNTIME_ASSET][i];

		if (is_judgeable(compilation, asset, rows[KIND_ENDPOINT], counts[KIND_ENDPOINT]))
			check_executor(asset, rows[KIND_ENDPOINT], counts[KIND_ENDPOINT], files, findings);
	}
}
