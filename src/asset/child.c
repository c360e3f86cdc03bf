/* Serves the pipes or the pty of one program from the loop and collects its status. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"

#define READ_SIZE   ((size_t)64 * 1024)
#define DRAIN_MS    200
#define DRAIN_READS 64 /* of READ_SIZE: more than any pipe holds, so what the program wrote itself is never cut */

static void close_stream(struct child *child, int *descriptor)
{
	if (*descriptor < 0)
		return;
	loop_unwatch(child->loop, *descriptor);
	file_close(descriptor);
}

static void release(struct child *child)
{
	close_stream(child, &child->input);
	close_stream(child, &child->outputs[0]);
	close_stream(child, &child->outputs[1]);
	loop_disarm(child->loop, &child->drain);
	child->alive = false;
}

static void finish(struct child *child)
{
	release(child);
	child->on_ended(child, child->status);
}

/* Read once; false when there is nothing now or the stream is closed or paused. */
static bool read_once(struct child *child, size_t place)
{
	char data[READ_SIZE];
	ssize_t got;

	if (child->outputs[place] < 0 || child->paused[place])
		return false;
	do
		got = read(child->outputs[place], data, sizeof data);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		/* a pty answers EIO once its last user is gone */
		close_stream(child, &child->outputs[place]);
		return false;
	}
	child->on_output(child, (int)place + 1, data, (size_t)got);
	return true;
}

static bool is_drained(const struct child *child)
{
	return child->outputs[0] < 0 && child->outputs[1] < 0;
}

static void drain(struct child *child)
{
	for (size_t place = 0; place < 2; place++) {
		for (int i = 0; i < DRAIN_READS && read_once(child, place); i++)
			;
	}
}

static void drain_expired(void *user)
{
	struct child *child = user;

	drain(child);
	if (!child->alive)
		return;
	/* a slow reader of ours must not cost output that is already there */
	if (!is_drained(child) && (child->paused[0] || child->paused[1]))
		loop_arm(child->loop, &child->drain, DRAIN_MS, drain_expired, child);
	else
		finish(child);
}

static void output_ready(void *user, int descriptor, unsigned events)
{
	struct child *child = user;

	(void)events;
	(void)read_once(child, descriptor == child->outputs[0] ? 0 : 1);
	if (child->alive && child->exited && is_drained(child))
		finish(child);
}

static void process_ready(void *user, int descriptor, unsigned events)
{
	struct child *child = user;

	(void)events;
	loop_unwatch(child->loop, descriptor);
	if (!process_collect(&child->process, true, &child->status))
		return;
	child->exited = true;
	close_stream(child, &child->input);
	drain(child);
	if (!child->alive)
		return;
	if (is_drained(child))
		finish(child);
	else
		loop_arm(child->loop, &child->drain, DRAIN_MS, drain_expired, child);
}

static void input_ready(void *user, int descriptor, unsigned events)
{
	struct child *child = user;

	if ((events & LOOP_HANGUP) != 0 && (events & LOOP_WRITE) == 0) {
		close_stream(child, &child->input);
		return;
	}
	loop_unwatch(child->loop, descriptor);
	if (child->on_room != NULL)
		child->on_room(child);
}

/* The ends of one stream: ours is kept and made non-blocking, the program's goes into *ret_theirs. */
static bool open_stream(enum child_stream kind, int direct, bool reads, int *ours, int *ret_theirs, struct error *err)
{
	int ends[2];

	*ret_theirs = kind == CHILD_DIRECT ? direct : -1;
	if (kind != CHILD_PIPE)
		return true;
	if (!process_pipe(ends, err))
		return false;
	*ours = reads ? ends[1] : ends[0];
	*ret_theirs = reads ? ends[0] : ends[1];
	descriptor_unblock(*ours);
	return true;
}

static bool open_terminal(struct child *child, struct arena *arena, const struct child_request *request,
                          struct process_request *program, struct error *err)
{
	if (!process_terminal(arena, &child->outputs[0], &program->terminal, err))
		return false;
	descriptor_unblock(child->outputs[0]);
	/* a second descriptor, because the loop serves one direction each */
	child->input = fcntl(child->outputs[0], F_DUPFD_CLOEXEC, 3);
	child->terminal = true;
	child_resize(child, request->size);
	return true;
}

