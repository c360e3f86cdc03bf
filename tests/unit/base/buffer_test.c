/* Growable buffers: the NUL behind the content, the maximum, and the overflow that sticks. */
#include "fops/base/buffer.h"

#include <criterion/criterion.h>

Test(buffer, is_an_empty_text_before_the_first_byte)
{
	struct buffer buffer = BUFFER(10);

	cr_assert_str_eq(buffer_string(&buffer), "");
	cr_assert_null(buffer.data);
	buffer_done(&buffer);
}

Test(buffer, is_always_terminated)
{
	struct buffer buffer = BUFFER(100000);

	for (size_t i = 0; i < 5000; i++) {
		cr_assert(buffer_byte(&buffer, (char)('a' + i % 26)));
		cr_assert_eq(buffer.len, i + 1);
		cr_assert_eq(buffer.data[buffer.len], '\0');
	}
	buffer_done(&buffer);
}

Test(buffer, keeps_bytes_of_any_value)
{
	struct buffer buffer = BUFFER(100);

	cr_assert(buffer_append(&buffer, "a\0b", 3));
	cr_assert(buffer_append(&buffer, NULL, 0));
	cr_assert_eq(buffer.len, 3);
	cr_assert_arr_eq(buffer.data, "a\0b", 4);
	buffer_done(&buffer);
}

Test(buffer, takes_exactly_its_maximum)
{
	struct buffer buffer = BUFFER(5);

	cr_assert(buffer_text(&buffer, "12345"));
	cr_assert_not(buffer.overflow);
	cr_assert(buffer_text(&buffer, ""));
	cr_assert_not(buffer_byte(&buffer, '6'));
	cr_assert(buffer.overflow);
	buffer_done(&buffer);
}

Test(buffer, drops_the_write_that_passes_the_maximum_and_all_later_ones)
{
	struct buffer buffer = BUFFER(5);

	cr_assert(buffer_text(&buffer, "123"));
	cr_assert_not(buffer_text(&buffer, "456"));
	cr_assert_not(buffer_byte(&buffer, '4'));
	cr_assert_not(buffer_format(&buffer, "%d", 4));
	cr_assert_str_eq(buffer_string(&buffer), "123");
	buffer_done(&buffer);
}

Test(buffer, forgets_an_overflow_when_cleared)
{
	struct buffer buffer = BUFFER(3);

	cr_assert_not(buffer_text(&buffer, "1234"));
	buffer_clear(&buffer);
	cr_assert(buffer_text(&buffer, "123"));
	cr_assert_str_eq(buffer_string(&buffer), "123");
	buffer_clear(&buffer);
	cr_assert_str_eq(buffer_string(&buffer), "");
	buffer_done(&buffer);
}

Test(buffer, refuses_a_length_that_would_overflow_the_arithmetic)
{
	struct buffer buffer = BUFFER(SIZE_MAX);

	cr_assert(buffer_byte(&buffer, 'x'));
	cr_assert_not(buffer_append(&buffer, "", SIZE_MAX));
	cr_assert(buffer.overflow);
	buffer_done(&buffer);
}

Test(buffer, formats_behind_what_is_there)
{
	struct buffer buffer = BUFFER(100000);

	cr_assert(buffer_format(&buffer, "%s=%d", "a", 1));
	cr_assert(buffer_format(&buffer, ",%s=%d", "b", 2));
	cr_assert_str_eq(buffer_string(&buffer), "a=1,b=2");
	cr_assert(buffer_format(&buffer, "%40000d", 3));
	cr_assert_eq(buffer.len, 40007);
	buffer_done(&buffer);
}

Test(buffer, refuses_a_formatted_text_over_the_maximum)
{
	struct buffer buffer = BUFFER(10);

	cr_assert_not(buffer_format(&buffer, "%11d", 3));
	cr_assert_str_eq(buffer_string(&buffer), "");
	buffer_done(&buffer);
}

Test(buffer, drops_bytes_from_the_front)
{
	struct buffer buffer = BUFFER(10);

	cr_assert(buffer_text(&buffer, "abcdef"));
	buffer_drop(&buffer, 2);
	cr_assert_str_eq(buffer_string(&buffer), "cdef");
	buffer_drop(&buffer, 0);
	cr_assert_str_eq(buffer_string(&buffer), "cdef");
	buffer_drop(&buffer, 99);
	cr_assert_str_eq(buffer_string(&buffer), "");
	cr_assert_eq(buffer.len, 0);
	buffer_done(&buffer);
	buffer_drop(&buffer, 1);
	cr_assert_eq(buffer.len, 0);
}

Test(buffer, keeps_its_maximum_when_freed)
{
	struct buffer buffer = BUFFER(4);

	cr_assert(buffer_text(&buffer, "1234"));
	buffer_done(&buffer);
	cr_assert_null(buffer.data);
	cr_assert_eq(buffer.limit_bytes, 4);
	cr_assert_not(buffer_text(&buffer, "12345"));
	buffer_done(&buffer);
}

Test(buffer, quotes_a_word_for_a_shell)
{
	struct buffer buffer = BUFFER(64);

	cr_assert(buffer_quote(&buffer, ""));
	cr_assert(buffer_quote(&buffer, "a b$c\\"));
	cr_assert(buffer_quote(&buffer, "it's"));
	cr_assert_str_eq(buffer_string(&buffer), "''"
	                                         "'a b$c\\'"
	                                         "'it'\\''s'");
	buffer_done(&buffer);
	buffer.limit_bytes = 3;
	cr_assert_not(buffer_quote(&buffer, "ab"));
	buffer_done(&buffer);
}
