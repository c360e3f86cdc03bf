/* The verdict on stacks from the verdicts on their members. */
#include "stack_judge.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

static struct arena *arena;

static void make(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void done(void)
{
	arena_free(arena);
}

TestSuite(stack_judge, .init = make, .fini = done);

static struct stack_member member(const char *kind, const char *name, const char *state)
{
	bool well = text_in_choices("ok|live|none", state);

	return (struct stack_member){
		.kind = kind, .name = name, .state = state, .cause = well ? NULL : "why", .fix = well ? NULL : "do this"
	};
}

static struct stack_result judge(const struct stack_member *members, size_t count)
{
	static struct stack_entry entry = { .stack = { .name = "board" }, .layer = 2 };
	struct stack_member *copies = arena_array(arena, count + 1, sizeof *copies);

	for (size_t i = 0; i < count; i++)
		copies[i] = members[i];
	return stack_judge(arena, &entry, (struct record_list){ copies, count });
}

#define JUDGE(...)                                                                                                     \
	judge((const struct stack_member[]){ __VA_ARGS__ },                                                            \
	      sizeof((const struct stack_member[]){ __VA_ARGS__ }) / sizeof(struct stack_member))

Test(stack_judge, nothing_bound_is_no_finding)
{
	struct stack_result result = judge(NULL, 0);

	cr_assert_str_eq(result.state, "unbound");
	cr_assert_null(result.endpoints);
	cr_assert_null(result.metrics);
	cr_assert_null(result.cause);
	cr_assert_not(result.drift.present);
	cr_assert_not(stack_state_is_bad(result.state));
}

Test(stack_judge, all_well_is_ok)
{
	struct stack_result result = JUDGE(member("endpoint", "a", "ok"), member("endpoint", "b", "live"),
	                                   member("endpoint", "c", "none"), member("asset", "d", "ok"));

	cr_assert_str_eq(result.state, "ok");
	cr_assert_str_eq(result.endpoints, "2/2", "one has nothing to ask");
	cr_assert_str_eq(result.assets, "1/1");
	cr_assert_null(result.cause);
	cr_assert(result.drift.present && result.drift.value == 0);
	cr_assert_eq(result.layer, 2);
	cr_assert_gt(result.checked_at.unix_ms, 0);
}

Test(stack_judge, what_cannot_be_asked_gives_no_verdict)
{
	struct stack_result result = JUDGE(member("endpoint", "a", "none"));

	cr_assert_str_eq(result.state, "unbound");
	cr_assert_null(result.endpoints);
	cr_assert_not(result.drift.present);
	cr_assert_eq(result.members.count, 1);
}

Test(stack_judge, the_worst_decides_and_is_named)
{
	struct stack_result result = JUDGE(member("endpoint", "a", "degraded"), member("asset", "b", "down"),
	                                   member("asset", "c", "unknown"), member("asset", "d", "ok"));

	cr_assert_str_eq(result.state, "down");
	cr_assert_str_eq(result.endpoints, "0/1");
	cr_assert_str_eq(result.assets, "1/3");
	cr_assert_str_eq(result.cause, "asset b is down: why, and 2 more");
	cr_assert_str_eq(result.fix, "do this");
	cr_assert_eq(result.drift.value, 2, "what is unknown is not seen to be bad");
	result = JUDGE(member("endpoint", "a", "unknown"), member("endpoint", "b", "degraded"));
	cr_assert_str_eq(result.state, "degraded");
	result = JUDGE(member("endpoint", "a", "unknown"));
	cr_assert_str_eq(result.state, "unknown");
	cr_assert_str_eq(result.cause, "endpoint a is unknown: why");
	cr_assert_eq(result.drift.value, 0);
	cr_assert(stack_state_is_bad("unknown") && stack_state_is_bad("blocked") && stack_state_is_bad("degraded"));
}

Test(stack_judge, metrics_are_told_with_their_unit)
{
	struct stack_member used = member("metric", "used", "ok");
	struct stack_member left = member("metric", "left", "unknown");
	struct stack_member plain = member("metric", "plain", "ok");

	used.value = "83.5";
	used.unit = "percent";
	plain.value = "2";
	cr_assert_str_eq(JUDGE(used, left, plain).metrics, "used 83.5 percent, left ?, plain 2");
}

/* secrets <- board <- portal, and alone */
static struct stack_entry entries[] = {
	{ .stack = { .name = "alone" } },
	{ .stack = { .name = "board" }, .needs = (const size_t[]){ 3 }, .need_count = 1, .layer = 1 },
	{ .stack = { .name = "portal" }, .needs = (const size_t[]){ 1, 3 }, .need_count = 2, .layer = 2 },
	{ .stack = { .name = "secrets" } },
};

static const struct stack_map map = { entries, ARRAY_LEN(entries) };

static struct stack_result *judge_map(const char *alone, const char *board, const char *portal, const char *secrets)
{
	const char *const states[] = { alone, board, portal, secrets };
	struct stack_result *results = arena_array(arena, map.count, sizeof *results);

	for (size_t i = 0; i < map.count; i++)
		results[i] = (struct stack_result){
			.name = entries[i].stack.name, .state = states[i], .cause = "its own", .layer = entries[i].layer
		};
	stack_judge_causes(arena, &map, results);
	return results;
}

Test(stack_judge, a_stack_that_is_down_because_of_another_names_it_alone)
{
	struct stack_result *results = judge_map("down", "down", "down", "down");

	cr_assert_str_eq(results[3].state, "down");
	cr_assert_str_eq(results[3].cause, "its own");
	cr_assert_str_eq(results[0].state, "down");
	for (size_t i = 1; i <= 2; i++) {
		cr_assert_str_eq(results[i].state, "blocked");
		cr_assert_str_eq(results[i].cause, "because stack secrets is down");
		cr_assert_str_eq(results[i].fix, "fops stacks check secrets");
		cr_assert_eq(results[i].because.count, 1);
	}
}

Test(stack_judge, what_works_or_is_only_degraded_keeps_its_verdict)
{
	struct stack_result *results = judge_map("ok", "ok", "down", "down");

	cr_assert_str_eq(results[1].state, "ok");
	cr_assert_str_eq(results[2].state, "blocked", "it needs secrets itself");
	results = judge_map("ok", "degraded", "down", "ok");
	cr_assert_str_eq(results[1].state, "degraded");
	cr_assert_str_eq(results[2].state, "down", "nothing below it is down");
	results = judge_map("ok", "unbound", "unknown", "down");
	cr_assert_str_eq(results[1].state, "unbound");
	cr_assert_str_eq(results[2].state, "unknown");
}

Test(stack_judge, many_causes_are_named_and_counted)
{
	static const size_t needs[] = { 1, 2, 3, 4, 5, 6, 7 };
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	struct stack_entry wide[8] = { { .needs = needs, .need_count = 2 } };
	struct stack_map wide_map = { wide, 8 };
	struct stack_result results[8];

	for (size_t count = 2; count <= 7; count += 5) {
		for (size_t i = 0; i < 8; i++) {
			wide[i].stack.name = names[i];
			results[i] = (struct stack_result){ .name = names[i], .state = "down" };
		}
		wide[0].need_count = count;
		stack_judge_causes(arena, &wide_map, results);
		cr_assert_str_eq(results[0].cause, count == 2 ? "because stacks b and c are down"
		                                              : "because stacks b, c, d, e, f and 2 more are down");
		cr_assert_eq(results[0].because.count, count);
	}
}

Test(stack_judge, causes_come_before_what_they_block)
{
	struct stack_result rows[] = {
		{ .name = "unbound", .state = "unbound" },
		{ .name = "ok", .state = "ok" },
		{ .name = "blocked", .state = "blocked", .layer = 1 },
		{ .name = "unknown", .state = "unknown" },
		{ .name = "degraded", .state = "degraded" },
		{ .name = "zeta", .state = "down", .layer = 0 },
		{ .name = "alpha", .state = "down", .layer = 3 },
		{ .name = "beta", .state = "down", .layer = 0 },
	};
	static const char *const wanted[] = {
		"beta", "zeta", "alpha", "degraded", "unknown", "blocked", "ok", "unbound"
	};

	qsort(rows, ARRAY_LEN(rows), sizeof *rows, stack_result_compare);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_str_eq(rows[i].name, wanted[i]);
}
