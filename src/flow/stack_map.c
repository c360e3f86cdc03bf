/* Catalogue and topology are both sorted by name: one pass merges them. */
#include "fops/flow/stack_map.h"

#include "fops/base/arena.h"
#include "stack_order.h"

/* What the catalogue knows stands in a document only again, and never otherwise. */
static void take_catalogue(struct stack_entry *entry, const struct catalogue_stack *row)
{
	entry->in_catalogue = true;
	entry->ownership = row->ownership;
	entry->stack.name = row->name;
	entry->stack.primary_operation = row->primary_operation;
	entry->stack.ownership_class = row->ownership_class;
	entry->stack.ownership = stack_ownership_name(row->ownership);
}

static bool take_document(struct arena *arena, const struct topology *topology, size_t index, struct stack_entry *entry,
                          struct error *err)
{
	const struct catalogue_stack *row;

	if (!topology_read_stack(topology, index, arena, &entry->stack, err))
		return false;
	entry->origin = topology_origin(topology, KIND_STACK, index, arena);
	entry->ownership = STACK_SUBSTRATE;
	if (text_equal(entry->stack.ownership, stack_ownership_name(STACK_INTEGRATION)))
		entry->ownership = STACK_INTEGRATION;
	row = catalogue_stack_find(entry->stack.name);
	if (row != NULL)
		take_catalogue(entry, row);
	return true;
}

static int compare_indexes(const void *first, const void *second)
{
	size_t a = *(const size_t *)first;
	size_t b = *(const size_t *)second;

	return a < b ? -1 : a > b;
}

static bool find_exact(const struct stack_map *map, const char *name, size_t *ret_index)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int compared = strcmp(map->entries[middle].stack.name, name);

		if (compared == 0) {
			*ret_index = middle;
			return true;
		}
		if (compared < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void bind_needs(struct arena *arena, const struct stack_map *map, struct stack_entry *entry)
{
	const struct text_list *names = &entry->stack.depends_on;
	size_t *needs = arena_array(arena, names->count + 1, sizeof *needs);

	for (size_t i = 0; i < names->count; i++) {
		/* names that lead nowhere are findings of the topology */
		if (find_exact(map, names->items[i], &needs[entry->need_count]))
			entry->need_count++;
	}
	qsort(needs, entry->need_count, sizeof *needs, compare_indexes);
	entry->needs = needs;
}

static void bind_users(struct arena *arena, const struct stack_map *map)
{
	size_t **users = arena_array(arena, map->count + 1, sizeof *users);
	size_t *counts = arena_array(arena, map->count + 1, sizeof *counts);

	for (size_t i = 0; i < map->count; i++) {
		for (size_t k = 0; k < map->entries[i].need_count; k++)
			counts[map->entries[i].needs[k]]++;
	}
	for (size_t i = 0; i < map->count; i++)
		users[i] = arena_array(arena, counts[i], sizeof **users);
	for (size_t i = 0; i < map->count; i++) {
		for (size_t k = 0; k < map->entries[i].need_count; k++) {
			size_t need = map->entries[i].needs[k];

			users[need][map->entries[need].user_count++] = i;
		}
	}
	for (size_t i = 0; i < map->count; i++)
		map->entries[i].users = users[i];
}

static void find_layers(struct arena *arena, const struct stack_map *map)
{
	struct order_node *nodes = arena_array(arena, map->count + 1, sizeof *nodes);
	size_t *layers = arena_array(arena, map->count + 1, sizeof *layers);

	for (size_t i = 0; i < map->count; i++)
		nodes[i] = (struct order_node){ map->entries[i].needs, map->entries[i].need_count };
	order_layers(nodes, map->count, layers);
	for (size_t i = 0; i < map->count; i++)
		map->entries[i].layer = layers[i];
}

bool stack_map_read(struct arena *arena, const struct topology *topology, struct stack_map *ret_map, struct error *err)
{
	const struct catalogue_stack *row = stack_catalogue;
	size_t documents = topology == NULL ? 0 : topology_count(topology, KIND_STACK);
	struct stack_map map = { 0 };
	size_t rows = 0, next = 0;

	while (stack_catalogue[rows].name != NULL)
		rows++;
	map.entries = arena_array(arena, rows + documents, sizeof *map.entries);
	while (row->name != NULL || next < documents) {
		int compared = row->name == NULL   ? 1
		               : next == documents ? -1
		                                   : strcmp(row->name, topology_id(topology, KIND_STACK, next));
		struct stack_entry *entry = &map.entries[map.count++];

		if (compared < 0)
			take_catalogue(entry, row);
		else if (!take_document(arena, topology, next++, entry, err))
			return false;
		if (compared <= 0)
			row++;
	}
	for (size_t i = 0; i < map.count; i++)
		bind_needs(arena, &map, &map.entries[i]);
	bind_users(arena, &map);
	find_layers(arena, &map);
	*ret_map = map;
	return true;
}

bool stack_map_find(struct arena *arena, const struct stack_map *map, const char *name, size_t *ret_index,
                    struct error *err)
{
	static const char prefix[] = "stack/";
	const char *bare = text_starts(name, prefix) ? name + strlen(prefix) : name;
	const char **names;
	const char *near;

	if (find_exact(map, bare, ret_index))
		return true;
	names = arena_array(arena, map->count + 1, sizeof *names);
	for (size_t i = 0; i < map->count; i++)
		names[i] = map->entries[i].stack.name;
	near = text_suggest(arena, bare, names, map->count);
	fail(err, ERROR_NOT_FOUND, "there is no stack %s", bare);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "fops stacks list");
	error_object(err, "stack/%s", bare);
	return false;
}

bool stack_is_bound(const struct stack *stack)
{
	return stack->endpoints.count > 0 || stack->assets.count > 0 || stack->metrics.count > 0;
}

struct text_list stack_map_names(struct arena *arena, const struct stack_map *map, const size_t *indexes, size_t count)
{
	struct text_list names = { arena_array(arena, count, sizeof *names.items), count };

	for (size_t i = 0; i < count; i++)
		names.items[i] = map->entries[indexes[i]].stack.name;
	return names;
}
