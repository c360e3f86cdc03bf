/* A program with the environment of a consumer, secrets included: in its environment alone, and for no longer than it
 * runs. */
#ifndef FOPS_FLOW_ENV_EXEC_H
#define FOPS_FLOW_ENV_EXEC_H

#include "fops/flow/env_value.h"

/*
 * Read the secrets and become the program argv (NULL-terminated, looked up on PATH). Its environment is the caller's
 * with the consumer's variables in it; alone: these and nothing else. Returns only when the program was not started;
 * the copies of the secrets are wiped then. errors  SECRET_UNRESOLVED, SECRET_REF; RUN_COMMAND_NOT_FOUND,
 * RUN_NOT_EXECUTABLE, RUN_NOT_STARTED
 */
bool env_exec(struct arena *arena, const struct env_values *values, const char *const *argv, bool alone,
              struct error *err);

#endif
