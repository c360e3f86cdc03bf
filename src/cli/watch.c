/* Hides where a watched list goes: frames drawn over one another on a terminal, or one event for each change. */
#include "fops/cli/watch.h"

#include <errno.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/loop.h"
#include "fops/base/terminal.h"
#include "output_private.h"

#define PRESET_INTERVAL_MS   5000
#define SHORTEST_INTERVAL_MS 100
#define LONGEST_INTERVAL_MS  ((int64_t)24 * 60 * 60 * 1000)
#define DRAW_AFTER_MS        100 /* results that come close together are drawn at once */
#define FRAME_LIMIT_BYTES    ((size_t)64 << 20)
#define MOST_WORDS           8

/* alternate screen, no cursor, no wrapping of long lines */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"
/* terminals that know it show the frame at once; the others ignore it */
#define FRAME_BEGIN "\033[?2026h\033[H"
#define FRAME_END   "\033[J\033[?2026l"
#define LINE_END    "\033[K\r\n"

struct watch {
	struct call *call;
	struct output *output;
	struct loop *loop;
	struct watch_plan plan;
	const void **rows;
	bool *known; /* row i was told, not only expected */
	bool table;
	bool drawing; /* the screen is ours */
	bool keys;    /* the terminal's mode is ours */
	struct termios saved;
	struct loop_timer draw_soon;
	struct buffer table_text;
	struct buffer frame;
	struct deadline due; /* of the next round */
	uint64_t rounds;
	struct instant last; /* when a round ended last */
	int signal;
	bool over;
};

bool watch_read_interval(const char *text, int64_t *ret_ms, struct error *err)
{
	int64_t ms = PRESET_INTERVAL_MS;

	if (text[0] != '\0' &&
	    (!parse_duration_ms(text, &ms) || ms < SHORTEST_INTERVAL_MS || ms > LONGEST_INTERVAL_MS)) {
		fail(err, ERROR_USAGE_BAD_VALUE, "--watch does not accept \"%s\"", text);
		error_cause(err, "it takes a time from 100ms to 1d");
		return false;
	}
	*ret_ms = ms;
	return true;
}

