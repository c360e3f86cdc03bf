/* Puts Endpoints together from the contexts of a kubeconfig. */
#include "fops/contract/kubeconfig.h"

#include "check.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/data/emit.h"
#include "kubeconfig_private.h"
#include "variant.h"

#define LONGEST_ID    128
#define MOST_CONTEXTS 1000
#define SPEC_BYTES    ((size_t)4 * 1024 * 1024)

bool kube_refuse(const struct kube_import *import, const struct kube_place *place, const char *member, const char *fix,
                 const char *format, ...)
{
	struct arena *arena = import->findings->arena;
	const struct value *value = member == NULL ? NULL : value_member(place->value, member);
	const struct value *at = value == NULL ? place->value : value;
	const char *message;
	va_list values;

	va_start(values, format);
	message = arena_format_list(arena, format, values);
	va_end(values);
	findings_add(import->findings, import->request->file, at->line, at->column,
	             value == NULL ? place->path : arena_format(arena, "%s.%s", place->path, member), fix, "%s",
	             message);
	return false;
}

const char *kube_path(const struct kube_import *import, const char *path)
{
	while (text_starts(path, "./"))
		path += 2;
	return path_join(import->arena, import->request->folder, path);
}

bool kube_read_file(const struct kube_import *import, const struct kube_place *place, const char *member,
                    const char *path, struct str *ret_data)
{
	struct error unread = { 0 };

	if (import->request->read(import->arena, kube_path(import, path), document_default_limits.text, ret_data,
	                          &unread))
		return true;
	return kube_refuse(import, place, member, "give the file, or its text as data", "%s", unread.message);
}

/* The entry of a name in one of the lists; its index, or NO_ENTRY after a finding at `wanted_by`. */
#define NO_ENTRY SIZE_MAX

struct kube_list {
	const char *name; /* "clusters" */
	const char *one;  /* "cluster" */
	const struct record_list *records;
	size_t record_size;
};

static const char *entry_name(const struct kube_list *list, size_t index)
{
	return *(const char *const *)(const void *)((const char *)list->records->items + index * list->record_size);
}

static struct kube_place entry_place(const struct kube_import *import, const struct kube_list *list, size_t index)
{
	const struct value *entries = value_member(import->document, list->name);
	const struct value *entry = &entries->list.items[index];
	const struct value *part = value_member(entry, list->one);

	if (part == NULL || part->kind != VALUE_OBJECT)
		return (struct kube_place){ arena_format(import->arena, "%s[%zu]", list->name, index), entry };
	return (struct kube_place){ arena_format(import->arena, "%s[%zu].%s", list->name, index, list->one), part };
}

static const char *suggest_entry(const struct kube_import *import, const struct kube_list *list, const char *name)
{
	const char **names = arena_array(import->arena, list->records->count, sizeof *names);
	const char *near;

	for (size_t i = 0; i < list->records->count; i++)
		names[i] = entry_name(list, i);
	near = text_suggest(import->arena, name, names, list->records->count);
	return near == NULL ? NULL : arena_format(import->arena, "did you mean %s?", near);
}

static size_t find_entry(const struct kube_import *import, const struct kube_list *list, const char *name,
                         const struct kube_place *wanted_by)
{
	size_t found = NO_ENTRY;

	for (size_t i = 0; i < list->records->count; i++) {
		struct kube_place place;

		if (!text_equal(entry_name(list, i), name))
			continue;
		if (found == NO_ENTRY) {
			found = i;
			continue;
		}
		place = entry_place(import, list, i);
		(void)kube_refuse(import, &place, NULL, "keep one of the two", "the %s %s stands twice in %s",
		                  list->one, name, list->name);
		return NO_ENTRY;
	}
	if (found == NO_ENTRY)
		(void)kube_refuse(import, wanted_by, list->one, suggest_entry(import, list, name), "there is no %s %s",
		                  list->one, name);
	return found;
}

