/* Certificate authorities: which file is trusted, and how long what it holds is valid. */
#ifndef FOPS_ASSET_AUTHORITIES_H
#define FOPS_ASSET_AUTHORITIES_H

#include "fops/base/clock.h"
#include "fops/base/error.h"

struct arena;

/*
 * The file of authorities that requests use: named (--ca) when it is not NULL, else SSL_CERT_FILE, else the system's.
 * errors  PLANE_TLS when it cannot be read or there is none
 */
CHECKED bool authorities_file(struct arena *arena, const char *named, const char **ret_path, struct error *err);

/* What a text of certificates holds. */
struct certificate_terms {
	size_t count;
	size_t expired;       /* how many ended before the instant */
	struct instant first; /* the earliest end among the others; absent when there is none */
	const char *subject;  /* of that one, "CN = lab", in the arena */
};

/*
 * Read the certificates (PEM) of a text and compare their ends with an instant. What is no certificate between them is
 * passed over. errors  DATA when it holds none
 */
CHECKED bool certificates_read(struct arena *arena, const char *text, size_t len, struct instant at,
                               struct certificate_terms *ret_terms, struct error *err);

#endif
