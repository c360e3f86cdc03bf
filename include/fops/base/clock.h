/* Time: instants in UTC, a monotonic clock, and the one deadline of a command. */
#ifndef FOPS_BASE_CLOCK_H
#define FOPS_BASE_CLOCK_H

#include "fops/base/compiler.h"

struct arena;

/* Milliseconds since 1970-01-01T00:00:00Z; 0 means absent. */
struct instant {
	int64_t unix_ms;
};

/* A length of time in milliseconds; the type tells tables that it prints as a duration. */
struct duration {
	int64_t ms;
};

/* An absolute point of the monotonic clock in milliseconds; NO_DEADLINE never comes. */
struct deadline {
	int64_t at_ms;
};

#define NO_DEADLINE ((struct deadline){ INT64_MAX })

/* Milliseconds of the monotonic clock; only differences mean anything. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* Now, in UTC. */
struct instant clock_now(void);

/* "2026-11-20T14:02:11Z", with ".123" only when with_ms; NULL for an absent instant. */
const char *instant_format(struct arena *arena, struct instant instant, bool with_ms);

/* The deadline ms from now; a negative ms means none. */
struct deadline deadline_after(int64_t ms);

/* The earlier of two. */
struct deadline deadline_earlier(struct deadline a, struct deadline b);

/* Milliseconds left, at least 0, at most INT32_MAX; -1 for NO_DEADLINE (as poll(2) wants it). */
int deadline_left_ms(struct deadline deadline);
bool deadline_passed(struct deadline deadline);

#endif
