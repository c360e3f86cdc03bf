/* A ConfigMap for plain values, an ExternalSecret for references; nothing that a controller fills in by itself. */
#include "env_kubernetes.h"

#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"

bool env_has_secrets(const struct env_values *values)
{
	for (size_t i = 0; i < values->count; i++) {
		if (values->items[i].secret_ref != NULL)
			return true;
	}
	return false;
}

bool env_remote_of(struct arena *arena, const struct env_value *value, const char **ret_key, const char **ret_property,
                   struct error *err)
{
	struct secret_ref ref;

	if (!secret_ref_parse(arena, value->secret_ref, &ref, err))
		return false;
	if (ref.scheme == SECRET_OPENBAO) {
		*ret_key = ref.mount[0] == '\0' ? ref.path : arena_format(arena, "%s/%s", ref.mount, ref.path);
		*ret_property = ref.field;
		return true;
	}
	fail(err, ERROR_CONTRACT_INVALID, "%s cannot be an ExternalSecret", value->variable->name);
	error_cause(err, "%s is a variable of this machine, which no cluster can read", value->secret_ref);
	error_fix(err, "put the secret into OpenBao and refer to it as openbao://MOUNT/PATH#FIELD");
	return false;
}

bool env_target_check(struct arena *arena, const struct env_values *values, const struct env_target *target,
                      struct error *err)
{
	const char *key, *property;

	for (size_t i = 0; i < values->count; i++) {
		if (values->items[i].secret_ref != NULL &&
		    !env_remote_of(arena, &values->items[i], &key, &property, err))
			return false;
	}
	if (target->store != NULL || !env_has_secrets(values))
		return true;
	fail(err, ERROR_CONTRACT_INVALID, "target %s/%s of consumer %s names no secretStore", target->space,
	     target->name, values->contract->consumer);
	error_cause(err, "an ExternalSecret needs the SecretStore that leads to OpenBao");
	error_fix(err, "add secretStore to the target");
	return false;
}

static void emit_member(struct emitter *emitter, const char *name, const char *text)
{
	emit_key(emitter, name);
	emit_text(emitter, text);
}

static void emit_labels(struct emitter *emitter)
{
	emit_key(emitter, "labels");
	emit_object(emitter);
	emit_member(emitter, MANAGED_LABEL, MANAGED_VALUE);
	emit_object_end(emitter);
}

static void emit_data(struct emitter *emitter, const struct env_values *values)
{
	emit_key(emitter, "data");
	emit_object(emitter);
	for (size_t i = 0; i < values->count; i++) {
		if (values->items[i].value != NULL)
			emit_member(emitter, values->items[i].variable->name, values->items[i].value);
	}
	emit_object_end(emitter);
}

static bool emit_references(struct arena *arena, struct emitter *emitter, const struct env_values *values,
                            struct error *err)
{
	emit_key(emitter, "data");
	emit_array(emitter);
	for (size_t i = 0; i < values->count; i++) {
		const char *key, *property;

		if (values->items[i].secret_ref == NULL)
			continue;
		if (!env_remote_of(arena, &values->items[i], &key, &property, err))
			return false;
		emit_object(emitter);
		emit_member(emitter, "secretKey", values->items[i].variable->name);
		emit_key(emitter, "remoteRef");
		emit_object(emitter);
		emit_member(emitter, "key", key);
		emit_member(emitter, "property", property);
		emit_object_end(emitter);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
	return true;
}

static bool emit_spec(struct arena *arena, struct emitter *emitter, const struct env_values *values,
                      const struct env_target *target, struct error *err)
{
	emit_key(emitter, "spec");
	emit_object(emitter);
	emit_member(emitter, "refreshInterval", REFRESH_INTERVAL);
	emit_key(emitter, "secretStoreRef");
	emit_object(emitter);
	emit_member(emitter, "name", target->store);
	emit_member(emitter, "kind", target->store_kind);
	emit_object_end(emitter);
	emit_key(emitter, "target");
	emit_object(emitter);
	emit_member(emitter, "name", target->name);
	emit_member(emitter, "creationPolicy", "Owner");
	emit_object_end(emitter);
	if (!emit_references(arena, emitter, values, err))
		return false;
	emit_object_end(emitter);
	return true;
}

/* Begin a document, up to its metadata. */
static void begin_document(struct emitter *emitter, struct buffer *out, const struct env_target *target,
                           const char *version, const char *kind)
{
	emit_start(emitter, EMIT_YAML, buffer_sink(out));
	emit_object(emitter);
	emit_member(emitter, "apiVersion", version);
	emit_member(emitter, "kind", kind);
	emit_key(emitter, "metadata");
	emit_object(emitter);
	emit_member(emitter, "name", target->name);
	emit_member(emitter, "namespace", target->space);
	emit_labels(emitter);
	emit_object_end(emitter);
}

bool env_documents_write(struct arena *arena, const struct env_values *values, const struct env_target *target,
                         bool more, struct buffer *out, struct error *err)
{
	struct emitter emitter;

	if (!env_target_check(arena, values, target, err))
		return false;
	buffer_text(out, more ? "---\n" : "");
	begin_document(&emitter, out, target, "v1", "ConfigMap");
	emit_data(&emitter, values);
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, true))
		out->overflow = true;
	if (!env_has_secrets(values))
		return true;
	buffer_text(out, "---\n");
	begin_document(&emitter, out, target, SECRETS_VERSION, "ExternalSecret");
	if (!emit_spec(arena, &emitter, values, target, err))
		return false;
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, true))
		out->overflow = true;
	return true;
}
