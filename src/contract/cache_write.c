/* Replacing the cache file, and forgetting the oldest ones. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cache.h"
#include "fops/base/arena.h"
#include "fops/base/file.h"

#define NAME_DIGITS  16
#define MOST_CACHES  32
#define MOST_ENTRIES 4096

struct cache_entry {
	const char *name;
	int64_t written_ns;
};

static int by_age(const void *a, const void *b)
{
	const struct cache_entry *left = a;
	const struct cache_entry *right = b;

	if (left->written_ns != right->written_ns)
		return left->written_ns > right->written_ns ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Finished images and the temporary files of writers that were killed: 16 digits and ".image", perhaps with more behind
 * it. */
static bool is_ours(const char *name)
{
	return strspn(name, "0123456789abcdef") == NAME_DIGITS && text_starts(name + NAME_DIGITS, ".image");
}

/* Best effort: a folder that cannot be read or cleaned stays as it is. */
static void forget_oldest(struct arena *scratch, const char *folder)
{
	struct cache_entry *entries = arena_array(scratch, MOST_ENTRIES, sizeof *entries);
	DIR *open_folder = opendir(folder);
	const struct dirent *entry;
	size_t count = 0;

	if (open_folder == NULL)
		return;
	while (count < MOST_ENTRIES && (entry = readdir(open_folder)) != NULL) {
		struct stat about;

		if (!is_ours(entry->d_name) ||
		    fstatat(dirfd(open_folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
		    S_ISDIR(about.st_mode))
			continue;
		entries[count].name = arena_copy(scratch, entry->d_name);
		entries[count++].written_ns = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
	}
	qsort(entries, count, sizeof *entries, by_age);
	for (size_t i = MOST_CACHES; i < count; i++)
		(void)unlinkat(dirfd(open_folder), entries[i].name, 0);
	(void)closedir(open_folder);
}

/* file_write fills pipes and devices instead of replacing them; none has a business here. */
static void clear_way(const char *path)
{
	struct stat about;

	if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode))
		(void)unlink(path);
}

bool cache_store(struct arena *scratch, const char *path, const void *data, size_t len, struct error *err)
{
	struct arena_mark mark = arena_mark(scratch);
	const char *folder = path_folder(scratch, path);
	bool stored;

	clear_way(path);
	stored = file_make_folders(folder, err) && file_write(path, data, len, 0600, false, err);
	if (stored)
		forget_oldest(scratch, folder);
	arena_rewind(scratch, mark);
	return stored;
}
