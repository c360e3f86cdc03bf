/* A hash of the one label by which each want is found, so that 5,000 wants and 5,000 pods cost 5,000 comparisons. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

/* Longer than what a URL may safely hold: then all pods are listed and matched here. */
#define LONGEST_SELECTOR 2000
#define NAME_KEY         "metadata.name"

struct pod_index {
	size_t mask;
	size_t count; /* wants that were put in */
	struct pod_want **buckets;
	struct pod_want *others; /* selectors without any label that must be equal */
};

/* The FNV-1a hash of "key=value". */
static size_t hash_pair(const char *key, const char *value)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const char *at = key; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
	hash = (hash ^ '=') * 0x100000001b3u;
	for (const char *at = value; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
	return (size_t)(hash ^ (hash >> 32));
}

/* Its workload is not there or was not readable: no pod can be meant. */
static bool is_hopeless(const struct pod_want *want)
{
	return want->owner != NULL && !want->owner->known;
}

static const struct pod_selector *selector_of(const struct pod_want *want)
{
	return want->owner != NULL ? &want->owner->selector : &want->selector;
}

/* The one label by which a want is found; false when its selector has none. */
static bool main_pair(const struct pod_want *want, struct text_pair *ret_pair)
{
	const struct pod_selector *selector = selector_of(want);

	if (selector->name != NULL)
		*ret_pair = (struct text_pair){ NAME_KEY, selector->name };
	else if (selector->labels.count > 0)
		*ret_pair = selector->labels.items[want->main_label];
	else
		return false;
	return true;
}

static struct pod_want **chain_of(struct pod_index *index, const struct pod_want *want)
{
	struct text_pair pair;

	if (!main_pair(want, &pair))
		return &index->others;
	return &index->buckets[hash_pair(pair.key, pair.value) & index->mask];
}

/* Labels that many wants share find nobody in particular: each is found by the rarest of its own. */
static void choose_labels(const struct pod_index *index, struct arena *arena, struct pod_want *wants)
{
	uint32_t *uses = arena_array(arena, index->mask + 1, sizeof *uses);

	for (const struct pod_want *want = wants; want != NULL; want = want->next) {
		const struct text_map *labels = &selector_of(want)->labels;

		for (size_t i = 0; i < labels->count; i++)
			uses[hash_pair(labels->items[i].key, labels->items[i].value) & index->mask]++;
	}
	for (struct pod_want *want = wants; want != NULL; want = want->next) {
		const struct text_map *labels = &selector_of(want)->labels;
		uint32_t fewest = UINT32_MAX;

		for (size_t i = 0; i < labels->count; i++) {
			uint32_t used = uses[hash_pair(labels->items[i].key, labels->items[i].value) & index->mask];

			if (used >= fewest)
				continue;
			fewest = used;
			want->main_label = i;
		}
	}
}

struct pod_index *pod_index_build(struct pod_group *group)
{
	struct pod_index *index = arena_alloc(group->arena, sizeof *index);
	size_t size = 8;

	while (size < group->want_count)
		size *= 2;
	index->mask = size - 1;
	index->buckets = arena_array(group->arena, size, sizeof(struct pod_want *));
	choose_labels(index, group->arena, group->wants);
	for (struct pod_want *want = group->wants; want != NULL; want = want->next) {
		struct pod_want **chain;

		if (is_hopeless(want))
			continue;
		index->count++;
		chain = chain_of(index, want);
		want->next_label = *chain;
		*chain = want;
	}
	return index;
}

bool pod_index_is_empty(const struct pod_index *index)
{
	return index->count == 0;
}

void pod_index_remove(struct pod_index *index, struct pod_want *want)
{
	struct pod_want **at = index == NULL ? NULL : chain_of(index, want);

	while (at != NULL && *at != NULL && *at != want)
		at = &(*at)->next_label;
	if (at != NULL && *at == want)
		*at = want->next_label;
}

static void offer_to(struct pod_want *want, struct arena *arena, const struct pod_object *object)
{
	size_t matching = want->best.matching + 1;
	struct pod pod;

	if (!pod_matches(object, selector_of(want)))
		return;
	pod = pod_describe(object, want->container);
	pod.port = want->port == NULL ? 0 : pod_port_number(object, want->port);
	if (want->best.state == POD_NONE || pod_compare(&pod, &want->best) < 0)
		want->best = pod_copy(arena, &pod);
	want->best.matching = matching;
}

/* Two pairs may share a bucket: each want is offered the pod by its own pair alone, once. */
static void offer_chain(struct pod_want *chain, const struct text_pair *pair, struct arena *arena,
                        const struct pod_object *object)
{
	for (struct pod_want *want = chain; want != NULL; want = want->next_label) {
		struct text_pair own;

		if (pair == NULL ||
		    (main_pair(want, &own) && text_equal(own.key, pair->key) && text_equal(own.value, pair->value)))
			offer_to(want, arena, object);
	}
}

void pod_index_offer(const struct pod_index *index, struct arena *arena, const struct pod_object *pod)
{
	const struct text_map *labels = &pod->metadata.labels;
	struct text_pair name = { NAME_KEY, pod->metadata.name };

	for (size_t i = 0; i < labels->count; i++) {
		const struct text_pair *pair = &labels->items[i];

		if (pair->value != NULL)
			offer_chain(index->buckets[hash_pair(pair->key, pair->value) & index->mask], pair, arena, pod);
	}
	offer_chain(index->buckets[hash_pair(name.key, name.value) & index->mask], &name, arena, pod);
	offer_chain(index->others, NULL, arena, pod);
}

static void add_pair(struct arena *arena, struct text_map *query, const char *key, const char *value)
{
	struct text_pair *items = arena_array(arena, query->count + 1, sizeof *items);

	if (query->count > 0)
		memcpy(items, query->items, query->count * sizeof *items);
	items[query->count++] = (struct text_pair){ key, value };
	query->items = items;
}

void pod_index_query(struct arena *arena, const struct pod_group *group, struct text_map *query)
{
	const struct pod_selector *first = NULL;
	const char *text = "";

	for (const struct pod_want *want = group->wants; want != NULL; want = want->next) {
		const struct pod_selector *selector = selector_of(want);

		if (is_hopeless(want))
			continue;
		if (first == NULL) {
			first = selector;
			text = pod_selector_text(arena, first);
		} else if (!text_equal(selector->name, first->name) ||
		           !text_equal(pod_selector_text(arena, selector), text)) {
			return;
		}
	}
	if (first != NULL && first->name != NULL)
		add_pair(arena, query, "fieldSelector", arena_format(arena, "metadata.name=%s", first->name));
	else if (*text != '\0' && strlen(text) <= LONGEST_SELECTOR)
		add_pair(arena, query, "labelSelector", text);
}
