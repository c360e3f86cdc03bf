/* Endpoint: an integration reached by URL, auth and readiness only. */
#ifndef FOPS_CONTRACT_ENDPOINT_H
#define FOPS_CONTRACT_ENDPOINT_H

#include "fops/contract/health.h"
#include "fops/data/decode.h"

struct endpoint_auth {
	const char *mode;       /* "none" or "bearer"; preset none */
	const char *secret_ref; /* needed by bearer */
};

struct endpoint_tls {
	const char *ca;  /* PEM text */
	const char *pin; /* sha256//BASE64 */
	const char *server_name;
};

struct endpoint {
	const char *id;
	const char *plane;
	struct endpoint_auth auth;
	struct health health;
	const char *public_url;   /* for people */
	const char *executor_url; /* for machines */
	const char *internal_url; /* in-cluster default */
	struct endpoint_tls tls;
};

extern const struct field endpoint_fields[];

#endif
