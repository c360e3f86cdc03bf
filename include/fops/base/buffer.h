/* A growable byte buffer with a maximum; always NUL-terminated. */
#ifndef FOPS_BASE_BUFFER_H
#define FOPS_BASE_BUFFER_H

#include "fops/base/compiler.h"

/*
 * data is NULL before the first byte, then NUL-terminated at data[len]. Once a write would pass limit_bytes,
 * overflow is set, that write and all later ones are dropped, and the owner must treat the content as unusable.
 */
struct buffer {
	char *data;
	size_t len;
	size_t size;
	size_t limit_bytes;
	bool overflow;
};

/* An empty buffer that may hold limit_bytes. */
#define BUFFER(limit) ((struct buffer){ .limit_bytes = (limit) })

/* Free the content and forget it; the limit stays. */
void buffer_done(struct buffer *buffer);

/* Empty for reuse, keep the memory, forget an overflow. */
void buffer_clear(struct buffer *buffer);

/* Append; false once the limit is passed (the same as buffer->overflow). */
bool buffer_append(struct buffer *buffer, const void *data, size_t len);
bool buffer_text(struct buffer *buffer, const char *text);
bool buffer_byte(struct buffer *buffer, char byte);
bool buffer_format(struct buffer *buffer, const char *format, ...) PRINTF(2, 3);

/* Append in single quotes, as one word of a POSIX shell (XCU 2.2.2). */
bool buffer_quote(struct buffer *buffer, const char *word);

/* Drop the first len bytes. */
void buffer_drop(struct buffer *buffer, size_t len);

/* The content as text, "" when empty; valid until the next change. */
const char *buffer_string(const struct buffer *buffer);

#endif
