/* Environments as files: dotenv, shell, make, JSON and documents for Kubernetes; references stand where secrets would.
 */
#ifndef FOPS_FLOW_ENV_RENDER_H
#define FOPS_FLOW_ENV_RENDER_H

#include "fops/base/buffer.h"
#include "fops/flow/env_value.h"

enum env_format {
	ENV_DOTENV,     /* what python-dotenv, Node's, Go's and Ruby's readers and a shell all read alike */
	ENV_SHELL,      /* export NAME='value' */
	ENV_MAKE,       /* export NAME := value, for include */
	ENV_JSON,       /* fops.env/1 */
	ENV_KUBERNETES, /* a ConfigMap, and an ExternalSecret of external-secrets.io/v1, for each such target */
	ENV_FORMAT_COUNT,
};

/* "dotenv", "shell" …; false for another word. */
bool env_format_of(const char *name, enum env_format *ret_format);
const char *env_format_name(enum env_format format);

/* The part of a file behind the comments that say who wrote it, and from what; ret_ours: it has them. Not of ENV_JSON.
 */
const char *env_body(const char *text, bool *ret_ours);

/*
 * Append the file. The same values give the same bytes.
 * errors  CONTRACT_INVALID a value that the format cannot hold, a secret without a store, or no target, for
 * ENV_KUBERNETES
 */
CHECKED bool env_render(struct arena *arena, const struct env_values *values, enum env_format format,
                        struct buffer *out, struct error *err);

#endif
