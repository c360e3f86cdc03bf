/* One look at all that stacks are bound to. */
#ifndef FOPS_FLOW_STACK_ROUND_H
#define FOPS_FLOW_STACK_ROUND_H

#include "fops/flow/stack_check.h"

/*
 * Fill all results; ends early when *signal becomes other than 0 or the deadline passes, what is then open is
 * "unknown". Texts live in context->arena. errors  as stack_check_run, but for signals
 */
CHECKED bool stack_round(struct asset_context *context, const struct stack_map *map, const size_t *chosen, size_t count,
                         const int *signal, struct stack_result *ret_results, struct error *err);

#endif
