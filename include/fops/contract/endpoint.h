/* Endpoint: an integration reached by URL, auth and readiness only. */
#ifndef FOPS_CONTRACT_ENDPOINT_H
#define FOPS_CONTRACT_ENDPOINT_H

#include "fops/contract/health.h"
#include "fops/data/decode.h"

/* Who asks. All secrets are references; modes and what they need: docs/contracts.md. */
struct endpoint_auth {
	/* "none", "bearer", "basic", "api-key", "client-certificate" (mTLS), "oidc-client", "signed", "token-file",
	   "oidc-token", "in-cluster", "api-token"; preset none */
	const char *mode;
	/* bearer, oidc-token, api-token, api-key: the token; basic: the password; oidc-client: the client's secret;
	   signed: the secret access key */
	const char *secret_ref;
	const char *token_file;      /* token-file: absolute path */
	const char *certificate_ref; /* client-certificate: PEM text */
	const char *key_ref;         /* client-certificate: PEM text of the private key */
	const char *token_id;        /* api-token: "USER@REALM!NAME" */
	const char *user;            /* basic: who asks; not secret */
	const char *header;          /* api-key: name of the header, "x-api-key" */
	const char *token_url;       /* oidc-client: the token endpoint, https (RFC 6749 section 3.2) */
	const char *client_id;       /* oidc-client */
	struct text_list scopes;     /* oidc-client */
	const char *audience;        /* oidc-client, or NULL */
	const char *access_key_ref;  /* signed: secret reference to the access key's id */
	const char *region;          /* signed: "us-east-1" */
	const char *service;         /* signed: preset "s3" */
};

struct endpoint_tls {
	const char *ca;  /* PEM text */
	const char *pin; /* sha256//BASE64 */
	const char *server_name;
	const char *fingerprint;     /* SHA-256 of the leaf certificate, hexadecimal pairs with colons */
	const char *minimum_version; /* "1.2" or "1.3"; preset 1.2 */
};

/* How fast this program may ask, all its requests to the endpoint together. */
struct endpoint_rate {
	bool present;
	int64_t requests;       /* in each period, at least 1 */
	struct duration period; /* preset 1s */
	int64_t burst;          /* requests that may begin at once; preset 1 */
};

struct endpoint {
	const char *id;
	const char *plane;
	struct endpoint_auth auth;
	/* The health contract: what `readiness` and `liveness` are when they are left out. A preset gives both. */
	struct health health;
	struct health liveness;   /* does the process answer */
	struct health readiness;  /* does it do its work */
	const char *public_url;   /* for people */
	const char *executor_url; /* for machines */
	const char *internal_url; /* in-cluster default */
	const char *proxy_url;    /* the HTTP or SOCKS proxy in front of executorUrl, or NULL */
	struct endpoint_tls tls;
	struct endpoint_rate rate; /* "rateLimit" */
	const char *documentation; /* link for people, or NULL */
	const char *owner;         /* or NULL */
	struct text_map labels;
};

/*
 * What is asked of an endpoint once presets are expanded: borrowed texts and texts in arena. A contract that is absent
 * has present false. A preset whose only route tells of the process alone leaves readiness absent: such a route never
 * yields "ready". A health contract without a preset is both, asked once.
 */
struct endpoint_health endpoint_health(struct arena *arena, const struct endpoint *endpoint);

/* Of both the one that tells most: readiness, or liveness where there is none. For whoever asks only once. */
struct health endpoint_single(struct arena *arena, const struct endpoint *endpoint);

/* Which of an endpoint's URLs: they are never swapped for one another (R12). */
enum url_kind {
	URL_PUBLIC,
	URL_EXECUTOR,
	URL_INTERNAL,
	URL_KIND_COUNT,
};

/* "public", "executor", "internal". */
const char *url_kind_name(enum url_kind kind);
/* The field's name, "publicUrl". */
const char *url_kind_field(enum url_kind kind);
/* The URL of that kind, NULL when the contract has none; never another kind's. */
const char *endpoint_url(const struct endpoint *endpoint, enum url_kind kind);

extern const struct field endpoint_fields[];

/* Why credentials from a program, the mode exec, are never taken: one sentence without a full stop. */
extern const char endpoint_exec_refused[];

#endif
