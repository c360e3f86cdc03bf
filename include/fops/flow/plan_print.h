/* A plan for people. */
#ifndef FOPS_FLOW_PLAN_PRINT_H
#define FOPS_FLOW_PLAN_PRINT_H

#include "fops/flow/plan.h"

/*
 * Append head, steps, findings and summary. context may be NULL. Texts of several lines are shown as a difference of
 * lines with two lines of context; texts of others are escaped. Steps that change nothing are only counted.
 */
void plan_print(struct arena *arena, const struct plan *plan, const struct digest *digest, const char *context,
                struct buffer *out);

#endif
