/* The window over many assets, with a driver that is nothing but timers: order, limits, failures, signals, memory. */
#include "run_private.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/resource.h>

#include "fops/base/arena.h"

#define MOST_ASSETS 2000

/* What a session does follows from the first letter of its asset's id. */
struct fake {
	struct session *session;
	struct loop_timer timer;
	int status;
};

static struct arena *arena;
static struct loop *loop;
static struct runtime_asset assets[MOST_ASSETS];
static struct run_result results[MOST_ASSETS];
static size_t under_way, most_under_way, started;
static size_t most_lines, lines_seen, results_seen;
static size_t raise_after;
static size_t read_after, started_before; /* results until the reader takes anything; what had started by then */
static struct buffer text;

static void end_fake(void *user)
{
	struct fake *fake = user;
	struct session *session = fake->session;
	struct session_outcome outcome = { .cause = SESSION_EXITED, .exit_status = fake->status };

	under_way--;
	session->on_output(session, 1, "one\ntwo", 7);
	session->on_ended(session, &outcome);
	/* a driver may still look at its own memory on the way out */
	cr_assert_eq(fake->session, session);
}

static bool start_fake(struct session *session, struct error *err)
{
	char letter = session->asset->asset_id[0];
	struct fake *fake = arena_alloc(session->context->arena, sizeof *fake);

	cr_assert_not_null(session->context->owner);
	(void)arena_alloc(session->context->arena, (size_t)40 * 1024);
	if (letter == 'r')
		return fail(err, ERROR_ASSET_DRIVER, "refused");
	fake->session = session;
	fake->status = letter == 'b' ? 3 : 0;
	session->state = fake;
	started++;
	under_way++;
	most_under_way = under_way > most_under_way ? under_way : most_under_way;
	if (raise_after > 0 && started == raise_after)
		(void)raise(SIGINT);
	loop_arm(session->context->loop, &fake->timer, letter == 's' || letter == 'd' ? 60000 : 0, end_fake, fake);
	return true;
}

static void signal_fake(struct session *session, int number)
{
	struct fake *fake = session->state;

	/* the deaf ones only hear what nobody can ignore */
	if (session->asset->asset_id[0] == 'd' && number != SIGKILL)
		return;
	fake->status = 128 + number;
	loop_arm(session->context->loop, &fake->timer, 0, end_fake, fake);
}

static void stop_fake(struct session *session)
{
	struct fake *fake = session->state;

	under_way--;
	loop_disarm(session->context->loop, &fake->timer);
}

static void pause_fake(struct session *session, int stream, bool pause)
{
	(void)session;
	cr_assert(stream == 1 && !pause, "nothing is held back that was told to stop");
}

static const struct asset_driver fake_driver = {
	.name = "fake", .start = start_fake, .pause_output = pause_fake, .signal = signal_fake, .stop = stop_fake
};

/* In place of the table of real drivers. */
bool asset_driver_of(const struct runtime_asset *asset, const struct asset_driver **ret_driver, struct error *err)
{
	(void)asset;
	(void)err;
	*ret_driver = &fake_driver;
	return true;
}

static void open_all(void)
{
	struct error err;

	arena = arena_new((size_t)64 << 20);
	cr_assert(loop_new(&loop, &err));
	text = BUFFER((size_t)1 << 20);
	most_lines = SIZE_MAX;
}

static void close_all(void)
{
	buffer_done(&text);
	loop_free(loop);
	arena_free(arena);
}

TestSuite(run_many, .init = open_all, .fini = close_all);

static bool take_line(void *user, const char *asset_id, int stream, const char *line, size_t len)
{
	(void)user;
	buffer_format(&text, "%s %d %.*s\n", asset_id, stream, (int)len, line);
	return ++lines_seen < most_lines;
}

static bool take_result(void *user, const struct run_result *result)
{
	(void)user;
	(void)result;
	results_seen++;
	return lines_seen < most_lines;
}

static bool pass_on(void *user, struct run_backlog *ret_backlog)
{
	(void)user;
	if (results_seen < read_after)
		started_before = started;
	*ret_backlog = (struct run_backlog){ results_seen < read_after ? (size_t)1 << 20 : 0, -1 };
	return true;
}

/* One asset a word, "ok bad …"; a number behind a star repeats. */
static size_t name_assets(const char *words)
{
	struct text_list list = text_split(arena, words, ' ');
	size_t count = 0;

	for (size_t i = 0; i < list.count; i++) {
		struct text_list parts = text_split(arena, list.items[i], '*');
		uint64_t times = 1;

		cr_assert(parts.count == 1 || parse_count(parts.items[1], &times));
		for (uint64_t each = 0; each < times; each++, count++)
			assets[count].asset_id = arena_format(arena, "%s-%zu", parts.items[0], count);
	}
	return count;
}

