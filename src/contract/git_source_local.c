/* Loose refs by content, packed refs by stat. */
#include "git_source_local.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/base/text.h"

#define REF_BYTES 512

/* The first line of a small file; "-" when there is none, NULL when it is something else. */
static const char *read_line(struct arena *arena, const char *folder, const char *name)
{
	CLEANUP(file_close)
	int descriptor = open(path_join(arena, folder, name), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = arena_alloc(arena, REF_BYTES);
	struct stat about;
	ssize_t len;

	if (descriptor < 0)
		return access(path_join(arena, folder, name), F_OK) != 0 ? "-" : NULL;
	if (fstat(descriptor, &about) != 0)
		return NULL;
	/* refs/heads/a is a folder when there is a branch a/b */
	if (S_ISDIR(about.st_mode))
		return "-";
	len = S_ISREG(about.st_mode) ? read(descriptor, text, REF_BYTES - 1) : -1;
	if (len <= 0 || text[len - 1] != '\n' || memchr(text, '\n', (size_t)len) != text + len - 1)
		return NULL;
	text[len - 1] = '\0';
	return text;
}

/* "NAME=COMMIT " or "NAME=- ". */
static const char *loose_state(struct arena *arena, const char *folder, const char *name)
{
	const char *line = read_line(arena, folder, name);

	if (line == NULL || (!text_equal(line, "-") && !git_source_is_commit(line)))
		return NULL;
	return arena_format(arena, "%s=%s ", name, line);
}

static const char *packed_state(struct arena *arena, const char *folder)
{
	struct stat about;

	if (stat(path_join(arena, folder, "packed-refs"), &about) != 0)
		return "packed=-";
	return arena_format(arena, "packed=%ju:%ju:%jd.%09ld:%jd.%09ld", (uintmax_t)about.st_ino,
	                    (uintmax_t)about.st_size, (intmax_t)about.st_mtim.tv_sec, about.st_mtim.tv_nsec,
	                    (intmax_t)about.st_ctim.tv_sec, about.st_ctim.tv_nsec);
}

/* Where refs and objects are; NULL when that is not simply here. */
static const char *find_folder(struct arena *arena, const char *path)
{
	const char *inside = path_join(arena, path, ".git");
	struct stat about;

	if (lstat(inside, &about) == 0)
		path = S_ISDIR(about.st_mode) ? inside : NULL;
	if (path == NULL || access(path_join(arena, path, "objects"), F_OK) != 0 ||
	    access(path_join(arena, path, "commondir"), F_OK) == 0)
		return NULL;
	return path;
}

const char *git_source_local_state(struct arena *arena, const struct git_source_url *url)
{
	const char *folder = find_folder(arena, url->path);
	const char *head, *branch, *tag = "";

	if (folder == NULL)
		return NULL;
	if (url->ref == NULL) {
		head = read_line(arena, folder, "HEAD");
		if (head == NULL || !text_starts(head, "ref: refs/heads/") || strstr(head, "..") != NULL)
			return NULL;
		branch = loose_state(arena, folder, head + strlen("ref: "));
	} else if (text_starts(url->ref, "refs/")) {
		branch = loose_state(arena, folder, url->ref);
	} else {
		branch = loose_state(arena, folder, arena_format(arena, "refs/heads/%s", url->ref));
		tag = loose_state(arena, folder, arena_format(arena, "refs/tags/%s", url->ref));
	}
	if (branch == NULL || tag == NULL)
		return NULL;
	return arena_format(arena, "%s%s%s", branch, tag, packed_state(arena, folder));
}
