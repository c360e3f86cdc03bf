/* Progress of long work: a line that moves on a terminal's stderr, JSON lines on --progress-fd, little otherwise. */
#ifndef FOPS_CLI_PROGRESS_H
#define FOPS_CLI_PROGRESS_H

#include "fops/cli/call.h"

struct progress;

/* Begin. Nothing shows in the first 300 ms; NULL is never returned. */
struct progress *progress_start(struct call *call);

/* done of total `what` ("assets ok"). On a terminal at most ten times a second; elsewhere one line at the start and one
 * per 30 s. */
void progress_report(struct progress *progress, uint64_t done, uint64_t total, const char *what);

/* Remove the line. */
void progress_end(struct progress *progress);

#endif
