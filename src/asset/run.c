/* One command on one asset with the caller's own streams, signals and terminal. */
#include "fops/asset/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "run_private.h"
#include "run_stream.h"

struct run {
	struct asset_context *context;
	const struct asset_driver *driver;
	struct session session;
	struct session_request request;
	struct outlet outlets[2];
	struct inlet inlet;
	struct run_stop stop;
	struct loop_timer limit, grace;
	bool running; /* between start and on_ended or stop */
	bool has_outcome;
	bool leave; /* a signal came while only output waited */
	struct session_outcome outcome;
	bool terminal_raw;
	struct termios saved;
	int flags[3]; /* of the standard streams: programs that share them may leave them non-blocking */
};

static void give_up(void *user)
{
	struct run *run = user;

	if (!run->running)
		return;
	run->running = false;
	run->driver->stop(&run->session);
}

static void kill_command(void *user)
{
	struct run *run = user;

	if (!run->running)
		return;
	run->stop.forced = true;
	run->driver->signal(&run->session, SIGKILL);
	loop_arm(run->context->loop, &run->grace, RUN_KILL_MS, give_up, run);
}

static void stop_command(struct run *run, int number, int64_t grace_ms)
{
	if (!run->running)
		return;
	run->driver->signal(&run->session, number);
	loop_arm(run->context->loop, &run->grace, grace_ms, kill_command, run);
}

static void limit_reached(void *user)
{
	struct run *run = user;

	if (!run->running) {
		run->leave = true;
		return;
	}
	run->stop.limit = true;
	stop_command(run, SIGTERM, RUN_STOP_MS);
}

static void resize(struct run *run)
{
	struct terminal_size size;

	if (run->running && run->request.terminal && terminal_read_size(STDIN_FILENO, &size))
		run->driver->resize(&run->session, size);
}

static void signalled(void *user, int number)
{
	struct run *run = user;

	if (number == SIGWINCH) {
		resize(run);
		return;
	}
	if (!run->running) {
		run->leave = true;
		return;
	}
	if (run->stop.signal != 0) {
		kill_command(run);
		return;
	}
	run->stop.signal = number;
	log_detail(run->context->log, "passing the signal on; a second one ends the command at once");
	stop_command(run, number, RUN_GRACE_MS);
}

static void take_output(struct session *session, int stream, const char *data, size_t len)
{
	struct run *run = session->user;

	if (!outlet_put(&run->outlets[stream - 1], data, len))
		run->driver->pause_output(session, stream, true);
}

static void take_end(struct session *session, const struct session_outcome *outcome)
{
	struct run *run = session->user;

	run->outcome = *outcome;
	run->has_outcome = true;
	run->running = false;
	outlet_finish(&run->outlets[0]);
	outlet_finish(&run->outlets[1]);
}

static void give_input(struct session *session)
{
	struct run *run = session->user;

	inlet_resume(&run->inlet);
}

static size_t take_input(struct inlet *inlet, const char *data, size_t len)
{
	struct run *run = inlet->user;

	return run->running ? run->driver->write(&run->session, data, len) : len;
}

static void end_input(struct inlet *inlet)
{
	struct run *run = inlet->user;

	if (run->running)
		run->driver->close_input(&run->session);
}

static void output_failed(struct outlet *outlet, int number)
{
	struct run *run = outlet->user;

	/* a lost standard error is no reason to stop work */
	if (outlet != &run->outlets[0] || run->stop.output_errno != 0)
		return;
	run->stop.output_errno = number;
	stop_command(run, SIGTERM, RUN_STOP_MS);
}

static void output_drained(struct outlet *outlet)
{
	struct run *run = outlet->user;

	if (run->running)
		run->driver->pause_output(&run->session, outlet == &run->outlets[0] ? 1 : 2, false);
}

static void open_streams(struct run *run, const struct run_request *request)
{
	for (int stream = 1; stream <= 2; stream++) {
		struct outlet *outlet = &run->outlets[stream - 1];

		*outlet = (struct outlet){
			.loop = run->context->loop,
			.descriptor = stream,
			.filter = terminal_is(stream) && !request->raw && !run->request.terminal,
			.on_failed = output_failed,
			.on_drained = output_drained,
			.user = run,
		};
		outlet_open(outlet);
	}
	run->inlet.loop = run->context->loop;
	run->inlet.descriptor = STDIN_FILENO;
	run->inlet.take = take_input;
	run->inlet.on_end = end_input;
	run->inlet.user = run;
	for (int i = 0; i < 3; i++)
		run->flags[i] = fcntl(i, F_GETFL);
}

static void close_streams(struct run *run)
{
	inlet_close(&run->inlet);
	outlet_close(&run->outlets[0]);
	outlet_close(&run->outlets[1]);
	if (run->terminal_raw)
		terminal_restore(STDIN_FILENO, &run->saved);
	for (int i = 0; i < 3; i++) {
		if (run->flags[i] >= 0 && fcntl(i, F_GETFL) != run->flags[i])
			(void)fcntl(i, F_SETFL, run->flags[i]);
	}
}

