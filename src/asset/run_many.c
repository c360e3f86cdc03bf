/* One command on many assets: a window of sessions, their output cut into lines. */
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "run_private.h"

#define LONGEST_LINE ((size_t)64 * 1024)

struct many;

struct one {
	struct many *many;
	struct session session;
	struct run_result *result;
	struct buffer lines[2];
	struct run_stop stop;
	struct loop_timer limit, grace;
	int64_t started_us;
	bool running;
	bool done;
};

struct many {
	struct asset_context *context;
	const struct asset_driver **drivers; /* one an asset */
	struct session_request request;
	const struct run_listener *listener;
	int64_t timeout_ms;
	struct one *all;
	size_t count;
	size_t next;
	size_t running;
	size_t done;
	int signal;
};

static void start_next(struct many *many);

static const struct asset_driver *driver_of(const struct one *one)
{
	return one->many->drivers[one - one->many->all];
}

static void finish(struct one *one)
{
	struct many *many = one->many;

	for (int stream = 1; stream <= 2; stream++) {
		struct buffer *line = &one->lines[stream - 1];

		if (line->len > 0)
			many->listener->on_line(many->listener->user, one->result->asset_id, stream, line->data,
			                        line->len);
		buffer_done(line);
	}
	loop_disarm(many->context->loop, &one->limit);
	loop_disarm(many->context->loop, &one->grace);
	many->running -= one->running ? 1 : 0;
	one->running = false;
	one->done = true;
	many->done++;
	many->listener->on_result(many->listener->user, one->result);
}

static void conclude(struct one *one, const struct session_outcome *outcome)
{
	struct error ignored;

	run_result_conclude(one->many->context->arena, &one->stop, outcome, one->started_us, one->result, &ignored);
	finish(one);
}

static void give_up(void *user)
{
	struct one *one = user;

	if (!one->running)
		return;
	driver_of(one)->stop(&one->session);
	conclude(one, NULL);
}

static void kill_command(void *user)
{
	struct one *one = user;

	if (!one->running)
		return;
	one->stop.forced = true;
	driver_of(one)->signal(&one->session, SIGKILL);
	loop_arm(one->many->context->loop, &one->grace, RUN_KILL_MS, give_up, one);
}

static void limit_reached(void *user)
{
	struct one *one = user;

	one->stop.limit = true;
	driver_of(one)->signal(&one->session, SIGTERM);
	loop_arm(one->many->context->loop, &one->grace, RUN_STOP_MS, kill_command, one);
}

static void take_output(struct session *session, int stream, const char *data, size_t len)
{
	struct one *one = session->user;
	const struct run_listener *listener = one->many->listener;
	struct buffer *line = &one->lines[stream - 1];

	if (stream == 1)
		one->result->output_bytes += len;
	else
		one->result->error_bytes += len;
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t piece = newline == NULL ? len : (size_t)(newline - data);
		size_t room = LONGEST_LINE - line->len;
		bool whole = newline != NULL && piece <= room;

		if (piece > room)
			piece = room;
		buffer_append(line, data, piece);
		/* a full line waits for its newline, which may be all that follows */
		if (whole || room == 0) {
			listener->on_line(listener->user, one->result->asset_id, stream, buffer_string(line),
			                  line->len);
			buffer_clear(line);
		}
		data += piece + (whole ? 1 : 0);
		len -= piece + (whole ? 1 : 0);
	}
}

static void take_end(struct session *session, const struct session_outcome *outcome)
{
	struct one *one = session->user;

	conclude(one, outcome);
	start_next(one->many);
}

static void start_one(struct many *many, struct one *one)
{
	const struct asset_driver *driver = driver_of(one);
	int left = deadline_left_ms(deadline_earlier(many->context->deadline, deadline_after(many->timeout_ms)));
	struct error err;

	one->started_us = clock_monotonic_us();
	if (!driver->start(&one->session, &err)) {
		struct session_outcome outcome = { .cause = SESSION_NOT_STARTED, .error = err };

		conclude(one, &outcome);
		return;
	}
	one->result->started = clock_now();
	one->running = true;
	many->running++;
	if (left >= 0)
		loop_arm(many->context->loop, &one->limit, left, limit_reached, one);
}

static void start_next(struct many *many)
{
	size_t most = many->context->most_parallel == 0 ? 1 : many->context->most_parallel;

	while (many->signal == 0 && many->next < many->count && many->running < most)
		start_one(many, &many->all[many->next++]);
}

/* What never began is told as such, with the signal as its cause. */
static void drop_rest(struct many *many, int number)
{
	while (many->next < many->count) {
		struct one *one = &many->all[many->next++];
		struct error err;

		fail(&err, number == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED,
		     "not begun on %s: a signal came before", one->result->asset_id);
		err.exit_status = EXIT_NOT_STARTED;
		run_result_refuse(many->context->arena, &err, one->result);
		finish(one);
	}
}

static void signalled(void *user, int number)
{
	struct many *many = user;
	bool second = many->signal != 0;

	if (number == SIGWINCH)
		return;
	if (!second)
		many->signal = number;
	for (size_t i = 0; i < many->next; i++) {
		struct one *one = &many->all[i];

		if (!one->running)
			continue;
		if (second) {
			kill_command(one);
			continue;
		}
		one->stop.signal = number;
		driver_of(one)->signal(&one->session, number);
		loop_arm(many->context->loop, &one->grace, RUN_GRACE_MS, kill_command, one);
	}
	drop_rest(many, many->signal);
}

static bool prepare(struct many *many, const struct runtime_asset *assets, const struct run_request *request,
                    struct run_result *results, struct error *err)
{
	struct arena *arena = many->context->arena;

	for (size_t i = 0; i < many->count; i++) {
		struct one *one = &many->all[i];

		if (!asset_driver_of(&assets[i], &many->drivers[i], err) ||
		    !run_prepare(arena, many->drivers[i], request, &many->request, err))
			return false;
		run_result_begin(arena, &assets[i], &results[i]);
		one->many = many;
		one->result = &results[i];
		one->lines[0] = one->lines[1] = BUFFER(LONGEST_LINE);
		one->session = (struct session){
			.context = many->context,
			.asset = &assets[i],
			.request = &many->request,
			.on_output = take_output,
			.on_ended = take_end,
			.user = one,
		};
	}
	return true;
}

bool run_on_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                   const struct run_request *request, const struct run_listener *listener,
                   struct run_result *ret_results, struct error *err)
{
	struct many *many = arena_alloc(context->arena, sizeof *many);

	*many = (struct many){
		.context = context,
		.drivers = arena_array(context->arena, count, sizeof *many->drivers),
		.listener = listener,
		.timeout_ms = request->timeout_ms,
		.all = arena_array(context->arena, count, sizeof *many->all),
		.count = count,
	};
	if (request->input || request->terminal)
		return fail(err, ERROR_USAGE_CONFLICT, "--stdin and --tty need one asset, not several");
	if (!prepare(many, assets, request, ret_results, err) ||
	    !loop_catch_signals(context->loop, signalled, many, err))
		return false;
	start_next(many);
	while (many->done < many->count) {
		if (!loop_turn(context->loop, NO_DEADLINE, err))
			return false;
	}
	return true;
}
