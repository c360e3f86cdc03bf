/* File access with bounds, atomic replacement and the XDG folders. */
#include "fops/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FIRST_READ ((size_t)64 * 1024)

void file_close(int *descriptor)
{
	if (*descriptor >= 0)
		(void)close(*descriptor);
	*descriptor = -1;
}

static bool read_failed(const char *path, struct error *err)
{
	int number = errno;

	fail(err, number == ENOENT ? ERROR_INPUT_NOT_FOUND : ERROR_IO_READ, "cannot read %s", path);
	error_cause(err, "%s", errno_text(number));
	return false;
}

/* Read until the end into a block that doubles; the size of a regular file is only the first guess. */
static bool read_all(struct arena *arena, int descriptor, size_t size, size_t limit_bytes, struct str *ret_data,
                     const char *path, struct error *err)
{
	char *data = arena_alloc(arena, size + 1);
	size_t len = 0;

	for (;;) {
		ssize_t got;

		if (len == size) {
			char *larger;

			if (size > limit_bytes)
				break;
			larger = arena_alloc(arena, size * 2 + 1);
			memcpy(larger, data, len);
			data = larger;
			size *= 2;
		}
		got = read(descriptor, data + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return read_failed(path, err);
		if (got == 0)
			break;
		len += (size_t)got;
	}
	if (len > limit_bytes) {
		fail(err, ERROR_IO_READ, "%s is larger than %zu bytes", path, limit_bytes);
		return false;
	}
	data[len] = '\0';
	*ret_data = (struct str){ data, len };
	return true;
}

bool file_read(struct arena *arena, const char *path, size_t limit_bytes, struct str *ret_data, struct error *err)
{
	CLEANUP(file_close) int opened = -1;
	int descriptor = STDIN_FILENO;
	size_t size = FIRST_READ;
	struct stat about;

	if (!text_equal(path, "-")) {
		opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		descriptor = opened;
	}
	if (descriptor < 0 || fstat(descriptor, &about) != 0)
		return read_failed(path, err);
	if (S_ISDIR(about.st_mode)) {
		errno = EISDIR;
		return read_failed(path, err);
	}
	if (S_ISREG(about.st_mode)) {
		if (about.st_size > 0 && (uint64_t)about.st_size > limit_bytes) {
			fail(err, ERROR_IO_READ, "%s is larger than %zu bytes", path, limit_bytes);
			return false;
		}
		/* one more than the size, so that a file that did not grow ends without a second block */
		size = (size_t)about.st_size + 1;
	}
	return read_all(arena, descriptor, size, limit_bytes, ret_data, path, err);
}

static bool write_all(int descriptor, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(descriptor, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data += put;
		len -= (size_t)put;
	}
	return true;
}

static bool create_failed(const char *path, int number, struct error *err)
{
	fail(err, ERROR_IO_CREATE, "cannot write %s", path);
	error_cause(err, "%s", errno_text(number));
	return false;
}

/* A device, pipe or socket is written to, never replaced. */
static bool write_special(const char *path, const void *data, size_t len, struct error *err)
{
	CLEANUP(file_close) int descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return (descriptor >= 0 && write_all(descriptor, data, len)) || create_failed(path, errno, err);
}

/* The user's umask holds for new files; one that exists keeps what its writer asks for. */
static mode_t mode_of(const char *path, mode_t mode)
{
	struct stat about;
	mode_t mask;

	if (stat(path, &about) == 0)
		return mode;
	mask = umask(0);
	(void)umask(mask);
	return mode & ~mask;
}

bool file_write(const char *path, const void *data, size_t len, mode_t mode, bool durable, struct error *err)
{
	char temporary[4096];
	struct stat about;
	int wanted = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	CLEANUP(file_close) int descriptor = -1;
	int number;

	if (wanted < 0 || (size_t)wanted >= sizeof temporary)
		return create_failed(path, ENAMETOOLONG, err);
	if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
		return write_special(path, data, len, err);
	descriptor = mkostemp(temporary, O_CLOEXEC);
	if (descriptor < 0)
		return create_failed(path, errno, err);
	if (write_all(descriptor, data, len) && fchmod(descriptor, mode_of(path, mode)) == 0 &&
	    (!durable || fsync(descriptor) == 0) && rename(temporary, path) == 0)
		return true;
	number = errno;
	(void)unlink(temporary);
	return create_failed(path, number, err);
}

bool file_make_folders(const char *path, struct error *err)
{
	char copy[4096];
	size_t len = strlen(path);
	struct stat about;

	if (len == 0 || len >= sizeof copy)
		return create_failed(path, ENAMETOOLONG, err);
	memcpy(copy, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (copy[i] != '/' && copy[i] != '\0')
			continue;
		copy[i] = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST && errno != EISDIR)
			return create_failed(path, errno, err);
		if (i < len)
			copy[i] = '/';
	}
	/* "exists" may have meant a file of that name */
	if (stat(path, &about) != 0)
		return create_failed(path, errno, err);
	return S_ISDIR(about.st_mode) || create_failed(path, ENOTDIR, err);
}

const char *path_join(struct arena *arena, const char *folder, const char *name)
{
	if (name[0] == '/')
		return arena_copy(arena, name);
	return arena_format(arena, "%s%s%s", folder, text_ends(folder, "/") ? "" : "/", name);
}

const char *path_folder(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path ? "/" : arena_text(arena, path, (size_t)(slash - path));
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static const char *user_folder(struct arena *arena, const char *variable, const char *below_home)
{
	const char *base = getenv(variable);
	const char *home = getenv("HOME");

	/* the specification tells to ignore relative paths */
	if (base != NULL && base[0] == '/')
		return path_join(arena, base, "fops");
	if (home == NULL || home[0] != '/')
		return NULL;
	return arena_format(arena, "%s/%s/fops", home, below_home);
}

const char *user_config_folder(struct arena *arena)
{
	return user_folder(arena, "XDG_CONFIG_HOME", ".config");
}

const char *user_cache_folder(struct arena *arena)
{
	return user_folder(arena, "XDG_CACHE_HOME", ".cache");
}

const char *user_data_folder(struct arena *arena)
{
	return user_folder(arena, "XDG_DATA_HOME", ".local/share");
}

bool runtime_folder(struct arena *arena, const char **ret_folder, struct error *err)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	const char *folder;
	struct stat about;

	if (base != NULL && base[0] == '/')
		folder = path_join(arena, base, "fops");
	else
		folder = arena_format(arena, "/tmp/fops-%u", (unsigned)geteuid());
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return create_failed(folder, errno, err);
	if (lstat(folder, &about) != 0)
		return create_failed(folder, errno, err);
	if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & 077) != 0) {
		fail(err, ERROR_IO_CREATE, "refusing the folder %s", folder);
		error_cause(err, "it is not a folder of this user alone (mode 0700)");
		return false;
	}
	*ret_folder = folder;
	return true;
}
