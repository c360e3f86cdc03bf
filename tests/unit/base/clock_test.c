/* Instants as text, and deadlines. */
#include "fops/base/clock.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

static const struct {
	int64_t unix_ms;
	bool with_ms;
	const char *text;
} instants[] = {
	{ 1000, false, "1970-01-01T00:00:01Z" },
	{ 1, true, "1970-01-01T00:00:00.001Z" },
	{ 951782400123, true, "2000-02-29T00:00:00.123Z" },
	{ 951782400999, false, "2000-02-29T00:00:00Z" },
	{ 253402300799999, true, "9999-12-31T23:59:59.999Z" },
	{ -1, true, "1969-12-31T23:59:59.999Z" },
	{ -1000, true, "1969-12-31T23:59:59.000Z" },
	{ -1500, false, "1969-12-31T23:59:58Z" },
};

Test(clock, formats_instants_in_utc)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(100000);

	for (size_t i = 0; i < ARRAY_LEN(instants); i++)
		cr_assert_str_eq(instant_format(arena, (struct instant){ instants[i].unix_ms }, instants[i].with_ms),
		                 instants[i].text);
}

Test(clock, formats_no_absent_instant)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(100000);

	cr_assert_null(instant_format(arena, (struct instant){ 0 }, true));
	cr_assert_null(instant_format(arena, (struct instant){ 0 }, false));
}

Test(clock, knows_that_now_is_after_this_was_written)
{
	cr_assert_gt(clock_now().unix_ms, 1700000000000);
}

Test(clock, counts_the_same_time_in_both_units)
{
	int64_t before = clock_monotonic_us();
	int64_t between = clock_monotonic_ms();
	int64_t after = clock_monotonic_us();

	cr_assert_leq(before / 1000, between);
	cr_assert_leq(between, after / 1000);
}

Test(clock, passes_a_deadline_of_no_time_at_once)
{
	struct deadline deadline = deadline_after(0);

	cr_assert(deadline_passed(deadline));
	cr_assert_eq(deadline_left_ms(deadline), 0);
}

Test(clock, tells_what_is_left_of_a_far_deadline)
{
	struct deadline deadline = deadline_after(3600000);
	int left = deadline_left_ms(deadline);

	cr_assert_not(deadline_passed(deadline));
	cr_assert_gt(left, 3590000);
	cr_assert_leq(left, 3600000);
	cr_assert_eq(deadline_left_ms(deadline_after((int64_t)INT32_MAX * 10)), INT32_MAX);
}

Test(clock, never_passes_no_deadline)
{
	cr_assert_not(deadline_passed(NO_DEADLINE));
	cr_assert_eq(deadline_left_ms(NO_DEADLINE), -1);
	cr_assert_eq(deadline_after(-1).at_ms, NO_DEADLINE.at_ms);
	cr_assert_eq(deadline_after(INT64_MAX).at_ms, NO_DEADLINE.at_ms);
}

Test(clock, takes_the_earlier_deadline)
{
	struct deadline soon = { 5 }, late = { 9 };

	cr_assert_eq(deadline_earlier(soon, late).at_ms, 5);
	cr_assert_eq(deadline_earlier(late, soon).at_ms, 5);
	cr_assert_eq(deadline_earlier(NO_DEADLINE, late).at_ms, 9);
}
