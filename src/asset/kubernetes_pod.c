/* Judges pods by their JSON alone: state, container, order. */
#include "kubernetes_pod.h"

#include "fops/base/arena.h"
#include "kubernetes_pod_fields.h"

#define DEFAULT_CONTAINER "kubectl.kubernetes.io/default-container"

bool pod_read(struct arena *arena, const struct value *value, struct pod_object *ret_pod, struct error *err)
{
	struct findings findings = { .arena = arena, .limit = 1 };
	struct pod_object pod = { 0 };

	if (decode(arena, "pod", "", value, pod_fields, DECODE_LENIENT, &pod, &findings)) {
		*ret_pod = pod;
		return true;
	}
	fail(err, ERROR_PLANE_PROTOCOL, "the API server sent a pod that cannot be read");
	error_cause(err, "%s", findings.count == 0 ? "it is no object" : findings.items[0].message);
	return false;
}

/* --- container --- */

static const struct pod_container *spec_container(const struct record_list *list, const char *name)
{
	const struct pod_container *containers = list->items;

	for (size_t i = 0; i < list->count; i++) {
		if (text_equal(containers[i].name, name))
			return &containers[i];
	}
	return NULL;
}

const char *pod_choose_container(const struct pod_object *pod, const char *wanted)
{
	const struct pod_container *only = pod->spec.containers.items;
	const char *marked = text_map_get(&pod->metadata.annotations, DEFAULT_CONTAINER);

	if (wanted != NULL)
		return wanted;
	if (marked != NULL && spec_container(&pod->spec.containers, marked) != NULL)
		return marked;
	return pod->spec.containers.count == 1 ? only->name : NULL;
}

static const struct container_status *status_in(const struct record_list *list, const char *name)
{
	const struct container_status *statuses = list->items;

	for (size_t i = 0; i < list->count; i++) {
		if (text_equal(statuses[i].name, name))
			return &statuses[i];
	}
	return NULL;
}

static const struct container_status *status_of(const struct pod_object *pod, const char *name)
{
	const struct container_status *status = status_in(&pod->status.containers, name);

	if (status == NULL)
		status = status_in(&pod->status.init_containers, name);
	return status == NULL ? status_in(&pod->status.ephemeral_containers, name) : status;
}

static bool has_container(const struct pod_object *pod, const char *name)
{
	const struct pod_container *sidecar = spec_container(&pod->spec.init_containers, name);

	return spec_container(&pod->spec.containers, name) != NULL ||
	       (sidecar != NULL && text_equal(sidecar->restart_policy, "Always")) ||
	       status_in(&pod->status.ephemeral_containers, name) != NULL;
}

static int64_t port_in(const struct record_list *list, const char *name)
{
	const struct pod_container *containers = list->items;

	for (size_t i = 0; i < list->count; i++) {
		const struct pod_port *ports = containers[i].ports.items;

		for (size_t j = 0; j < containers[i].ports.count; j++) {
			if (text_equal(ports[j].name, name))
				return ports[j].number;
		}
	}
	return 0;
}

int64_t pod_port_number(const struct pod_object *pod, const char *name)
{
	int64_t number = port_in(&pod->spec.containers, name);

	return number != 0 ? number : port_in(&pod->spec.init_containers, name);
}

/* --- state --- */

static const struct pod_condition *condition(const struct pod_object *pod, const char *type)
{
	const struct pod_condition *conditions = pod->status.conditions.items;

	for (size_t i = 0; i < pod->status.conditions.count; i++) {
		if (text_equal(conditions[i].type, type))
			return &conditions[i];
	}
	return NULL;
}

static bool is_true(const struct pod_condition *found)
{
	return found != NULL && text_equal(found->status, "True");
}

static const char *reason_of(const struct pod_condition *found)
{
	return found == NULL || found->reason == NULL || *found->reason == '\0' ? NULL : found->reason;
}

static const char *first_word(const char *a, const char *b, const char *c)
{
	if (a != NULL && *a != '\0')
		return a;
	return b != NULL && *b != '\0' ? b : c;
}

