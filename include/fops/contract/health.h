/* The health contract: one request and what its answer must be. */
#ifndef FOPS_CONTRACT_HEALTH_H
#define FOPS_CONTRACT_HEALTH_H

#include "fops/data/decode.h"

struct health_expect {
	int64_t status;            /* preset 200 */
	const char *pointer;       /* JSON Pointer into the answer, or NULL */
	const struct value *value; /* what must stand there: a text, number, boolean or null; NULL: anything but null */
	const char *body;          /* the whole body, without the blanks and newlines at its end, or NULL */
	const char *body_starts;   /* "bodyStarts": how the body begins, or NULL */
};

struct health {
	bool present;
	/* name of a row of health_presets, or NULL; beside it only timeout and maxLatencyMs may stand */
	const char *preset;
	/* "http"; "mcp": an MCP initialize over Streamable HTTP, then DELETE; "kafka": ApiVersions over TCP; "tcp": a
	   connection alone; preset http */
	const char *protocol;
	const char *method;    /* GET or HEAD; preset GET */
	const char *path;      /* below the executor URL; http and mcp */
	struct text_map query; /* in order; a value may be empty */
	struct health_expect expect;
	struct duration timeout;            /* preset 5s */
	struct optional_int max_latency_ms; /* slower answers are "degraded" */
	/* where the answer tells its version: a JSON Pointer, "body" (its first line), or "header:NAME"; or NULL */
	const char *version_from;
};

extern const struct field health_fields[];

/* A built-in health contract of one product (reference: docs/contracts.md, rendered from this table). */
struct health_preset {
	const char *name;       /* "openbao" */
	const char *product;    /* "OpenBao" */
	const char *port;       /* the product's usual port or ports, for people: "8200" */
	const char *auth;       /* what the routes ask for: "none", "bearer" … as text */
	struct health liveness; /* present false: none */
	struct health
	        readiness; /* present false: the product has no route that tells more than that the process runs */
	const char *note;  /* a trap worth knowing, or NULL */
};

/* Sorted by name, ended by a row without a name. */
extern const struct health_preset health_presets[];

/* The row of that name, or NULL. */
const struct health_preset *health_preset_find(const char *name);

/* Both questions: does the process answer, does it do its work. present false: not asked. */
struct endpoint_health {
	struct health liveness;
	struct health readiness;
};

/*
 * A contract with its preset's row in place of the name: preset stays filled, timeout and max_latency_ms are the
 * contract's own. Without a preset both parts are the contract itself; an absent contract gives absent parts. Borrowed
 * texts.
 */
struct endpoint_health health_parts(struct arena *arena, const struct health *health);

/* The part that tells most: readiness, or liveness where there is none. For whoever asks only once. */
struct health health_single(struct arena *arena, const struct health *health);

/* Would both ask the same? */
bool health_same(const struct health *a, const struct health *b);

/*
 * Judge an answer. Returns NULL when it meets the contract, else one sentence in arena that says what was expected and
 * found. body is the answer's body, len its length; only read when a pointer or body is expected.
 */
const char *health_judge(struct arena *arena, const struct health *health, int status, const char *body, size_t len);

/*
 * The version that an answer tells (version_from), cut to 80 bytes of printable text in arena; NULL when it tells none.
 * headers have lower-case names.
 */
const char *health_version(struct arena *arena, const struct health *health, const struct text_map *headers,
                           const char *body, size_t len);

#endif
