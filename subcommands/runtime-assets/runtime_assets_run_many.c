/* What `run` on many assets prints: their lines or events as they come, then who did not end well. */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "runtime_assets_results.h"
#include "runtime_assets_run.h"

#define LONGEST_SUMMARY ((size_t)64 * 1024 * 1024)
#define LONGEST_LINE    ((size_t)1024 * 1024)
#define PIPE_STATUS     141            /* 128 + SIGPIPE, as a shell tells it */
#define SAFE_WRITE      ((size_t)4096) /* PIPE_BUF */
#define PATIENCE_MS     50
/* For a reader that may be slow only, when the run itself was cut. */
#define LAST_PATIENCE_MS 1000
/* Commands are held back long before; only drivers that give all output at once come to the first. */
#define QUEUE_WANTED ((size_t)64 * 1024 * 1024)
#define QUEUE_LIMIT  ((size_t)128 * 1024 * 1024)

/* What the lines of several assets go through. */
struct many {
	struct call *call;
	bool jsonl, json;
	struct result_file *file;     /* or NULL */
	struct run_document document; /* of -o json */
	struct deadline deadline;
	bool stalled[3];     /* by descriptor: its reader took nothing for too long */
	struct buffer queue; /* texts that wait for their readers, each behind its struct queued */
	size_t first;        /* where the first of them begins */
	size_t written;      /* of its text */
	size_t count;
	size_t items; /* events of them that went out */
};

struct queued {
	size_t len;
	int descriptor;
	bool item; /* the event of a result */
};

struct line_event {
	const char *asset_id;
	int stream;
	const char *line;
	size_t len;
};

void run_emit_line(struct emitter *emitter, const char *asset_id, int stream, const char *line, size_t len)
{
	emit_key(emitter, "asset_id");
	emit_text(emitter, asset_id);
	emit_key(emitter, "stream");
	emit_text(emitter, stream == 2 ? "stderr" : "stdout");
	emit_key(emitter, "line");
	emit_text_len(emitter, line, len);
}

static void emit_line(struct emitter *emitter, const void *data)
{
	const struct line_event *event = data;

	run_emit_line(emitter, event->asset_id, event->stream, event->line, event->len);
}

/* --- what waits for its reader --- */

static bool first_of(const struct many *many, struct queued *ret_first)
{
	if (many->first == many->queue.len)
		return false;
	memcpy(ret_first, many->queue.data + many->first, sizeof *ret_first);
	return true;
}

static void leave_first(struct many *many, const struct queued *first)
{
	many->first += sizeof *first + first->len;
	many->written = 0;
}

static bool is_lost(const struct many *many, int descriptor)
{
	return many->stalled[descriptor] || (descriptor == STDOUT_FILENO && output_is_done(many->call->output));
}

static bool has_room(int descriptor, int patience_ms)
{
	struct pollfd about = { .fd = descriptor, .events = POLLOUT };

	return poll(&about, 1, patience_ms) != 0;
}

/* As much as a pipe with room takes without blocking. A lost line on standard error does not change the outcome. */
static void write_piece(struct many *many, const struct queued *first)
{
	const char *text = many->queue.data + many->first + sizeof *first + many->written;
	size_t left = first->len - many->written;
	size_t piece = left < SAFE_WRITE ? left : SAFE_WRITE;
	ssize_t written = (ssize_t)piece;

	if (first->descriptor == STDERR_FILENO) {
		written = write(first->descriptor, text, piece);
		if (written < 0)
			written = errno == EINTR || errno == EAGAIN ? 0 : (ssize_t)left;
	} else {
		output_bytes(many->call->output, text, piece);
		output_flush(many->call->output);
	}
	many->written += (size_t)written;
	if (many->written < first->len)
		return;
	many->items += first->item && !output_is_done(many->call->output) ? 1 : 0;
	leave_first(many, first);
}

static bool takes_more(const struct many *many)
{
	return !many->stalled[STDOUT_FILENO] && !many->stalled[STDERR_FILENO] && !output_is_done(many->call->output);
}

static bool pass_on(void *user, struct run_backlog *ret_backlog)
{
	struct many *many = user;
	struct queued first;
	bool waits;

	while ((waits = first_of(many, &first))) {
		if (is_lost(many, first.descriptor))
			leave_first(many, &first);
		else if (has_room(first.descriptor, 0))
			write_piece(many, &first);
		else
			break;
	}
	buffer_drop(&many->queue, many->first);
	many->first = 0;
	*ret_backlog = (struct run_backlog){ many->queue.len, waits ? first.descriptor : -1 };
	return takes_more(many);
}

