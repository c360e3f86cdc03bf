/* The plan document: written by events, and its digest made of the very text that readers get. */
#include "fops/flow/plan.h"

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/data/canonical.h"
#include "fops/data/emit.h"

#define PLAN_BYTES ((size_t)16 * 1024 * 1024)

static const struct {
	const char *name;
	const char *symbol;
} actions[PLAN_ACTION_COUNT] = {
	[PLAN_ADD] = { "add", "  +" },       [PLAN_CHANGE] = { "change", "  ~" }, [PLAN_REPLACE] = { "replace", "-/+" },
	[PLAN_DELETE] = { "delete", "  -" }, [PLAN_READ] = { "read", " <=" },     [PLAN_NONE] = { "none", "   " },
};

static const char *action_name(enum plan_action action)
{
	return actions[action].name;
}

const char *plan_action_symbol(enum plan_action action)
{
	return actions[action].symbol;
}

void plan_count(const struct plan *plan, size_t ret_counts[PLAN_ACTION_COUNT])
{
	memset(ret_counts, 0, PLAN_ACTION_COUNT * sizeof *ret_counts);
	for (size_t i = 0; i < plan->count; i++)
		ret_counts[plan->steps[i].action]++;
}

bool plan_changes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->steps[i].action != PLAN_NONE && plan->steps[i].action != PLAN_READ)
			return true;
	}
	return false;
}

static void emit_texts(struct emitter *emitter, const char *key, const struct text_list *texts)
{
	emit_key(emitter, key);
	emit_array(emitter);
	for (size_t i = 0; i < texts->count; i++)
		emit_text(emitter, texts->items[i]);
	emit_array_end(emitter);
}

static void emit_member(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_text(emitter, text);
}

static void emit_state(struct emitter *emitter, const char *key, const struct value *state)
{
	emit_key(emitter, key);
	if (state == NULL)
		emit_null(emitter);
	else
		emit_value(emitter, state);
}

static void emit_step(struct emitter *emitter, const struct plan_step *step)
{
	emit_object(emitter);
	emit_member(emitter, "action", action_name(step->action));
	emit_member(emitter, "object", step->object);
	emit_state(emitter, "before", step->before);
	emit_state(emitter, "after", step->after);
	emit_key(emitter, "destructive");
	emit_bool(emitter, step->destructive);
	emit_member(emitter, "reason", step->reason);
	emit_texts(emitter, "secrets", &step->secrets);
	emit_object_end(emitter);
}

