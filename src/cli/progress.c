/* Decides once where progress goes, then rate-limits it. */
#include "fops/cli/progress.h"

#include "fops/base/arena.h"
#include "fops/base/clock.h"
#include "fops/base/terminal.h"
#include "fops/cli/report.h"
#include "fops/data/emit.h"

#define FIRST_AFTER_MS   300
#define TERMINAL_STEP_MS 100
#define LINE_STEP_MS     30000

struct progress {
	struct call *call;
	int machine; /* descriptor of --progress-fd, -1 without */
	bool moving; /* a terminal: one line that is overwritten */
	bool lines;  /* no terminal: a line now and then */
	bool shown;
	int64_t started_ms;
	int64_t next_ms;
};

struct progress *progress_start(struct call *call)
{
	struct progress *progress = arena_alloc(call->arena, sizeof *progress);
	const struct optional_int *wanted = &call->globals.progress_fd;
	const char *spinner = getenv("FOPS_SPINNER");
	bool quiet = call->globals.quiet > 0 || report_as_json(call) || text_equal(spinner, "0");

	progress->call = call;
	progress->machine = wanted->present && wanted->value <= INT32_MAX ? (int)wanted->value : -1;
	progress->moving = !quiet && !call_by_machine() && terminal_is(STDERR_FILENO);
	progress->lines = !quiet && !progress->moving;
	progress->started_ms = clock_monotonic_ms();
	progress->next_ms = progress->started_ms + FIRST_AFTER_MS;
	return progress;
}

static void report_to_machine(const struct progress *progress, uint64_t done, uint64_t total, const char *what)
{
	struct buffer line = BUFFER(4096);
	struct emitter emitter;
	ssize_t written;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&line));
	emit_object(&emitter);
	emit_key(&emitter, "type");
	emit_text(&emitter, "progress");
	emit_key(&emitter, "done");
	emit_count(&emitter, done);
	emit_key(&emitter, "total");
	emit_count(&emitter, total);
	emit_key(&emitter, "what");
	emit_text(&emitter, what);
	emit_object_end(&emitter);
	(void)emit_finish(&emitter, true);
	written = write(progress->machine, buffer_string(&line), line.len);
	(void)written; /* progress is a courtesy */
	buffer_done(&line);
}

void progress_report(struct progress *progress, uint64_t done, uint64_t total, const char *what)
{
	int64_t now = clock_monotonic_ms();
	char line[256];
	int len;
	ssize_t written;

	if (progress->machine >= 0)
		report_to_machine(progress, done, total, what);
	if ((!progress->moving && !progress->lines) || now < progress->next_ms)
		return;
	progress->next_ms = now + (progress->moving ? TERMINAL_STEP_MS : LINE_STEP_MS);
	len = snprintf(line, sizeof line, "%s%s: %llu of %llu %s, %llds%s", progress->moving ? "\r\033[K" : "",
	               progress->call->program, (unsigned long long)done, (unsigned long long)total, what,
	               (long long)((now - progress->started_ms) / 1000), progress->moving ? "" : "\n");
	progress->shown = progress->moving;
	if (len <= 0)
		return;
	written = write(STDERR_FILENO, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
	(void)written;
}

void progress_end(struct progress *progress)
{
	ssize_t written = progress->shown ? write(STDERR_FILENO, "\r\033[K", 4) : 0;

	(void)written;
	progress->shown = false;
}
