/* One HTTP request to an endpoint of the topology, for clients of planes: URL, credential and trust are its contract's.
 */
#ifndef FOPS_ASSET_ENDPOINT_REQUEST_H
#define FOPS_ASSET_ENDPOINT_REQUEST_H

#include "fops/asset/driver.h"

/* The caller fills the first half (zeroed otherwise) and keeps the struct until on_done; texts are borrowed until then.
 */
struct endpoint_request {
	struct asset_context *context;
	const char *endpoint; /* id */
	const char *method;
	const char *path;         /* below the executorUrl, "/api/v1/query" */
	struct text_list headers; /* "Name: value", none that say who asks */
	const char *data;         /* body, or NULL */
	size_t data_len;
	bool harmless;                                     /* repeating it changes nothing, whatever the method */
	int64_t timeout_ms;                                /* with all tries; 0: the context's deadline alone */
	size_t most_bytes;                                 /* of the answer's body; more is PLANE_PROTOCOL */
	void (*on_done)(struct endpoint_request *request); /* once, from the loop, never from inside the start */
	void *user;

	/* results, in the context's arena */
	bool failed; /* no complete answer: error says why. Any status is an answer */
	struct error error;
	int status;
	const char *body; /* NUL-terminated */
	size_t body_len;
	int64_t retry_after_ms; /* -1: the answer says nothing */
	int64_t latency_us;
	void *state; /* the request's own */
};

/* errors  ASSET_NO_EXECUTOR no such endpoint, or no executorUrl; SECRET_*; PLANE_AUTH; DATA */
CHECKED bool endpoint_request_start(struct endpoint_request *request, struct error *err);

/* Give up: no on_done follows. Fine for one that has ended. */
void endpoint_request_cancel(struct endpoint_request *request);

/*
 * The error for an answer that is not 2xx, as http_judge: the first line of the body is its cause. Returns true for
 * 2xx. what is the subject of the message, "the query on endpoint prometheus".
 */
bool endpoint_request_judge(const struct endpoint_request *request, const char *what, struct error *err);

#endif