/* What its reader did not take is lost; the end of the stream still follows, so an event that was begun is completed.
 */
static void give_up(struct many *many, const struct queued *first)
{
	if (many->jsonl && many->written > 0) {
		output_bytes(many->call->output, many->queue.data + many->first + sizeof *first + many->written,
		             first->len - many->written);
		many->items += first->item ? 1 : 0;
	}
	many->stalled[first->descriptor] = true;
	leave_first(many, first);
}

/* A reader that stalls must not keep a signal or the deadline waiting. */
static bool wait_for_room(const struct many *many, int descriptor)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

	while (!has_room(descriptor, PATIENCE_MS)) {
		sigset_t pending;

		if (deadline_passed(many->deadline) || sigpending(&pending) != 0)
			return false;
		for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
			if (sigismember(&pending, ends[i]) == 1)
				return false;
		}
	}
	return true;
}

/* Wait until at most so many bytes wait; cut: the run was, so nobody is waited for much longer. */
static void wait_until_passed_on(struct many *many, size_t most, bool cut)
{
	struct run_backlog backlog;
	struct queued first;

	(void)pass_on(many, &backlog);
	while (backlog.bytes > most && first_of(many, &first)) {
		if (cut ? !has_room(first.descriptor, LAST_PATIENCE_MS) : !wait_for_room(many, first.descriptor))
			give_up(many, &first);
		(void)pass_on(many, &backlog);
	}
}

static void put(struct many *many, int descriptor, const struct buffer *text, bool item)
{
	struct queued next = { text->len, descriptor, item };
	struct run_backlog backlog;

	if (is_lost(many, descriptor))
		return;
	buffer_append(&many->queue, (const char *)&next, sizeof next);
	buffer_append(&many->queue, text->data, text->len);
	(void)pass_on(many, &backlog);
	if (backlog.bytes > QUEUE_WANTED)
		wait_until_passed_on(many, QUEUE_WANTED, false);
}

static bool print_line(void *user, const char *asset_id, int stream, const char *line, size_t len)
{
	struct many *many = user;
	struct buffer text = BUFFER(LONGEST_LINE);
	int descriptor = stream == 2 && !many->jsonl ? STDERR_FILENO : STDOUT_FILENO;

	if (many->json) {
		run_document_keep(&many->document, many->call->arena, asset_id, stream, line, len);
		return true;
	}
	if (many->jsonl) {
		run_event_add(&text, "output", emit_line, &(struct line_event){ asset_id, stream, line, len });
	} else {
		buffer_format(&text, "%s: ", asset_id);
		if (terminal_is(descriptor))
			terminal_escape(&text, line, len);
		else
			buffer_append(&text, line, len);
		buffer_byte(&text, '\n');
	}
	put(many, descriptor, &text, false);
	buffer_done(&text);
	return takes_more(many);
}

static bool note_result(void *user, const struct run_result *result)
{
	struct many *many = user;
	struct buffer text = BUFFER(LONGEST_LINE);

	if (many->file != NULL)
		result_file_add(many->file, result);
	if (many->jsonl) {
		run_event_add(&text, "item", run_event_item, result);
		put(many, STDOUT_FILENO, &text, true);
		buffer_done(&text);
	} else if (!many->json && !run_ended_well(result)) {
		log_detail(&many->call->log, "%s: %s, status %lld", result->asset_id, result->state,
		           (long long)result->exit_status);
	}
	return takes_more(many);
}

/* In the order of the selection, so that two runs can be compared. */
static void print_summary(struct many *many, const struct run_result *results, const struct run_summary *summary)
{
	bool terminal = terminal_is(STDERR_FILENO);
	struct buffer text = BUFFER(LONGEST_SUMMARY);

	if (many->jsonl || many->json || many->call->globals.quiet > 0 || many->count == 0)
		return;
	for (size_t i = 0; i < many->count; i++) {
		const struct run_result *result = &results[i];

		if (run_ended_well(result) || result->skipped)
			continue;
		buffer_format(&text, "%s: %s, status %lld", result->asset_id, result->state,
		              (long long)result->exit_status);
		if (result->message != NULL) {
			buffer_text(&text, ": ");
			/* it may quote what a machine answered */
			if (terminal)
				terminal_escape(&text, result->message, strlen(result->message));
			else
				buffer_text(&text, result->message);
		}
		buffer_byte(&text, '\n');
	}
	if (summary->skipped > 0)
		buffer_format(&text, "%zu not begun: %s\n", summary->skipped, summary->reason);
	buffer_format(&text, "%zu ok, %zu failed, %zu not started\n", summary->ok, summary->failed,
	              summary->not_started);
	put(many, STDERR_FILENO, &text, false);
	buffer_done(&text);
}