/* Can frames be drawn over one another there? */
static bool is_screen(const struct output *output)
{
	const char *terminal = getenv("TERM");

	return output->terminal && terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

bool watch_check(const struct call *call, struct error *err)
{
	const struct globals *globals = &call->globals;
	const char *format = globals->json_given ? "json" : globals->format;

	if (format == NULL)
		format = getenv("FOPS_OUTPUT");
	if (format != NULL && format[0] != '\0' && !text_in_choices("table|wide|jsonl", format)) {
		fail(err, ERROR_USAGE_CONFLICT, "--watch and -o %s exclude each other", format);
		error_cause(err, "a watch is a table on a terminal and jsonl elsewhere");
		error_fix(err, "%s %s --watch -o jsonl", call->program, call->path);
		return false;
	}
	if (globals->quiet > 0)
		return fail(err, ERROR_USAGE_CONFLICT, "--watch and --quiet exclude each other");
	if (globals->limit.present || globals->after != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--watch and %s exclude each other",
		            globals->limit.present ? "--limit" : "--after");
	if (globals->sort != NULL && (call->output->format == OUTPUT_JSONL || !is_screen(call->output)))
		return fail(err, ERROR_USAGE_CONFLICT, "events of --watch come as they happen and cannot be sorted");
	return true;
}

/* --- the table --- */

static void render_table(struct watch *watch)
{
	struct output *output = watch->output;
	struct arena_mark mark = arena_mark(watch->call->arena);

	buffer_clear(&watch->table_text);
	output->stream.capture = &watch->table_text;
	output->table = (struct table){ 0 };
	output->returned = output->total = 0;
	for (size_t i = 0; i < watch->plan.rows; i++) {
		if (watch->rows[i] != NULL)
			output_row(output, watch->rows[i]);
	}
	deliver_waiting(output);
	table_finish(output);
	output->table = (struct table){ 0 };
	output->stream.capture = NULL;
	arena_rewind(watch->call->arena, mark);
}

/* "3 ok, 1 down": the words of the first column of states, in the order in which they appear. */
static void put_counts(struct watch *watch, struct buffer *out)
{
	const char *words[MOST_WORDS];
	size_t counts[MOST_WORDS], used = 0;
	const struct column *column = watch->output->command->columns;
	struct cell cell;

	while (column->key != NULL && (column->flags & COLUMN_STATE) == 0)
		column++;
	if (column->key == NULL)
		return;
	cell = cell_of(column);
	for (size_t i = 0; i < watch->plan.rows; i++) {
		const char *word = watch->known[i] ? cell_text(watch->call->arena, &cell, watch->rows[i], true) : NULL;
		size_t at = 0;

		while (at < used && !text_equal(words[at], word))
			at++;
		if (word == NULL || at == MOST_WORDS)
			continue;
		if (at == used) {
			words[used] = word;
			counts[used++] = 0;
		}
		counts[at]++;
	}
	for (size_t i = 0; i < used; i++)
		buffer_format(out, "%s%zu %s", i == 0 ? "   " : ", ", counts[i], words[i]);
}

static void put_heading(struct watch *watch, size_t columns)
{
	struct arena *arena = watch->call->arena;
	struct arena_mark mark = arena_mark(arena);
	struct buffer line = BUFFER((size_t)4096);
	const char *last = instant_format(arena, watch->last, false);

	buffer_format(&line, "every %s, ", format_duration(arena, watch->plan.interval_ms));
	if (last == NULL)
		buffer_text(&line, "waiting for the first answers");
	else
		buffer_format(&line, "last %s", strchr(last, 'T') + 1);
	put_counts(watch, &line);
	if (watch->keys)
		buffer_text(&line, "   (q ends)");
	buffer_append(&watch->frame, buffer_string(&line), text_fit(buffer_string(&line), line.len, columns));
	buffer_text(&watch->frame, LINE_END);
	buffer_done(&line);
	arena_rewind(arena, mark);
}

/* The lines of the table that the screen has room for; the last one says how many it has not. */
static void put_lines(struct watch *watch, size_t room)
{
	const char *at = buffer_string(&watch->table_text);
	size_t lines = 0, shown;

	for (const char *sign = at; *sign != '\0'; sign++)
		lines += *sign == '\n' ? 1 : 0;
	shown = lines <= room ? lines : room - 1;
	for (size_t i = 0; i < shown; i++) {
		size_t len = strcspn(at, "\n");

		buffer_append(&watch->frame, at, len);
		/* a newline behind the last line of the screen would scroll it */
		buffer_text(&watch->frame, i + 1 < room ? LINE_END : "\033[K");
		at += len + 1;
	}
	if (shown < lines)
		buffer_format(&watch->frame, "and %zu more\033[K", lines - shown);
}

static void draw(struct watch *watch)
{
	struct terminal_size size = { 0 };
	size_t rows = 24;

	loop_disarm(watch->loop, &watch->draw_soon);
	if (!watch->drawing)
		return;
	if (terminal_read_size(watch->output->stream.descriptor, &size) && size.rows > 3)
		rows = size.rows;
	render_table(watch);
	buffer_clear(&watch->frame);
	buffer_text(&watch->frame, FRAME_BEGIN);
	put_heading(watch, terminal_width(watch->output->stream.descriptor));
	put_lines(watch, rows - 1);
	buffer_text(&watch->frame, FRAME_END);
	stream_write(&watch->output->stream, buffer_string(&watch->frame), watch->frame.len);
	stream_flush(&watch->output->stream);
}

static void draw_expired(void *user)
{
	draw(user);
}

/* --- what ends it --- */

static void signalled(void *user, int number)
{
	struct watch *watch = user;

	if (number == SIGWINCH) {
		draw(watch);
		return;
	}
	if (watch->signal == 0)
		watch->signal = number;
	watch->over = true;
}

static void key_pressed(void *user, int descriptor, unsigned events)
{
	struct watch *watch = user;
	char keys[64];
	ssize_t got = read(descriptor, keys, sizeof keys);

	(void)events;
	if (got <= 0)
		loop_unwatch(watch->loop, descriptor);
	for (ssize_t i = 0; i < got; i++) {
		if (keys[i] == 'q' || keys[i] == 'Q')
			watch->over = true;
	}
}

/* The reader of a pipe went away: nobody would ever see the next change. */
static void reader_gone(void *user, int descriptor, unsigned events)
{
	struct watch *watch = user;

	if ((events & LOOP_HANGUP) == 0)
		return;
	loop_unwatch(watch->loop, descriptor);
	watch->output->stream.failed = EPIPE;
	watch->over = true;
}

/* --- beginning and end --- */

static bool watch_keys(struct watch *watch, struct error *err)
{
	/* in the background the terminal is another program's */
	if (!terminal_is(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return true;
	if (!terminal_keys(STDIN_FILENO, &watch->saved, err))
		return false;
	watch->keys = true;
	return loop_watch(watch->loop, STDIN_FILENO, LOOP_READ, key_pressed, watch, err);
}

static bool open_screen(struct watch *watch, struct error *err)
{
	if (!watch_keys(watch, err))
		return false;
	watch->drawing = true;
	output_text(watch->output, SCREEN_ENTER);
	draw(watch);
	return true;
}

static bool open_stream(struct watch *watch, struct error *err)
{
	struct output *output = watch->output;
	struct stat about;

	if (output->format != OUTPUT_JSONL) {
		output->format = OUTPUT_JSONL;
		output_widen(output);
	}
	output->begun = true;
	document_begin(output);
	stream_flush(&output->stream);
	if (fstat(output->stream.descriptor, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)))
		return loop_watch(watch->loop, output->stream.descriptor, 0, reader_gone, watch, err);
	return true;
}

static void give_back(struct watch *watch)
{
	loop_disarm(watch->loop, &watch->draw_soon);
	if (watch->keys) {
		loop_unwatch(watch->loop, STDIN_FILENO);
		terminal_restore(STDIN_FILENO, &watch->saved);
	}
	if (watch->drawing)
		output_text(watch->output, SCREEN_LEAVE);
	if (!watch->table)
		loop_unwatch(watch->loop, watch->output->stream.descriptor);
	watch->keys = watch->drawing = false;
}

bool watch_open(struct call *call, struct loop *loop, const struct watch_plan *plan, struct watch **ret_watch,
                struct error *err)
{
	struct watch *watch = arena_alloc(call->arena, sizeof *watch);

	if (!watch_check(call, err))
		return false;
	watch->call = call;
	watch->output = call->output;
	watch->loop = loop;
	watch->plan = *plan;
	watch->rows = arena_array(call->arena, plan->rows + 1, sizeof *watch->rows);
	watch->known = arena_array(call->arena, plan->rows + 1, sizeof *watch->known);
	watch->table_text = BUFFER(FRAME_LIMIT_BYTES);
	watch->frame = BUFFER(FRAME_LIMIT_BYTES);
	watch->table = call->output->format != OUTPUT_JSONL && is_screen(call->output);
	output_list(call->output);
	if (!loop_catch_signals(loop, signalled, watch, err) ||
	    !(watch->table ? open_screen(watch, err) : open_stream(watch, err))) {
		give_back(watch);
		return false;
	}
	*ret_watch = watch;
	return true;
}

void watch_expect(struct watch *watch, size_t i, const void *row)
{
	watch->rows[i] = row;
	if (watch->drawing && !watch->draw_soon.armed)
		loop_arm(watch->loop, &watch->draw_soon, DRAW_AFTER_MS, draw_expired, watch);
}

void watch_row(struct watch *watch, size_t i, const void *row)
{
	const void *before = watch->known[i] ? watch->rows[i] : NULL;
	bool changed = before == NULL || watch->plan.differs == NULL || watch->plan.differs(before, row);

	watch_expect(watch, i, row);
	watch->known[i] = true;
	if (watch->table || !changed)
		return;
	output_row(watch->output, row);
	stream_flush(&watch->output->stream);
}

void watch_begin_round(struct watch *watch)
{
	watch->due = deadline_after(watch->plan.interval_ms);
}

void watch_end_round(struct watch *watch)
{
	watch->last = clock_now();
	watch->rounds++;
	if (watch->plan.rounds > 0 && watch->rounds >= watch->plan.rounds)
		watch->over = true;
	draw(watch);
}

bool watch_wait(struct watch *watch, struct error *err)
{
	struct deadline least = deadline_after(SHORTEST_INTERVAL_MS);

	/* a round that took longer than the interval is followed by a pause all the same */
	if (least.at_ms > watch->due.at_ms)
		watch->due = least;
	while (!watch_is_over(watch) && !deadline_passed(watch->due)) {
		if (!loop_turn(watch->loop, watch->due, err))
			return false;
	}
	return true;
}

bool watch_is_over(const struct watch *watch)
{
	return watch->over || output_is_done(watch->output);
}

static bool was_interrupted(const struct watch *watch, struct error *err)
{
	if (watch->signal == 0)
		return true;
	fail(err, watch->signal == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "the watch was interrupted");
	error_effect(err, "nothing was changed");
	return false;
}

bool watch_close(struct watch *watch, struct error *err)
{
	if (watch == NULL)
		return true;
	give_back(watch);
	if (watch->table) {
		render_table(watch);
		stream_write(&watch->output->stream, buffer_string(&watch->table_text), watch->table_text.len);
		stream_flush(&watch->output->stream);
	}
	buffer_done(&watch->table_text);
	buffer_done(&watch->frame);
	return was_interrupted(watch, err);
}