static struct run_summary run(const char *words, size_t parallel, struct run_request request, int64_t deadline_ms)
{
	static const char *const argv[] = { "true", NULL };
	struct log log = { 0 };
	struct asset_context context = {
		.arena = arena,
		.loop = loop,
		.log = &log,
		.most_parallel = parallel,
		.deadline = deadline_after(deadline_ms),
	};
	struct run_listener listener = { take_line, take_result, NULL, pass_on };
	size_t count = name_assets(words);
	struct run_summary summary;
	struct error err;

	request.argv = argv;
	if (request.timeout_ms == 0)
		request.timeout_ms = -1;
	cr_assert(run_on_assets(&context, assets, count, &request, &listener, results, &summary, &err), "%s",
	          err.message);
	cr_assert_eq(summary.ok + summary.failed + summary.not_started, count);
	cr_assert_eq(results_seen, count);
	cr_assert_eq(under_way, 0);
	return summary;
}

Test(run_many, keeps_to_the_window_and_hands_every_line_over)
{
	struct run_summary summary = run("ok*20", 3, (struct run_request){ 0 }, -1);

	cr_assert_eq(summary.ok, 20);
	cr_assert_eq(summary.exit_status, 0);
	cr_assert_eq(most_under_way, 3);
	cr_assert_eq(lines_seen, 40);
	cr_assert_not_null(strstr(text.data, "ok-7 1 one\nok-7 1 two\n"));
	cr_assert_eq(results[5].output_bytes, 7);
}

