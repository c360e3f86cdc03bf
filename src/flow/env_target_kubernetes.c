/* Two objects of a namespace: the ConfigMap with plain values and the ExternalSecret with references; only owned
 * fields. */
#include "env_kubernetes.h"
#include "env_shown.h"
#include "env_target.h"
#include "fops/asset/endpoint_request.h"
#include "fops/asset/rounds.h"
#include "fops/base/arena.h"

#define ANSWER_BYTES ((size_t)4 * 1024 * 1024)
#define STATE_BYTES  ((size_t)16 * 1024 * 1024)

/* What is known of one object. */
struct look {
	struct endpoint_request request;
	const char *object; /* "kubernetes/lab-cluster/boards/configmap/portal-env" */
	bool done;
	bool unknown_kind;
	const struct value *found; /* the whole object; NULL: there is none */
};

struct target_work {
	struct arena *arena;
	const struct env_values *values;
	const struct env_target *target;
	struct text_list secrets;
	struct plan *plan;
};

static void on_done(struct endpoint_request *request)
{
	struct look *look = request->user;

	look->done = true;
}

static const char *text_at(const struct value *value, const char *const *path)
{
	for (; value != NULL && *path != NULL; path++)
		value = value_member(value, *path);
	return value != NULL && value->kind == VALUE_TEXT ? value->text.data : NULL;
}

#define TEXT_AT(value, ...) text_at(value, (const char *const[]){ __VA_ARGS__, NULL })

/* An object that is not there is named in the answer; of a kind that the server does not know it says nothing. */
static bool read_look(struct target_work *work, struct look *look, struct error *err)
{
	struct endpoint_request *request = &look->request;
	struct value *document = arena_alloc(work->arena, sizeof *document);
	struct error unread;
	bool parsed;

	if (request->failed) {
		*err = request->error;
		return false;
	}
	parsed = json_parse(work->arena, "answer", request->body, request->body_len, NULL, document, &unread) &&
	         document->kind == VALUE_OBJECT;
	if (request->status == 404) {
		look->unknown_kind = !parsed || TEXT_AT(document, "details", "name") == NULL;
		return true;
	}
	if (!endpoint_request_judge(request, arena_format(work->arena, "%s", look->object), err))
		return false;
	if (!parsed || TEXT_AT(document, "metadata", "name") == NULL) {
		fail(err, ERROR_PLANE_PROTOCOL, "the answer about %s is no object of Kubernetes", look->object);
		return false;
	}
	look->found = document;
	return true;
}

static bool start_look(struct asset_context *context, struct target_work *work, const char *group, const char *kind,
                       struct look *look, struct error *err)
{
	const struct env_target *target = work->target;

	/* the objects' kinds are written in the singular where people read them */
	look->object = arena_format(work->arena, "kubernetes/%s/%s/%.*s/%s", target->endpoint, target->space,
	                            (int)strlen(kind) - 1, kind, target->name);
	look->request = (struct endpoint_request){
		.context = context,
		.endpoint = target->endpoint,
		.method = "GET",
		.path = arena_format(work->arena, "%s/namespaces/%s/%s/%s", group, target->space, kind, target->name),
		.harmless = true,
		.most_bytes = ANSWER_BYTES,
		.on_done = on_done,
		.user = look,
	};
	return endpoint_request_start(&look->request, err);
}

static bool wait_for(struct asset_context *context, struct look *looks, size_t count, struct error *err)
{
	const int *signal;
	bool open = true;
	bool good = rounds_catch_signals(context, &signal, err);

	while (good && open && *signal == 0) {
		open = false;
		for (size_t i = 0; i < count; i++)
			open = open || !looks[i].done;
		if (open)
			good = loop_turn(context->loop, NO_DEADLINE, err);
	}
	if (good && !open)
		return true;
	for (size_t i = 0; i < count; i++)
		endpoint_request_cancel(&looks[i].request);
	return good && rounds_interrupted(*signal, "the plan", err);
}

static bool is_managed(const struct value *object)
{
	return text_equal(TEXT_AT(object, "metadata", "labels", MANAGED_LABEL), MANAGED_VALUE);
}

static void emit_member(struct emitter *emitter, const char *name, const char *text)
{
	emit_key(emitter, name);
	emit_text(emitter, text);
}

static void emit_label(struct emitter *emitter, const char *manager)
{
	emit_key(emitter, "labels");
	emit_object(emitter);
	if (manager != NULL)
		emit_member(emitter, MANAGED_LABEL, manager);
	emit_object_end(emitter);
}

static const struct value *finish_state(struct target_work *work, struct emitter *emitter, struct buffer *text)
{
	const struct value *state;

	emit_object_end(emitter);
	if (!emit_finish(emitter, false))
		text->overflow = true;
	state = env_target_state(work->arena, text);
	buffer_done(text);
	return state;
}

