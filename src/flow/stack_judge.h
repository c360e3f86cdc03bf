/* From the verdicts on what is bound to the verdict on stacks. */
#ifndef FOPS_FLOW_STACK_JUDGE_H
#define FOPS_FLOW_STACK_JUDGE_H

#include "fops/flow/stack_check.h"

/* One stack by its members alone; the worst of them counts. Texts in arena. */
struct stack_result stack_judge(struct arena *arena, const struct stack_entry *entry, struct record_list members);

/* All rows of the map together: those that are down because of others become "blocked". */
void stack_judge_causes(struct arena *arena, const struct stack_map *map, struct stack_result *results);

#endif
