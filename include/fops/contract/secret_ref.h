/* Secret references: where a value is, never the value. */
#ifndef FOPS_CONTRACT_SECRET_REF_H
#define FOPS_CONTRACT_SECRET_REF_H

#include "fops/base/error.h"

struct arena;

enum secret_scheme {
	SECRET_ENV,     /* env://NAME */
	SECRET_OPENBAO, /* openbao://[mount]/path#field; mount empty: the default mount */
};

struct secret_ref {
	enum secret_scheme scheme;
	const char *name;  /* env: the variable */
	const char *mount; /* openbao; "" when left out */
	const char *path;
	const char *field;
};

/*
 * Parse a reference: env://NAME with NAME [A-Za-z_][A-Za-z0-9_]*; openbao://[mount]/path#field with plain segments (no
 * empty, ".", "..", query, control characters). errors SECRET_REF
 */
CHECKED bool secret_ref_parse(struct arena *arena, const char *text, struct secret_ref *ret_ref, struct error *err);

/*
 * Is a secret's value one that may be used? A token that acts for a human at GitHub is refused (R08), wherever it came
 * from. where says for people what held it, "the variable BOARD_TOKEN"; the value itself is never said. errors
 * SECRET_REFUSED
 */
CHECKED bool secret_allowed(const char *value, const char *where, struct error *err);

/*
 * Read the value of an env reference: borrowed from the environment. OpenBao references are refused with the reason
 * while that plane has no client. What is done with the value is the caller's: src/asset wraps it into a `struct
 * secret` at once. errors SECRET_REF, SECRET_UNRESOLVED, SECRET_REFUSED (R08)
 */
CHECKED bool secret_ref_read(struct arena *arena, const char *text, const char **ret_value, struct error *err);

#endif
