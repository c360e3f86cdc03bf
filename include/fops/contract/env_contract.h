/* EnvContract: the environment of one consumer, variable by variable, and where it is written. */
#ifndef FOPS_CONTRACT_ENV_CONTRACT_H
#define FOPS_CONTRACT_ENV_CONTRACT_H

#include "fops/data/decode.h"

/* One variable: exactly one of endpoint, asset, secret_ref and value says where it comes from. */
struct env_variable {
	const char *name;       /* [A-Za-z_][A-Za-z0-9_]* */
	const char *endpoint;   /* id; the value is its URL of the kind below */
	const char *url;        /* "public", "executor" or "internal": needed by endpoint, never swapped (R12) */
	const char *asset;      /* asset id; the value is the field below */
	const char *field;      /* "assetId", "role", "kind" or "owner": needed by asset */
	const char *secret_ref; /* the value is never written, only the reference */
	const char *value;      /* a literal */
	bool required;          /* preset true: without a value it is an error */
	const char *preset;     /* "default": when the source has none; refused beside secretRef (R02, R16) */
	const char *text;       /* what it is for, or NULL */
};

/* Where `infra apply-ssot` puts it. */
struct env_target {
	const char *type;       /* "env-file" or "kubernetes" */
	const char *path;       /* env-file: relative to the folder of the call, or absolute */
	const char *format;     /* env-file: "dotenv", "shell", "make" or "json"; NULL: the contract's */
	const char *endpoint;   /* kubernetes: id of an Endpoint of plane kubernetes */
	const char *space;      /* kubernetes: "namespace" */
	const char *name;       /* kubernetes: of the ConfigMap and the ExternalSecret */
	const char *store;      /* kubernetes: "secretStore", name of the SecretStore; needed when there are secrets */
	const char *store_kind; /* "SecretStore" or "ClusterSecretStore"; preset ClusterSecretStore */
};

struct env_contract {
	const char *consumer; /* the id: "portal" */
	const char *owner;    /* or NULL */
	const char *text;     /* or NULL */
	const char *format;   /* of generate-env: "dotenv", "shell", "make", "json" or "kubernetes"; preset dotenv */
	struct record_list variables; /* struct env_variable, at least one, names differ */
	struct record_list targets;   /* struct env_target */
};

extern const struct field env_contract_fields[];

#endif