static const char *why_not_running(const struct pod_object *pod, const struct container_status *status)
{
	const struct pod_condition *scheduled = condition(pod, "PodScheduled");

	if (status != NULL && status->state.waiting)
		return first_word(status->state.waiting_reason, pod->status.reason, "waiting");
	if (status != NULL && status->state.ended)
		return first_word(status->state.ended_reason, pod->status.reason, "ended");
	if (scheduled != NULL && !is_true(scheduled))
		return first_word(reason_of(scheduled), "not scheduled", NULL);
	return first_word(pod->status.reason, pod->status.phase, "not started");
}

static const char *why_not_ready(const struct pod_object *pod)
{
	const char *reason = reason_of(condition(pod, "Ready"));

	if (text_equal(reason, "ContainersNotReady"))
		return "containers not ready";
	if (text_equal(reason, "ReadinessGatesNotReady"))
		return "readiness gates not ready";
	return first_word(pod->status.reason, reason, "not ready");
}

/* Without a chosen container the pod runs when all that it has do. */
static const struct container_status *first_not_running(const struct pod_object *pod)
{
	const struct container_status *statuses = pod->status.containers.items;

	for (size_t i = 0; i < pod->status.containers.count; i++) {
		if (!statuses[i].state.running)
			return &statuses[i];
	}
	return NULL;
}

/* Of the chosen container, or of all when none could be chosen. */
static int64_t count_restarts(const struct pod_object *pod, const char *container)
{
	const struct container_status *statuses = pod->status.containers.items;
	int64_t sum = 0;

	if (container != NULL) {
		const struct container_status *chosen = status_of(pod, container);

		return chosen == NULL ? 0 : chosen->restarts;
	}
	for (size_t i = 0; i < pod->status.containers.count; i++) {
		if (__builtin_add_overflow(sum, statuses[i].restarts, &sum))
			return INT64_MAX;
	}
	return sum;
}

static void judge(const struct pod_object *object, struct pod *pod)
{
	const struct container_status *chosen = pod->container == NULL ? NULL : status_of(object, pod->container);
	const struct container_status *judged = pod->container == NULL ? first_not_running(object) : chosen;
	bool running = pod->container == NULL ? judged == NULL && object->status.containers.count > 0
	                                      : chosen != NULL && chosen->state.running;

	pod->restarts = count_restarts(object, pod->container);
	if (object->metadata.deleted != NULL) {
		pod->state = POD_LEAVING;
		pod->detail = "being deleted";
	} else if (pod->container != NULL && !has_container(object, pod->container)) {
		pod->state = POD_NOT_RUNNING;
		pod->detail = POD_NO_CONTAINER;
	} else if (!running) {
		pod->state = POD_NOT_RUNNING;
		pod->detail = why_not_running(object, judged);
	} else if (is_true(condition(object, "Ready"))) {
		pod->state = POD_READY;
	} else {
		pod->state = POD_UNREADY;
		pod->detail = why_not_ready(object);
	}
}

struct pod pod_describe(const struct pod_object *object, const char *wanted)
{
	struct pod pod = {
		.name_space = object->metadata.name_space,
		.name = object->metadata.name,
		.uid = object->metadata.uid,
		.container = pod_choose_container(object, wanted),
		.phase = object->status.phase,
		.started = object->status.started.unix_ms != 0 ? object->status.started : object->metadata.created,
		.matching = 1,
	};

	judge(object, &pod);
	return pod;
}

/* --- order --- */

int pod_compare(const struct pod *a, const struct pod *b)
{
	/* a pod that never started is younger than all that did */
	uint64_t start_a = (uint64_t)a->started.unix_ms - 1;
	uint64_t start_b = (uint64_t)b->started.unix_ms - 1;

	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	if (start_a != start_b)
		return start_a < start_b ? -1 : 1;
	return strcmp(a->name, b->name);
}

struct pod pod_copy(struct arena *arena, const struct pod *pod)
{
	struct pod copy = *pod;

	copy.name_space = arena_copy(arena, pod->name_space);
	copy.name = arena_copy(arena, pod->name);
	copy.uid = arena_copy(arena, pod->uid);
	copy.container = arena_copy(arena, pod->container);
	copy.phase = arena_copy(arena, pod->phase);
	copy.detail = arena_copy(arena, pod->detail);
	return copy;
}
