/* One program of this machine as the loop sees it: bytes in, bytes out, an end. */
#ifndef FOPS_ASSET_CHILD_H
#define FOPS_ASSET_CHILD_H

#include "fops/base/loop.h"
#include "fops/base/process.h"
#include "fops/base/terminal.h"

/* Where a stream of the program goes. */
enum child_stream {
	CHILD_NULL,   /* /dev/null */
	CHILD_PIPE,   /* a pipe that the loop serves */
	CHILD_DIRECT, /* the descriptor beside it, handed over */
};

struct child_request {
	const char *const *argv;
	struct text_list set; /* additions to the environment */
	enum child_stream input, output, errors;
	int direct_input, direct_output, direct_errors; /* for CHILD_DIRECT; errors like output: one pipe for both */
	bool merge_errors;                              /* stderr goes into the pipe of stdout */
	bool terminal; /* all three are a pty of `size`; the members above are ignored */
	struct terminal_size size;
};

/* The owner fills the first half and keeps the struct until on_ended or child_stop. */
struct child {
	struct loop *loop;
	void (*on_output)(struct child *child, int stream, const char *data, size_t len);
	void (*on_room)(struct child *child);              /* child_write took less before */
	void (*on_ended)(struct child *child, int status); /* 0–255 or 128 + signal; all output was delivered */
	void *user;

	struct process process;
	int input;
	int outputs[2];
	bool paused[2];
	bool terminal;
	bool alive; /* between child_start and on_ended or child_stop */
	bool exited;
	int status;
	struct loop_timer drain;
};

/*
 * Start a program in a session of its own, in the folder "/". Its end is reported once all output that it wrote itself
 * was read; output of programs that it left behind is read for at most 200 ms more. errors  ASSET_DRIVER the program is
 * missing or may not run; INTERNAL
 */
CHECKED bool child_start(struct child *child, struct arena *arena, const struct child_request *request,
                         struct error *err);

/* Give input; returns how many bytes were taken. Nothing is taken after child_close_input or once the program closed
 * its end. */
size_t child_write(struct child *child, const char *data, size_t len);
void child_close_input(struct child *child);

/* Stop or go on reading a stream (1 or 2). */
void child_pause(struct child *child, int stream, bool pause);

void child_resize(const struct child *child, struct terminal_size size);

/* Let it run on without us: close our ends; no callback follows. */
void child_abandon(struct child *child);

/* Kill the whole group, collect it, close everything; no callback follows. */
void child_stop(struct child *child);

#endif
