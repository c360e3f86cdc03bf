/* What it takes to bring the targets of environments to what the topology says: observed, compared, planned. */
#ifndef FOPS_FLOW_ENV_PLAN_H
#define FOPS_FLOW_ENV_PLAN_H

#include "fops/asset/driver.h"
#include "fops/flow/env_value.h"
#include "fops/flow/plan.h"

/*
 * Observe the targets of these environments and plan the steps. targets chooses: "env-file", "kubernetes", the path of
 * a file, or "ENDPOINT/NAMESPACE/NAME"; empty: all. Only fields that the contract writes are compared, in objects of a
 * cluster these and the label app.kubernetes.io/managed-by. What files and ConfigMaps hold beside them is never in the
 * plan. A cluster that does not know ExternalSecrets is a finding of the plan.
 * errors  NOT_FOUND a target that none has; CONTRACT_INVALID as env_render; IO_READ; ASSET_NO_EXECUTOR, SECRET_*,
 * PLANE_*, TIMEOUT; INTERRUPTED, TERMINATED
 */
CHECKED bool env_plan(struct asset_context *context, const struct env_values *values, size_t count,
                      const struct text_list *targets, struct plan *ret_plan, struct error *err);

#endif
