/* Endpoint: an integration reached by URL, auth and readiness only. */
#ifndef FOPS_CONTRACT_ENDPOINT_H
#define FOPS_CONTRACT_ENDPOINT_H

#include "fops/contract/health.h"
#include "fops/data/decode.h"

/* Who asks. All secrets are references; modes and what they need: docs/contracts.md. */
struct endpoint_auth {
	const char *mode;       /* "none", "bearer", "token-file", "oidc-token", "client-certificate", "in-cluster",
	                           "api-token"; preset none */
	const char *secret_ref; /* bearer, oidc-token, api-token: the token */
	const char *token_file; /* token-file: absolute path */
	const char *certificate_ref; /* client-certificate: PEM text */
	const char *key_ref;         /* client-certificate: PEM text of the private key */
	const char *token_id;        /* api-token: "USER@REALM!NAME" */
};

struct endpoint_tls {
	const char *ca;  /* PEM text */
	const char *pin; /* sha256//BASE64 */
	const char *server_name;
	const char *fingerprint; /* SHA-256 of the leaf certificate, hexadecimal pairs with colons */
};

struct endpoint {
	const char *id;
	const char *plane;
	struct endpoint_auth auth;
	struct health health;
	const char *public_url;   /* for people */
	const char *executor_url; /* for machines */
	const char *internal_url; /* in-cluster default */
	const char *proxy_url;    /* the HTTP or SOCKS proxy in front of executorUrl, or NULL */
	struct endpoint_tls tls;
};

extern const struct field endpoint_fields[];

/* Why credentials from a program, the mode exec, are never taken: one sentence without a full stop. */
extern const char endpoint_exec_refused[];

#endif
