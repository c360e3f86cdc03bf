/* Label selectors: the contract's own and those of workloads, as a match and as a query. */
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "kubernetes_pod.h"
#include "kubernetes_pod_fields.h"

#define LONGEST_QUERY ((size_t)64 * 1024)

static bool unusable(const char *cause, struct error *err)
{
	fail(err, ERROR_PLANE_PROTOCOL, "the selector of the workload cannot be used");
	error_cause(err, "%s", cause);
	return false;
}

bool pod_selector_read(struct arena *arena, const struct value *workload, struct pod_selector *ret_selector,
                       struct error *err)
{
	struct findings findings = { .arena = arena, .limit = 1 };
	const struct value *spec = value_member(workload, "spec");
	const struct value *selector = spec == NULL ? NULL : value_member(spec, "selector");
	struct selector_object object = { 0 };

	if (selector == NULL)
		return unusable("the API server's answer has no spec.selector", err);
	if (!decode(arena, "workload", "spec.selector", selector, selector_fields, DECODE_LENIENT, &object, &findings))
		return unusable(findings.count == 0 ? "it is no object" : findings.items[0].message, err);
	if (object.labels.count == 0 && object.requirements.count == 0)
		return unusable("it is empty and would mean every pod", err);
	*ret_selector = (struct pod_selector){ .labels = object.labels,
		                               .requirements = object.requirements.items,
		                               .requirement_count = object.requirements.count };
	return true;
}

static bool in_list(const struct text_list *list, const char *value)
{
	for (size_t i = 0; i < list->count; i++) {
		if (text_equal(list->items[i], value))
			return true;
	}
	return false;
}

/* The rules of labels.Requirement: NotIn also holds for a label that is not there. */
static bool meets(const struct text_map *labels, const struct pod_requirement *requirement)
{
	const char *value = text_map_get(labels, requirement->key);

	if (text_equal(requirement->operation, "In"))
		return value != NULL && in_list(&requirement->values, value);
	if (text_equal(requirement->operation, "NotIn"))
		return value == NULL || !in_list(&requirement->values, value);
	if (text_equal(requirement->operation, "Exists"))
		return value != NULL;
	return text_equal(requirement->operation, "DoesNotExist") && value == NULL;
}

bool pod_matches(const struct pod_object *pod, const struct pod_selector *selector)
{
	const struct text_map *labels = &pod->metadata.labels;

	if (selector->name == NULL && selector->labels.count == 0 && selector->requirement_count == 0)
		return false;
	if (selector->name != NULL && !text_equal(selector->name, pod->metadata.name))
		return false;
	for (size_t i = 0; i < selector->labels.count; i++) {
		const char *value = text_map_get(labels, selector->labels.items[i].key);

		if (value == NULL || !text_equal(value, selector->labels.items[i].value))
			return false;
	}
	for (size_t i = 0; i < selector->requirement_count; i++) {
		if (!meets(labels, &selector->requirements[i]))
			return false;
	}
	return true;
}

static void append_list(struct buffer *text, const struct text_list *values)
{
	buffer_text(text, " (");
	for (size_t i = 0; i < values->count; i++)
		buffer_format(text, "%s%s", i == 0 ? "" : ",", values->items[i]);
	buffer_byte(text, ')');
}

static void append_requirement(struct buffer *text, const struct pod_requirement *requirement)
{
	bool in = text_equal(requirement->operation, "In");

	buffer_format(text, "%s%s%s", text->len == 0 ? "" : ",",
	              text_equal(requirement->operation, "DoesNotExist") ? "!" : "", requirement->key);
	if (!in && !text_equal(requirement->operation, "NotIn"))
		return;
	buffer_text(text, in ? " in" : " notin");
	append_list(text, &requirement->values);
}

const char *pod_selector_text(struct arena *arena, const struct pod_selector *selector)
{
	struct buffer text = BUFFER(LONGEST_QUERY);
	const char *copy;

	for (size_t i = 0; i < selector->labels.count; i++)
		buffer_format(&text, "%s%s=%s", i == 0 ? "" : ",", selector->labels.items[i].key,
		              selector->labels.items[i].value);
	for (size_t i = 0; i < selector->requirement_count; i++)
		append_requirement(&text, &selector->requirements[i]);
	/* a selector too long to be sent is matched here */
	copy = arena_copy(arena, text.overflow ? "" : buffer_string(&text));
	buffer_done(&text);
	return copy;
}
