/* Tasks of a Proxmox VE node: what their names say, how they ended, and which of them explains a guest's state. */
#ifndef FOPS_ASSET_PROXMOX_TASK_H
#define FOPS_ASSET_PROXMOX_TASK_H

#include "proxmox.h"

/* One task; texts in an arena, user and type as the server wrote them. */
struct proxmox_task {
	const char *upid;
	const char *node;
	const char *type;   /* "vzdump", "qmstart" */
	const char *id;     /* a guest's number, or "" for a job over several guests */
	const char *user;   /* "root@pam", "fops@pve!token" */
	int64_t started;    /* seconds since 1970 */
	int64_t ended;      /* the same; 0: unknown */
	const char *result; /* NULL while it runs, else "OK", "WARNINGS: 2" or what went wrong, in the server's words */
};

/*
 * Read "UPID:node:pid:pstart:starttime:type:id:user:" strictly, as PVE::UPID does, and at most 320 bytes of UTF-8
 * without control characters. ended and result stay empty. False for anything else.
 */
CHECKED bool proxmox_upid_parse(struct arena *arena, const char *text, struct proxmox_task *ret_task);

/* Is it "OK" or "WARNINGS: 3"? Whatever else a task ended with is a failure. */
bool proxmox_result_is_good(const char *result);

/* What is asked of a list of tasks. */
struct proxmox_question {
	const char *node; /* whose list it is */
	const char *lock; /* the guest's lock, or NULL */
	int64_t vmid;
	bool job;  /* tasks without a guest count: jobs over several guests; those with another guest never do */
	bool away; /* only what takes a guest from its node counts: migrations and removals */
};

/*
 * The task that explains why the guest does not run: one that runs, first the one that the lock is named for; else the
 * newest that failed, stopped the guest or took it away, unless a good start or creation came after it. Consoles and
 * rows that are no task of the guest are passed over. False when none explains it.
 */
CHECKED bool proxmox_task_pick(struct arena *arena, const struct value *list, const struct proxmox_question *question,
                               struct proxmox_task *ret_task);

/* The last lines of a log, its closing "TASK …" left out; NULL when there is none. */
const char *proxmox_log_end(const struct value *lines);

/* "/api2/json/nodes/NODE/tasks/UPID" and more, for url_build. In arena. */
const char *proxmox_task_path(struct arena *arena, const struct proxmox_task *task, const char *more);

/*
 * The first line of a server's text for people: bytes put together again, without the access' secrets, control
 * characters shown escaped, at most so many bytes. In arena.
 */
const char *proxmox_plain(struct arena *arena, const struct http_access *access, const char *text, size_t most);

/* --- asking (proxmox_inquiry.c) --- */

/* One look for the task behind a guest that cannot be used, for the cause and the fix of an error that stands. */
struct proxmox_inquiry {
	const struct proxmox_look *look; /* that found the guest; it has ended */
	struct text_list nodes;          /* where to look; empty: the guest's */
	bool away;                       /* it is not where it should be */
	struct error *err;               /* only cause and fix are changed, and nothing when no task is found */
	void (*on_done)(struct proxmox_inquiry *inquiry);
	void *user;

	/* its own */
	struct http_exchange exchange;
	struct proxmox_task task;
	const char *log; /* the task's last words, or NULL */
	struct deadline limit;
	size_t node;
	bool asking, found, ran, unread, job_asked, paged;
};

/*
 * Ask for some seconds at most, never for more than half of what is left of the command. Ends with on_done, from
 * inside the call when nothing can be asked; what could not be read is said with -v.
 */
void proxmox_inquiry_start(struct proxmox_inquiry *inquiry);

/* Give up without on_done; fine when nothing runs. */
void proxmox_inquiry_stop(struct proxmox_inquiry *inquiry);

#endif
