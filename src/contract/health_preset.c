/* Puts the row of a preset in the place of its name. */
#include "check.h"
#include "fops/base/arena.h"

static int by_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct health_preset *)row)->name);
}

const struct health_preset *health_preset_find(const char *name)
{
	size_t count = 0;

	while (health_presets[count].name != NULL)
		count++;
	return name == NULL ? NULL : bsearch(name, health_presets, count, sizeof health_presets[0], by_name);
}

/* A row's part with the limits of the contract that names it, and nothing of the row that could be written to. */
static struct health limit_part(struct arena *arena, const struct health *part, const struct health *health)
{
	struct health limited = *part;

	if (!limited.present)
		return limited;
	if (part->query.count > 0) {
		limited.query.items = arena_array(arena, part->query.count, sizeof *limited.query.items);
		memcpy(limited.query.items, part->query.items, part->query.count * sizeof *limited.query.items);
	}
	limited.preset = health->preset;
	limited.timeout = health->timeout;
	limited.max_latency_ms = health->max_latency_ms;
	return limited;
}

struct endpoint_health health_parts(struct arena *arena, const struct health *health)
{
	const struct health_preset *row = health_preset_find(health->preset);

	if (!health->present)
		return (struct endpoint_health){ 0 };
	if (row == NULL)
		return (struct endpoint_health){ *health, *health };
	return (struct endpoint_health){ limit_part(arena, &row->liveness, health),
		                         limit_part(arena, &row->readiness, health) };
}

struct health health_single(struct arena *arena, const struct health *health)
{
	struct endpoint_health parts = health_parts(arena, health);

	return parts.readiness.present ? parts.readiness : parts.liveness;
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL ? b == NULL : text_equal(a, b);
}

static bool same_query(const struct text_map *a, const struct text_map *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (strcmp(a->items[i].key, b->items[i].key) != 0 || strcmp(a->items[i].value, b->items[i].value) != 0)
			return false;
	}
	return a->count == b->count;
}

bool health_same(const struct health *a, const struct health *b)
{
	return a->present && b->present && same_text(a->protocol, b->protocol) && same_text(a->method, b->method) &&
	       same_text(a->path, b->path) && same_query(&a->query, &b->query) &&
	       a->expect.status == b->expect.status && same_text(a->expect.pointer, b->expect.pointer) &&
	       a->expect.value == b->expect.value && same_text(a->expect.body, b->expect.body) &&
	       same_text(a->expect.body_starts, b->expect.body_starts) && a->timeout.ms == b->timeout.ms;
}
