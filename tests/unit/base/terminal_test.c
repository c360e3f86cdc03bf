/* Widths, the filter for text that others wrote, and terminal settings on a real pty. */
#include "fops/base/terminal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "fops/base/arena.h"
#include "fops/base/log.h"
#include "fops/base/process.h"

#define LIMIT ((size_t)1024 * 1024)

/* NOLINTBEGIN(misc-misleading-bidirectional): one row is such a character */
static const struct {
	const char *text;
	size_t len;
	const char *escaped;
	const char *lines;
} texts[] = {
	{ "plain", 5, "plain", "plain" },
	{ "a\nb\tc", 5, "a\\x0Ab\\x09c", "a\nb\tc" },
	{ "\x1b[31mred", 8, "\\x1B[31mred", "\\x1B[31mred" },
	{ "nul\0nul", 7, "nul\\x00nul", "nul\\x00nul" },
	{ "over\rwritten", 12, "over\\x0Dwritten", "over\\x0Dwritten" },
	{ "del\x7f", 4, "del\\x7F", "del\\x7F" },
	{ "c1\xC2\x9B", 4, "c1\\xC2\\x9B", "c1\\xC2\\x9B" },
	{ "ä€😀", 9, "ä€😀", "ä€😀" },
	{ "bad\xFF\xC3", 5, "bad\\xFF\\xC3", "bad\\xFF\\xC3" },
	{ "\xE2\x80\xAE", 3, "\\xE2\\x80\\xAE", "\\xE2\\x80\\xAE" },
	{ "", 0, "", "" },
};
/* NOLINTEND(misc-misleading-bidirectional) */

Test(terminal, shows_what_could_steer_it)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buffer out = BUFFER(1000), lines = BUFFER(1000);

		terminal_escape(&out, texts[i].text, texts[i].len);
		terminal_escape_lines(&lines, texts[i].text, texts[i].len);
		cr_assert_str_eq(buffer_string(&out), texts[i].escaped, "row %zu", i);
		cr_assert_str_eq(buffer_string(&lines), texts[i].lines, "row %zu", i);
		buffer_done(&out);
		buffer_done(&lines);
	}
}

Test(terminal, filters_a_stream_like_a_whole_however_it_is_cut)
{
	static const char text[] = "a\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\x1b[0m\xFF\xE2\x82 end \xF0\x9F";
	size_t len = sizeof text - 1;
	struct buffer whole = BUFFER(1000);

	terminal_escape_lines(&whole, text, len);
	for (size_t step = 1; step <= len; step++) {
		struct terminal_filter state = { 0 };
		struct buffer out = BUFFER(1000);

		for (size_t at = 0; at < len; at += step)
			terminal_filter_append(&state, &out, text + at, len - at < step ? len - at : step);
		terminal_filter_append(&state, &out, NULL, 0);
		cr_assert_str_eq(buffer_string(&out), buffer_string(&whole), "pieces of %zu", step);
		buffer_done(&out);
	}
	buffer_done(&whole);
}

Test(terminal, counts_columns)
{
	static const struct {
		const char *text;
		size_t columns;
	} rows[] = { { "", 0 },     { "abc", 3 }, { "ä€", 2 },      { "e\xCC\x81", 1 },
		     { "日本", 4 }, { "😀", 2 },   { "\xFF\xFE", 2 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_eq(text_columns(rows[i].text, strlen(rows[i].text)), rows[i].columns, "%s", rows[i].text);
}

Test(terminal, fits_whole_characters_into_columns)
{
	cr_assert_eq(text_fit("abc", 3, 2), 2);
	cr_assert_eq(text_fit("abc", 3, 9), 3);
	cr_assert_eq(text_fit("日本", 6, 3), 3);
	cr_assert_eq(text_fit("日本", 6, 1), 0);
	/* a mark belongs to the character before it */
	cr_assert_eq(text_fit("e\xCC\x81x", 4, 1), 3);
}

Test(terminal, width_comes_from_columns_without_a_terminal)
{
	static const struct {
		const char *columns;
		size_t width;
	} rows[] = { { "132", 132 }, { "5", 20 }, { "0", 20 }, { "x", 80 }, { "10001", 80 }, { "", 80 }, { "-1", 80 } };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cr_assert_eq(setenv("COLUMNS", rows[i].columns, 1), 0);
		cr_assert_eq(terminal_width(null), rows[i].width, "%s", rows[i].columns);
	}
	cr_assert_eq(unsetenv("COLUMNS"), 0);
	cr_assert_eq(terminal_width(null), 80);
	cr_assert_not(terminal_is(null));
	(void)close(null);
}

Test(terminal, utf8_follows_the_first_variable_that_is_set)
{
	cr_assert_eq(setenv("LC_ALL", "", 1), 0);
	cr_assert_eq(setenv("LC_CTYPE", "de_DE.utf8", 1), 0);
	cr_assert_eq(setenv("LANG", "C", 1), 0);
	cr_assert(terminal_has_utf8());
	cr_assert_eq(setenv("LC_ALL", "C", 1), 0);
	cr_assert_not(terminal_has_utf8());
	cr_assert_eq(setenv("LC_ALL", "C.UTF-8", 1), 0);
	cr_assert(terminal_has_utf8());
	cr_assert_eq(unsetenv("LC_ALL") | unsetenv("LC_CTYPE") | unsetenv("LANG"), 0);
	cr_assert_not(terminal_has_utf8());
}

/* A real pty: the slave that is the terminal, and the master that keeps it alive. */
static int open_terminal(struct arena *arena, int *ret_master)
{
	const char *slave = NULL;
	struct error err;
	int descriptor;

	cr_assert(process_terminal(arena, ret_master, &slave, &err), "%s", err.cause);
	descriptor = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_geq(descriptor, 0);
	return descriptor;
}

Test(terminal, tells_its_size)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct winsize size = { .ws_row = 33, .ws_col = 111 };
	struct terminal_size seen = { 0 };
	int master = -1;
	int terminal = open_terminal(arena, &master);

	cr_assert(terminal_is(terminal));
	cr_assert_eq(ioctl(terminal, TIOCSWINSZ, &size), 0);
	cr_assert(terminal_read_size(terminal, &seen));
	cr_assert_eq(seen.columns, 111);
	cr_assert_eq(seen.rows, 33);
	cr_assert_eq(setenv("COLUMNS", "50", 1), 0);
	cr_assert_eq(terminal_width(terminal), 111);
	(void)close(terminal);
	(void)close(master);
}

