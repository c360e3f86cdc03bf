/* Layers, and whose failure is whose cause. */
#include "stack_order.h"

#include <criterion/criterion.h>

/* 0 <- 1 <- 2, 0 <- 3, 2 and 3 <- 4, 5 alone */
static const struct order_node nodes[] = {
	{ NULL, 0 },
	{ (const size_t[]){ 0 }, 1 },
	{ (const size_t[]){ 1 }, 1 },
	{ (const size_t[]){ 0 }, 1 },
	{ (const size_t[]){ 2, 3 }, 2 },
	{ NULL, 0 },
};

#define COUNT ARRAY_LEN(nodes)

Test(stack_order, a_layer_is_one_above_the_highest_need)
{
	static const size_t wanted[COUNT] = { 0, 1, 2, 1, 3, 0 };
	size_t layers[COUNT];

	order_layers(nodes, COUNT, layers);
	cr_assert_arr_eq(layers, wanted, sizeof wanted);
}

Test(stack_order, a_circle_ends)
{
	const struct order_node circle[] = {
		{ (const size_t[]){ 1 }, 1 },
		{ (const size_t[]){ 0 }, 1 },
		{ (const size_t[]){ 2 }, 1 },
	};
	static const bool fails[] = { true, true, true };
	static const bool works[3];
	bool roots[3], causes[3];
	size_t layers[3];

	order_layers(circle, 3, layers);
	for (size_t i = 0; i < 3; i++)
		cr_assert_lt(layers[i], 3);
	order_roots(circle, 3, fails, works, roots);
	cr_assert_eq(order_causes(circle, 3, works, roots, 0, causes), 0);
}

Test(stack_order, only_the_deepest_failure_is_a_root)
{
	static const bool fails[COUNT] = { true, true, true, false, true, false };
	static const bool works[COUNT] = { false, false, false, false, false, true };
	static const bool wanted[COUNT] = { true };
	bool roots[COUNT], causes[COUNT];

	order_roots(nodes, COUNT, fails, works, roots);
	cr_assert_arr_eq(roots, wanted, sizeof wanted);
	cr_assert_eq(order_causes(nodes, COUNT, works, roots, 4, causes), 1);
	cr_assert(causes[0]);
	cr_assert_eq(order_causes(nodes, COUNT, works, roots, 0, causes), 0);
}

Test(stack_order, nothing_is_passed_on_through_what_works)
{
	static const bool fails[COUNT] = { true, false, false, false, true, false };
	static const bool works[COUNT] = { false, true, false, true, false, true };
	bool roots[COUNT], causes[COUNT];

	order_roots(nodes, COUNT, fails, works, roots);
	cr_assert(roots[0] && roots[4]);
	cr_assert_eq(order_causes(nodes, COUNT, works, roots, 4, causes), 0);
}

Test(stack_order, a_failure_is_passed_on_through_what_nobody_looked_at)
{
	static const bool fails[COUNT] = { true, false, false, false, true, false };
	static const bool works[COUNT] = { false, false, false, true, false, true };
	bool roots[COUNT], causes[COUNT];

	order_roots(nodes, COUNT, fails, works, roots);
	cr_assert_not(roots[4]);
	cr_assert_eq(order_causes(nodes, COUNT, works, roots, 4, causes), 1);
	cr_assert(causes[0]);
}

Test(stack_order, two_roots_are_both_causes)
{
	static const bool fails[COUNT] = { false, true, false, true, true, true };
	static const bool works[COUNT];
	bool roots[COUNT], causes[COUNT];

	order_roots(nodes, COUNT, fails, works, roots);
	cr_assert(roots[1] && roots[3] && roots[5] && !roots[4]);
	cr_assert_eq(order_causes(nodes, COUNT, works, roots, 4, causes), 2);
	cr_assert(causes[1] && causes[3] && !causes[5]);
}