static void emit_findings(struct emitter *emitter, const struct plan *plan)
{
	emit_key(emitter, "findings");
	emit_array(emitter);
	for (size_t i = 0; i < plan->finding_count; i++) {
		emit_object(emitter);
		emit_member(emitter, "object", plan->findings[i].object);
		emit_member(emitter, "message", plan->findings[i].message);
		emit_member(emitter, "fix", plan->findings[i].fix);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

static bool emit_plan(const struct plan *plan, const char *digest, enum emit_format format, struct buffer *out)
{
	size_t counts[PLAN_ACTION_COUNT];
	struct emitter emitter;

	plan_count(plan, counts);
	emit_start(&emitter, format, buffer_sink(out));
	emit_object(&emitter);
	emit_member(&emitter, "schema", PLAN_SCHEMA);
	if (digest != NULL)
		emit_member(&emitter, "digest", digest);
	emit_member(&emitter, "action", plan->action);
	emit_texts(&emitter, "arguments", &plan->arguments);
	emit_member(&emitter, "topology", plan->topology);
	emit_texts(&emitter, "sources", &plan->sources);
	emit_key(&emitter, "steps");
	emit_array(&emitter);
	for (size_t i = 0; i < plan->count; i++)
		emit_step(&emitter, &plan->steps[i]);
	emit_array_end(&emitter);
	emit_findings(&emitter, plan);
	emit_key(&emitter, "summary");
	emit_object(&emitter);
	for (int i = 0; i < PLAN_ACTION_COUNT; i++) {
		emit_key(&emitter, action_name((enum plan_action)i));
		emit_count(&emitter, counts[i]);
	}
	emit_object_end(&emitter);
	emit_object_end(&emitter);
	return emit_finish(&emitter, true) && !out->overflow;
}

static bool digest_of_value(struct arena *arena, const struct value *value, struct digest *ret_digest)
{
	struct buffer text = BUFFER(2 * PLAN_BYTES);
	bool good = canonical_write(arena, &text, value);

	if (good)
		*ret_digest = digest_of(text.data, text.len);
	buffer_done(&text);
	return good;
}

bool plan_digest(struct arena *arena, const struct plan *plan, struct digest *ret_digest, struct error *err)
{
	struct buffer text = BUFFER(PLAN_BYTES);
	struct value value;
	bool good = emit_plan(plan, NULL, EMIT_JSON, &text) || fail(err, ERROR_DATA, "the plan is too large");

	good = good && json_parse(arena, "plan", text.data, text.len, NULL, &value, err);
	if (good && !digest_of_value(arena, &value, ret_digest))
		good = fail(err, ERROR_DATA, "the plan has no canonical form");
	buffer_done(&text);
	return good;
}

bool plan_write(struct arena *arena, const struct plan *plan, bool pretty, struct buffer *out, struct error *err)
{
	char text[DIGEST_TEXT];
	struct digest digest;

	if (!plan_digest(arena, plan, &digest, err))
		return false;
	digest_text(&digest, text);
	return emit_plan(plan, text, pretty ? EMIT_JSON_PRETTY : EMIT_JSON, out) ||
	       fail(err, ERROR_DATA, "the plan is too large");
}

static const char *text_member(const struct value *value, const char *name)
{
	const struct value *member = value_member(value, name);

	return member != NULL && member->kind == VALUE_TEXT ? member->text.data : NULL;
}

static bool no_plan(const char *path, const char *cause, struct error *err)
{
	fail(err, ERROR_DATA, "%s is not a plan that can be used", path);
	error_cause(err, "%s", cause);
	error_fix(err, "make the plan anew with --plan-out");
	return false;
}

/* The document without the member "digest", whose text is the result; NULL when there is none. */
static const char *take_digest(struct value *document)
{
	struct member *members = document->list.members;
	const char *digest = text_member(document, "digest");
	size_t kept = 0;

	for (size_t i = 0; i < document->list.count; i++) {
		if (strcmp(members[i].name, "digest") != 0)
			members[kept++] = members[i];
	}
	document->list.count = kept;
	return digest;
}

bool plan_read(struct arena *arena, const char *path, struct plan_file *ret_file, struct error *err)
{
	const struct value *arguments;
	struct plan_file file = { 0 };
	char text[DIGEST_TEXT];
	struct digest digest;
	struct value document;
	struct str data;

	if (!file_read(arena, path, PLAN_BYTES, &data, err) ||
	    !json_parse(arena, path, data.data, data.len, NULL, &document, err))
		return false;
	if (document.kind != VALUE_OBJECT || !text_equal(text_member(&document, "schema"), PLAN_SCHEMA))
		return no_plan(path, "its schema is not " PLAN_SCHEMA, err);
	file.digest = take_digest(&document);
	if (!digest_of_value(arena, &document, &digest))
		return no_plan(path, "it has no canonical form", err);
	digest_text(&digest, text);
	if (!text_equal(file.digest, text))
		return no_plan(path, "its digest is not that of its content: it was changed", err);
	file.action = text_member(&document, "action");
	arguments = value_member(&document, "arguments");
	for (size_t i = 0; arguments != NULL && arguments->kind == VALUE_ARRAY && i < arguments->list.count; i++) {
		if (arguments->list.items[i].kind == VALUE_TEXT)
			text_list_add(arena, &file.arguments, arguments->list.items[i].text.data);
	}
	*ret_file = file;
	return true;
}
