/* The Kubernetes driver's parts: its API answers, choosing a pod, commands in a pod, HTTP through the API server. */
#ifndef FOPS_ASSET_KUBERNETES_H
#define FOPS_ASSET_KUBERNETES_H

#include "access.h"
#include "fops/asset/driver.h"

/* --- answers of the API (kubernetes_status.c) --- */

/* A v1 Status object (Kubernetes API conventions, "Response Status Kind"). Texts live in an arena. */
struct kubernetes_status {
	bool success;
	bool typed; /* it names itself (kind Status, apiVersion v1): answers over HTTP do, exec's last message not */
	int code;   /* HTTP's, 0 when absent */
	const char *reason;  /* "NotFound", "NonZeroExitCode", "" when absent */
	const char *message; /* the server's words, "" when absent */
	int exit_code;       /* from the cause "ExitCode" of NonZeroExitCode; -1 otherwise */
};

/*
 * Read a Status; false when the bytes are anything else. Kind and apiVersion may be absent, as in the last message of
 * an exec: `typed` tells.
 */
bool kubernetes_status_read(struct arena *arena, const char *data, size_t len, struct kubernetes_status *ret_status);

/*
 * The error for an answer of the API that is not 2xx, in our words: cause, effect and fix for 400, 401, 403 (which
 * right of which role is missing), 404, 409, 410, 429 (Retry-After) and 5xx. what is what was asked, "the pods of
 * daytona-k8s". access (may be NULL) is the cluster's: its token is masked in the server's message, which is cut to one
 * line and becomes the cause. asset (may be NULL) is the error's object. No namespace or pod is named beyond it.
 * retry_after_ms below 0: unknown.
 */
void kubernetes_refused(struct arena *arena, const struct runtime_asset *asset, const struct access *access,
                        const char *what, int http_status, const char *body, size_t len, int64_t retry_after_ms,
                        struct error *err);

/* --- pods (kubernetes_pod.c: decode and choose; kubernetes_pods.c: list) --- */

enum pod_state {
	POD_READY,       /* the container runs and the pod is ready */
	POD_UNREADY,     /* the container runs, the pod is not ready */
	POD_NOT_RUNNING, /* the pod exists, its container does not run: pending, crashing, ended */
	POD_LEAVING,     /* being deleted */
	POD_NONE,        /* nothing matches */
};

/* The pod that stands for an asset. Texts live in the look's arena. */
struct pod {
	enum pod_state state; /* of the best one: ready, then unready, not running, leaving */
	const char *name_space;
	const char *name; /* NULL for POD_NONE */
	const char *uid;
	const char *container; /* NULL when none could be chosen */
	const char *phase;     /* "Running" … */
	const char *detail;    /* why it is not ready: "CrashLoopBackOff", "containers not ready"; NULL when ready */
	int64_t restarts;      /* of the container */
	struct instant started;
	int64_t port; /* the number of the contract's port name in it, 0 when the contract or the pod has no such name
	               */
	size_t matching; /* pods of the asset in all */
};

/*
 * One look for the pod of an asset. Looks that begin in one turn of the loop share their list calls: one paged call per
 * cluster and namespace however many assets there are. All lists are consistent reads: a pod that just went is not
 * chosen.
 */
struct pod_look {
	struct asset_context *context; /* its arena holds the result */
	const struct runtime_asset *asset;
	void (*on_pod)(struct pod_look *look); /* from the loop */
	void *user;
	/* results: failed with error, or pod (any state; the caller decides what it can use) */
	bool failed;
	struct error *error; /* NULL until it failed; in the arena */
	struct pod pod;
	struct access *access; /* the cluster */
	int64_t latency_us;    /* of the list call */
	void *state;           /* of the module alone */
};

/* Begin. errors  ASSET_NO_EXECUTOR, SECRET_*, DATA; everything later comes with on_pod */
CHECKED bool pod_look_start(struct pod_look *look, struct error *err);

/* Give up: no callback follows. Fine for a look that has ended. */
void pod_look_stop(struct pod_look *look);

/*
 * Whether the pod may be used by the asset's contract (readyOnly), with the error that says cause and fix when not:
 * ASSET_NOT_RUNNING for none, not running, unready, leaving; CONTRACT_INVALID for several containers and none named.
 */
CHECKED bool pod_usable(const struct pod_look *look, struct error *err);

/* End everything under way; of asset_http_close alone. */
void kubernetes_pods_close(struct asset_context *context);

/* --- HTTP to an asset: its executor, or through the API server by `via` (route.c) --- */

/* Where requests of an asset go. */
struct route {
	struct asset_context *context;
	const struct runtime_asset *asset;
	void (*on_route)(struct route *route); /* from the loop, never from inside route_open */
	void *user;
	bool failed;
	struct error error;
	struct url base; /* what a request's path is appended to */
	struct access *access;
	bool through_api; /* answers may be the API server's own: kubernetes_api_answer tells */
	struct pod_look look;
	struct loop_timer soon;
};

/*
 * Find it: executorRef (at once, but told by the loop as well), or via: pod-proxy (chooses a pod) or service-proxy.
 * errors  ASSET_NO_EXECUTOR neither is there; SECRET_*, DATA
 */
CHECKED bool route_open(struct route *route, struct error *err);
void route_stop(struct route *route);

/*
 * Is this answer the API server's own and not the asset's? A v1 Status of the proxy: unreachable backend (503), no
 * right (403) and so on. Then err is filled and true returned. exchange has its first bytes of body at data.
 */
bool kubernetes_api_answer(struct arena *arena, const struct runtime_asset *asset, const struct http_exchange *exchange,
                           const char *data, size_t len, struct error *err);

/* --- the driver's operations --- */

bool kubernetes_start(struct session *session, struct error *err);
size_t kubernetes_write(struct session *session, const char *data, size_t len);
void kubernetes_close_input(struct session *session);
void kubernetes_pause_output(struct session *session, int stream, bool pause);
void kubernetes_signal(struct session *session, int number);
void kubernetes_resize(struct session *session, struct terminal_size size);
void kubernetes_stop(struct session *session);
bool kubernetes_observe(struct observation *observation, struct error *err);
void kubernetes_stop_observing(struct observation *observation);
bool kubernetes_glance(struct glance *glance, struct error *err);
void kubernetes_stop_glancing(struct glance *glance);

#endif
