/* Small private files that another program can open by path: in memory where that works. */
#ifndef FOPS_ASSET_SCRATCH_H
#define FOPS_ASSET_SCRATCH_H

#include "fops/base/error.h"
#include "fops/base/text.h"

struct arena;

struct scratch {
	int descriptor;
	const char *path;
	bool linked; /* a real file, removed by scratch_done */
};

/*
 * A new file of mode 0600 with len bytes in it: memory of this process under /proc/PID/fd, or a file in the runtime
 * folder where /proc does not let others of this user in. Open until scratch_done, or the end of this process. errors
 * IO_CREATE
 */
CHECKED bool scratch_new(struct arena *arena, const void *data, size_t len, struct scratch *ret_scratch,
                         struct error *err);

/* Everything written so far, at most 64 KiB, in arena. */
struct str scratch_read(struct arena *arena, const struct scratch *scratch);

bool scratch_is_empty(const struct scratch *scratch);

/* Empty it. */
void scratch_clear(const struct scratch *scratch);

/* Close and remove; a zeroed scratch or one that is done is accepted. */
void scratch_done(struct scratch *scratch);

#endif
