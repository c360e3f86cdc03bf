/* Work that may hang for as long as it likes: done in a copy of the program, which is ended when its time is up. */
#ifndef FOPS_BASE_BRANCH_H
#define FOPS_BASE_BRANCH_H

#include "fops/base/clock.h"
#include "fops/base/error.h"
#include "fops/base/text.h"

struct arena;

/* Messages are of one size, so that each arrives whole. */
#define BRANCH_MESSAGE_MOST 4096

struct branch_request {
	/* In the copy: does the work and reports with branch_say. It may leave memory and descriptors behind. */
	void (*work)(void *user, int answers);
	/* In this program, for each message; it may move the limit. */
	void (*heard)(void *user, const void *message, struct deadline *limit);
	void *user;
	size_t message_bytes;         /* at most BRANCH_MESSAGE_MOST */
	struct text_list environment; /* "NAME=value": all that the copy sees, besides what it asks `user` for */
	struct deadline limit;
	uint64_t file_bytes;   /* the largest file that the copy may write */
	uint64_t memory_bytes; /* the most memory that it may use */
};

/*
 * Run work in a copy of this program until it returns. The copy dies with this program, leaves no core dump, and makes
 * files that are its user's alone. SIGINT, SIGTERM and SIGHUP end it. It must be called while no other thread runs.
 * errors  TIMEOUT the limit passed; INTERRUPTED, TERMINATED; INTERNAL
 */
CHECKED bool branch_run(struct arena *arena, const struct branch_request *request, struct error *err);

/* In the copy: send one message of message_bytes. */
void branch_say(int answers, const void *message, size_t message_bytes);

#endif
