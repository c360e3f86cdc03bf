/* The health contract: one request and what its answer must be. */
#ifndef FOPS_CONTRACT_HEALTH_H
#define FOPS_CONTRACT_HEALTH_H

#include "fops/data/decode.h"

struct health_expect {
	int64_t status;            /* preset 200 */
	const char *pointer;       /* JSON Pointer into the answer, or NULL */
	const struct value *value; /* what must stand there: a text, number, boolean or null; NULL: anything but null */
};

struct health {
	bool present;
	const char *method; /* GET or HEAD; preset GET */
	const char *path;   /* below the executor URL */
	struct health_expect expect;
	struct duration timeout; /* preset 5s */
};

extern const struct field health_fields[];

/*
 * Judge an answer. Returns NULL when it meets the contract, else one sentence in arena that says what was expected and
 * found. body is the answer's body, len its length; only read when a pointer is set.
 */
const char *health_judge(struct arena *arena, const struct health *health, int status, const char *body, size_t len);

#endif
