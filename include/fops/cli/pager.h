/* Long help on a terminal goes through a pager; nothing else does. */
#ifndef FOPS_CLI_PAGER_H
#define FOPS_CLI_PAGER_H

#include "fops/cli/call.h"

/*
 * Print text to stdout: through the pager when stdout is a terminal, the text is longer than its screen and no machine
 * is calling; plainly otherwise, also when the pager cannot be started.
 */
void pager_print(struct call *call, const char *text, size_t len);

#endif
