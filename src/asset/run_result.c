/* What became of a run: state, exit status and the document of --result-file. */
#include <errno.h>
#include <sys/random.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/data/emit.h"
#include "run_private.h"

#define LONGEST_DOCUMENT ((size_t)64 * 1024)
#define PIPE_STATUS      141 /* 128 + SIGPIPE, as a shell tells it */

void run_result_begin(struct arena *arena, const struct runtime_asset *asset, struct run_result *ret_result)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		number = (uint32_t)clock_monotonic_us();
	*ret_result = (struct run_result){
		.asset_id = asset->asset_id,
		.run_id = arena_format(arena, "r-%08x", (unsigned)number),
		.state = "not-started",
		.exit_status = EXIT_NOT_STARTED,
	};
}

static void describe(struct arena *arena, const struct error *err, struct run_result *result)
{
	result->cause = error_codes[err->id].name;
	result->message = err->cause[0] == '\0' ? arena_copy(arena, err->message)
	                                        : arena_format(arena, "%s: %s", err->message, err->cause);
}

void run_result_refuse(struct arena *arena, struct error *err, struct run_result *result)
{
	result->ended = clock_now();
	result->exit_status = err->exit_status;
	describe(arena, err, result);
}

/* What a command that did not end by itself came to. */
static const char *effect_of(const struct session_outcome *outcome)
{
	if (outcome == NULL)
		return "the command was told to stop; its end was not seen";
	return outcome->cause == SESSION_EXITED ? "the command was killed" : outcome->error.effect;
}

static void conclude_limit(const struct session_outcome *outcome, struct run_result *result, struct error *err)
{
	result->state = "timeout";
	result->exit_status = EXIT_TIMEOUT;
	fail(err, ERROR_TIMEOUT, "the time limit ran out on %s", result->asset_id);
	if (outcome != NULL && outcome->cause == SESSION_EXITED)
		error_effect(err, "the command was told to stop and ended with status %d", outcome->exit_status);
	else
		error_effect(err, "%s", effect_of(outcome));
}

/* By its own status when it ended after the signal alone; by ours when it had to be killed. */
static void conclude_signal(const struct run_stop *stop, const struct session_outcome *outcome,
                            struct run_result *result, struct error *err)
{
	bool own = outcome != NULL && outcome->cause == SESSION_EXITED && !stop->forced;

	result->state = "interrupted";
	if (stop->signal == SIGINT)
		fail(err, ERROR_INTERRUPTED, "interrupted by Ctrl-C on %s", result->asset_id);
	else
		fail(err, ERROR_TERMINATED, "ended by a signal on %s", result->asset_id);
	if (own) {
		result->exit_status = outcome->exit_status;
		err->exit_status = outcome->exit_status;
		error_effect(err, "the command got the signal and ended with status %d", outcome->exit_status);
		return;
	}
	result->exit_status = err->exit_status;
	error_effect(err, "%s", effect_of(outcome));
}

static void conclude_output(const struct run_stop *stop, struct run_result *result, struct error *err)
{
	bool reader = stop->output_errno == EPIPE;

	result->state = "interrupted";
	fail(err, ERROR_IO_OUTPUT, reader ? "the reader of the output went away" : "the output could not be written");
	if (reader)
		err->exit_status = PIPE_STATUS;
	else if (stop->output_errno > 0)
		error_cause(err, "%s", errno_text(stop->output_errno));
	error_effect(err, "the command on %s was told to stop", result->asset_id);
	result->exit_status = err->exit_status;
}

static void conclude_outcome(const struct session_outcome *outcome, struct run_result *result, struct error *err)
{
	static const struct {
		const char *state;
		int exit_status;
	} rows[] = {
		[SESSION_EXITED] = { "exited", 0 },
		[SESSION_NOT_STARTED] = { "not-started", EXIT_NOT_STARTED },
		[SESSION_NOT_FOUND] = { "not-found", EXIT_COMMAND_NOT_FOUND },
		[SESSION_NOT_EXECUTABLE] = { "not-executable", EXIT_NOT_EXECUTABLE },
		[SESSION_LINK_LOST] = { "link-lost", EXIT_LINK_LOST },
	};

	result->state = rows[outcome->cause].state;
	if (outcome->cause == SESSION_EXITED) {
		result->exit_status = outcome->exit_status;
		return;
	}
	*err = outcome->error;
	err->exit_status = rows[outcome->cause].exit_status;
	result->exit_status = err->exit_status;
}

