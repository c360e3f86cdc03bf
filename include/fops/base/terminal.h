/* What a terminal is, how wide it is, and what may be sent to it. */
#ifndef FOPS_BASE_TERMINAL_H
#define FOPS_BASE_TERMINAL_H

#include <termios.h>

#include "fops/base/buffer.h"
#include "fops/base/error.h"

/* Rows and columns; zero when unknown. */
struct terminal_size {
	uint16_t columns;
	uint16_t rows;
};

/* Is the descriptor a terminal? */
bool terminal_is(int descriptor);

/* The size of the terminal behind a descriptor; false when it is none. */
bool terminal_read_size(int descriptor, struct terminal_size *ret_size);

/* Columns for layout: the terminal's, else COLUMNS, else 80; at least 20. */
size_t terminal_width(int descriptor);

/* Does the locale (LC_ALL, LC_CTYPE, LANG) name UTF-8? */
bool terminal_has_utf8(void);

/*
 * Append text with everything that could steer a terminal made visible: C0 (but not newline and tab when keep_lines),
 * DEL, C1 and ESC as \xNN; bad UTF-8 bytes as \xNN.
 */
void terminal_escape(struct buffer *out, const char *text, size_t len);
void terminal_escape_lines(struct buffer *out, const char *text, size_t len);

/*
 * The same for a stream that arrives in pieces: a character cut at the end of a piece waits in state. Start from a
 * zeroed state; flush with len 0 at the end.
 */
struct terminal_filter {
	char pending[4];
	size_t count;
};
void terminal_filter_append(struct terminal_filter *state, struct buffer *out, const char *text, size_t len);

/* Columns that UTF-8 text takes: combining marks 0, wide East Asian characters and emoji 2. */
size_t text_columns(const char *text, size_t len);

/* Bytes of the longest head of text that fits into columns. */
size_t text_fit(const char *text, size_t len, size_t columns);

/*
 * Give each key at once and without echo; Ctrl-C still is SIGINT, Ctrl-Z does nothing. ret_saved is what
 * terminal_restore needs. errors IO_READ
 */
CHECKED bool terminal_keys(int descriptor, struct termios *ret_saved, struct error *err);

/* Switch a terminal to raw mode; ret_saved is what terminal_restore needs. errors IO_READ */
CHECKED bool terminal_raw(int descriptor, struct termios *ret_saved, struct error *err);
void terminal_restore(int descriptor, const struct termios *saved);

#endif
