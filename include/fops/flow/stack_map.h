/* The stack map: the rows of the compiled catalogue and of the topology as one list, with what each stands on. */
#ifndef FOPS_FLOW_STACK_MAP_H
#define FOPS_FLOW_STACK_MAP_H

#include "fops/contract/stack.h"
#include "fops/contract/topology.h"

/* One row, the catalogue's facts filled in; texts and lists in the map's arena. */
struct stack_entry {
	struct stack stack;
	enum stack_ownership ownership;
	bool in_catalogue;
	const char *origin;  /* "file:line" of its document; NULL: the catalogue alone */
	const size_t *needs; /* indexes of the rows that it depends on, ascending */
	size_t need_count;
	const size_t *users; /* indexes of the rows that depend on it, ascending */
	size_t user_count;
	size_t layer; /* 0: depends on nothing; else one more than the highest that it depends on */
};

/* Sorted by name. */
struct stack_map {
	struct stack_entry *entries;
	size_t count;
};

/* Merge; topology NULL: the catalogue alone. errors  as topology_read_stack */
CHECKED bool stack_map_read(struct arena *arena, const struct topology *topology, struct stack_map *ret_map,
                            struct error *err);

/* The index of that name, also as "stack/NAME". errors  NOT_FOUND with names that are near */
CHECKED bool stack_map_find(struct arena *arena, const struct stack_map *map, const char *name, size_t *ret_index,
                            struct error *err);

/* Is an endpoint, an asset or a metric bound to it? */
bool stack_is_bound(const struct stack *stack);

/* The names of rows by their indexes, in arena. */
struct text_list stack_map_names(struct arena *arena, const struct stack_map *map, const size_t *indexes, size_t count);

#endif
