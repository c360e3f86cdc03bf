/* Text in mdoc(7): escaping, arguments of macros, paragraphs. */
#ifndef FOPS_CLI_MANUAL_TEXT_H
#define FOPS_CLI_MANUAL_TEXT_H

#include "fops/base/buffer.h"

/* Text inside a line: backslashes, dashes and characters beyond ASCII are escaped. */
void manual_escape(struct buffer *out, const char *text, size_t len);

/* One argument of a macro, quoted when needed, never taken for a macro itself. */
void manual_argument(struct buffer *out, const char *text);

/* A text line of its own, which no macro or request can start. */
void manual_line(struct buffer *out, const char *text, size_t len);

/* A sentence: the text with a full stop when it has none. */
void manual_sentence(struct buffer *out, const char *text);

/* Text in the form of help_paragraphs: paragraphs with one sentence a line, kept lines as displays. */
void manual_paragraphs(struct buffer *out, const char *text);

/* ".Dd November 21, 2026" and the rest of the head for a page of that section. */
void manual_head(struct buffer *out, const char *name, int section, const char *date, const char *summary);

#endif