Test(terminal, is_restored_after_raw_mode)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct termios before, saved, now;
	struct error err = { 0 };
	int master = -1;
	int terminal = open_terminal(arena, &master);

	cr_assert_eq(tcgetattr(terminal, &before), 0);
	cr_assert(terminal_raw(terminal, &saved, &err), "%s", err.cause);
	cr_assert_eq(tcgetattr(terminal, &now), 0);
	cr_assert_eq(now.c_lflag & (tcflag_t)(ICANON | ECHO | ISIG), 0);
	terminal_restore(terminal, &saved);
	cr_assert_eq(tcgetattr(terminal, &now), 0);
	cr_assert_eq(now.c_lflag, before.c_lflag);
	cr_assert_eq(now.c_iflag, before.c_iflag);
	(void)close(terminal);
	(void)close(master);
}

Test(terminal, gives_keys_at_once_and_keeps_signals)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct termios before, saved, now;
	struct error err = { 0 };
	int master = -1;
	int terminal = open_terminal(arena, &master);
	char key = 0;

	cr_assert_eq(tcgetattr(terminal, &before), 0);
	cr_assert(terminal_keys(terminal, &saved, &err), "%s", err.cause);
	cr_assert_eq(tcgetattr(terminal, &now), 0);
	cr_assert_eq(now.c_lflag & (tcflag_t)(ICANON | ECHO), 0);
	cr_assert_eq(now.c_lflag & (tcflag_t)ISIG, before.c_lflag & (tcflag_t)ISIG);
	cr_assert_eq(now.c_oflag, before.c_oflag);
	cr_assert_eq(write(master, "q", 1), 1);
	cr_assert_eq(read(terminal, &key, 1), 1);
	cr_assert_eq(key, 'q');
	terminal_restore(terminal, &saved);
	cr_assert_eq(tcgetattr(terminal, &now), 0);
	cr_assert_eq(now.c_lflag, before.c_lflag);
	cr_assert_eq(now.c_cc[VSUSP], before.c_cc[VSUSP]);
	(void)close(terminal);
	(void)close(master);
}

Test(terminal, has_no_raw_mode_where_there_is_none)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct termios saved;
	struct error err = { 0 };

	cr_assert_not(terminal_raw(null, &saved, &err));
	cr_assert_eq(err.id, ERROR_IO_READ);
	cr_assert_not(terminal_keys(null, &saved, &err));
	cr_assert_eq(err.id, ERROR_IO_READ);
	(void)close(null);
}

static const char *log_at(struct arena *arena, int level, bool json)
{
	struct log log = { .level = level, .json = json };
	char *text = arena_alloc(arena, 1000);
	struct error err;
	int ends[2];

	cr_assert(process_pipe(ends, &err));
	log.descriptor = ends[1];
	log_detail(&log, "detail %s", "\x1b[2J");
	log_trace(&log, "trace %d", 2);
	(void)close(ends[1]);
	cr_assert_geq(read(ends[0], text, 999), 0);
	(void)close(ends[0]);
	return text;
}

Test(log, prints_what_its_level_asks_for)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	cr_assert_str_eq(log_at(arena, 0, false), "");
	cr_assert_str_eq(log_at(arena, 1, false), "fops: detail \\x1B[2J\n");
	cr_assert_str_eq(log_at(arena, 2, false), "fops: detail \\x1B[2J\nfops: trace 2\n");
	cr_assert_str_eq(log_at(arena, 2, true), "");
	log_detail(NULL, "nobody listens");
}
