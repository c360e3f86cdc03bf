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

/* What the lines of several assets go through. */
struct many {
	struct call *call;
	bool jsonl, json;
	struct result_file *file;     /* or NULL */
	struct run_document document; /* of -o json */
	struct deadline deadline;
	bool stalled[3]; /* by descriptor: its reader took nothing for too long */
	size_t count;
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

/* A reader that stalls must not keep a signal or the deadline waiting: what it does not take then is lost. */
static bool wait_for_room(const struct many *many, int descriptor)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct pollfd about = { .fd = descriptor, .events = POLLOUT };

	while (poll(&about, 1, PATIENCE_MS) == 0) {
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

/* In pieces that a pipe with room takes without blocking. A lost line on standard error does not change the outcome. */
static void put(struct many *many, int descriptor, const struct buffer *text)
{
	bool errors = descriptor == STDERR_FILENO;

	for (size_t at = 0; at < text->len && !many->stalled[descriptor];) {
		size_t left = text->len - at;
		size_t piece = left < SAFE_WRITE ? left : SAFE_WRITE;
		ssize_t written = (ssize_t)piece;

		if (!errors && output_is_done(many->call->output))
			return;
		if (!wait_for_room(many, descriptor)) {
			many->stalled[descriptor] = true;
			/* the end of the stream still follows it: an event that was begun is completed before that */
			if (many->jsonl && at > 0)
				output_bytes(many->call->output, text->data + at, left);
		} else if (errors) {
			written = write(descriptor, text->data + at, piece);
			if (written < 0 && errno != EINTR && errno != EAGAIN)
				return;
		} else {
			output_bytes(many->call->output, text->data + at, piece);
			output_flush(many->call->output);
		}
		at += written < 0 ? 0 : (size_t)written;
	}
}

static bool takes_more(const struct many *many)
{
	return !many->stalled[STDOUT_FILENO] && !many->stalled[STDERR_FILENO] && !output_is_done(many->call->output);
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
	put(many, descriptor, &text);
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
		put(many, STDOUT_FILENO, &text);
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
	put(many, STDERR_FILENO, &text);
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
		             .count = count };
	struct run_listener listener = { print_line, note_result, &many };
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
	return conclude(&many, results, &summary, warnings, err);
}