/* "Admin@lab.example" -> "admin-lab.example"; NULL when nothing of it can stand in an id. */
static const char *make_id(struct arena *arena, const char *name)
{
	char *id = arena_text(arena, name, strnlen(name, LONGEST_ID));

	for (char *at = id; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
		else if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", *at) == NULL)
			*at = '-';
	}
	while (*id != '\0' && strchr("._-", *id) != NULL)
		id++;
	return is_identifier(id) ? id : NULL;
}

/* The rules of an Endpoint on what came out; positions are those of the context, since the document is not written yet.
 */
static bool meets_rules(const struct kube_import *import, const struct kube_place *place,
                        const struct endpoint *endpoint)
{
	struct findings broken = { .arena = import->arena, .limit = 20 };
	struct buffer text = BUFFER(SPEC_BYTES);
	struct rule_scope scope = { import->request->file, NULL, &broken };
	struct emitter emitter;
	struct value spec;
	struct endpoint again = { 0 };
	struct error err = { 0 };
	bool good;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_record(&emitter, endpoint_fields, endpoint);
	good = emit_finish(&emitter, false) &&
	       json_parse(import->arena, "endpoint", buffer_string(&text), text.len, NULL, &spec, &err);
	buffer_done(&text);
	if (!good)
		return kube_refuse(import, place, NULL, NULL, "the context holds more than an Endpoint can");
	scope.spec = &spec;
	(void)decode(import->arena, scope.file, "spec", &spec, endpoint_fields, DECODE_STRICT, &again, &broken);
	variants_check(&scope, import->arena, endpoint_fields);
	endpoint_check(import->arena, scope.file, &spec, endpoint, &broken);
	for (size_t i = 0; i < broken.count; i++)
		(void)kube_refuse(import, place, NULL, broken.items[i].fix, "%s: %s", broken.items[i].path,
		                  broken.items[i].message);
	return broken.count == 0;
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	}
	return true;
}

static bool convert_context(const struct kube_import *import, const struct kubeconfig *config, size_t index,
                            struct kubeconfig_endpoint *ret_endpoint)
{
	const struct kube_list contexts = { "contexts", "context", &config->contexts, sizeof(struct named_context) };
	const struct kube_list clusters = { "clusters", "cluster", &config->clusters, sizeof(struct named_cluster) };
	const struct kube_list users = { "users", "user", &config->users, sizeof(struct named_user) };
	const struct named_context *context = (const struct named_context *)config->contexts.items + index;
	struct kube_place place = entry_place(import, &contexts, index), part;
	struct kubeconfig_endpoint made = { .context = context->name, .name_space = context->part.name_space };
	size_t cluster, user = NO_ENTRY;
	bool good;

	made.endpoint.plane = "kubernetes";
	made.endpoint.id = import->request->id != NULL ? import->request->id : make_id(import->arena, context->name);
	if (made.endpoint.id == NULL || !is_printable(context->name))
		return kube_refuse(import, &place, NULL, "give one with --id",
		                   "the name of the context cannot become an id");
	if (context->part.cluster == NULL || context->part.cluster[0] == '\0')
		return kube_refuse(import, &place, "cluster", NULL, "the context names no cluster");
	cluster = find_entry(import, &clusters, context->part.cluster, &place);
	if (context->part.user != NULL && context->part.user[0] != '\0') {
		user = find_entry(import, &users, context->part.user, &place);
		if (user == NO_ENTRY)
			return false;
	}
	if (cluster == NO_ENTRY)
		return false;
	part = entry_place(import, &clusters, cluster);
	good = kube_convert_cluster(import, &part,
	                            &((const struct named_cluster *)config->clusters.items)[cluster].part,
	                            &made.endpoint);
	if (user == NO_ENTRY) {
		good = kube_convert_user(import, NULL, NULL, &made) && good;
	} else {
		part = entry_place(import, &users, user);
		good = kube_convert_user(import, &part, &((const struct named_user *)config->users.items)[user].part,
		                         &made) &&
		       good;
	}
	if (!good || !meets_rules(import, &place, &made.endpoint))
		return false;
	*ret_endpoint = made;
	return true;
}

/* Ids that differ in signs only lead to the same names of variables. */
static bool is_confusable(const struct kubeconfig_endpoint *a, const struct kubeconfig_endpoint *b)
{
	if (strcmp(a->endpoint.id, b->endpoint.id) == 0)
		return true;
	return a->secret_count > 0 && b->secret_count > 0 && strcmp(a->secrets[0].ref, b->secrets[0].ref) == 0;
}

