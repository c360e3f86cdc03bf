/* Unified diffs are what diff(1) would write, and the shortest. */
#include "fops/data/line_diff.h"

#include <criterion/criterion.h>

static void expect_diff(const char *before, const char *after, const char *diff)
{
	struct buffer out = BUFFER((size_t)1 << 20);

	line_diff(&out, "a", "b", (struct str){ before, strlen(before) }, (struct str){ after, strlen(after) });
	cr_expect_str_eq(buffer_string(&out), diff);
	buffer_done(&out);
}

Test(line_diff, says_nothing_of_equal_texts)
{
	expect_diff("", "", "");
	expect_diff("a\nb\n", "a\nb\n", "");
}

Test(line_diff, shows_what_was_added_and_removed)
{
	expect_diff("", "a\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n");
	expect_diff("a\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-a\n");
	expect_diff("a\nb\nc\n", "a\nB\nc\n", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
	expect_diff("1\n2\n3\n4\n5\n", "1\n3\n4\nx\n5\n", "--- a\n+++ b\n@@ -1,5 +1,5 @@\n 1\n-2\n 3\n 4\n+x\n 5\n");
}

Test(line_diff, keeps_three_lines_around_and_divides_what_is_far_apart)
{
	expect_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	expect_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	            "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
	expect_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	            "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
}

Test(line_diff, tells_a_missing_newline)
{
	expect_diff("a", "a\n", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

Test(line_diff, shows_very_different_texts_as_one_piece)
{
	struct buffer before = BUFFER((size_t)1 << 20);
	struct buffer after = BUFFER((size_t)1 << 20);
	struct buffer out = BUFFER((size_t)1 << 20);

	for (int i = 0; i < 3000; i++) {
		buffer_format(&before, "old %d\n", i);
		buffer_format(&after, "new %d\n", i);
	}
	line_diff(&out, "a", "b", (struct str){ before.data, before.len }, (struct str){ after.data, after.len });
	cr_expect(strncmp(buffer_string(&out), "--- a\n+++ b\n@@ -1,3000 +1,3000 @@\n-old 0\n", 41) == 0);
	cr_expect_eq(out.len, strlen("--- a\n+++ b\n@@ -1,3000 +1,3000 @@\n") + before.len + after.len + 6000);
	buffer_done(&before);
	buffer_done(&after);
	buffer_done(&out);
}
