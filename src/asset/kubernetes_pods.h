/* What the files behind looks for pods share: wants that wait for a list, and the group that lists for them. */
#ifndef FOPS_ASSET_KUBERNETES_PODS_H
#define FOPS_ASSET_KUBERNETES_PODS_H

#include "kubernetes_pod.h"
#include "kubernetes_pods_stream.h"

struct pod_group;
struct pod_workload;

/* What a want gets. Texts are valid during the call. */
struct pod_answer {
	const struct error *error; /* NULL: pod is known */
	const struct pod *pod;
	struct access *access;
	int64_t latency_us; /* of the list, with all its pages */
};

/* Who waits for the pod of one asset, in little memory. The asker fills the first part; texts are borrowed. */
struct pod_want {
	struct pod_selector selector;                                              /* or */
	const char *workload;                                                      /* "deployment/NAME" */
	const char *container;                                                     /* the contract's, or NULL */
	const char *port;                                                          /* likewise */
	void (*on_answer)(struct pod_want *want, const struct pod_answer *answer); /* from the loop, once */
	/* of the module alone */
	struct pod_want *next;
	struct pod_want *previous;
	size_t main_label;           /* of its selector: the one by which it is found */
	struct pod_want *next_label; /* another one that asks for the same label */
	struct pod_group *group;     /* NULL: nothing is under way */
	struct pod_workload *owner;
	struct pod best;
};

/* The part of a want that the contract says; texts borrowed from asset. */
void pod_want_fill(struct pod_want *want, const struct runtime_asset *asset);

/* Wait for the answer. errors  ASSET_NO_EXECUTOR, SECRET_*, DATA */
CHECKED bool pod_want_start(struct asset_context *context, const struct runtime_asset *asset, struct pod_want *want,
                            struct error *err);

/* No answer follows. Fine for one that was answered. */
void pod_want_stop(struct pod_want *want);

/*
 * May the pod be used by the contract; without for_command its container does not matter. errors  ASSET_NOT_RUNNING,
 * CONTRACT_INVALID
 */
CHECKED bool pod_judge(const struct runtime_asset *asset, const struct pod *pod, bool for_command, struct error *err);

/* A workload that wants name instead of labels. */
struct pod_workload {
	const char *text; /* "deployment/NAME" */
	struct pod_group *group;
	struct pod_selector selector;
	bool known;                     /* selector is filled */
	bool missing;                   /* the cluster has no such object */
	struct error *error;            /* why it is not known; NULL otherwise */
	struct http_exchange *exchange; /* when it is asked for by itself */
	bool running;
	bool renewed; /* the credential was read anew once */
};

/* A list of objects, page by page; one of a group runs at a time. The first part is filled by whoever starts it. */
struct pod_listing {
	struct pod_group *group;
	const char *path;      /* "/api/v1/namespaces/boards/pods" */
	const char *kind;      /* "PodList": what the answer must be */
	const char *what;      /* "the list of pods", for messages */
	struct text_map query; /* further parameters */
	bool (*on_item)(struct pod_group *group, const struct value *item, struct error *err);
	void (*on_restart)(struct pod_group *group);                        /* it begins anew: forget what was seen */
	void (*on_end)(struct pod_group *group, const struct error *error); /* error NULL: all was seen */
	/* of the module alone */
	struct http_exchange exchange;
	bool running;
	struct pod_stream stream;
	const char *more; /* the API's continue token, NULL: first page */
	bool restarted;
	bool renewed;
};

/* All wants of one namespace of one cluster that began in the same turn of the loop. */
struct pod_group {
	struct pod_group *next;
	struct pod_group *previous;
	struct kubernetes_pods *pods;
	struct asset_context *context;
	struct arena *arena; /* lives as long as the group */
	struct arena *page;  /* of one exchange of the listing */
	struct arena *item;  /* of one object of it */
	struct access *access;
	struct http *http;
	const char *name_space;
	struct deadline deadline; /* the latest of its wants' */
	bool running;
	bool ending; /* its answers are handed out */
	struct pod_want *wants;
	size_t want_count;
	struct pod_workload *workloads; /* sorted by text */
	size_t workload_count;
	size_t next_workload; /* that may have to be asked for by itself */
	size_t workloads_open;
	size_t kind; /* of workloads that is listed, by number */
	struct pod_index *index;
	struct pod_listing listing;
	int64_t started_us;
	size_t seen;
};

/* kubernetes_pods_workload.c: find the workloads that wants name; goes on in pod_group_list. */
void pod_group_run(struct pod_group *group);

/* kubernetes_pods_list.c: list the pods; ends in pod_group_end. */
void pod_group_list(struct pod_group *group);

/* kubernetes_pods_paging.c: begin group->listing, ended by its on_end, which may be called from inside. */
void pod_listing_start(struct pod_listing *listing);
void pod_listing_done(struct pod_listing *listing);

/* The limits of one object's document. */
extern const struct document_limits pod_document_limits;

/* kubernetes_pods.c: everything is known, or error says why not. The group is gone afterwards. */
void pod_group_end(struct pod_group *group, const struct error *error);

/* kubernetes_pods_index.c: which wants may mean a pod, without comparing it with each of them. */
struct pod_index *pod_index_build(struct pod_group *group);
/* Is there nobody to list for? */
bool pod_index_is_empty(const struct pod_index *index);

/* A pod of the list: wants that mean it keep it, in arena, when it is better than what they have. */
void pod_index_offer(const struct pod_index *index, struct arena *arena, const struct pod_object *pod);

/* Forget a want that waits no more; index may be NULL. */
void pod_index_remove(struct pod_index *index, struct pod_want *want);

/* The query that lets the server choose: labels or a name when all wants of the group ask for the same, else nothing.
 */
void pod_index_query(struct arena *arena, const struct pod_group *group, struct text_map *query);

#endif
