/* The targets of environments, each observed in its own way. Private to this room. */
#ifndef FOPS_FLOW_ENV_TARGET_H
#define FOPS_FLOW_ENV_TARGET_H

#include "fops/asset/driver.h"
#include "fops/data/emit.h"
#include "fops/flow/env_value.h"
#include "fops/flow/plan.h"

/* Room of the steps and findings of one command. */
#define TARGET_STEPS 2

/* Take the steps of one target down; the plan has room for TARGET_STEPS of each. */
CHECKED bool env_target_file(struct arena *arena, const struct env_values *values, const struct env_target *target,
                             struct plan *plan, struct error *err);
CHECKED bool env_target_kubernetes(struct asset_context *context, const struct env_values *values,
                                   const struct env_target *target, struct plan *plan, struct error *err);

/* Values that must not get into a plan: those behind env references. */
struct text_list env_target_secrets(struct arena *arena, const struct env_values *values);

/* A state of a step: what was emitted into text, as a value; text is emptied. Never NULL. */
const struct value *env_target_state(struct arena *arena, struct buffer *text);

/* Do two states say the same, in the same order? */
bool env_target_same(const struct value *a, const struct value *b);

#endif
