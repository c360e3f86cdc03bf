/* The characters of a YAML stream, checked before libyaml sees them. */
#ifndef FOPS_DATA_STREAM_H
#define FOPS_DATA_STREAM_H

#include "fops/base/compiler.h"

/* A line whose indentation holds a tab; both in characters. */
struct tab_line {
	uint32_t line;
	uint32_t blanks;
};

struct stream_check {
	uint32_t line; /* of the problem */
	uint32_t column;
	const char *problem; /* NULL when all characters are allowed */
	struct tab_line *tabs;
	size_t tab_count;
};

/* Check UTF-8, control characters, BOM and line ends. The result is freed by stream_check_done. */
struct stream_check stream_check(const char *data, size_t len);
void stream_check_done(struct stream_check *check);

/* Does a token at line and column (from 1) stand behind nothing but blanks with a tab among them? */
bool is_behind_tab(const struct stream_check *check, uint32_t line, uint32_t column);

/* The byte at line and column (from 1), or NUL outside the data. */
char stream_byte(const char *data, size_t len, uint32_t line, uint32_t column);

#endif
