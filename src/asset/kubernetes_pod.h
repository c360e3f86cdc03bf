/* One pod as the API shows it: decoding, matching, which container, which of two is better. Nothing here talks. */
#ifndef FOPS_ASSET_KUBERNETES_POD_H
#define FOPS_ASSET_KUBERNETES_POD_H

#include "fops/data/document.h"
#include "kubernetes.h"

/* The detail of a pod that lacks the container which the contract names. */
#define POD_NO_CONTAINER "no such container"

/* Which pods an asset means: all must hold. Texts are borrowed. */
struct pod_selector {
	struct text_map labels;
	const struct pod_requirement *requirements; /* matchExpressions of a workload */
	size_t requirement_count;
	const char *name; /* metadata.name, or NULL */
};

struct pod_requirement {
	const char *key;
	const char *operation; /* "In", "NotIn", "Exists" or "DoesNotExist" */
	struct text_list values;
};

/* Exactly one of the three, as a rule; the texts come first because a table cannot say "present" at offset 0. */
struct container_state {
	const char *waiting_reason;
	const char *ended_reason;
	bool running;
	bool waiting;
	bool ended;
};

struct container_status {
	const char *name;
	int64_t restarts;
	struct container_state state;
};

/* The members of a pod that count here. */
struct pod_object {
	struct {
		const char *name;
		const char *name_space;
		const char *uid;
		struct text_map labels;
		struct text_map annotations;
		struct instant created;
		const char *deleted; /* deletionTimestamp */
	} metadata;
	struct {
		struct record_list containers;      /* of struct pod_container */
		struct record_list init_containers; /* sidecars have restartPolicy Always */
	} spec;
	struct {
		const char *phase;
		const char *reason;
		struct instant started;
		struct record_list conditions; /* of struct pod_condition */
		struct record_list containers; /* of struct container_status */
		struct record_list init_containers;
		struct record_list ephemeral_containers;
	} status;
};

struct pod_container {
	const char *name;
	const char *restart_policy;
	struct record_list ports; /* of struct pod_port */
};

struct pod_port {
	const char *name; /* NULL: it has none */
	int64_t number;
};

struct pod_condition {
	const char *type;
	const char *status;
	const char *reason;
};

/* Read one pod leniently; texts in arena. errors PLANE_PROTOCOL */
CHECKED bool pod_read(struct arena *arena, const struct value *value, struct pod_object *ret_pod, struct error *err);

/* The selector of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job. errors PLANE_PROTOCOL, also for an empty
 * one, which would mean every pod */
CHECKED bool pod_selector_read(struct arena *arena, const struct value *workload, struct pod_selector *ret_selector,
                               struct error *err);

bool pod_matches(const struct pod_object *pod, const struct pod_selector *selector);

/* The selector's labels and requirements in the API's query form, "app=board,tier in (a,b)"; "" for none. In arena. */
const char *pod_selector_text(struct arena *arena, const struct pod_selector *selector);

/*
 * The container to use: wanted, else the pod's default container, else its only one; NULL when none can be chosen.
 * Borrowed from pod or wanted.
 */
const char *pod_choose_container(const struct pod_object *pod, const char *wanted);

/* The number of the port of that name, of any container; 0: there is none. */
int64_t pod_port_number(const struct pod_object *pod, const char *name);

/* What the asset makes of this pod; texts borrowed from object, wanted and static texts. `matching` is 1. */
struct pod pod_describe(const struct pod_object *object, const char *wanted);

/* Below 0 when a is the better choice: ready before others, then the oldest start, then the name. Never 0 for two. */
int pod_compare(const struct pod *a, const struct pod *b);

/* A copy whose texts live in arena. */
struct pod pod_copy(struct arena *arena, const struct pod *pod);

#endif
