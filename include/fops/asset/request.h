/* `request`: one HTTP request to the executor of an asset, or through an API server to its pod. */
#ifndef FOPS_ASSET_REQUEST_H
#define FOPS_ASSET_REQUEST_H

#include "fops/asset/driver.h"

struct asset_request {
	const char *method;       /* letters only; upper case is sent */
	const char *path;         /* relative: starts with '/' */
	struct text_map query;    /* in order */
	struct text_list headers; /* "Name: value"; Authorization, Host, Content-Length, Transfer-Encoding and
	                             Connection are refused */
	const char *data;         /* --data: text, @file or - (standard input); NULL: no body */
	const char *json;         /* --json: a JSON text (checked), sets Content-Type; NULL: none */
	int64_t timeout_ms;       /* -1: the command's deadline alone */
};

/* The answer's head; texts in the context's arena. */
struct asset_answer {
	const char *asset_id;
	int64_t status;
	const char *reason;
	const char *http_version;
	struct text_map headers;
	uint64_t body_bytes;
	int64_t duration_ms;
	const char *request_id;
	uint64_t tries;
};

/* Where the answer goes, from the loop. false stops the exchange with err. */
struct asset_answer_listener {
	bool (*on_head)(void *user, const struct asset_answer *answer, struct error *err);
	bool (*on_body)(void *user, const char *data, size_t len, struct error *err);
	void *user;
};

/* Check everything that needs no network: method, path, headers, JSON. errors USAGE_*, REQUEST_PATH, DATA,
 * INPUT_NOT_FOUND */
CHECKED bool asset_request_check(struct arena *arena, const struct asset_request *request, struct error *err);

/*
 * Send it to the asset's executor (executorRef -> Endpoint.executorUrl with its auth and tls), or through the API
 * server to a pod or service (kubernetes.via), and deliver the answer; what the API server itself answers is an error.
 * A body from a file or standard input is streamed. Returns true when a complete answer came, whatever its status.
 * ret_answer filled then; ret_refusal tells (http_judge) what the status means, its exit_status EXIT_OK for 2xx. errors
 * ASSET_NO_EXECUTOR, SECRET_*, PLANE_*, TIMEOUT, INTERRUPTED, TERMINATED, IO_READ
 */
CHECKED bool asset_request_send(struct asset_context *context, const struct runtime_asset *asset,
                                const struct asset_request *request, const struct asset_answer_listener *listener,
                                struct asset_answer *ret_answer, struct error *ret_refusal, struct error *err);

#endif
