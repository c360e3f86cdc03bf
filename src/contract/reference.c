/* The rules between objects: an id is given once, and references lead somewhere. */
#include "compile.h"
#include "fops/base/arena.h"
#include "fops/contract/stack.h"
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

size_t compile_find(const struct compiled_object *const *rows, size_t count, const char *id)
{
	size_t low = 0, high = count;

	/* the leftmost of several with one id */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rows[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && strcmp(rows[low]->id, id) == 0 ? low : count;
}

/* Everything that references are checked against. */
struct reference_scope {
	const struct compilation *compilation;
	const struct compiled_object **rows[CONTRACT_KIND_COUNT];
	size_t counts[CONTRACT_KIND_COUNT];
};

static const struct compiled_object *find(const struct reference_scope *scope, enum contract_kind kind, const char *id)
{
	size_t index = compile_find(scope->rows[kind], scope->counts[kind], id);

	return index < scope->counts[kind] ? scope->rows[kind][index] : NULL;
}

/* One reference of one object. */
struct judged {
	const struct reference_scope *scope;
	const struct compiled_object *object;
	const struct compiled_ref *ref;
};

/* "spec.variables[3].endpoint", in the findings' arena. */
static const char *path_of(const struct judged *judged)
{
	struct arena *arena = judged->scope->compilation->findings->arena;
	const struct compiled_ref *ref = judged->ref;

	if (ref->index == NOT_IN_LIST)
		return arena_format(arena, "spec.%s", ref->path);
	return arena_format(arena, "spec.%s[%zu]%s%s", ref->path, ref->index, ref->member == NULL ? "" : ".",
	                    ref->member == NULL ? "" : ref->member);
}

/* Beyond the limit a message and its suggestion would only cost time. */
static bool is_full(struct findings *findings)
{
	if (findings->limit == 0 || findings->count < findings->limit)
		return false;
	findings->dropped++;
	return true;
}

static void refuse(const struct judged *judged, enum rule_id rule, const char *fix, const char *message)
{
	const struct compilation *compilation = judged->scope->compilation;
	struct findings *findings = compilation->findings;
	const struct rule_row *row = &rule_rows[rule];

	if (row->id != NULL)
		message = arena_format(findings->arena, "%s (%s: %s)", message, row->id, row->text);
	findings_add(findings, compilation->files->items[judged->object->file].path, judged->ref->line,
	             judged->ref->column, path_of(judged), fix, "%s", message);
	rule_mark(findings, rule);
}

/* "prometheus or mimir" */
static const char *join_planes(struct arena *arena, const char *planes)
{
	struct text_list words = text_split(arena, planes, '|');
	const char *joined = words.items[0];

	for (size_t i = 1; i < words.count; i++)
		joined = arena_format(arena, "%s or %s", joined, words.items[i]);
	return joined;
}

static bool is_of_plane(const struct compiled_object *target, const struct reference_rule *rule)
{
	return rule->planes == NULL ||
	       (target->traits.plane != NULL && text_in_choices(rule->planes, target->traits.plane));
}

/* Names that the reference might have meant: objects of its kind and plane, and rows of the stack catalogue. */
static const char *suggest(const struct judged *judged)
{
	const struct reference_rule *rule = judged->ref->rule;
	struct arena *arena = judged->scope->compilation->findings->arena;
	size_t most = judged->scope->counts[rule->kind];
	const char **ids;
	size_t count = 0;

	/* a topology with that many errors gets no more: each suggestion looks at every name */
	if (judged->scope->compilation->findings->count >= MOST_FINDINGS)
		return NULL;
	for (const struct catalogue_stack *row = stack_catalogue; row->name != NULL; row++)
		most++;
	ids = arena_array(arena, most, sizeof *ids);
	for (size_t i = 0; i < judged->scope->counts[rule->kind]; i++) {
		const struct compiled_object *target = judged->scope->rows[rule->kind][i];

		if (is_of_plane(target, rule))
			ids[count++] = target->id;
	}
	for (const struct catalogue_stack *row = stack_catalogue; rule->kind == KIND_STACK && row->name != NULL;
	     row++) {
		if (find(judged->scope, KIND_STACK, row->name) == NULL)
			ids[count++] = row->name;
	}
	return text_suggest(arena, judged->ref->id, ids, count);
}

static void refuse_missing(const struct judged *judged)
{
	const struct reference_rule *rule = judged->ref->rule;
	struct arena *arena = judged->scope->compilation->findings->arena;
	const char *kind = contract_kinds[rule->kind].name;
	const char *near = suggest(judged);
	const char *fix;

	if (near != NULL)
		fix = arena_format(arena, "did you mean %s?", near);
	else if (rule->planes != NULL)
		fix = arena_format(arena, "add the %s, with plane: %s", kind, join_planes(arena, rule->planes));
	else
		fix = arena_format(arena, "add the %s, or remove %s", kind,
		                   judged->ref->index == NOT_IN_LIST ? judged->ref->path : "the entry");
	refuse(judged, RULE_FORM, fix, arena_format(arena, "there is no %s \"%s\"", kind, judged->ref->id));
}

static bool lacks_url(const struct judged *judged, const struct compiled_object *target)
{
	enum url_kind url = judged->ref->url;

	return url != URL_KIND_COUNT && !target->traits.has[url] &&
	       !(judged->ref->rule->in_cluster && target->traits.in_cluster);
}

static void check_target(const struct judged *judged, const struct compiled_object *target)
{
	const struct compiled_ref *ref = judged->ref;
	struct arena *arena = judged->scope->compilation->findings->arena;
	bool other_plane = !is_of_plane(target, ref->rule);
	const char *place, *planes;

	if (!other_plane && !lacks_url(judged, target) && !(ref->needs_owner && !target->traits.has_owner))
		return;
	if (is_full(judged->scope->compilation->findings))
		return;
	place = arena_format(arena, "%s \"%s\" at %s:%u", contract_kinds[target->kind].name, ref->id,
	                     judged->scope->compilation->files->items[target->file].path, target->line);
	if (other_plane) {
		planes = join_planes(arena, ref->rule->planes);
		refuse(judged, ref->rule->plane_rule, arena_format(arena, "name an Endpoint of plane %s", planes),
		       arena_format(arena, "%s is of another plane than %s", place, planes));
	} else if (lacks_url(judged, target)) {
		const char *field = url_kind_field(ref->url);

		refuse(judged, RULE_R12,
		       arena_format(arena, "give that Endpoint %s %s", strchr("aeiou", field[0]) != NULL ? "an" : "a",
		                    field),
		       arena_format(arena, "%s has no %s", place, field));
	} else {
		refuse(judged, RULE_FORM, "give that RuntimeAsset an owner",
		       arena_format(arena, "%s has no owner", place));
	}
}

static void check_reference(const struct judged *judged)
{
	const struct compilation *compilation = judged->scope->compilation;
	enum contract_kind kind = judged->ref->rule->kind;
	const struct compiled_object *target = find(judged->scope, kind, judged->ref->id);

	if (target == NULL && kind == KIND_STACK && catalogue_stack_find(judged->ref->id) != NULL)
		return;
	/* once some documents were not understood, a missing target may be one of them: only what is known to be wrong
	 * is said */
	if (target == NULL && (compilation->incomplete || compilation->unnamed[kind]))
		return;
	if (target != NULL)
		check_target(judged, target);
	else if (!is_full(compilation->findings))
		refuse_missing(judged);
}

void compile_check_references(struct arena *arena, const struct compilation *compilation)
{
	struct findings *findings = compilation->findings;
	struct reference_scope scope = { .compilation = compilation };

	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		scope.rows[kind] = compile_rows(arena, compilation, (enum contract_kind)kind, &scope.counts[kind]);
		check_unique(scope.rows[kind], scope.counts[kind], compilation->files, findings);
	}
	for (size_t i = 0; i < compilation->count; i++) {
		const struct compiled_object *object = &compilation->objects[i];

		for (size_t r = 0; r < object->ref_count; r++)
			check_reference(&(struct judged){ &scope, object, &compilation->refs[object->first_ref + r] });
	}
	compile_check_cycles(arena, compilation, scope.rows[KIND_STACK], scope.counts[KIND_STACK]);
}
