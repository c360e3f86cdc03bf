/* A kubeconfig's tables, and reading one without ever repeating a value of it. */
#include "fops/base/arena.h"
#include "kubeconfig_private.h"

#define SCRATCH_BYTES ((size_t)512 * 1024 * 1024)

#define MEMBER(name, type, member)                                                                                     \
	{                                                                                                              \
		name, SLOT(struct type, member), .flags = 0                                                            \
	}

static const struct field cluster_fields[] = {
	MEMBER("server", kube_cluster, server),
	MEMBER("certificate-authority", kube_cluster, authority),
	MEMBER("certificate-authority-data", kube_cluster, authority_data),
	MEMBER("tls-server-name", kube_cluster, server_name),
	MEMBER("proxy-url", kube_cluster, proxy_url),
	MEMBER("insecure-skip-tls-verify", kube_cluster, insecure),
	{ 0 },
};

static const struct field user_fields[] = {
	MEMBER("client-certificate", kube_user, certificate),
	MEMBER("client-certificate-data", kube_user, certificate_data),
	MEMBER("client-key", kube_user, key),
	MEMBER("client-key-data", kube_user, key_data),
	MEMBER("token", kube_user, token),
	MEMBER("tokenFile", kube_user, token_file),
	MEMBER("username", kube_user, username),
	MEMBER("password", kube_user, password),
	MEMBER("as", kube_user, as),
	MEMBER("as-uid", kube_user, as_uid),
	MEMBER("as-groups", kube_user, as_groups),
	MEMBER("as-user-extra", kube_user, as_extra),
	MEMBER("exec", kube_user, exec),
	MEMBER("auth-provider", kube_user, auth_provider),
	{ 0 },
};

static const struct field context_fields[] = {
	MEMBER("cluster", kube_context, cluster),
	MEMBER("user", kube_context, user),
	MEMBER("namespace", kube_context, name_space),
	{ 0 },
};

/* Every list has entries of a name and one object. */
#define NAMED_FIELDS(type, member, table)                                                                              \
	{ "name", SLOT(struct type, name), FIELD_REQUIRED | FIELD_NOT_EMPTY, .text = "name" },                         \
	        { (member), SLOT_EMBEDDED(struct type, part), .fields = (table) },                                     \
	{                                                                                                              \
		0                                                                                                      \
	}

static const struct field named_cluster_fields[] = { NAMED_FIELDS(named_cluster, "cluster", cluster_fields) };
static const struct field named_user_fields[] = { NAMED_FIELDS(named_user, "user", user_fields) };
static const struct field named_context_fields[] = { NAMED_FIELDS(named_context, "context", context_fields) };

static const struct field config_fields[] = {
	MEMBER("kind", kubeconfig, kind),
	MEMBER("current-context", kubeconfig, current),
	{ "clusters", SLOT(struct kubeconfig, clusters), .fields = named_cluster_fields,
	  .record_size = sizeof(struct named_cluster) },
	{ "users", SLOT(struct kubeconfig, users), .fields = named_user_fields,
	  .record_size = sizeof(struct named_user) },
	{ "contexts", SLOT(struct kubeconfig, contexts), .fields = named_context_fields,
	  .record_size = sizeof(struct named_context) },
	{ 0 },
};

struct reading {
	struct arena *arena;
	const struct value *document;
	size_t count;
};

static bool take_document(void *user, struct value *document, struct error *err)
{
	struct reading *reading = user;

	(void)err;
	if (document->kind != VALUE_NULL && reading->count++ == 0)
		reading->document = value_copy(reading->arena, document);
	return true;
}

/* Is there a text or number at the place of a finding? Null stands for what could not be read at all. */
static bool holds_value(const struct value *value, const struct finding *finding)
{
	if (value->kind != VALUE_ARRAY && value->kind != VALUE_OBJECT)
		return value->kind != VALUE_NULL && value->line == finding->line && value->column == finding->column;
	for (size_t i = 0; i < value->list.count; i++) {
		const struct value *inner =
		        value->kind == VALUE_ARRAY ? &value->list.items[i] : &value->list.members[i].value;

		if (holds_value(inner, finding))
			return true;
	}
	return false;
}

/*
 * What the reader says of single values is dropped: many tools leave `no` or dates unquoted where nobody looks, the
 * value is delivered as the text that stands there, and a message could repeat a token.
 */
static void drop_values(struct findings *findings, const struct value *document)
{
	size_t kept = 0;

	for (size_t i = 0; i < findings->count; i++) {
		if (document == NULL || !holds_value(document, &findings->items[i]))
			findings->items[kept++] = findings->items[i];
	}
	findings->count = kept;
}

static bool read_document(struct kube_import *import, struct str text, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	const char *name = import->request->file;
	struct reading reading = { .arena = import->arena };
	const char *start = text.data + strspn(text.data, " \t\r\n");
	struct value whole;

	if (*start == '{') {
		if (!json_parse(import->arena, name, text.data, text.len, NULL, &whole, err))
			return false;
		import->document = value_copy(import->arena, &whole);
		return true;
	}
	if (!yaml_parse(scratch, name, text.data, text.len, NULL, import->findings, take_document, &reading, err))
		return false;
	drop_values(import->findings, reading.document);
	import->document = reading.document;
	if (import->findings->count > 0)
		return false;
	if (reading.count == 1 && reading.document->kind == VALUE_OBJECT)
		return true;
	findings_add(import->findings, name, 1, 1, NULL, NULL,
	             reading.count > 1 ? "a kubeconfig is one document, found several"
	                               : "a kubeconfig is an object, found something else");
	return false;
}

static bool read_config(const struct kube_import *import, struct kubeconfig *config)
{
	const struct value *kind = value_member(import->document, "kind");

	if (!decode(import->arena, import->request->file, "", import->document, config_fields, DECODE_LENIENT, config,
	            import->findings))
		return false;
	if (config->kind == NULL || text_equal(config->kind, "Config"))
		return true;
	findings_add(import->findings, import->request->file, kind->line, kind->column, "kind", NULL,
	             "a kubeconfig has kind Config");
	return false;
}

bool kube_read(struct kube_import *import, struct str text, struct kubeconfig *config, struct error *err)
{
	return read_document(import, text, err) && read_config(import, config);
}
