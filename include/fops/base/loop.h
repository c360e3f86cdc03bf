/* The one event loop of a command: descriptors, timers and signals, on epoll and signalfd. */
#ifndef FOPS_BASE_LOOP_H
#define FOPS_BASE_LOOP_H

#include "fops/base/clock.h"
#include "fops/base/error.h"

struct loop;

enum loop_events {
	LOOP_READ = 1 << 0,
	LOOP_WRITE = 1 << 1,
	LOOP_HANGUP = 1 << 2, /* delivered even when not asked for */
};

typedef void loop_ready(void *user, int descriptor, unsigned events);
typedef void loop_expired(void *user);
typedef void loop_signalled(void *user, int number);

/* A timer inside its owner's struct; zeroed means not armed. */
struct loop_timer {
	struct loop_timer *next;
	struct loop_timer *previous;
	int64_t at_ms;
	loop_expired *expired;
	void *user;
	bool armed;
};

/* errors INTERNAL when the kernel gives no epoll descriptor */
CHECKED bool loop_new(struct loop **ret_loop, struct error *err);

/* Close everything the loop owns; watched descriptors stay open. Signals are let through again. NULL is accepted. */
void loop_free(struct loop *loop);

/*
 * Watch a descriptor, or change what is watched (events 0: only hang-up). Regular files are always ready. One callback
 * per descriptor. errors INTERNAL
 */
CHECKED bool loop_watch(struct loop *loop, int descriptor, unsigned events, loop_ready *ready, void *user,
                        struct error *err);

/* Stop watching; safe inside callbacks, also for descriptors that are not watched. Call it before close(). */
void loop_unwatch(struct loop *loop, int descriptor);

/* Call expired once, ms from now; arming again moves it. Safe inside callbacks. */
void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t ms, loop_expired *expired, void *user);
void loop_disarm(struct loop *loop, struct loop_timer *timer);

/*
 * Deliver SIGINT, SIGTERM, SIGHUP and SIGWINCH to the callback instead of the process; they are blocked until
 * loop_free. Called again, it replaces the callback. errors INTERNAL
 */
CHECKED bool loop_catch_signals(struct loop *loop, loop_signalled *signalled, void *user, struct error *err);

/*
 * Wait for events until the deadline and dispatch them once. Returns false only when waiting itself failed (INTERNAL);
 * a passed deadline is no failure: ask deadline_passed().
 */
CHECKED bool loop_turn(struct loop *loop, struct deadline deadline, struct error *err);
#endif
