/* What stands in a cluster for an environment. Private to this room. */
#ifndef FOPS_FLOW_ENV_KUBERNETES_H
#define FOPS_FLOW_ENV_KUBERNETES_H

#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "fops/flow/env_render.h"

#define ENV_SCHEMA       "fops.env/1"
#define MANAGED_LABEL    "app.kubernetes.io/managed-by"
#define MANAGED_VALUE    "fops"
#define SECRETS_VERSION  "external-secrets.io/v1"
#define REFRESH_INTERVAL "1h0m0s" /* as the API server gives it back */

bool env_has_secrets(const struct env_values *values);

/*
 * Where an ExternalSecret finds a reference: key "kv/langboard", property "token".
 * errors  CONTRACT_INVALID for an env reference, which no cluster can read; SECRET_REF
 */
CHECKED bool env_remote_of(struct arena *arena, const struct env_value *value, const char **ret_key,
                           const char **ret_property, struct error *err);

/* A target that has secrets names its SecretStore, and all of them are references that a cluster can read. */
CHECKED bool env_target_check(struct arena *arena, const struct env_values *values, const struct env_target *target,
                              struct error *err);

/* The target's ConfigMap, and behind it its ExternalSecret when there are secrets, as YAML; `more`: behind another one.
 */
CHECKED bool env_documents_write(struct arena *arena, const struct env_values *values, const struct env_target *target,
                                 bool more, struct buffer *out, struct error *err);

#endif
