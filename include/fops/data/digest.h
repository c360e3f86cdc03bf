/* SHA-256, for content addresses and certificate pins. */
#ifndef FOPS_DATA_DIGEST_H
#define FOPS_DATA_DIGEST_H

#include "fops/base/compiler.h"

#define DIGEST_BYTES 32
#define DIGEST_TEXT  65 /* 64 hexadecimal digits and the NUL */

struct digest {
	unsigned char bytes[DIGEST_BYTES];
};

/* The digest of len bytes. Never fails; without memory the program ends in out_of_memory(). */
struct digest digest_of(const void *data, size_t len);

/* The same in pieces: a context from digest_start, fed by digest_add, ended and freed by digest_finish. */
struct digest_context;
struct digest_context *digest_start(void);
void digest_add(struct digest_context *context, const void *data, size_t len);
struct digest digest_finish(struct digest_context *context);

/* Lower-case hexadecimal. */
void digest_text(const struct digest *digest, char ret_text[DIGEST_TEXT]);

#endif
