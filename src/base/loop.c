/* epoll for descriptors, a sorted list for timers, a signalfd for signals; regular files, which epoll refuses, are
 * always ready. */
#include "fops/base/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "fops/base/arena.h"
#include "loop_inspect.h"

#define EVENTS_A_TURN 64

struct watch {
	int descriptor;
	uint32_t number; /* which watch of the loop this is: the kernel gives a closed descriptor's number away again */
	unsigned events;
	bool always; /* a regular file: no epoll entry */
	loop_ready *ready;
	void *user;
};

struct loop {
	int epoll;
	int signals;
	sigset_t before;
	loop_signalled *signalled;
	void *signal_user;
	struct watch *watches; /* indexed by descriptor; ready NULL marks a free place */
	size_t watch_size;
	size_t watch_count;
	size_t always_count;
	uint32_t last_number;
	struct loop_timer *timers; /* ascending */
};

static bool loop_failed(const char *what, struct error *err)
{
	int number = errno;

	fail(err, ERROR_INTERNAL, "%s", what);
	error_cause(err, "%s", errno_text(number));
	return false;
}

bool loop_new(struct loop **ret_loop, struct error *err)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct loop *loop;

	if (epoll < 0)
		return loop_failed("cannot create an event queue", err);
	loop = calloc(1, sizeof *loop);
	if (loop == NULL)
		out_of_memory();
	loop->epoll = epoll;
	loop->signals = -1;
	*ret_loop = loop;
	return true;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->signals >= 0) {
		(void)close(loop->signals);
		(void)sigprocmask(SIG_SETMASK, &loop->before, NULL);
	}
	(void)close(loop->epoll);
	free(loop->watches);
	free(loop);
}

static void make_room(struct loop *loop, size_t descriptor)
{
	size_t size = loop->watch_size == 0 ? 64 : loop->watch_size;
	struct watch *watches;

	if (descriptor < loop->watch_size)
		return;
	while (size <= descriptor)
		size *= 2;
	watches = realloc(loop->watches, size * sizeof *watches);
	if (watches == NULL)
		out_of_memory();
	memset(watches + loop->watch_size, 0, (size - loop->watch_size) * sizeof *watches);
	loop->watches = watches;
	loop->watch_size = size;
}

bool loop_watch(struct loop *loop, int descriptor, unsigned events, loop_ready *ready, void *user, struct error *err)
{
	struct epoll_event event = { 0 };
	struct watch *watch;
	uint32_t number;
	bool known;

	if (descriptor < 0)
		return fail(err, ERROR_INTERNAL, "watching a descriptor that is not open");
	make_room(loop, (size_t)descriptor);
	watch = &loop->watches[descriptor];
	known = watch->ready != NULL;
	number = known ? watch->number : ++loop->last_number;
	if (known && watch->always) {
		*watch = (struct watch){ descriptor, number, events, true, ready, user };
		return true;
	}
	event.data.u64 = (uint64_t)number << 32 | (uint32_t)descriptor;
	event.events = ((events & LOOP_READ) != 0 ? EPOLLIN : 0u) | ((events & LOOP_WRITE) != 0 ? EPOLLOUT : 0u);
	if (epoll_ctl(loop->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) == 0) {
		*watch = (struct watch){ descriptor, number, events, false, ready, user };
		loop->watch_count += known ? 0 : 1;
		return true;
	}
	if (known || errno != EPERM)
		return loop_failed("cannot watch a descriptor", err);
	*watch = (struct watch){ descriptor, number, events, true, ready, user };
	loop->watch_count++;
	loop->always_count++;
	return true;
}

