/* A secret value as an opaque type: it can be sent by http.c and given to a child's descriptor, and nothing else. */
#ifndef FOPS_NET_SECRET_H
#define FOPS_NET_SECRET_H

#include "fops/base/compiler.h"

struct secret;

/* Take a copy of len bytes in locked memory (best effort), excluded from core dumps. Never NULL. */
struct secret *secret_new(const char *value, size_t len);

/* Wipe and free. NULL is accepted. */
void secret_free(struct secret *secret);
void secret_cleanup(struct secret **secret);

/*
 * The bytes, for the two places that may use them (a lint names them): src/net/http*.c with its signatures and
 * src/asset/ (descriptors of children). NUL-terminated. ret_len may be NULL.
 */
const char *secret_expose(const struct secret *secret, size_t *ret_len);

/*
 * Replace every occurrence of the value inside text by "(secret)" in place, a value shorter than that by "*"; used on
 * texts that came back from a server. secret may be NULL.
 */
void secret_mask(const struct secret *secret, char *text);

#endif
