/* A list that is looked at again and again: a table that changes in place on a terminal, events for programs. */
#ifndef FOPS_CLI_WATCH_H
#define FOPS_CLI_WATCH_H

#include "fops/cli/call.h"

struct loop;
struct watch;

struct watch_plan {
	int64_t interval_ms; /* from the beginning of one round to that of the next */
	uint64_t rounds;     /* end after so many; 0: go on until somebody ends it */
	size_t rows;         /* how many there are */
	/* Is the change of a row worth an event? NULL: every row of every round is. */
	bool (*differs)(const void *before, const void *now);
};

/* The value of --watch[=INTERVAL]: "" is 5 s. errors USAGE_BAD_VALUE */
CHECKED bool watch_read_interval(const char *text, int64_t *ret_ms, struct error *err);

/* Can the call's format be watched? Before anything is asked. errors USAGE_CONFLICT */
CHECKED bool watch_check(const struct call *call, struct error *err);

/*
 * Begin. On a terminal (-o table or wide) the table takes the whole screen until watch_close, the key q ends it and the
 * window may change its size; otherwise the answer is jsonl. From here on the loop's signals are the watch's; SIGINT,
 * SIGTERM and SIGHUP end it. errors  USAGE_CONFLICT, INTERNAL, IO_READ
 */
CHECKED bool watch_open(struct call *call, struct loop *loop, const struct watch_plan *plan, struct watch **ret_watch,
                        struct error *err);

/*
 * Row i before anything is known of it; or what is known now. Rows by the command's columns; borrowed until the same
 * row is told again, and then once more during that call.
 */
void watch_expect(struct watch *watch, size_t i, const void *row);
void watch_row(struct watch *watch, size_t i, const void *row);

/* A round begins; and it ended: everything is shown. */
void watch_begin_round(struct watch *watch);
void watch_end_round(struct watch *watch);

/* Turn the loop until the next round is due or the watch is over. errors INTERNAL */
CHECKED bool watch_wait(struct watch *watch, struct error *err);

/* Is it over: its rounds are through, q, a signal, or nobody reads any more? */
bool watch_is_over(const struct watch *watch);

/*
 * Give the terminal back and leave the last table there. NULL is accepted. errors  INTERRUPTED, TERMINATED when a
 * signal ended it
 */
CHECKED bool watch_close(struct watch *watch, struct error *err);

#endif