void loop_unwatch(struct loop *loop, int descriptor)
{
	struct watch *watch;

	if (descriptor < 0 || (size_t)descriptor >= loop->watch_size)
		return;
	watch = &loop->watches[descriptor];
	if (watch->ready == NULL)
		return;
	if (watch->always)
		loop->always_count--;
	else
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, descriptor, NULL);
	loop->watch_count--;
	*watch = (struct watch){ 0 };
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t ms, loop_expired *expired, void *user)
{
	struct loop_timer **place = &loop->timers;
	struct loop_timer *previous = NULL;

	loop_disarm(loop, timer);
	timer->at_ms = clock_monotonic_ms() + (ms < 0 ? 0 : ms);
	timer->expired = expired;
	timer->user = user;
	timer->armed = true;
	while (*place != NULL && (*place)->at_ms <= timer->at_ms) {
		previous = *place;
		place = &previous->next;
	}
	timer->next = *place;
	timer->previous = previous;
	if (timer->next != NULL)
		timer->next->previous = timer;
	*place = timer;
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
	if (!timer->armed)
		return;
	if (timer->previous != NULL)
		timer->previous->next = timer->next;
	else
		loop->timers = timer->next;
	if (timer->next != NULL)
		timer->next->previous = timer->previous;
	timer->armed = false;
}

static void read_signals(void *user, int descriptor, unsigned events)
{
	struct loop *loop = user;
	struct signalfd_siginfo about;

	(void)events;
	while (read(descriptor, &about, sizeof about) == (ssize_t)sizeof about)
		loop->signalled(loop->signal_user, (int)about.ssi_signo);
}

bool loop_catch_signals(struct loop *loop, loop_signalled *signalled, void *user, struct error *err)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	sigset_t set;

	/* already caught: only who hears of them changes */
	if (loop->signals >= 0) {
		loop->signalled = signalled;
		loop->signal_user = user;
		return true;
	}
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		sigaddset(&set, caught[i]);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signals < 0)
		return loop_failed("cannot catch signals", err);
	(void)sigprocmask(SIG_BLOCK, &set, &loop->before);
	loop->signalled = signalled;
	loop->signal_user = user;
	return loop_watch(loop, loop->signals, LOOP_READ, read_signals, loop, err);
}

static void dispatch(struct loop *loop, uint64_t key, unsigned events)
{
	size_t place = (uint32_t)key;
	struct watch watch;

	if (place >= loop->watch_size)
		return;
	watch = loop->watches[place];
	/* an earlier callback of this turn may have removed it, and another file may have its number by now */
	if (watch.ready != NULL && watch.number == (uint32_t)(key >> 32))
		watch.ready(watch.user, watch.descriptor, events);
}

static void dispatch_always(struct loop *loop)
{
	for (size_t i = 0; loop->always_count > 0 && i < loop->watch_size; i++) {
		struct watch watch = loop->watches[i];

		if (watch.ready != NULL && watch.always && watch.events != 0)
			watch.ready(watch.user, watch.descriptor, watch.events);
	}
}

static void expire_timers(struct loop *loop)
{
	int64_t now = clock_monotonic_ms();

	while (loop->timers != NULL && loop->timers->at_ms <= now) {
		struct loop_timer *timer = loop->timers;

		loop_disarm(loop, timer);
		timer->expired(timer->user);
	}
}

static bool has_ready_file(const struct loop *loop)
{
	for (size_t i = 0; loop->always_count > 0 && i < loop->watch_size; i++) {
		if (loop->watches[i].ready != NULL && loop->watches[i].always && loop->watches[i].events != 0)
			return true;
	}
	return false;
}

bool loop_turn(struct loop *loop, struct deadline deadline, struct error *err)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count;
	int wait_ms;

	if (loop->timers != NULL)
		deadline = deadline_earlier(deadline, (struct deadline){ loop->timers->at_ms });
	wait_ms = has_ready_file(loop) ? 0 : deadline_left_ms(deadline);
	count = epoll_wait(loop->epoll, events, EVENTS_A_TURN, wait_ms);
	if (count < 0 && errno != EINTR)
		return loop_failed("cannot wait for events", err);
	for (int i = 0; i < count; i++) {
		uint32_t bits = events[i].events;

		dispatch(loop, events[i].data.u64,
		         ((bits & EPOLLIN) != 0 ? LOOP_READ : 0u) | ((bits & EPOLLOUT) != 0 ? LOOP_WRITE : 0u) |
		                 ((bits & (EPOLLHUP | EPOLLERR)) != 0 ? LOOP_HANGUP : 0u));
	}
	dispatch_always(loop);
	expire_timers(loop);
	return true;
}

size_t loop_pending(const struct loop *loop)
{
	size_t pending = loop->watch_count - (loop->signals >= 0 ? 1 : 0);

	for (const struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next)
		pending++;
	return pending;
}
