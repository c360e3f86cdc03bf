/* The verdict on a metric: its worst sample against its thresholds. */
#include "stack_metric.h"

#include <criterion/criterion.h>
#include <math.h>

#include "fops/base/arena.h"

static struct arena *arena;
static const struct value warn = { .kind = VALUE_INT, .integer = 80 };
static const struct value limit = { .kind = VALUE_REAL, .real = 95.5 };
static struct stack_metric metric;

static void make(void)
{
	arena = arena_new((size_t)16 << 20);
	metric = (struct stack_metric){ .name = "used",
		                        .endpoint = "prometheus",
		                        .query = "max(used{a='b'})",
		                        .unit = "percent",
		                        .direction = "above",
		                        .warn = &warn,
		                        .fail = &limit };
}

static void done(void)
{
	arena_free(arena);
}

TestSuite(stack_metric, .init = make, .fini = done);

static struct stack_member judge(const double *values, size_t count)
{
	struct metric_series *series = arena_array(arena, count + 1, sizeof *series);
	struct metric_answer answer = { .type = "vector", .series = series, .count = count };

	for (size_t i = 0; i < count; i++) {
		struct metric_point *point = arena_alloc(arena, sizeof *point);

		point->value = values[i];
		series[i] = (struct metric_series){ .points = point, .count = 1 };
	}
	return stack_metric_judge(arena, &metric, &answer);
}

#define JUDGE(...) judge((const double[]){ __VA_ARGS__ }, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

Test(stack_metric, the_highest_sample_counts_where_above_is_bad)
{
	struct stack_member member = JUDGE(10, 79.9, 20);

	cr_assert_str_eq(member.state, "ok");
	cr_assert_str_eq(member.value, "79.9");
	cr_assert_str_eq(member.unit, "percent");
	cr_assert_null(member.cause);
	cr_assert_str_eq(JUDGE(10, 80).state, "degraded", "from the threshold on");
	cr_assert_str_eq(JUDGE(80, 95.4).state, "degraded");
	member = JUDGE(95.5, 1);
	cr_assert_str_eq(member.state, "down");
	cr_assert_str_eq(member.cause, "95.5 percent, and the limit begins at 95.5");
	cr_assert_str_eq(member.fix, "fops metrics query --endpoint prometheus 'max(used{a='\\''b'\\''})'");
	cr_assert_str_eq(JUDGE((double)INFINITY).state, "down");
}

Test(stack_metric, the_lowest_sample_counts_where_below_is_bad)
{
	static const struct value low = { .kind = VALUE_INT, .integer = 10 };
	static const struct value lowest = { .kind = VALUE_INT, .integer = 5 };

	metric.direction = "below";
	metric.warn = &low;
	metric.fail = &lowest;
	cr_assert_str_eq(JUDGE(99, 11).state, "ok");
	cr_assert_str_eq(JUDGE(99, 10).state, "degraded");
	cr_assert_str_eq(JUDGE(5, 99).state, "down");
	cr_assert_str_eq(JUDGE(-(double)INFINITY).state, "down");
}

Test(stack_metric, without_thresholds_it_is_only_shown)
{
	metric.warn = NULL;
	metric.fail = NULL;
	cr_assert_str_eq(JUDGE(1e9).state, "ok");
	cr_assert_str_eq(JUDGE(1e9).value, "1000000000");
}

Test(stack_metric, what_is_no_number_is_not_known)
{
	struct metric_answer text = { .type = "string", .text = "99" };
	struct stack_member member = judge(NULL, 0);

	cr_assert_str_eq(member.state, "unknown");
	cr_assert_not_null(strstr(member.cause, "no series"));
	cr_assert_not_null(member.fix);
	cr_assert_null(member.value);
	cr_assert_str_eq(JUDGE((double)NAN).state, "unknown");
	cr_assert_str_eq(JUDGE((double)NAN, 99).state, "down", "one that is a number tells");
	cr_assert_str_eq(stack_metric_judge(arena, &metric, &text).state, "unknown");
}
