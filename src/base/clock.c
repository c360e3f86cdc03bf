/* The two clocks of the machine, read nowhere else. */
#include "fops/base/clock.h"

#include "fops/base/arena.h"

static int64_t read_clock_us(clockid_t id)
{
	struct timespec now = { 0 };

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

struct instant clock_now(void)
{
	return (struct instant){ read_clock_us(CLOCK_REALTIME) / 1000 };
}

const char *instant_format(struct arena *arena, struct instant instant, bool with_ms)
{
	int64_t ms = instant.unix_ms % 1000;
	time_t seconds = (time_t)(instant.unix_ms / 1000);
	struct tm parts;
	char text[40];

	/* before 1970 the division rounds up, the calendar counts down */
	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (instant.unix_ms == 0 || gmtime_r(&seconds, &parts) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
		return NULL;
	if (with_ms)
		return arena_format(arena, "%s.%03dZ", text, (int)ms);
	return arena_format(arena, "%sZ", text);
}

struct deadline deadline_after(int64_t ms)
{
	struct deadline deadline;

	if (ms < 0 || __builtin_add_overflow(clock_monotonic_ms(), ms, &deadline.at_ms))
		return NO_DEADLINE;
	return deadline;
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
	return a.at_ms < b.at_ms ? a : b;
}

int deadline_left_ms(struct deadline deadline)
{
	int64_t left;

	if (deadline.at_ms == INT64_MAX)
		return -1;
	left = deadline.at_ms - clock_monotonic_ms();
	if (left < 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

bool deadline_passed(struct deadline deadline)
{
	return deadline.at_ms != INT64_MAX && clock_monotonic_ms() >= deadline.at_ms;
}
