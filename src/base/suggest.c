/* Did-you-mean: the names nearest to a mistyped word. */
#include "fops/base/arena.h"
#include "fops/base/text.h"

#define LONGEST_WORD     64
#define MOST_SUGGESTIONS 3
#define NEAR             2

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits and swaps of neighbours that make b of a, at most NEAR + 1. */
static size_t distance_of(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > LONGEST_WORD || b_len > LONGEST_WORD)
		return NEAR + 1;
	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	memcpy(before, last, sizeof rows[0]);
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = smaller(last[j - 1] + (a[i - 1] != b[j - 1]), smaller(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return smaller(last[b_len], NEAR + 1);
}

/* 0 is best; above NEAR is not near. A prefix of two or more letters counts as nearly right. */
static size_t rank(const char *word, const char *name)
{
	size_t distance = distance_of(word, name);

	if (distance <= NEAR && distance < strlen(word))
		return distance;
	return strlen(word) >= 2 && text_starts(name, word) ? NEAR : NEAR + 1;
}

const char *text_suggest(struct arena *arena, const char *word, const char *const *names, size_t count)
{
	const char *found[MOST_SUGGESTIONS] = { 0 };
	size_t used = 0;

	for (size_t wanted = 0; wanted <= NEAR; wanted++) {
		for (size_t i = 0; i < count && used < MOST_SUGGESTIONS; i++) {
			if (names[i] != NULL && rank(word, names[i]) == wanted)
				found[used++] = names[i];
		}
	}
	if (used == 0)
		return NULL;
	if (used == 1)
		return found[0];
	if (used == 2)
		return arena_format(arena, "%s or %s", found[0], found[1]);
	return arena_format(arena, "%s, %s or %s", found[0], found[1], found[2]);
}
