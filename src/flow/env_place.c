/* Compares where a path says it leads with where it leads. */
#include "fops/flow/env_place.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"

#define FILE_BYTES ((size_t)16 * 1024 * 1024)
#define FILE_MODE  0644

static bool refuse(const char *path, const char *cause, struct error *err)
{
	fail(err, ERROR_IO_CREATE, "cannot write %s", path);
	error_cause(err, "%s", cause);
	return false;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/' || text_ends(folder, "/"));
}

/* Does the text climb out of the folder that it starts in? */
static bool climbs(const char *path)
{
	int depth = 0;

	while (*path != '\0' && depth >= 0) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			depth--;
		else if (len > 1 || (len == 1 && path[0] != '.'))
			depth++;
		path += len;
		path += *path == '/' ? 1 : 0;
	}
	return depth < 0;
}

bool env_place_check(struct arena *arena, const char *path, struct error *err)
{
	const char *folder = path_folder(arena, path);
	char here[PATH_MAX], there[PATH_MAX];
	struct stat about;

	if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode))
		return refuse(path, S_ISLNK(about.st_mode) ? "it is a symbolic link" : "it is no regular file", err);
	if (realpath(folder, there) == NULL || realpath(".", here) == NULL)
		return refuse(path, errno_text(errno), err);
	if (path[0] == '/' || climbs(folder) || is_below(there, here))
		return true;
	return refuse(path, "a symbolic link in it leads out of this folder", err);
}

bool env_place_write(struct arena *arena, const char *path, const void *data, size_t len, bool *ret_changed,
                     struct error *err)
{
	mode_t mode = FILE_MODE;
	struct stat about;
	struct str old;

	if (!env_place_check(arena, path, err))
		return false;
	if (lstat(path, &about) == 0) {
		if (!file_read(arena, path, FILE_BYTES, &old, err))
			return false;
		if (old.len == len && memcmp(old.data, data, len) == 0) {
			*ret_changed = false;
			return true;
		}
		mode = about.st_mode & 0777;
	}
	if (!file_write(path, data, len, mode, true, err))
		return false;
	*ret_changed = true;
	return true;
}
