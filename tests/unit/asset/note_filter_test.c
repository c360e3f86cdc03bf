/* Notes leave a stream without a trace, wherever it is cut. */
#include "note_filter.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

#define MARK                                                                                                           \
	"\x1e"                                                                                                         \
	"0123456789abcdef"
#define OWN "lxc-attach: box: "

struct caught {
	struct buffer text;
	struct buffer notes; /* "0 text|" for each */
};

static void take_note(void *user, size_t prefix, const char *text, size_t len)
{
	struct caught *caught = user;

	buffer_format(&caught->notes, "%zu%.*s|", prefix, (int)len, text);
}

static void take_text(void *user, int stream, const char *data, size_t len)
{
	struct caught *caught = user;

	cr_assert_eq(stream, 2);
	buffer_append(&caught->text, data, len);
}

/* Feed input cut at two places and compare. */
static void check(const char *input, size_t first, size_t second, bool own, const char *text, const char *notes)
{
	size_t len = strlen(input);
	struct caught caught = { BUFFER((size_t)65536), BUFFER((size_t)65536) };
	struct note_filter filter = { .prefixes = { MARK, OWN },
		                      .active = { true, own },
		                      .on_note = take_note,
		                      .on_text = take_text,
		                      .user = &caught };

	note_filter_feed(&filter, 2, input, first);
	note_filter_feed(&filter, 2, input + first, second - first);
	note_filter_feed(&filter, 2, input + second, len - second);
	note_filter_finish(&filter, 2);
	cr_assert_str_eq(buffer_string(&caught.text), text, "cut at %zu and %zu", first, second);
	cr_assert_str_eq(buffer_string(&caught.notes), notes, "cut at %zu and %zu", first, second);
	buffer_done(&caught.text);
	buffer_done(&caught.notes);
}

static void check_all_cuts(const char *input, bool own, const char *text, const char *notes)
{
	for (size_t first = 0; first <= strlen(input); first++) {
		for (size_t second = first; second <= strlen(input); second++)
			check(input, first, second, own, text, notes);
	}
}

Test(note_filter, finds_the_trailer_at_any_cut)
{
	check_all_cuts("an error\n" MARK " status 3\n", false, "an error\n", "0 status 3|");
	check_all_cuts(MARK " pid 12 34\nout" MARK " status 255\n", false, "out", "0 pid 12 34|0 status 255|");
}

Test(note_filter, keeps_what_only_looks_like_a_mark)
{
	check_all_cuts("a\x1e"
	               "0123x\x1e\x1e" MARK " started\nb\x1e",
	               false,
	               "a\x1e"
	               "0123x\x1e\x1e"
	               "b\x1e",
	               "0 started|");
}

Test(note_filter, takes_complaints_only_while_they_can_occur)
{
	check_all_cuts(OWN "x.c: f: 1 bad\nlxc\n", true, "lxc\n", "1x.c: f: 1 bad|");
	check_all_cuts(OWN "bad\n", false, OWN "bad\n", "");
}

Test(note_filter, strips_the_carriage_returns_of_terminals)
{
	check(MARK " status 1\r\r\n", 3, 9, false, "", "0 status 1|");
}

Test(note_filter, delivers_a_note_without_its_newline_at_the_end)
{
	check_all_cuts("x" MARK " status 9", false, "x", "0 status 9|");
}

Test(note_filter, cuts_a_note_that_never_ends)
{
	struct caught caught = { BUFFER((size_t)65536), BUFFER((size_t)65536) };
	struct note_filter filter = {
		.prefixes = { MARK }, .active = { true }, .on_note = take_note, .on_text = take_text, .user = &caught
	};

	note_filter_feed(&filter, 2, MARK, strlen(MARK));
	for (int i = 0; i < 1000; i++)
		note_filter_feed(&filter, 2, "0123456789", 10);
	note_filter_finish(&filter, 2);
	cr_assert_eq(caught.notes.len, NOTE_LONGEST + 2);
	buffer_done(&caught.text);
	buffer_done(&caught.notes);
}

Test(note_filter, makes_marks_that_differ)
{
	struct arena *arena = arena_new(4096);
	const char *mark = note_mark(arena);

	cr_assert_eq(strlen(mark), NOTE_MARK_LEN);
	cr_assert_eq(mark[0], '\x1e');
	cr_assert_str_neq(mark, note_mark(arena));
	arena_free(arena);
}
