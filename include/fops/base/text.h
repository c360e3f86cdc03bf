/* Reading, comparing and suggesting small texts. */
#ifndef FOPS_BASE_TEXT_H
#define FOPS_BASE_TEXT_H

#include "fops/base/compiler.h"

struct arena;

/* A borrowed piece of text; not NUL-terminated. */
struct str {
	const char *data;
	size_t len;
};

/* Lists and maps of text as contracts and flags hold them; items are NUL-terminated and live in an arena. */
struct text_list {
	const char **items;
	size_t count;
};

struct text_pair {
	const char *key;
	const char *value;
};

/* In document order; keys are unique when the map was decoded. */
struct text_map {
	struct text_pair *items;
	size_t count;
};

/* Equality where NULL equals only NULL. */
bool text_equal(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* The value of key, or NULL. */
const char *text_map_get(const struct text_map *map, const char *key);

/* Append a borrowed text to a list that only this function filled, or an empty one; the array grows in the arena. */
void text_list_add(struct arena *arena, struct text_list *list, const char *text);

/* "a,b,c" split at commas; empty pieces are dropped; pieces live in the arena. */
struct text_list text_split(struct arena *arena, const char *text, char separator);

/* Is word one of "a|b|c"? */
bool text_in_choices(const char *choices, const char *word);

/* Whole-text numbers: false for an empty text, other characters, or a value out of range. */
CHECKED bool parse_count(const char *text, uint64_t *ret_value);
CHECKED bool parse_int(const char *text, int64_t *ret_value);

/* "250ms", "15s", "5m", "2h", "1d" (a bare number is refused), at most 366 days. */
CHECKED bool parse_duration_ms(const char *text, int64_t *ret_ms);

/* "1500" -> "1.5s", for people; two significant parts at most. */
const char *format_duration(struct arena *arena, int64_t ms);

/*
 * Up to three of names nearest to word (at most two edits or swaps of neighbours away and not longer than 64 bytes, or
 * begun by word), best first, as "a, b or c"; NULL when none
 * is near. The text lives in the arena.
 */
const char *text_suggest(struct arena *arena, const char *word, const char *const *names, size_t count);

/* Identifiers of the contract: [a-z0-9][a-z0-9._-]*, at most 128 bytes. */
bool is_identifier(const char *text);

/* One whole valid UTF-8 text without surrogates and overlong forms; ret_bad (may be NULL) is the first bad offset. */
bool is_utf8(const char *data, size_t len, size_t *ret_bad);

#endif