static bool convert_all(const struct kube_import *import, const struct kubeconfig *config,
                        struct kubeconfig_endpoints *endpoints)
{
	const struct kube_list contexts = { "contexts", "context", &config->contexts, sizeof(struct named_context) };

	for (size_t i = 0; i < config->contexts.count && i < MOST_CONTEXTS; i++) {
		struct kubeconfig_endpoint *made = &endpoints->items[endpoints->count];
		struct kube_place place = entry_place(import, &contexts, i);

		if (!convert_context(import, config, i, made))
			continue;
		for (size_t e = 0; e < endpoints->count; e++) {
			if (is_confusable(&endpoints->items[e], made))
				(void)kube_refuse(import, &place, NULL, "import them one by one, with --id",
				                  "the contexts %s and %s would have the same id or references",
				                  endpoints->items[e].context, made->context);
		}
		endpoints->count++;
	}
	if (config->contexts.count > MOST_CONTEXTS)
		return kube_refuse(import, &(struct kube_place){ "contexts", import->document }, NULL,
		                   "import them one by one", "more than %d contexts", MOST_CONTEXTS);
	return import->findings->count == 0;
}

static bool no_context(const struct kube_import *import, const struct kubeconfig *config, const char *name,
                       struct error *err)
{
	const struct kube_list contexts = { "contexts", "context", &config->contexts, sizeof(struct named_context) };
	const char *near;

	if (name == NULL) {
		fail(err, ERROR_NOT_FOUND, "%s names no current context", import->request->file);
		error_fix(err, "choose one with --context, or all with --all");
		return false;
	}
	near = suggest_entry(import, &contexts, name);
	fail(err, ERROR_NOT_FOUND, "%s has no context %s", import->request->file, name);
	error_cause(err, "%s", near == NULL ? "none has a name like that" : near);
	return false;
}

static bool convert(const struct kube_import *import, const struct kubeconfig *config,
                    struct kubeconfig_endpoints *ret_endpoints, struct error *err)
{
	const struct kubeconfig_request *request = import->request;
	const struct kube_list contexts = { "contexts", "context", &config->contexts, sizeof(struct named_context) };
	const char *name = request->context != NULL ? request->context : config->current;
	struct kube_place root = { "contexts", import->document };
	size_t index = 0;

	ret_endpoints->items = arena_array(import->arena, config->contexts.count + 1, sizeof *ret_endpoints->items);
	if (request->all)
		return config->contexts.count == 0 ? no_context(import, config, NULL, err)
		                                   : convert_all(import, config, ret_endpoints);
	while (index < config->contexts.count && !text_equal(entry_name(&contexts, index), name))
		index++;
	if (name == NULL || name[0] == '\0' || index == config->contexts.count)
		return no_context(import, config, name == NULL || name[0] == '\0' ? NULL : name, err);
	index = find_entry(import, &contexts, name, &root);
	if (index == NO_ENTRY || !convert_context(import, config, index, ret_endpoints->items))
		return false;
	ret_endpoints->count = 1;
	return true;
}

bool kubeconfig_import(struct arena *arena, const struct kubeconfig_request *request, struct str text,
                       struct kubeconfig_endpoints *ret_endpoints, struct error *err)
{
	struct findings findings = { .arena = arena, .limit = 100 };
	struct kube_import import = { .request = request, .arena = arena, .findings = &findings };
	struct kubeconfig_endpoints endpoints = { 0 };
	struct kubeconfig config = { 0 };
	struct error broken = { 0 };

	if (kube_read(&import, text, &config, &broken) && convert(&import, &config, &endpoints, &broken)) {
		*ret_endpoints = endpoints;
		return true;
	}
	if (findings.count == 0) {
		*err = broken;
		return false;
	}
	findings_sort(&findings);
	fail(err, ERROR_DATA, "%s cannot be imported", request->file);
	err->findings = findings.items;
	err->finding_count = findings.count;
	return false;
}
