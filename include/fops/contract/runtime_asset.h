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

/* A Proxmox node and how its shell is reached: `pct exec` runs there. */
struct proxmox_node {
	const char *name; /* as the cluster calls it */
	struct lxc_ssh ssh;
};

/* A guest of a Proxmox VE cluster, known by its name. */
struct lxc_proxmox {
	bool present;
	const char *endpoint;     /* id of an Endpoint of plane proxmox */
	const char *type;         /* "lxc" (pct exec over SSH) or "qemu" (the guest agent) */
	struct text_list tags;    /* all must be set on the guest */
	struct optional_int vmid; /* when given, the guest must also have this number */
	struct record_list nodes; /* of struct proxmox_node; for type lxc */
};

/* An instance of an Incus or LXD server. */
struct lxc_incus {
	bool present;
	const char *endpoint; /* id of an Endpoint of plane incus */
	const char *project;  /* preset "default" */
};

/* The adapter block `lxc`. */
struct lxc_block {
	bool present;
	const char *driver;    /* "local", "ssh", "proxmox" or "incus" */
	const char *container; /* its name on its host; with proxmox the guest's, with incus the instance's */
	const char *path;      /* lxcpath on its host; NULL: the host's default; local and ssh only */
	struct lxc_ssh ssh;
	struct lxc_proxmox proxmox;
	struct lxc_incus incus;
};

/* The adapter block `kubernetes`: a container of a pod that the cluster's state chooses at each use. */
struct kubernetes_block {
	bool present;
	const char *cluster;      /* id of an Endpoint of plane kubernetes */
	const char *name_space;   /* `namespace`, preset "default" */
	struct text_map selector; /* labels that must all be equal; empty with workload */
	const char *workload;     /* "deployment/NAME", "pod/NAME" …; NULL with selector */
	const char *container;    /* NULL: the pod's default container, else its only one */
	bool ready_only;          /* preset true */
	const char *via;          /* "pod-proxy", "service-proxy" or NULL: no HTTP */
	const char *service;      /* for service-proxy */
	const char *port;         /* name or number of the port behind via; NULL: the object's first */
	const char *scheme;       /* "http" or "https" of the port, preset http */
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
	struct kubernetes_block kubernetes;
};

extern const struct field runtime_asset_fields[];

/* "lxc/local", "lxc/ssh", "lxc/proxmox", "lxc/incus", "kubernetes": the key of the driver table. */
const char *runtime_asset_driver(const struct runtime_asset *asset);

#endif
