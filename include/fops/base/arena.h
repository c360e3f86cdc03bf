/* Memory that lives as long as a command, or as one turn of a loop, and is never freed piece by piece. */
#ifndef FOPS_BASE_ARENA_H
#define FOPS_BASE_ARENA_H

#include <stdarg.h>

#include "fops/base/compiler.h"

struct arena;

/* A place to rewind to; valid until the arena is rewound to an earlier mark or freed. */
struct arena_mark {
	void *block;
	size_t used;
};

/*
 * Create an arena that may hand out at most limit_bytes in all. Nothing is allocated before the first use.
 * Never NULL: without memory the program ends in out_of_memory().
 */
struct arena *arena_new(size_t limit_bytes);

/* Free the arena and everything in it. NULL is accepted. */
void arena_free(struct arena *arena);

/* CLEANUP(arena_cleanup) for a `struct arena *` variable. */
void arena_cleanup(struct arena **arena);

/* size zeroed bytes, aligned for any type. Never NULL; over the arena's limit the program ends in out_of_memory(). */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* count elements of size bytes each, zeroed; an overflowing product is treated as out of memory. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* A NUL-terminated copy of len bytes of text. */
char *arena_text(struct arena *arena, const char *text, size_t len) __attribute__((returns_nonnull));

/* A NUL-terminated copy of text, or NULL for NULL. */
const char *arena_copy(struct arena *arena, const char *text);

/* printf into the arena; a NULL format gives an empty text. */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF(2, 3) __attribute__((returns_nonnull));
char *arena_format_list(struct arena *arena, const char *format, va_list values) PRINTF(2, 0);

/* Remember the present fill; arena_rewind gives back everything allocated since. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

/* The one place that ends the program below main: one line on stderr, exit status 70. */
NORETURN void out_of_memory(void);

#endif