/* --- ConfigMap --- */

static const struct value *wanted_map(struct target_work *work)
{
	struct buffer text = BUFFER(STATE_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_object(&emitter);
	emit_label(&emitter, MANAGED_VALUE);
	emit_key(&emitter, "data");
	emit_object(&emitter);
	for (size_t i = 0; i < work->values->count; i++) {
		if (work->values->items[i].value != NULL)
			emit_member(&emitter, work->values->items[i].variable->name, work->values->items[i].value);
	}
	emit_object_end(&emitter);
	return finish_state(work, &emitter, &text);
}

/* What is found: the contract's own values as they are; of others and of secrets only that they are there. */
static const struct value *found_map(struct target_work *work, const struct value *object, bool *ret_same,
                                     bool *ret_lost)
{
	const struct value *data = value_member(object, "data");
	struct buffer text = BUFFER(STATE_BYTES);
	struct emitter emitter;
	size_t count = data != NULL && data->kind == VALUE_OBJECT ? data->list.count : 0;

	*ret_same = is_managed(object);
	*ret_lost = false;
	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_object(&emitter);
	emit_label(&emitter, TEXT_AT(object, "metadata", "labels", MANAGED_LABEL));
	emit_key(&emitter, "data");
	emit_object(&emitter);
	for (size_t i = 0; i < work->values->count; i++) {
		const struct env_value *value = &work->values->items[i];
		const char *found = count == 0 ? NULL : TEXT_AT(data, value->variable->name);

		*ret_same = *ret_same && text_equal(found, value->value);
		*ret_lost = *ret_lost || (found != NULL && !text_equal(found, value->value) && !is_managed(object));
		if (found != NULL)
			emit_member(&emitter, value->variable->name,
			            value->value == NULL ? NOT_SHOWN : env_shown(work->arena, found, &work->secrets));
	}
	for (size_t i = 0; i < count && is_managed(object); i++) {
		if (env_value_get(work->values, data->list.members[i].name) != NULL)
			continue;
		emit_member(&emitter, data->list.members[i].name, NOT_SHOWN);
		*ret_same = false;
		*ret_lost = true;
	}
	emit_object_end(&emitter);
	return finish_state(work, &emitter, &text);
}

static void plan_map(struct target_work *work, const struct look *look)
{
	struct plan_step step = { .action = PLAN_ADD, .object = look->object, .after = wanted_map(work) };
	const struct value *immutable = value_member(look->found, "immutable");
	bool same, lost;

	if (look->found != NULL) {
		step.before = found_map(work, look->found, &same, &lost);
		step.action = same ? PLAN_NONE : PLAN_CHANGE;
		step.destructive = lost && !same;
		if (!is_managed(look->found))
			step.reason = "not written by fops";
		if (!same && immutable != NULL && immutable->kind == VALUE_BOOL && immutable->boolean) {
			step.action = PLAN_REPLACE;
			step.destructive = true;
			step.reason = "an immutable ConfigMap cannot change in place";
		}
	}
	work->plan->steps[work->plan->count++] = step;
}

/* --- ExternalSecret --- */

static void emit_secret_head(struct emitter *emitter, const char *manager, const char *interval, const char *store,
                             const char *store_kind, const char *name, const char *policy)
{
	emit_label(emitter, manager);
	emit_member(emitter, "refreshInterval", interval);
	emit_key(emitter, "secretStoreRef");
	emit_object(emitter);
	emit_member(emitter, "name", store);
	emit_member(emitter, "kind", store_kind);
	emit_object_end(emitter);
	emit_key(emitter, "target");
	emit_object(emitter);
	emit_member(emitter, "name", name);
	emit_member(emitter, "creationPolicy", policy);
	emit_object_end(emitter);
	emit_key(emitter, "data");
	emit_object(emitter);
}

static const struct value *wanted_secret(struct target_work *work)
{
	const struct env_target *target = work->target;
	struct buffer text = BUFFER(STATE_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_object(&emitter);
	emit_secret_head(&emitter, MANAGED_VALUE, REFRESH_INTERVAL, target->store, target->store_kind, target->name,
	                 "Owner");
	for (size_t i = 0; i < work->values->count; i++) {
		if (work->values->items[i].secret_ref != NULL)
			emit_member(&emitter, work->values->items[i].variable->name, work->values->items[i].secret_ref);
	}
	emit_object_end(&emitter);
	return finish_state(work, &emitter, &text);
}

/* The reference that an entry stands for: the contract's own text when it leads to the same place. */
static const char *reference_of(struct target_work *work, const struct value *entry, const char *name)
{
	const struct env_value *value = env_value_get(work->values, name);
	const char *key = TEXT_AT(entry, "remoteRef", "key"), *property = TEXT_AT(entry, "remoteRef", "property");
	const char *own_key, *own_property;
	struct error ignored;

	if (value != NULL && value->secret_ref != NULL &&
	    env_remote_of(work->arena, value, &own_key, &own_property, &ignored) && text_equal(key, own_key) &&
	    text_equal(property, own_property))
		return value->secret_ref;
	return arena_format(work->arena, "openbao://%s%s#%s", key != NULL && strchr(key, '/') != NULL ? "" : "/",
	                    key == NULL ? "" : key, property == NULL ? "" : property);
}

/* The entries in the order of the contract, then others in theirs; whether others are ours to remove says the label. */
static void emit_entries(struct target_work *work, struct emitter *emitter, const struct value *object,
                         const struct value *entries)
{
	size_t count = entries != NULL && entries->kind == VALUE_ARRAY ? entries->list.count : 0;

	for (size_t v = 0; v <= work->values->count; v++) {
		const char *wanted = v < work->values->count ? work->values->items[v].variable->name : NULL;
		bool written = false;

		for (size_t i = 0; i < count && !written; i++) {
			const char *name = TEXT_AT(&entries->list.items[i], "secretKey");

			if (name == NULL || (wanted != NULL ? strcmp(name, wanted) != 0
			                                    : !is_managed(object) || env_value_get(work->values, name)))
				continue;
			emit_member(emitter, name, reference_of(work, &entries->list.items[i], name));
			/* names are unique in a sound object; of one that is not, the first counts */
			written = wanted != NULL;
		}
	}
}

static const struct value *found_secret(struct target_work *work, const struct value *object)
{
	const struct value *spec = value_member(object, "spec");
	struct buffer text = BUFFER(STATE_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_object(&emitter);
	emit_secret_head(&emitter, TEXT_AT(object, "metadata", "labels", MANAGED_LABEL),
	                 TEXT_AT(spec, "refreshInterval"), TEXT_AT(spec, "secretStoreRef", "name"),
	                 TEXT_AT(spec, "secretStoreRef", "kind"), TEXT_AT(spec, "target", "name"),
	                 TEXT_AT(spec, "target", "creationPolicy"));
	emit_entries(work, &emitter, object, value_member(spec, "data"));
	emit_object_end(&emitter);
	return finish_state(work, &emitter, &text);
}

static void plan_secret(struct target_work *work, const struct look *look)
{
	struct plan_step step = { .action = PLAN_ADD, .object = look->object };

	if (!env_has_secrets(work->values)) {
		/* without secrets only an object that this program wrote is in the way */
		if (look->found == NULL || !is_managed(look->found))
			return;
		step.action = PLAN_DELETE;
		step.before = found_secret(work, look->found);
		step.destructive = true;
		step.reason = "the contract has no secret any more";
		work->plan->steps[work->plan->count++] = step;
		return;
	}
	if (look->unknown_kind) {
		work->plan->findings[work->plan->finding_count++] = (struct plan_finding){
			look->object, "the cluster knows no ExternalSecret of " SECRETS_VERSION,
			"install the External Secrets Operator in a version that serves " SECRETS_VERSION
		};
		return;
	}
	for (size_t i = 0; i < work->values->count; i++) {
		if (work->values->items[i].secret_ref != NULL)
			text_list_add(work->arena, &step.secrets,
			              arena_format(work->arena, "/data/%s", work->values->items[i].variable->name));
	}
	step.after = wanted_secret(work);
	if (look->found != NULL) {
		step.before = found_secret(work, look->found);
		step.action = env_target_same(step.before, step.after) ? PLAN_NONE : PLAN_CHANGE;
		step.reason = is_managed(look->found) ? NULL : "not written by fops";
		step.destructive = step.reason != NULL;
	}
	work->plan->steps[work->plan->count++] = step;
}

bool env_target_kubernetes(struct asset_context *context, const struct env_values *values,
                           const struct env_target *target, struct plan *plan, struct error *err)
{
	struct target_work work = { context->arena, values, target, env_target_secrets(context->arena, values), plan };
	struct look *looks = arena_array(context->arena, TARGET_STEPS, sizeof *looks);

	if (!env_target_check(context->arena, values, target, err) ||
	    !start_look(context, &work, "/api/v1", "configmaps", &looks[0], err))
		return false;
	if (!start_look(context, &work, "/apis/" SECRETS_VERSION, "externalsecrets", &looks[1], err)) {
		endpoint_request_cancel(&looks[0].request);
		return false;
	}
	if (!wait_for(context, looks, TARGET_STEPS, err) || !read_look(&work, &looks[0], err) ||
	    !read_look(&work, &looks[1], err))
		return false;
	plan_map(&work, &looks[0]);
	plan_secret(&work, &looks[1]);
	return true;
}
