/* Names within one object are unique; both readers hold to it here. */
#ifndef FOPS_DATA_MEMBERS_H
#define FOPS_DATA_MEMBERS_H

#include "fops/data/document.h"

/* Called for each member whose name an earlier one has. */
typedef void members_report(void *user, const struct member *first, const struct member *again);

/* Report repeated names and keep the first of each, in order; the new count. O(n log n). */
size_t members_keep_first(struct member *members, size_t count, members_report *report, void *user);

/* The message for a repeated name, in arena. */
const char *members_repeated(struct arena *arena, const struct member *first, const struct member *again);

#endif
