/* The caller's own streams while a command runs: writing without blocking the loop, reading no more than is taken. */
#ifndef FOPS_ASSET_RUN_STREAM_H
#define FOPS_ASSET_RUN_STREAM_H

#include "fops/base/buffer.h"
#include "fops/base/loop.h"
#include "fops/base/terminal.h"

/* With the byte in front that names the stream, the longest message of a WebSocket: two full TLS records. */
#define INLET_BYTES ((size_t)32 * 1024 - 9)

/* Standard output or standard error. */
struct outlet {
	struct loop *loop;
	int descriptor;
	bool filter;                                          /* a terminal that gets no raw bytes */
	void (*on_failed)(struct outlet *outlet, int number); /* errno of a write; nothing is written after it */
	void (*on_drained)(struct outlet *outlet);            /* few bytes wait again after outlet_put returned false */
	void *user;

	int again;    /* the same file opened without blocking, -1 where that does not work */
	size_t piece; /* bytes of one write */
	struct terminal_filter state;
	struct buffer waiting;
	bool full;
	bool failed;
	uint64_t bytes; /* taken by outlet_put */
};

void outlet_open(struct outlet *outlet);

/* Take all of it; false when so much waits that the source should pause. */
bool outlet_put(struct outlet *outlet, const char *data, size_t len);

/* The end of the stream: a cut character goes out too. */
void outlet_finish(struct outlet *outlet);

/* Nothing waits (or nothing can be written any more). */
bool outlet_is_done(const struct outlet *outlet);
void outlet_close(struct outlet *outlet);

/* Standard input, read only as fast as take() accepts. */
struct inlet {
	struct loop *loop;
	int descriptor;
	size_t (*take)(struct inlet *inlet, const char *data, size_t len); /* how many bytes were taken */
	void (*on_end)(struct inlet *inlet);
	void *user;

	char data[INLET_BYTES];
	size_t start, len;
	bool open;
	bool is_file; /* reading it never waits */
	bool watched;
	bool ended;
};

/* Begin, or go on after take() took less than it was given. */
void inlet_resume(struct inlet *inlet);
void inlet_close(struct inlet *inlet);

#endif
