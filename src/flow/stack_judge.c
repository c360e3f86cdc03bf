/* The worst member decides; what is down because of another stack names it and nothing more. */
#include "stack_judge.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "stack_order.h"

#define MOST_NAMES   5
#define LONGEST_LINE ((size_t)64 * 1024)

/* From well to worse. */
static unsigned rank_of(const char *state)
{
	if (text_equal(state, "unknown"))
		return 1;
	if (text_equal(state, "degraded"))
		return 2;
	return text_equal(state, "down") ? 3 : 0;
}

static bool is_kind(const struct stack_member *member, const char *kind)
{
	return kind == NULL || strcmp(member->kind, kind) == 0;
}

/* An endpoint with nothing to ask says nothing of its stack. */
static bool is_asked(const struct stack_member *member)
{
	return strcmp(member->state, "none") != 0;
}

static size_t count_asked(const struct record_list *members)
{
	const struct stack_member *items = members->items;
	size_t count = 0;

	for (size_t i = 0; i < members->count; i++)
		count += is_asked(&items[i]) ? 1 : 0;
	return count;
}

/* "2/3" of the members of a kind. */
static const char *share_of(struct arena *arena, const struct record_list *members, const char *kind)
{
	const struct stack_member *items = members->items;
	size_t all = 0, well = 0;

	for (size_t i = 0; i < members->count; i++) {
		if (!is_kind(&items[i], kind) || !is_asked(&items[i]))
			continue;
		all++;
		well += rank_of(items[i].state) == 0 ? 1 : 0;
	}
	return all == 0 ? NULL : arena_format(arena, "%zu/%zu", well, all);
}

/* "storage-used 83.5 percent, free ?" */
static const char *metrics_of(struct arena *arena, const struct record_list *members)
{
	const struct stack_member *items = members->items;
	struct buffer text = BUFFER(LONGEST_LINE);
	const char *result;

	for (size_t i = 0; i < members->count; i++) {
		const struct stack_member *member = &items[i];

		if (!is_kind(member, "metric"))
			continue;
		buffer_format(&text, "%s%s %s", text.len == 0 ? "" : ", ", member->name,
		              member->value == NULL ? "?" : member->value);
		if (member->value != NULL && member->unit != NULL)
			buffer_format(&text, " %s", member->unit);
	}
	result = text.len == 0 ? NULL : arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return result;
}

static const struct stack_member *worst_of(const struct record_list *members)
{
	const struct stack_member *items = members->items;
	const struct stack_member *worst = NULL;

	for (size_t i = 0; i < members->count; i++) {
		if (rank_of(items[i].state) > (worst == NULL ? 0 : rank_of(worst->state)))
			worst = &items[i];
	}
	return worst;
}

static size_t count_worse_than(const struct record_list *members, unsigned rank)
{
	const struct stack_member *items = members->items;
	size_t count = 0;

	for (size_t i = 0; i < members->count; i++)
		count += rank_of(items[i].state) > rank ? 1 : 0;
	return count;
}

static const char *cause_of(struct arena *arena, const struct stack_member *worst, size_t others)
{
	const char *more = others == 0 ? "" : arena_format(arena, ", and %zu more", others);

	return arena_format(arena, "%s %s is %s%s%s%s", worst->kind, worst->name, worst->state,
	                    worst->cause == NULL ? "" : ": ", worst->cause == NULL ? "" : worst->cause, more);
}

struct stack_result stack_judge(struct arena *arena, const struct stack_entry *entry, struct record_list members)
{
	const struct stack_member *worst = worst_of(&members);
	bool asked = count_asked(&members) > 0;
	struct stack_result result = {
		.name = entry->stack.name,
		.state = !asked          ? "unbound"
		         : worst == NULL ? "ok"
		                         : worst->state,
		.endpoints = share_of(arena, &members, "endpoint"),
		.assets = share_of(arena, &members, "asset"),
		.metrics = metrics_of(arena, &members),
		.checked_at = clock_now(),
		.layer = entry->layer,
		.members = members,
	};

	if (asked)
		result.drift = (struct optional_int){ (int64_t)count_worse_than(&members, 1), true };
	if (worst == NULL)
		return result;
	result.cause = cause_of(arena, worst, count_worse_than(&members, 0) - 1);
	result.fix = worst->fix;
	return result;
}

static void block(struct arena *arena, const struct stack_map *map, const bool *causes, size_t count,
                  struct stack_result *result)
{
	struct buffer names = BUFFER(LONGEST_LINE);
	size_t shown = 0;

	result->state = "blocked";
	for (size_t i = 0; i < map->count; i++) {
		if (!causes[i])
			continue;
		text_list_add(arena, &result->because, map->entries[i].stack.name);
		if (shown == MOST_NAMES)
			continue;
		buffer_format(&names, "%s%s",
		              shown == 0           ? ""
		              : shown + 1 == count ? " and "
		                                   : ", ",
		              map->entries[i].stack.name);
		shown++;
	}
	if (count > shown)
		buffer_format(&names, " and %zu more", count - shown);
	result->cause = arena_format(arena, "because %s %s %s down", count == 1 ? "stack" : "stacks",
	                             buffer_string(&names), count == 1 ? "is" : "are");
	result->fix = arena_format(arena, "fops stacks check %s", result->because.items[0]);
	buffer_done(&names);
}

void stack_judge_causes(struct arena *arena, const struct stack_map *map, struct stack_result *results)
{
	struct order_node *nodes = arena_array(arena, map->count + 1, sizeof *nodes);
	bool *fails = arena_array(arena, map->count + 1, sizeof *fails);
	bool *works = arena_array(arena, map->count + 1, sizeof *works);
	bool *roots = arena_array(arena, map->count + 1, sizeof *roots);
	bool *causes = arena_array(arena, map->count + 1, sizeof *causes);

	for (size_t i = 0; i < map->count; i++) {
		nodes[i] = (struct order_node){ map->entries[i].needs, map->entries[i].need_count };
		fails[i] = text_equal(results[i].state, "down");
		works[i] = text_equal(results[i].state, "ok");
	}
	order_roots(nodes, map->count, fails, works, roots);
	for (size_t i = 0; i < map->count; i++) {
		size_t count;

		if (!fails[i] || roots[i])
			continue;
		count = order_causes(nodes, map->count, works, roots, i, causes);
		if (count > 0)
			block(arena, map, causes, count, &results[i]);
	}
}

bool stack_state_is_bad(const char *state)
{
	return !text_in_choices("ok|unbound", state);
}

static unsigned order_of(const char *state)
{
	static const char *const states[] = { "down", "degraded", "unknown", "blocked", "ok", "unbound" };
	unsigned order = 0;

	while (order < ARRAY_LEN(states) && !text_equal(states[order], state))
		order++;
	return order;
}

int stack_result_compare(const void *first, const void *second)
{
	const struct stack_result *a = first;
	const struct stack_result *b = second;
	unsigned order_a = order_of(a->state);
	unsigned order_b = order_of(b->state);

	if (order_a != order_b)
		return order_a < order_b ? -1 : 1;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	return strcmp(a->name, b->name);
}
