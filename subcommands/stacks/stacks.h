/* The records of `stacks`, and what its verbs share. */
#ifndef FOPS_SUBCOMMANDS_STACKS_H
#define FOPS_SUBCOMMANDS_STACKS_H

#include "fops/cli/call.h"
#include "fops/flow/stack_check.h"

extern const struct command stacks_command;
extern const struct command stacks_list_command;
extern const struct command stacks_show_command;
extern const struct command stacks_check_command;
extern const struct command stacks_graph_command;
extern const struct command stacks_run_command;

/* What columns say that list and show have in common. */
#define STACK_CLASS_TEXT "what it is in the words of the catalogue"
#define STACK_LAYER_TEXT "0: depends on nothing; else one more than what it depends on"

/* The states of a stack that nobody looked at. */
#define STACK_BOUND       "bound"
#define STACK_UNBOUND     "unbound"
#define STACK_LIST_STATES STACK_BOUND "|" STACK_STATES

/*
 * The stack map of the call's topology, which the caller frees after the map; without a topology the catalogue alone
 * and NULL. errors  as topology_open and stack_map_read
 */
CHECKED bool stacks_open(struct call *call, struct topology **ret_topology, struct stack_map *ret_map,
                         struct error *err);

/* "bound" or "unbound". */
const char *stack_plain_state(const struct stack *stack);

/*
 * Check all rows of the map. ret_results in its order; false with ret_partial when a signal ended it, and there are
 * results all the same. errors  as stack_check_run
 */
CHECKED bool stacks_look(struct call *call, struct topology *topology, const struct stack_map *map,
                         struct stack_result *ret_results, bool *ret_partial, struct error *err);

#endif
