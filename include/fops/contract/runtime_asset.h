/* RuntimeAsset: a typed machine surface, selected by assetId or role. */
#ifndef FOPS_CONTRACT_RUNTIME_ASSET_H
#define FOPS_CONTRACT_RUNTIME_ASSET_H

#include "fops/contract/health.h"
#include "fops/data/decode.h"

/* How an LXC container is reached over SSH. */
struct lxc_ssh {
	bool present;
	const char *host;                /* name or address; never starts with '-' */
	int64_t port;                    /* 1–65535, preset 22 */
	const char *user;                /* preset "root" */
	struct text_list host_keys;      /* "ssh-ed25519 AAAA…": the only keys accepted */
	const char *identity_ref;        /* secret reference to private key text; NULL: the operator's agent and own ssh
	                                    settings */
	struct duration connect_timeout; /* preset 10s */
};

/* The adapter block `lxc`. */
struct lxc_block {
	bool present;
	const char *driver;    /* "local" or "ssh" */
	const char *container; /* the container's name on its host */
	const char *path;      /* lxcpath on its host; NULL: the host's default */
	struct lxc_ssh ssh;
};

struct asset_policy {
	const char *run;     /* "open" or "proposal" */
	const char *request; /* "open" or "proposal" */
};

struct runtime_asset {
	const char *asset_id;
	const char *role;
	const char *kind; /* "lxc" or "kubernetes" */
	const char *owner;
	struct text_map labels;
	const char *executor_ref; /* id of the Endpoint that controls it over HTTP, or NULL */
	struct health health;     /* health.present false: the endpoint's own */
	struct asset_policy policy;
	struct lxc_block lxc;
};

extern const struct field runtime_asset_fields[];

/* "lxc/local", "lxc/ssh": the key of the driver table. */
const char *runtime_asset_driver(const struct runtime_asset *asset);

#endif
