/* The Proxmox VE drivers' parts: answers of the API, finding a guest by its contract, containers and guest agents. */
#ifndef FOPS_ASSET_PROXMOX_H
#define FOPS_ASSET_PROXMOX_H

#include "access.h"
#include "fops/asset/driver.h"
#include "fops/data/decode.h"
#include "outcome.h"

/* --- answers (proxmox_answer.c) --- */

struct proxmox_answer {
	const struct value *data; /* the member data, NULL when it is null */
	int64_t total;            /* how many there are of what data is a page of; 0 when it is not said */
};

/*
 * Read {"data": …}. Output of a guest may hold NUL, which comes as U+0100: no other text has that character, because
 * bytes come as the code points 0 to 255. A refusal fills err with the server's words, which stand in the reason
 * phrase, in `message` and in `errors`. errors  PLANE_*, what the exchange failed with
 */
CHECKED bool proxmox_answer_read(struct arena *arena, const struct runtime_asset *asset, struct http_exchange *exchange,
                                 struct proxmox_answer *ret_answer, struct error *err);

/* Bytes as the API carries them: each one as the code point of its value; NUL stays NUL. In arena. */
struct str proxmox_encode_bytes(struct arena *arena, const char *data, size_t len);

/* Back to bytes; false when a character is none of them. In arena. */
CHECKED bool proxmox_decode_bytes(struct arena *arena, const char *text, size_t len, struct str *ret_bytes);

/* --- finding a guest (proxmox_guest.c) --- */

#define PROXMOX_NOT_RUNNING "its guest does not run"

struct proxmox_guest {
	const char *type; /* "lxc" or "qemu" */
	const char *node;
	const char *name;
	const char *status; /* "running", "stopped" */
	const char *tags;   /* joined by semicolons */
	const char *lock;   /* "backup", "migrate"; NULL: none. Only the node tells it */
	int64_t vmid;
	int64_t template; /* 1: nothing that runs */
};

/* One look for the guest of an asset. */
struct proxmox_look {
	struct asset_context *context;
	const struct runtime_asset *asset;
	void (*on_guest)(struct proxmox_look *look); /* from the loop */
	void *user;
	/* results: failed with error (ASSET_NOT_RUNNING: missing or not itself any more), or the guest, running or not
	 */
	bool failed;
	bool missing; /* the cluster has no such guest */
	bool gone;    /* its node has it no more; guest is what the cluster's list said */
	struct error error;
	struct proxmox_guest guest;
	struct access *access;
	int64_t latency_us;

	struct http *http; /* of the module */
	struct http_exchange exchange;
	bool asking;
	bool repeated;
};

/*
 * Ask the cluster, then the node: name, type, tags and, where the contract gives it, the number must all fit, on the
 * node's own fresh answer too, because the cluster's list is some seconds old. errors  ASSET_NO_EXECUTOR, SECRET_*,
 * DATA
 */
CHECKED bool proxmox_look_start(struct proxmox_look *look, struct error *err);
void proxmox_look_stop(struct proxmox_look *look);

/* "/api2/json/nodes/NODE/TYPE/VMID" and more. In arena. */
const char *proxmox_guest_path(struct arena *arena, const struct proxmox_guest *guest, const char *more);

/* Fill what every exchange with the cluster has; keep bytes of the answer. */
void proxmox_prepare(const struct asset_context *context, struct access *access, const char *method, const char *path,
                     size_t keep, struct http_exchange *exchange);

bool proxmox_observe(struct observation *observation, struct error *err);
void proxmox_stop_observing(struct observation *observation);

#endif
