/* Graphs of a few hundred nodes at most: plain loops, no recursion, bounded by the number of nodes. */
#include "stack_order.h"

#include <stdlib.h>
#include <string.h>

#include "fops/base/arena.h"

#define MARKS_LIMIT ((size_t)64 * 1024 * 1024)

void order_layers(const struct order_node *nodes, size_t count, size_t *ret_layers)
{
	bool moved = true;

	memset(ret_layers, 0, count * sizeof *ret_layers);
	/* without a cycle the highest layer is reached after as many rounds as there are layers */
	for (size_t round = 0; moved && round < count; round++) {
		moved = false;
		for (size_t i = 0; i < count; i++) {
			for (size_t k = 0; k < nodes[i].count; k++) {
				size_t above = ret_layers[nodes[i].needs[k]] + 1;

				if (above > ret_layers[i] && above < count) {
					ret_layers[i] = above;
					moved = true;
				}
			}
		}
	}
}

/* Marks what node i needs, directly or through nodes that do not work themselves. */
static void reach(const struct order_node *nodes, size_t count, const bool *works, size_t i, bool *ret_reached,
                  size_t *stack)
{
	size_t depth = 0;

	memset(ret_reached, 0, count * sizeof *ret_reached);
	stack[depth++] = i;
	while (depth > 0) {
		const struct order_node *node = &nodes[stack[--depth]];

		for (size_t k = 0; k < node->count; k++) {
			size_t need = node->needs[k];

			/* each node is put on the stack once, so that count places are enough */
			if (need == i || ret_reached[need] || works[need])
				continue;
			ret_reached[need] = true;
			stack[depth++] = need;
		}
	}
}

void order_roots(const struct order_node *nodes, size_t count, const bool *fails, const bool *works, bool *ret_roots)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(MARKS_LIMIT);
	bool *reached = arena_array(scratch, count + 1, sizeof *reached);
	size_t *stack = arena_array(scratch, count + 1, sizeof *stack);

	for (size_t i = 0; i < count; i++) {
		ret_roots[i] = fails[i];
		if (!fails[i])
			continue;
		reach(nodes, count, works, i, reached, stack);
		for (size_t deeper = 0; ret_roots[i] && deeper < count; deeper++)
			ret_roots[i] = !reached[deeper] || !fails[deeper];
	}
}

size_t order_causes(const struct order_node *nodes, size_t count, const bool *works, const bool *roots, size_t i,
                    bool *ret_causes)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(MARKS_LIMIT);
	bool *reached = arena_array(scratch, count + 1, sizeof *reached);
	size_t *stack = arena_array(scratch, count + 1, sizeof *stack);
	size_t found = 0;

	reach(nodes, count, works, i, reached, stack);
	for (size_t cause = 0; cause < count; cause++) {
		ret_causes[cause] = reached[cause] && roots[cause];
		found += ret_causes[cause] ? 1 : 0;
	}
	return found;
}
