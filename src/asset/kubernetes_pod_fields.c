/* Which members of pods and workloads are read, and where they go. */
#include "kubernetes_pod_fields.h"

#include "kubernetes_pod.h"

#define POD(member)       SLOT(struct pod_object, member)
#define STATE(member)     SLOT(struct container_state, member)
#define CONTAINER(member) SLOT(struct container_status, member)

/* A level of the document that is none of the struct: the inner table's offsets count from the same place. */
#define SAME_STRUCT                                                                                                    \
	{                                                                                                              \
		SLOT_RECORD, 0                                                                                         \
	}

static const struct field nothing[] = {
	{ 0 },
};

static const struct field waiting_fields[] = {
	{ "reason", STATE(waiting_reason), .flags = 0 },
	{ 0 },
};

static const struct field ended_fields[] = {
	{ "reason", STATE(ended_reason), .flags = 0 },
	{ 0 },
};

static const struct field state_fields[] = {
	{ "running", SAME_STRUCT, .fields = nothing, .present_offset = offsetof(struct container_state, running) },
	{ "waiting", SAME_STRUCT, .fields = waiting_fields,
	  .present_offset = offsetof(struct container_state, waiting) },
	{ "terminated", SAME_STRUCT, .fields = ended_fields,
	  .present_offset = offsetof(struct container_state, ended) },
	{ 0 },
};

static const struct field status_container_fields[] = {
	{ "name", CONTAINER(name), .flags = FIELD_REQUIRED },
	{ "restartCount", CONTAINER(restarts), .flags = 0 },
	{ "state", SLOT_EMBEDDED(struct container_status, state), .fields = state_fields },
	{ 0 },
};

static const struct field condition_fields[] = {
	{ "type", SLOT(struct pod_condition, type), .flags = FIELD_REQUIRED },
	{ "status", SLOT(struct pod_condition, status), .flags = FIELD_REQUIRED },
	{ "reason", SLOT(struct pod_condition, reason), .flags = 0 },
	{ 0 },
};

static const struct field port_fields[] = {
	{ "name", SLOT(struct pod_port, name), .flags = 0 },
	{ "containerPort", SLOT(struct pod_port, number), .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 65535 },
	{ 0 },
};

static const struct field spec_container_fields[] = {
	{ "name", SLOT(struct pod_container, name), .flags = FIELD_REQUIRED },
	{ "restartPolicy", SLOT(struct pod_container, restart_policy), .flags = 0 },
	{ "ports", SLOT(struct pod_container, ports), .fields = port_fields, .record_size = sizeof(struct pod_port) },
	{ 0 },
};

static const struct field metadata_fields[] = {
	{ "name", POD(metadata.name), .flags = FIELD_REQUIRED | FIELD_NOT_EMPTY },
	{ "namespace", POD(metadata.name_space), .flags = 0 },
	{ "uid", POD(metadata.uid), .flags = 0 },
	{ "creationTimestamp", POD(metadata.created), .flags = 0 },
	{ "deletionTimestamp", POD(metadata.deleted), .flags = 0 },
	{ "labels", POD(metadata.labels), .flags = 0 },
	{ "annotations", POD(metadata.annotations), .flags = 0 },
	{ 0 },
};

static const struct field spec_fields[] = {
	{ "containers", POD(spec.containers), .fields = spec_container_fields,
	  .record_size = sizeof(struct pod_container) },
	{ "initContainers", POD(spec.init_containers), .fields = spec_container_fields,
	  .record_size = sizeof(struct pod_container) },
	{ 0 },
};

static const struct field status_fields[] = {
	{ "phase", POD(status.phase), .flags = 0 },
	{ "reason", POD(status.reason), .flags = 0 },
	{ "startTime", POD(status.started), .flags = 0 },
	{ "conditions", POD(status.conditions), .fields = condition_fields,
	  .record_size = sizeof(struct pod_condition) },
	{ "containerStatuses", POD(status.containers), .fields = status_container_fields,
	  .record_size = sizeof(struct container_status) },
	{ "initContainerStatuses", POD(status.init_containers), .fields = status_container_fields,
	  .record_size = sizeof(struct container_status) },
	{ "ephemeralContainerStatuses", POD(status.ephemeral_containers), .fields = status_container_fields,
	  .record_size = sizeof(struct container_status) },
	{ 0 },
};

const struct field pod_fields[] = {
	{ "metadata", SAME_STRUCT, .flags = FIELD_REQUIRED, .fields = metadata_fields },
	{ "spec", SAME_STRUCT, .fields = spec_fields },
	{ "status", SAME_STRUCT, .fields = status_fields },
	{ 0 },
};

static const struct field requirement_fields[] = {
	{ "key", SLOT(struct pod_requirement, key), .flags = FIELD_REQUIRED | FIELD_NOT_EMPTY },
	{ "operator", SLOT(struct pod_requirement, operation), .flags = FIELD_REQUIRED,
	  .choices = "In|NotIn|Exists|DoesNotExist" },
	{ "values", SLOT(struct pod_requirement, values), .flags = 0 },
	{ 0 },
};

const struct field selector_fields[] = {
	{ "matchLabels", SLOT(struct selector_object, labels), .flags = 0 },
	{ "matchExpressions", SLOT(struct selector_object, requirements), .fields = requirement_fields,
	  .record_size = sizeof(struct pod_requirement) },
	{ 0 },
};
