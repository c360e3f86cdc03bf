/* Writes only what a ready descriptor takes at once: the descriptors are the caller's, so they are not made
 * non-blocking. */
#include "run_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "fops/base/file.h"

#define MOST_WAITING ((size_t)16 * 1024 * 1024)
#define FULL         ((size_t)128 * 1024)
#define DRAINED      ((size_t)16 * 1024)
#define SAFE_WRITE   ((size_t)4096) /* PIPE_BUF: a pipe that is ready takes so much without blocking */
#define READS_A_TURN 4              /* of a file, before others have their turn */

static void outlet_ready(void *user, int descriptor, unsigned events);

static bool is_ready(int descriptor)
{
	struct pollfd about = { .fd = descriptor, .events = POLLOUT };

	return poll(&about, 1, 0) == 1;
}

/* Pipes and terminals can be opened again; what cannot is written in small pieces while it is ready. */
void outlet_open(struct outlet *outlet)
{
	char path[32];
	struct stat about;

	outlet->waiting = BUFFER(MOST_WAITING);
	outlet->again = -1;
	if (fstat(outlet->descriptor, &about) != 0)
		return;
	outlet->piece = S_ISREG(about.st_mode) ? MOST_WAITING : SAFE_WRITE;
	if (!S_ISFIFO(about.st_mode) && !S_ISCHR(about.st_mode))
		return;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", outlet->descriptor);
	outlet->again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (outlet->again >= 0) {
		outlet->descriptor = outlet->again;
		outlet->piece = MOST_WAITING;
	}
}

static void give_up(struct outlet *outlet, int number)
{
	loop_unwatch(outlet->loop, outlet->descriptor);
	outlet->failed = true;
	buffer_clear(&outlet->waiting);
	outlet->on_failed(outlet, number);
}

static void write_waiting(struct outlet *outlet)
{
	size_t at = 0;

	while (at < outlet->waiting.len && (outlet->again >= 0 || is_ready(outlet->descriptor))) {
		size_t left = outlet->waiting.len - at;
		ssize_t put = write(outlet->descriptor, outlet->waiting.data + at,
		                    left < outlet->piece ? left : outlet->piece);

		if (put < 0 && errno != EINTR && errno != EAGAIN) {
			give_up(outlet, errno);
			return;
		}
		if (put < 0)
			break;
		at += (size_t)put;
	}
	buffer_drop(&outlet->waiting, at);
}

static void watch_waiting(struct outlet *outlet)
{
	struct error err;

	if (outlet->waiting.len == 0)
		loop_unwatch(outlet->loop, outlet->descriptor);
	else if (!loop_watch(outlet->loop, outlet->descriptor, LOOP_WRITE, outlet_ready, outlet, &err))
		give_up(outlet, EIO);
}

static void outlet_ready(void *user, int descriptor, unsigned events)
{
	struct outlet *outlet = user;

	(void)descriptor;
	(void)events;
	write_waiting(outlet);
	if (outlet->failed)
		return;
	watch_waiting(outlet);
	if (outlet->full && outlet->waiting.len <= DRAINED) {
		outlet->full = false;
		outlet->on_drained(outlet);
	}
}

bool outlet_put(struct outlet *outlet, const char *data, size_t len)
{
	outlet->bytes += len;
	if (outlet->failed)
		return true;
	if (outlet->filter)
		terminal_filter_append(&outlet->state, &outlet->waiting, data, len);
	else
		buffer_append(&outlet->waiting, data, len);
	if (outlet->waiting.overflow) {
		give_up(outlet, ENOBUFS);
		return true;
	}
	write_waiting(outlet);
	if (!outlet->failed)
		watch_waiting(outlet);
	outlet->full = !outlet->failed && outlet->waiting.len > FULL;
	return !outlet->full;
}

void outlet_finish(struct outlet *outlet)
{
	if (outlet->filter && !outlet->failed && outlet->state.count > 0)
		(void)outlet_put(outlet, "", 0);
}

bool outlet_is_done(const struct outlet *outlet)
{
	return outlet->failed || outlet->waiting.len == 0;
}

void outlet_close(struct outlet *outlet)
{
	loop_unwatch(outlet->loop, outlet->descriptor);
	buffer_done(&outlet->waiting);
	file_close(&outlet->again);
}

static void inlet_unwatch(struct inlet *inlet)
{
	if (inlet->watched)
		loop_unwatch(inlet->loop, inlet->descriptor);
	inlet->watched = false;
}

static void inlet_end(struct inlet *inlet)
{
	inlet_unwatch(inlet);
	inlet->ended = true;
	inlet->on_end(inlet);
}

static void inlet_read(struct inlet *inlet)
{
	ssize_t got = read(inlet->descriptor, inlet->data, sizeof inlet->data);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		inlet_end(inlet);
		return;
	}
	inlet->start = 0;
	inlet->len = (size_t)got;
	inlet_resume(inlet);
}

static void inlet_ready(void *user, int descriptor, unsigned events)
{
	struct inlet *inlet = user;
	unsigned most = inlet->is_file ? READS_A_TURN : 1;

	(void)descriptor;
	(void)events;
	for (unsigned i = 0; i < most && inlet->watched; i++)
		inlet_read(inlet);
}

void inlet_resume(struct inlet *inlet)
{
	struct error err;
	struct stat about;

	if (!inlet->open)
		inlet->is_file = fstat(inlet->descriptor, &about) == 0 && S_ISREG(about.st_mode);
	inlet->open = true;
	if (inlet->ended)
		return;
	if (inlet->len > 0) {
		size_t taken = inlet->take(inlet, inlet->data + inlet->start, inlet->len);

		inlet->start += taken;
		inlet->len -= taken;
	}
	if (inlet->len > 0) {
		inlet_unwatch(inlet);
		return;
	}
	if (inlet->watched || inlet->ended)
		return;
	inlet->watched = loop_watch(inlet->loop, inlet->descriptor, LOOP_READ, inlet_ready, inlet, &err);
	if (!inlet->watched)
		inlet_end(inlet);
}

void inlet_close(struct inlet *inlet)
{
	inlet->ended = true;
	inlet_unwatch(inlet);
}
