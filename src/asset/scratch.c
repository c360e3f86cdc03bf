/* memfd first, because secrets and logs need no disk; a file of the runtime folder second. */
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"

#define LONGEST_READ ((size_t)64 * 1024)

/* Other programs of this user can open /proc/PID/fd/N exactly when this process can. */
static bool make_in_memory(struct arena *arena, struct scratch *scratch)
{
	int again;

	scratch->descriptor = memfd_create("fops", MFD_CLOEXEC);
	if (scratch->descriptor < 0)
		return false;
	scratch->path = arena_format(arena, "/proc/%d/fd/%d", (int)getpid(), scratch->descriptor);
	again = fchmod(scratch->descriptor, 0600) == 0 ? open(scratch->path, O_RDWR | O_CLOEXEC | O_APPEND) : -1;
	if (again < 0)
		file_close(&scratch->descriptor);
	else
		(void)close(again);
	return again >= 0;
}

static bool make_in_folder(struct arena *arena, struct scratch *scratch, struct error *err)
{
	const char *folder;
	char *path;

	if (!runtime_folder(arena, &folder, err))
		return false;
	path = arena_format(arena, "%s/fops.XXXXXX", folder);
	scratch->descriptor = mkostemp(path, O_CLOEXEC);
	scratch->path = path;
	scratch->linked = true;
	if (scratch->descriptor >= 0)
		return true;
	fail(err, ERROR_IO_CREATE, "cannot make a file in %s", folder);
	error_cause(err, "%s", errno_text(errno));
	return false;
}

bool scratch_new(struct arena *arena, const void *data, size_t len, struct scratch *ret_scratch, struct error *err)
{
	struct scratch scratch = { -1, NULL, false };

	if (!make_in_memory(arena, &scratch) && !make_in_folder(arena, &scratch, err))
		return false;
	if (len > 0 && pwrite(scratch.descriptor, data, len, 0) != (ssize_t)len) {
		fail(err, ERROR_IO_CREATE, "cannot write a private file");
		error_cause(err, "%s", errno_text(errno));
		scratch_done(&scratch);
		return false;
	}
	*ret_scratch = scratch;
	return true;
}

struct str scratch_read(struct arena *arena, const struct scratch *scratch)
{
	struct stat about;
	size_t size;
	ssize_t got;
	char *data;

	if (scratch->path == NULL || fstat(scratch->descriptor, &about) != 0 || about.st_size == 0)
		return (struct str){ "", 0 };
	size = (size_t)about.st_size < LONGEST_READ ? (size_t)about.st_size : LONGEST_READ;
	data = arena_alloc(arena, size + 1);
	got = pread(scratch->descriptor, data, size, 0);
	return (struct str){ data, got < 0 ? 0 : (size_t)got };
}

bool scratch_is_empty(const struct scratch *scratch)
{
	struct stat about;

	return scratch->path == NULL || fstat(scratch->descriptor, &about) != 0 || about.st_size == 0;
}

void scratch_clear(const struct scratch *scratch)
{
	if (!scratch_is_empty(scratch))
		while (ftruncate(scratch->descriptor, 0) != 0 && errno == EINTR)
			;
}

void scratch_done(struct scratch *scratch)
{
	if (scratch->path == NULL)
		return;
	if (scratch->linked)
		(void)unlink(scratch->path);
	file_close(&scratch->descriptor);
	scratch->path = NULL;
}
