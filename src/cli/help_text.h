/* How help is laid out: 80 columns, words wrapped, flags in columns; and the texts of flags that every renderer shares.
 */
#ifndef FOPS_CLI_HELP_TEXT_H
#define FOPS_CLI_HELP_TEXT_H

#include "fops/base/buffer.h"
#include "fops/cli/command.h"

#define HELP_COLUMNS 80

/*
 * Append text wrapped at words and a newline. The line already stands at column `at`; further lines start at `indent`.
 * A word that no line can hold is broken.
 */
void help_wrap(struct buffer *out, const char *text, size_t at, size_t indent);

/* The same for a command line: broken between words outside quotes, with a backslash at the end of the line. */
void help_wrap_command(struct buffer *out, const char *line, size_t at, size_t indent);

/*
 * Text as `about` and topics hold it: paragraphs divided by empty lines; lines that start with a blank are kept as they
 * are. Each paragraph ends with a newline; one empty line stands between two.
 */
void help_paragraphs(struct buffer *out, const char *text);

/* One piece of such text: a paragraph joined to one line (borrowed, not NUL-terminated), or one kept line. */
struct help_piece {
	const char *text;
	size_t len;
	bool kept;
	bool gap; /* an empty line stands before it */
};

/* Take the next piece off *text; false at the end. */
bool help_next_piece(const char **text, struct help_piece *ret_piece);

/* "  term    text": the text starts at `column`, below the term when that is too long. */
void help_row(struct buffer *out, const char *term, size_t column, const char *text);

/* Rows of flags, "  -o, --output FORMAT  text", aligned with each other; flags is NULL-terminated. */
void help_flag_rows(struct arena *arena, struct buffer *out, const struct command_option *const *flags);

/* The visible rows of a table, NULL-terminated, in arena; NULL when there is none. */
const struct command_option *const *help_visible_flags(struct arena *arena, const struct command_option *options);

/* "--kind lxc|kubernetes", "--wait[=COND]", "--no-cache": with short lists of choices in place of the argument's name.
 * In arena. */
const char *help_flag_spelling(struct arena *arena, const struct command_option *option);

/* What stands for the argument: the choices when they are few, else its name; NULL when it takes none. */
const char *help_flag_argument(const struct command_option *option);

/* What the flag does: "do not …" for those that are on by default, then long choices and, when wanted, "(default X)".
 * In arena. */
const char *help_flag_text(struct arena *arena, const struct command_option *option, bool with_default);

/* Example and see lines name the program as it was called: a leading "fops " becomes "PROGRAM ". In arena. */
const char *help_as_called(struct arena *arena, const char *line, const char *program);

#endif
