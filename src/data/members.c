/* Finds repeated names: pairwise in small objects, by sorting in large ones. */
#include "members.h"

#include "character.h"
#include "fops/base/arena.h"

#define PAIRWISE_COUNT 16

/* Objects of contracts have a handful of members, where comparing first letters is cheaper than any index. */
static size_t keep_first_pairwise(struct member *members, size_t count, members_report *report, void *user)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		size_t j = 0;

		while (j < kept &&
		       (members[j].name[0] != members[i].name[0] || strcmp(members[j].name, members[i].name) != 0))
			j++;
		if (j < kept) {
			report(user, &members[j], &members[i]);
			continue;
		}
		if (kept != i)
			members[kept] = members[i];
		kept++;
	}
	return kept;
}

/* By name, and equal names in document order, which is the order of addresses. */
static int compare_members(const void *a, const void *b)
{
	const struct member *const *left = a;
	const struct member *const *right = b;
	int order = strcmp((*left)->name, (*right)->name);

	if (order != 0)
		return order;
	return *left < *right ? -1 : *left > *right;
}

static size_t keep_first_sorted(struct member *members, size_t count, members_report *report, void *user)
{
	struct member **sorted = calloc(count, sizeof(struct member *));
	bool *repeated = calloc(count, sizeof *repeated);
	size_t first = 0;
	size_t kept = 0;

	if (sorted == NULL || repeated == NULL)
		out_of_memory();
	for (size_t i = 0; i < count; i++)
		sorted[i] = &members[i];
	qsort(sorted, count, sizeof(struct member *), compare_members);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(sorted[first]->name, sorted[i]->name) != 0) {
			first = i;
			continue;
		}
		report(user, sorted[first], sorted[i]);
		repeated[sorted[i] - members] = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (!repeated[i])
			members[kept++] = members[i];
	}
	free(sorted);
	free(repeated);
	return kept;
}

size_t members_keep_first(struct member *members, size_t count, members_report *report, void *user)
{
	if (count <= PAIRWISE_COUNT)
		return keep_first_pairwise(members, count, report, user);
	return keep_first_sorted(members, count, report, user);
}

const char *members_repeated(struct arena *arena, const struct member *first, const struct member *again)
{
	return arena_format(arena, "the name '%.*s' stands twice in one object, first at line %u",
	                    character_fit(again->name, MESSAGE_BYTES), again->name, first->line);
}
