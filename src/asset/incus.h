/* The lxc/incus driver's parts: API answers, one command over WebSockets, a look at an instance. */
#ifndef FOPS_ASSET_INCUS_H
#define FOPS_ASSET_INCUS_H

#include "access.h"
#include "fops/asset/driver.h"
#include "fops/data/decode.h"
#include "fops/net/websocket.h"
#include "lxc_command.h"

/* The envelope of every answer (Incus REST API, "Return values"). Texts live in an arena. */
struct incus_answer {
	const char *type; /* "sync", "async", "error" */
	int64_t status_code;
	const char *error;
	int64_t error_code;
	const char *operation;        /* "/1.0/operations/UUID" */
	const struct value *metadata; /* of an object or an operation */
};

/* An operation, which is the metadata of an async answer. */
struct incus_operation {
	const char *id;
	int64_t status_code; /* 200 success, 400 failure, 401 cancelled */
	const char *error;
	struct text_map sockets;         /* "0", "1", "2", "control" -> the secret of a WebSocket */
	struct optional_int exit_status; /* metadata.return */
};

/*
 * Read the answer of an exchange that kept its body. An error answer, an answer that is none and a failed exchange fill
 * err: in our words, with the instance's state when the server told it. errors  ASSET_NOT_RUNNING missing, stopped or
 * frozen; PLANE_*; what the exchange failed with
 */
CHECKED bool incus_answer_read(struct arena *arena, const struct runtime_asset *asset,
                               const struct http_exchange *exchange, struct incus_answer *ret_answer,
                               struct error *err);

/* The operation inside an answer. errors  PLANE_PROTOCOL */
CHECKED bool incus_operation_read(struct arena *arena, const struct runtime_asset *asset,
                                  const struct incus_answer *answer, struct incus_operation *ret_operation,
                                  struct error *err);

/* The URL of a path of the API for an asset, with its project. query may be NULL. In arena. */
const char *incus_url(struct arena *arena, const struct access *access, const struct runtime_asset *asset,
                      const char *path, const struct text_map *query);

/* Path of the asset's instance, "/1.0/instances/NAME", with more behind it. In arena. */
const char *incus_instance_path(struct arena *arena, const struct runtime_asset *asset, const char *more);

bool incus_observe(struct observation *observation, struct error *err);
void incus_stop_observing(struct observation *observation);

#endif