bool run_is_many(const struct call *call, const struct run_options *options)
{
	return options->selection.all || options->only_failed != NULL || output_format(call->output) != OUTPUT_TABLE;
}

static bool needs_many(const struct run_options *options, struct error *err)
{
	const struct {
		bool given;
		const char *name;
	} rows[] = {
		{ options->fail_fast, "fail-fast" },
		{ options->max_failures.present, "max-failures" },
		{ options->deadline != NULL, "deadline" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].given)
			continue;
		fail(err, ERROR_USAGE_CONFLICT, "--%s is for several assets", rows[i].name);
		error_fix(err, "add --all, or leave it out");
		return false;
	}
	return true;
}

bool run_many_check(const struct call *call, const struct run_options *options, struct run_request *ret_request,
                    struct deadline *ret_deadline, struct error *err)
{
	int64_t deadline_ms = -1;

	if (!run_is_many(call, options))
		return needs_many(options, err);
	if (options->input || options->terminal)
		return fail(err, ERROR_USAGE_CONFLICT, "--%s needs a single asset", options->input ? "stdin" : "tty");
	if (options->fail_fast && options->max_failures.present)
		return fail(err, ERROR_USAGE_CONFLICT, "--fail-fast and --max-failures exclude each other");
	if (options->max_failures.present && options->max_failures.value < 1)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--max-failures needs a number above 0");
	if (options->deadline != NULL && (!parse_duration_ms(options->deadline, &deadline_ms) || deadline_ms == 0)) {
		fail(err, ERROR_USAGE_BAD_VALUE, "--deadline does not accept \"%s\"", options->deadline);
		error_cause(err, "it takes a time above 0 such as 30s, 5m or 2h");
		return false;
	}
	ret_request->most_failures = options->fail_fast ? 1 : (size_t)options->max_failures.value;
	*ret_deadline = deadline_after(deadline_ms);
	return true;
}

/* A pipe whose reader is gone; anything else is a failure of the write, which the end of the program reports. */
static bool reader_is_gone(void)
{
	struct pollfd about = { .fd = STDOUT_FILENO };

	return poll(&about, 1, 0) == 1 && (about.revents & POLLERR) != 0;
}

static bool conclude(struct many *many, const struct run_result *results, const struct run_summary *summary,
                     const struct text_list *warnings, struct error *err)
{
	struct call *call = many->call;

	/* commands ran: from here on the statuses are those of the outcome */
	call->answered = true;
	call->verdict = summary->exit_status;
	if (summary->output_lost && reader_is_gone())
		call->verdict = PIPE_STATUS;
	if (many->file != NULL && !result_file_end(many->file, summary, call->verdict, err))
		return false;
	if (many->json)
		run_document_print(&many->document, call, results, many->count, summary, warnings);
	if (many->jsonl && !many->stalled[STDOUT_FILENO])
		output_event(call->output, "summary", run_event_summary, summary);
	output_items(call->output, many->items, many->count);
	if (many->jsonl && (summary->cut || summary->skipped > 0 || many->items < many->count))
		output_partial(call->output);
	if (summary->cut)
		*err = summary->error;
	return !summary->cut;
}

bool run_many(struct call *call, struct asset_context *context, const struct runtime_asset *assets, size_t count,
              const struct run_request *request, const struct text_list *warnings, struct error *err)
{
	CLEANUP(result_file_close) struct result_file file = RESULT_FILE;
	struct many many = { .call = call,
		             .jsonl = output_format(call->output) == OUTPUT_JSONL,
		             .json = output_format(call->output) == OUTPUT_JSON,
		             .deadline = context->deadline,
		             .queue = BUFFER(QUEUE_LIMIT),
		             .count = count };
	struct run_listener listener = { print_line, note_result, &many, pass_on };
	struct run_result *results = arena_array(call->arena, count, sizeof *results);
	struct run_selected selected = { assets, count };
	struct run_summary summary;

	if (request->result_file != NULL) {
		if (!result_file_open(&file, request->result_file, &selected, err))
			return false;
		many.file = &file;
	}
	if (many.jsonl)
		output_event(call->output, "selected", run_event_selected, &selected);
	if (!run_on_assets(context, assets, count, request, &listener, results, &summary, err))
		return false;
	print_summary(&many, results, &summary);
	wait_until_passed_on(&many, 0, summary.cut);
	buffer_done(&many.queue);
	return conclude(&many, results, &summary, warnings, err);
}
