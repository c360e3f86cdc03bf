/* The difference of two texts, line by line. */
#ifndef FOPS_DATA_LINE_DIFF_H
#define FOPS_DATA_LINE_DIFF_H

#include "fops/base/buffer.h"
#include "fops/base/text.h"

/*
 * Append a unified diff (POSIX diff -u) with three lines of context and the names as its head; nothing when the texts
 * are equal. Names are written as they are: without control characters, please. Texts that differ in more than some
 * thousand lines are shown as one replaced piece. out overflows like any buffer.
 */
void line_diff(struct buffer *out, const char *old_name, const char *new_name, struct str before, struct str after);

#endif
