/* Arenas as a chain of blocks that grow by doubling, up to a limit. */
#include "fops/base/arena.h"

#include <errno.h>
#include <stdalign.h>

#define FIRST_BLOCK_BYTES  ((size_t)8 * 1024 - 64) /* with our head and the word of musl's allocator: 8 KiB */
#define LARGE_BLOCK_BYTES  ((size_t)1024 * 1024)
#define EXIT_STATUS_MEMORY 70

struct block {
	struct block *previous;
	size_t size;
	size_t used;
	size_t before; /* bytes used in all earlier blocks */
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *last;
	size_t limit_bytes;
};

void out_of_memory(void)
{
	static const char message[] = "fops: error [internal.memory]: out of memory\n";
	ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);

	(void)written; /* nothing is left to do when even this cannot be written */
	_exit(EXIT_STATUS_MEMORY);
}

struct arena *arena_new(size_t limit_bytes)
{
	struct arena *arena = calloc(1, sizeof *arena);

	if (arena == NULL)
		out_of_memory();
	arena->limit_bytes = limit_bytes;
	return arena;
}

static void free_blocks(struct block *from, const struct block *until)
{
	while (from != until) {
		struct block *previous = from->previous;

		free(from);
		from = previous;
	}
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	free_blocks(arena->last, NULL);
	free(arena);
}

void arena_cleanup(struct arena **arena)
{
	arena_free(*arena);
	*arena = NULL;
}

/* Bytes handed out and not rewound. */
static size_t used_bytes(const struct arena *arena)
{
	return arena->last == NULL ? 0 : arena->last->before + arena->last->used;
}

static size_t next_block_size(const struct arena *arena, size_t need)
{
	size_t size = FIRST_BLOCK_BYTES;

	if (arena->last != NULL)
		size = arena->last->size * 2;
	if (size > LARGE_BLOCK_BYTES)
		size = LARGE_BLOCK_BYTES;
	return size < need ? need : size;
}

static struct block *grow(struct arena *arena, size_t need)
{
	size_t size = next_block_size(arena, need);
	size_t used = used_bytes(arena);
	size_t total;
	struct block *block;

	if (__builtin_add_overflow(used, need, &total) || total > arena->limit_bytes)
		out_of_memory();
	if (__builtin_add_overflow(size, sizeof *block, &total))
		out_of_memory();
	block = malloc(total);
	if (block == NULL)
		out_of_memory();
	block->previous = arena->last;
	block->size = size;
	block->used = 0;
	block->before = used;
	arena->last = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->last;
	size_t rounded;
	void *result;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &rounded))
		out_of_memory();
	rounded &= ~(alignof(max_align_t) - 1);
	if (block == NULL || block->size - block->used < rounded)
		block = grow(arena, rounded);
	else if (block->before + block->used + rounded > arena->limit_bytes)
		out_of_memory();
	result = block->bytes + block->used;
	block->used += rounded;
	memset(result, 0, size);
	return result;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	return arena_alloc(arena, total);
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
	size_t size;
	char *copy;

	if (__builtin_add_overflow(len, (size_t)1, &size))
		out_of_memory();
	copy = arena_alloc(arena, size);
	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

const char *arena_copy(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_text(arena, text, strlen(text));
}

char *arena_format_list(struct arena *arena, const char *format, va_list values)
{
	va_list again;
	char *text;
	int len;

	if (format == NULL)
		return arena_text(arena, "", 0);
	va_copy(again, values);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		out_of_memory();
	text = arena_alloc(arena, (size_t)len + 1);
	(void)vsnprintf(text, (size_t)len + 1, format, values);
	return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = arena_format_list(arena, format, values);
	va_end(values);
	return text;
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){ arena->last, arena->last == NULL ? 0 : arena->last->used };
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
	free_blocks(arena->last, mark.block);
	arena->last = mark.block;
	if (arena->last != NULL)
		arena->last->used = mark.used;
}
