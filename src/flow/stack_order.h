/* Who stands on whom: layers of a dependency graph, and which nodes fail because of others. */
#ifndef FOPS_FLOW_STACK_ORDER_H
#define FOPS_FLOW_STACK_ORDER_H

#include "fops/base/compiler.h"

/* A node of the graph: the indexes of the nodes that it needs, borrowed. */
struct order_node {
	const size_t *needs;
	size_t count;
};

/*
 * The layer of each node: 0 when it needs nothing, else one more than the highest of its needs. A graph has no cycles
 * when it comes from a topology that was accepted; nodes on or above one get layers below count all the same.
 */
void order_layers(const struct order_node *nodes, size_t count, size_t *ret_layers);

/*
 * The roots of failure: nodes that are down (fails) while nothing that they need is, directly or through nodes that do
 * not work themselves. works[] says which nodes are known to work: no failure is passed on through these.
 */
void order_roots(const struct order_node *nodes, size_t count, const bool *fails, const bool *works, bool *ret_roots);

/* The roots that node i needs in that way; returns how many there are. */
size_t order_causes(const struct order_node *nodes, size_t count, const bool *works, const bool *roots, size_t i,
                    bool *ret_causes);

#endif
