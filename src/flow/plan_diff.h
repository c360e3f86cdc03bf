/* The difference between two texts, line by line. Private to this room. */
#ifndef FOPS_FLOW_PLAN_DIFF_H
#define FOPS_FLOW_PLAN_DIFF_H

#include "fops/base/buffer.h"

struct arena;

/*
 * Append a unified diff without file names, with two lines of context, each line behind indent; control characters are
 * escaped. Texts whose changed parts have more than 4,000,000 pairs of lines are shown as replaced whole.
 */
void plan_diff(struct arena *arena, const char *before, const char *after, const char *indent, struct buffer *out);

#endif
