/* Arenas: zeroed and aligned memory, limits, marks. */
#include "fops/base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>

#define LIMIT ((size_t)4 * 1024 * 1024)

Test(arena, hands_out_zeroed_and_aligned_memory)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	for (size_t size = 0; size < 300; size++) {
		unsigned char *data = arena_alloc(arena, size);

		cr_assert_eq((uintptr_t)data % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(data[i], 0);
		memset(data, 0xAA, size);
	}
}

Test(arena, zeroes_memory_that_was_used_before_a_rewind)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct arena_mark mark;
	unsigned char *data;

	(void)arena_alloc(arena, 1);
	mark = arena_mark(arena);
	memset(arena_alloc(arena, 64), 0xFF, 64);
	arena_rewind(arena, mark);
	data = arena_alloc(arena, 64);
	for (size_t i = 0; i < 64; i++)
		cr_assert_eq(data[i], 0);
}

Test(arena, keeps_earlier_memory_when_it_grows)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	char *first = arena_text(arena, "first", 5);

	(void)arena_alloc(arena, LIMIT / 2);
	(void)arena_alloc(arena, 1000);
	cr_assert_str_eq(first, "first");
}

Test(arena, rewinds_to_a_mark_over_several_blocks)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	char *kept = arena_text(arena, "kept", 4);
	struct arena_mark mark = arena_mark(arena);
	struct arena_mark back;

	for (int i = 0; i < 100; i++)
		(void)arena_alloc(arena, 10000);
	cr_assert_neq(arena_mark(arena).block, mark.block);
	arena_rewind(arena, mark);
	back = arena_mark(arena);
	cr_assert_eq(back.block, mark.block);
	cr_assert_eq(back.used, mark.used);
	cr_assert_str_eq(kept, "kept");
}

Test(arena, rewinds_to_the_mark_of_an_empty_arena)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct arena_mark mark = arena_mark(arena);

	(void)arena_alloc(arena, 100000);
	arena_rewind(arena, mark);
	cr_assert_null(arena_mark(arena).block);
	cr_assert_not_null(arena_alloc(arena, 1));
}

Test(arena, stays_within_its_limit_for_ever_when_rewound)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(100000);

	for (int i = 0; i < 1000; i++) {
		struct arena_mark mark = arena_mark(arena);

		(void)arena_alloc(arena, 60000);
		arena_rewind(arena, mark);
	}
	cr_assert_null(arena_mark(arena).block);
}

Test(arena, can_be_used_up_to_the_limit)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(4096);

	for (int i = 0; i < 4; i++)
		(void)arena_alloc(arena, 1024);
	cr_assert_eq(arena_mark(arena).used, 4096);
}

Test(arena, ends_the_program_over_the_limit_in_a_new_block, .exit_code = 70)
{
	struct arena *arena = arena_new(1000);

	(void)arena_alloc(arena, 1001);
	arena_free(arena);
}

Test(arena, ends_the_program_over_the_limit_inside_a_block, .exit_code = 70)
{
	struct arena *arena = arena_new(1000);

	(void)arena_alloc(arena, 900);
	(void)arena_alloc(arena, 200);
	arena_free(arena);
}

Test(arena, ends_the_program_when_the_product_of_an_array_overflows, .exit_code = 70)
{
	struct arena *arena = arena_new(SIZE_MAX);

	(void)arena_array(arena, SIZE_MAX / 8, 16);
	arena_free(arena);
}

Test(arena, ends_the_program_when_rounding_up_overflows, .exit_code = 70)
{
	struct arena *arena = arena_new(SIZE_MAX);
	size_t most = SIZE_MAX;

	(void)arena_array(arena, 1, most);
	arena_free(arena);
}

Test(arena, copies_text_with_its_end)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	cr_assert_str_eq(arena_text(arena, "abcdef", 3), "abc");
	cr_assert_str_eq(arena_text(arena, NULL, 0), "");
	cr_assert_str_eq(arena_copy(arena, "copy"), "copy");
	cr_assert_null(arena_copy(arena, NULL));
}

Test(arena, formats_texts_of_any_length)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	cr_assert_str_eq(arena_format(arena, "%s-%d", "x", 7), "x-7");
	cr_assert_eq(strlen(arena_format(arena, "%50000d", 1)), 50000);
}

Test(arena, accepts_null_where_it_frees)
{
	struct arena *arena = NULL;

	arena_free(NULL);
	arena_cleanup(&arena);
	cr_assert_null(arena);
}