/* Nothing tells how it ended. */
static void conclude_unseen(struct run_result *result, struct error *err)
{
	result->state = "link-lost";
	fail(err, ERROR_RUN_LINK_LOST, "the end of the command on %s was not seen", result->asset_id);
	result->exit_status = err->exit_status;
}

void run_result_conclude(struct arena *arena, const struct run_stop *stop, const struct session_outcome *outcome,
                         int64_t started_us, struct run_result *result, struct error *err)
{
	bool ran = outcome == NULL || outcome->cause == SESSION_EXITED || outcome->cause == SESSION_LINK_LOST;
	bool plain = outcome != NULL && outcome->cause != SESSION_EXITED && outcome->cause != SESSION_LINK_LOST;

	result->ended = clock_now();
	result->duration_ms = (clock_monotonic_us() - started_us) / 1000;
	if (!ran)
		result->started = (struct instant){ 0 };
	if (outcome != NULL && outcome->cause == SESSION_EXITED)
		result->remote_exit = (struct optional_int){ .present = true, .value = outcome->exit_status };
	if (stop->limit)
		conclude_limit(outcome, result, err);
	else if (stop->signal != 0)
		conclude_signal(stop, outcome, result, err);
	else if (stop->output_errno != 0 && !plain)
		conclude_output(stop, result, err);
	else if (outcome != NULL)
		conclude_outcome(outcome, result, err);
	else
		conclude_unseen(result, err);
	if (!text_equal(result->state, "exited")) {
		error_object(err, "runtime-asset/%s", result->asset_id);
		describe(arena, err, result);
	}
}

bool run_ended_well(const struct run_result *result)
{
	return result->exit_status == 0 && text_equal(result->state, "exited");
}

void run_result_count(const struct run_result *results, size_t count, struct run_summary *summary)
{
	bool alike = true;

	summary->ok = summary->failed = summary->not_started = summary->skipped = 0;
	for (size_t i = 0; i < count; i++) {
		if (run_ended_well(&results[i]))
			summary->ok++;
		else if (text_equal(results[i].state, "not-started"))
			summary->not_started++;
		else
			summary->failed++;
		summary->skipped += results[i].skipped ? 1 : 0;
		alike = alike && results[i].exit_status == results[0].exit_status;
	}
	/* a command that was interrupted and ended with 0 is no success */
	if (summary->ok == count)
		summary->exit_status = EXIT_OK;
	else
		summary->exit_status =
		        alike && results[0].exit_status != 0 ? (int)results[0].exit_status : EXIT_PARTIAL;
}

static void emit_instant(struct emitter *emitter, struct arena *arena, const char *key, struct instant instant)
{
	emit_key(emitter, key);
	emit_text(emitter, instant_format(arena, instant, true));
}

void run_result_emit(struct emitter *emitter, const struct run_result *result)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LONGEST_DOCUMENT);

	emit_object(emitter);
	emit_key(emitter, "schema");
	emit_text(emitter, "fops.run-result/1");
	emit_key(emitter, "run_id");
	emit_text(emitter, result->run_id);
	emit_key(emitter, "asset_id");
	emit_text(emitter, result->asset_id);
	emit_key(emitter, "state");
	emit_text(emitter, result->state);
	emit_instant(emitter, arena, "started", result->started);
	emit_instant(emitter, arena, "ended", result->ended);
	emit_key(emitter, "remote_exit");
	if (result->remote_exit.present)
		emit_int(emitter, result->remote_exit.value);
	else
		emit_null(emitter);
	emit_key(emitter, "fops_exit");
	emit_int(emitter, result->exit_status);
	emit_key(emitter, "cause");
	emit_text(emitter, result->cause);
	emit_key(emitter, "message");
	emit_text(emitter, result->message);
	emit_key(emitter, "duration_ms");
	emit_int(emitter, result->duration_ms);
	if (result->target != NULL) {
		emit_key(emitter, "target");
		emit_text(emitter, result->target);
	}
	emit_object_end(emitter);
}

bool run_result_write(const struct run_result *result, const char *path, struct error *err)
{
	struct buffer text = BUFFER(LONGEST_DOCUMENT);
	struct emitter emitter;
	bool good;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	run_result_emit(&emitter, result);
	good = emit_finish(&emitter, true) ? file_write(path, buffer_string(&text), text.len, 0644, false, err)
	                                   : fail(err, ERROR_INTERNAL, "the run result is too large");
	buffer_done(&text);
	return good;
}