static bool open_streams(struct child *child, const struct child_request *request, struct process_request *program,
                         struct error *err)
{
	if (!open_stream(request->input, request->direct_input, true, &child->input, &program->input, err) ||
	    !open_stream(request->output, request->direct_output, false, &child->outputs[0], &program->output, err))
		return false;
	if (request->merge_errors) {
		program->errors = program->output;
		return true;
	}
	return open_stream(request->errors, request->direct_errors, false, &child->outputs[1], &program->errors, err);
}

static void close_theirs(const struct child_request *request, struct process_request *program)
{
	if (request->terminal)
		return;
	if (request->input == CHILD_PIPE)
		file_close(&program->input);
	if (request->errors == CHILD_PIPE && !request->merge_errors)
		file_close(&program->errors);
	if (request->output == CHILD_PIPE)
		file_close(&program->output);
}

static bool watch_all(struct child *child, struct error *err)
{
	for (size_t place = 0; place < 2; place++) {
		if (child->outputs[place] >= 0 &&
		    !loop_watch(child->loop, child->outputs[place], LOOP_READ, output_ready, child, err))
			return false;
	}
	return loop_watch(child->loop, child->process.descriptor, LOOP_READ, process_ready, child, err);
}

bool child_start(struct child *child, struct arena *arena, const struct child_request *request, struct error *err)
{
	struct process_request program = {
		.argv = request->argv, .set = request->set, .input = -1, .output = -1, .errors = -1, .folder = "/"
	};
	bool good;

	child->input = child->outputs[0] = child->outputs[1] = -1;
	child->paused[0] = child->paused[1] = child->exited = child->terminal = false;
	child->process = (struct process){ 0, -1 };
	good = request->terminal ? open_terminal(child, arena, request, &program, err)
	                         : open_streams(child, request, &program, err);
	good = good && process_start(arena, &program, &child->process, err);
	close_theirs(request, &program);
	if (!good) {
		release(child);
		return false;
	}
	child->alive = true;
	if (!watch_all(child, err)) {
		child_stop(child);
		return false;
	}
	return true;
}

size_t child_write(struct child *child, const char *data, size_t len)
{
	struct error ignored;
	ssize_t put;

	if (child->input < 0)
		return len; /* nobody reads any more: swallow, as a command that closed its input would */
	do
		put = write(child->input, data, len);
	while (put < 0 && errno == EINTR);
	if (put < 0 && errno != EAGAIN) {
		close_stream(child, &child->input);
		return len;
	}
	if (put >= 0 && (size_t)put == len)
		return len;
	if (!loop_watch(child->loop, child->input, LOOP_WRITE, input_ready, child, &ignored))
		close_stream(child, &child->input);
	return put < 0 ? 0 : (size_t)put;
}

void child_close_input(struct child *child)
{
	static const char end_of_input = 4; /* VEOF of a pty in its initial mode */

	if (child->terminal && child->input >= 0)
		(void)child_write(child, &end_of_input, 1);
	else
		close_stream(child, &child->input);
}

void child_pause(struct child *child, int stream, bool pause)
{
	size_t place = stream == 2 ? 1 : 0;
	struct error ignored;

	if (child->paused[place] == pause)
		return;
	child->paused[place] = pause;
	if (child->outputs[place] < 0)
		return;
	/* unwatched, because a hang-up would be reported over and over */
	if (pause)
		loop_unwatch(child->loop, child->outputs[place]);
	else if (!loop_watch(child->loop, child->outputs[place], LOOP_READ, output_ready, child, &ignored))
		close_stream(child, &child->outputs[place]);
}

void child_resize(const struct child *child, struct terminal_size size)
{
	struct winsize window = { .ws_row = size.rows, .ws_col = size.columns };

	if (child->terminal && child->outputs[0] >= 0 && size.rows > 0 && size.columns > 0)
		(void)ioctl(child->outputs[0], TIOCSWINSZ, &window);
}

void child_abandon(struct child *child)
{
	if (!child->alive)
		return;
	loop_unwatch(child->loop, child->process.descriptor);
	file_close(&child->process.descriptor);
	child->process.pid = 0;
	release(child);
}

void child_stop(struct child *child)
{
	if (!child->alive)
		return;
	if (child->process.pid > 0) {
		process_signal(&child->process, SIGKILL);
		loop_unwatch(child->loop, child->process.descriptor);
		(void)process_collect(&child->process, true, &child->status);
	}
	release(child);
}