/* Descriptors that are no terminals are handed over; a terminal stays ours, so that nothing steers it unseen. */
static void choose_streams(struct run *run, const struct run_request *request)
{
	struct session_request *wanted = &run->request;

	wanted->terminal = request->terminal && terminal_is(STDIN_FILENO) && terminal_is(STDOUT_FILENO);
	if (request->terminal && !wanted->terminal)
		log_detail(run->context->log, "no terminal here: going on without --tty");
	wanted->want_input = request->input || wanted->terminal;
	if (wanted->terminal) {
		(void)terminal_read_size(STDIN_FILENO, &wanted->size);
		return;
	}
	if (!terminal_is(STDIN_FILENO))
		wanted->direct_input = STDIN_FILENO;
	if (!terminal_is(STDOUT_FILENO))
		wanted->direct_output = STDOUT_FILENO;
	if (!terminal_is(STDERR_FILENO))
		wanted->direct_errors = STDERR_FILENO;
}

static bool start(struct run *run, const struct runtime_asset *asset, int64_t timeout_ms, struct error *err)
{
	struct deadline deadline = deadline_earlier(run->context->deadline, deadline_after(timeout_ms));
	int left = deadline_left_ms(deadline);

	run->session = (struct session){
		.context = run->context,
		.asset = asset,
		.request = &run->request,
		.on_output = take_output,
		.on_input_room = give_input,
		.on_ended = take_end,
		.user = run,
	};
	if (!loop_catch_signals(run->context->loop, signalled, run, err))
		return false;
	if (run->request.terminal && !terminal_raw(STDIN_FILENO, &run->saved, err))
		return false;
	run->terminal_raw = run->request.terminal;
	if (!run->driver->start(&run->session, err))
		return false;
	run->running = true;
	if (left >= 0)
		loop_arm(run->context->loop, &run->limit, left, limit_reached, run);
	return true;
}

static bool is_over(const struct run *run)
{
	return !run->running && (run->leave || (outlet_is_done(&run->outlets[0]) && outlet_is_done(&run->outlets[1])));
}

static bool serve(struct run *run, struct error *err)
{
	while (!is_over(run)) {
		if (loop_turn(run->context->loop, NO_DEADLINE, err))
			continue;
		give_up(run);
		return false;
	}
	return true;
}

/* Before anything starts: a result that holds should this program be killed, which also proves that the file can be
 * written. */
static bool claim_result_file(const struct run_result *result, const char *path, struct error *err)
{
	struct run_result unknown = *result;
	struct stat about;

	if (path == NULL)
		return true;
	if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
		if (!S_ISDIR(about.st_mode) && access(path, W_OK) == 0)
			return true;
		fail(err, ERROR_IO_CREATE, "cannot write %s", path);
		error_cause(err, "%s", errno_text(S_ISDIR(about.st_mode) ? EISDIR : errno));
		return false;
	}
	unknown.state = "link-lost";
	unknown.exit_status = EXIT_LINK_LOST;
	unknown.cause = error_codes[ERROR_RUN_LINK_LOST].name;
	unknown.message = "fops ended before the command did: the outcome is unknown";
	return run_result_write(&unknown, path, err);
}

static void write_result(const struct run *run, struct run_result *result, const char *path)
{
	struct error err;

	if (path != NULL && !run_result_write(result, path, &err))
		result->unwritten = arena_format(run->context->arena, "%s: %s", err.message, err.cause);
}

bool run_on_asset(struct asset_context *context, const struct runtime_asset *asset, const struct run_request *request,
                  struct run_result *ret_result, struct error *ret_error, struct error *err)
{
	struct run *run = arena_alloc(context->arena, sizeof *run);
	int64_t started_us = clock_monotonic_us();
	struct run_result result;
	bool good;

	run->context = context;
	run_result_begin(context->arena, asset, &result);
	if (!asset_driver_of(asset, &run->driver, err) ||
	    !run_prepare(context->arena, run->driver, request, &run->request, err) ||
	    !claim_result_file(&result, request->result_file, err))
		return false;
	choose_streams(run, request);
	open_streams(run, request);
	result.started = clock_now();
	good = start(run, asset, request->timeout_ms, err) && serve(run, err);
	loop_disarm(context->loop, &run->limit);
	loop_disarm(context->loop, &run->grace);
	close_streams(run);
	if (good) {
		run_result_conclude(context->arena, &run->stop, run->has_outcome ? &run->outcome : NULL, started_us,
		                    &result, ret_error);
	} else {
		result.started = (struct instant){ 0 };
		run_result_refuse(context->arena, err, &result);
	}
	result.target = run->session.target;
	result.output_bytes = run->outlets[0].bytes;
	result.error_bytes = run->outlets[1].bytes;
	write_result(run, &result, request->result_file);
	*ret_result = result;
	return good;
}
