/* One UTF-8 character at a time; shared by the readers and the emitter. */
#ifndef FOPS_DATA_CHARACTER_H
#define FOPS_DATA_CHARACTER_H

#include "fops/base/compiler.h"

/* Bytes of the valid UTF-8 character at the head of data (len >= 1), 0 when there is none. ret_point is its code point.
 */
size_t character_read(const char *data, size_t len, uint32_t *ret_point);

/* Characters in valid UTF-8 text. */
size_t character_count(const char *data, size_t len);

/* Foreign text in a message is cut at this many bytes. */
#define MESSAGE_BYTES 64

/* Bytes of the longest head of text, at most bytes, that ends on a character border; an int, for "%.*s". */
int character_fit(const char *text, size_t bytes);

/* Code points that documents hold only in escaped form: C0 with DEL and C1, line separators, BOM, U+FFFE and U+FFFF. */
bool is_escaped_character(uint32_t point);

/* The same and the bidirectional controls: what is never written as it is, because a terminal or reader could be
 * misled. */
bool is_hidden_character(uint32_t point);

#endif