Test(run_many, tells_a_common_status_and_else_partial)
{
	static const struct {
		const char *words;
		int status;
	} rows[] = {
		{ "bad*4", 3 }, { "refused*3", 125 }, { "ok*2 bad", 16 }, { "bad refused", 16 }, { "ok", 0 }, { "", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run_summary summary;

		results_seen = 0;
		summary = run(rows[i].words, 4, (struct run_request){ 0 }, -1);
		cr_assert_eq(summary.exit_status, rows[i].status, "%s: %d", rows[i].words, summary.exit_status);
		cr_assert_not(summary.cut);
	}
}

Test(run_many, begins_nothing_after_the_first_failure)
{
	struct run_summary summary = run("ok bad ok*8", 1, (struct run_request){ .most_failures = 1 }, -1);

	cr_assert_eq(started, 2);
	cr_assert_eq(summary.skipped, 8);
	cr_assert_str_eq(results[9].state, "not-started");
	cr_assert_str_eq(results[9].cause, "run.not-started");
	cr_assert_str_eq(results[9].message, "not begun on ok-9: bad-1 was failure number 1");
	cr_assert_eq(results[9].exit_status, 125);
	cr_assert_eq(summary.exit_status, 16);
}

Test(run_many, lets_what_is_under_way_end_after_failures)
{
	struct run_summary summary = run("bad*3 ok*3", 4, (struct run_request){ .most_failures = 2 }, -1);

	cr_assert_eq(started, 4);
	cr_assert_eq(summary.failed, 3);
	cr_assert_eq(summary.ok, 1);
	cr_assert_eq(summary.not_started, 2);
}

Test(run_many, counts_what_could_not_start_as_a_failure)
{
	struct run_summary summary = run("refused*3 ok*4", 2, (struct run_request){ .most_failures = 3 }, -1);

	cr_assert_eq(started, 0);
	cr_assert_eq(summary.not_started, 7);
	cr_assert_eq(summary.skipped, 4);
	cr_assert_eq(summary.exit_status, 125);
}

Test(run_many, limits_each_asset_by_itself)
{
	struct run_summary summary = run("slow ok slow*2", 1, (struct run_request){ .timeout_ms = 20 }, -1);

	cr_assert_eq(summary.ok, 1);
	cr_assert_eq(summary.failed, 3);
	cr_assert_eq(started, 4);
	cr_assert_str_eq(results[3].state, "timeout");
	cr_assert_eq(results[3].exit_status, 124);
}

Test(run_many, begins_nothing_behind_the_deadline)
{
	struct run_summary summary = run("ok slow*6", 2, (struct run_request){ 0 }, 50);

	cr_assert_eq(started, 3);
	cr_assert(summary.cut);
	cr_assert_eq(summary.error.id, ERROR_TIMEOUT);
	cr_assert_str_eq(summary.error.effect, "1 ok, 2 failed, 4 not started");
	cr_assert_str_eq(results[1].state, "timeout");
	cr_assert_str_eq(results[6].cause, "timeout");
	cr_assert_eq(results[6].exit_status, 125);
}

Test(run_many, ends_the_deaf_ones_hard)
{
	struct run_summary summary = run("deaf", 1, (struct run_request){ .timeout_ms = 10 }, -1);

	cr_assert_eq(summary.exit_status, 124);
	cr_assert_eq(results[0].remote_exit.value, 137);
}

Test(run_many, passes_a_signal_on_and_skips_the_rest)
{
	struct run_summary summary;

	raise_after = 2;
	summary = run("slow*5", 2, (struct run_request){ 0 }, -1);
	cr_assert(summary.cut);
	cr_assert_eq(summary.error.id, ERROR_INTERRUPTED);
	cr_assert_eq(summary.error.exit_status, 130);
	cr_assert_eq(started, 2);
	cr_assert_str_eq(results[0].state, "interrupted");
	cr_assert_eq(results[0].exit_status, 130);
	cr_assert_str_eq(results[4].cause, "interrupted");
	cr_assert_eq(summary.skipped, 3);
}

Test(run_many, stops_when_nobody_takes_the_output)
{
	struct run_summary summary;

	most_lines = 1;
	summary = run("ok slow*6", 3, (struct run_request){ 0 }, -1);
	cr_assert(summary.output_lost);
	cr_assert_eq(started, 3);
	cr_assert_str_eq(results[1].state, "interrupted");
	cr_assert_str_eq(results[6].cause, "io.output");
	cr_assert_eq(lines_seen, 1);
}

Test(run_many, keeps_limits_and_begins_nothing_while_nobody_reads)
{
	struct run_summary summary;

	read_after = 2;
	summary = run("slow*5", 2, (struct run_request){ .timeout_ms = 20 }, -1);
	cr_assert_eq(started_before, 2);
	cr_assert_eq(started, 5);
	cr_assert_eq(summary.failed, 5);
	cr_assert_str_eq(results[0].state, "timeout");
	cr_assert_eq(results[0].remote_exit.value, 143);
}

Test(run_many, keeps_to_the_limit_on_descriptors)
{
	struct rlimit limit = { 94, 94 };

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	(void)run("ok*40", 40, (struct run_request){ 0 }, -1);
	cr_assert_eq(most_under_way, 3);
}

#ifdef __SANITIZE_ADDRESS__
#define KEEPS_FREED_MEMORY true
#else
#define KEEPS_FREED_MEMORY false
#endif

/* Each session takes 40 KiB of its arena: 80 MiB if nothing were given back. */
Test(run_many, forgets_the_memory_of_what_is_done)
{
	struct rusage before, after;

	if (KEEPS_FREED_MEMORY)
		cr_skip_test("a sanitizer keeps what was freed");
	(void)run("ok*10", 2, (struct run_request){ 0 }, -1);
	(void)getrusage(RUSAGE_SELF, &before);
	results_seen = 0;
	(void)run("ok*2000", 2, (struct run_request){ 0 }, -1);
	(void)getrusage(RUSAGE_SELF, &after);
	cr_assert_lt(after.ru_maxrss - before.ru_maxrss, 4096, "%ld KiB", after.ru_maxrss - before.ru_maxrss);
}

static bool keep_line(void *user, const char *asset_id, int stream, const char *line, size_t len)
{
	(void)asset_id;
	buffer_format(user, "%d:%zu:%.*s|", stream, len, len > 20 ? 0 : (int)len, line);
	return true;
}

Test(run_many, cuts_lines_wherever_the_pieces_end)
{
	static const char data[] = "first\n\nthird\nlast";

	for (size_t piece = 1; piece < sizeof data; piece++) {
		struct buffer seen = BUFFER(4096);
		struct run_listener listener = { keep_line, NULL, &seen, NULL };
		struct run_lines lines = { .listener = &listener, .asset_id = "one" };

		for (size_t at = 0; at < sizeof data - 1; at += piece)
			cr_assert(run_lines_take(&lines, 1, data + at,
			                         at + piece < sizeof data ? piece : sizeof data - 1 - at));
		cr_assert(run_lines_finish(&lines));
		cr_assert_str_eq(buffer_string(&seen), "1:5:first|1:0:|1:5:third|1:4:last|", "pieces of %zu", piece);
		buffer_done(&seen);
	}
}

Test(run_many, cuts_a_line_that_is_too_long_into_pieces)
{
	static const struct {
		size_t len;
		const char *seen;
	} rows[] = {
		{ 16383, "2:16383:|2:1:x|" },
		{ 16384, "2:16383:|2:1:a|2:1:x|" },
		{ 40000, "2:16383:|2:16383:|2:7234:|2:1:x|" },
	};
	static char data[65536];

	memset(data, 'a', sizeof data);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t piece = 1000; piece <= 65536; piece += 64536) {
			struct buffer seen = BUFFER(4096);
			struct run_listener listener = { keep_line, NULL, &seen, NULL };
			struct run_lines lines = { .listener = &listener, .asset_id = "one" };

			for (size_t at = 0; at < rows[i].len; at += piece)
				cr_assert(run_lines_take(&lines, 2, data,
				                         at + piece < rows[i].len ? piece : rows[i].len - at));
			cr_assert(run_lines_take(&lines, 2, "\nx\n", 3));
			cr_assert(run_lines_finish(&lines));
			cr_assert_str_eq(buffer_string(&seen), rows[i].seen);
			cr_assert_eq(lines.bytes[1], rows[i].len + 3);
			buffer_done(&seen);
		}
	}
}
