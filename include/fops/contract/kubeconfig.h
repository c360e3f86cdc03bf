/* A kubeconfig turned into Endpoints, once: nothing reads such a file later. */
#ifndef FOPS_CONTRACT_KUBECONFIG_H
#define FOPS_CONTRACT_KUBECONFIG_H

#include "fops/contract/endpoint.h"

/* Read a file that a kubeconfig names; as file_read. */
typedef bool kubeconfig_read(struct arena *arena, const char *path, size_t limit_bytes, struct str *ret_data,
                             struct error *err);

struct kubeconfig_request {
	const char *file;          /* as messages name it */
	const char *folder;        /* the file's own, absolute: relative paths in it start there */
	const char *context;       /* NULL: the current one */
	bool all;                  /* every context instead */
	const char *id;            /* of the Endpoint; NULL: made of the context's name; not with all */
	const char *secret_prefix; /* "env://LAB_" or "openbao://kv/lab#"; NULL: env:// and the id in capitals */
	kubeconfig_read *read;     /* for certificate-authority files, and with values for the other ones */
	bool values;               /* fill in the values of secrets */
};

/* What the operator must put behind a reference. */
struct kubeconfig_secret {
	const char *ref;   /* "env://LAB_TOKEN" */
	const char *place; /* where it is now: "what stands at users[0].user.token of config" */
	struct str value;  /* with request.values: what belongs there; never printed */
};

struct kubeconfig_endpoint {
	struct endpoint endpoint;
	const char *context;
	const char *name_space; /* of the context, which belongs to assets; NULL: none */
	struct kubeconfig_secret secrets[2];
	size_t secret_count;
	struct text_list notes; /* whole sentences without a full stop: what was chosen or left out */
};

struct kubeconfig_endpoints {
	struct kubeconfig_endpoint *items;
	size_t count;
};

/*
 * Convert the text of a kubeconfig (YAML or JSON, at most 16 MiB). As kubectl does, unknown fields are passed over,
 * data comes before files and a token file before a token; other than kubectl, names given twice are refused. Programs
 * that give credentials, auth providers, passwords, impersonation and insecure-skip-tls-verify are refused with a way
 * out. What is returned meets the rules of an Endpoint. No message repeats a value that could be a secret.
 *
 * ret_endpoints  in arena
 * errors         DATA with findings at file, line and column; NOT_FOUND no such context; what request->read sets
 */
CHECKED bool kubeconfig_import(struct arena *arena, const struct kubeconfig_request *request, struct str text,
                               struct kubeconfig_endpoints *ret_endpoints, struct error *err);

#endif
