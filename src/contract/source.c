/* Finding the files of a topology: folders and their symbolic links. */
#include "fops/contract/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "git_source.h"
#include "inode_set.h"

#define MOST_FILES   50000
#define MOST_FOLDERS 50000
#define MOST_DEPTH   32

/* The state of one listing. */
struct walk {
	struct arena *arena;
	struct findings *findings;
	struct source_list *list;
	size_t size; /* room in list->items */
	struct inode_set files, folders;
	const char *source; /* as given */
	const char
	        *root; /* the folder being listed, without symbolic links; ends without slash, "" for the root folder */
};

static bool cannot(const char *path, int number, struct error *err)
{
	bool missing = number == ENOENT || number == ENOTDIR;

	fail(err, missing ? ERROR_CONTRACT_NOT_FOUND : ERROR_CONTRACT_UNREADABLE,
	     missing ? "there is no topology at %s" : "cannot read the topology %s", path);
	error_cause(err, "%s", errno_text(number));
	error_fix(err, "fops config show --origin tells who named it");
	return false;
}

static bool too_many(const struct walk *walk, const char *what, struct error *err)
{
	fail(err, ERROR_CONTRACT_UNREADABLE, "the topology %s is too large", walk->source);
	error_cause(err, "%s", what);
	error_fix(err, "name the folder that holds the contracts");
	return false;
}

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct source_file *add_row(struct walk *walk)
{
	struct source_list *list = walk->list;

	if (list->count == walk->size) {
		size_t size = walk->size == 0 ? 64 : walk->size * 2;
		struct source_file *items = arena_array(walk->arena, size, sizeof *items);

		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
		walk->size = size;
	}
	return &list->items[list->count++];
}

static bool add_file(struct walk *walk, const char *path, const struct stat *about, struct error *err)
{
	struct source_list *list = walk->list;

	/* a link beside its file, or a file inside a folder that is given as well: once is enough */
	if (!inode_set_add(walk->arena, &walk->files, about->st_dev, about->st_ino))
		return true;
	if (list->count == MOST_FILES)
		return too_many(walk, "it has more than 50000 files", err);
	list->steady = list->steady && S_ISREG(about->st_mode);
	*add_row(walk) = (struct source_file){
		.path = path,
		.device = about->st_dev,
		.inode = about->st_ino,
		.size = (uint64_t)about->st_size,
		.mtime_ns = nanoseconds(about->st_mtim),
		.ctime_ns = nanoseconds(about->st_ctim),
	};
	return true;
}

static bool is_contract_name(const char *name)
{
	return text_ends(name, ".yaml") || text_ends(name, ".yml") || text_ends(name, ".json");
}

static bool is_inside(const char *root, const char *path)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static void refuse(struct walk *walk, const char *path, const char *fix, const char *why)
{
	findings_add(walk->findings, path, 0, 0, NULL, fix, "%s", why);
}

/* Replace what is known of a link by what it leads to; false when it is to be passed over. */
static bool follow(struct walk *walk, const char *path, bool named, struct stat *about)
{
	char real[PATH_MAX];

	if (realpath(path, real) == NULL || stat(path, about) != 0) {
		if (named)
			refuse(walk, path, "remove the link", "the symbolic link leads nowhere");
		return false;
	}
	/* links to other files are no concern of the topology */
	if (!named && !S_ISDIR(about->st_mode))
		return false;
	if (!is_inside(walk->root, real)) {
		refuse(walk, path, "copy the file, or name its folder with another --topology",
		       "the symbolic link leaves the topology's folder");
		return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool read_names(struct walk *walk, const char *folder, struct text_list *ret_names, struct error *err)
{
	DIR *open_folder = opendir(folder);
	struct text_list names = { 0 };
	const struct dirent *entry;

	if (open_folder == NULL)
		return cannot(folder, errno, err);
	while ((entry = readdir(open_folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (entry->d_type == DT_REG && !is_contract_name(entry->d_name))
			continue;
		text_list_add(walk->arena, &names, arena_copy(walk->arena, entry->d_name));
	}
	(void)closedir(open_folder);
	if (names.count > 0)
		qsort(names.items, names.count, sizeof *names.items, by_name);
	*ret_names = names;
	return true;
}

static bool walk_folder(struct walk *walk, const char *folder, size_t depth, struct error *err);

static bool walk_entry(struct walk *walk, const char *folder, const char *name, size_t depth, struct error *err)
{
	const char *path = path_join(walk->arena, folder, name);
	bool named = is_contract_name(name);
	struct stat about;

	if (lstat(path, &about) != 0)
		return errno == ENOENT || cannot(path, errno, err);
	if (S_ISLNK(about.st_mode) && !follow(walk, path, named, &about))
		return true;
	if (S_ISDIR(about.st_mode)) {
		if (!inode_set_add(walk->arena, &walk->folders, about.st_dev, about.st_ino))
			return true;
		return walk_folder(walk, path, depth + 1, err);
	}
	if (!named)
		return true;
	if (!S_ISREG(about.st_mode)) {
		refuse(walk, path, "remove it", "not a regular file");
		return true;
	}
	return add_file(walk, path, &about, err);
}

static bool walk_folder(struct walk *walk, const char *folder, size_t depth, struct error *err)
{
	struct text_list names = { 0 };

	if (depth > MOST_DEPTH)
		return too_many(walk, "its folders are nested deeper than 32", err);
	if (walk->folders.count > MOST_FOLDERS)
		return too_many(walk, "it has more than 50000 folders", err);
	if (!read_names(walk, folder, &names, err))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		if (!walk_entry(walk, folder, names.items[i], depth, err))
			return false;
	}
	return true;
}

static int by_path(const void *a, const void *b)
{
	const struct source_file *left = a;
	const struct source_file *right = b;

	return strcmp(left->path, right->path);
}

static bool list_source(struct walk *walk, const char *source, struct error *err)
{
	size_t before = walk->list->count;
	char root[PATH_MAX];
	struct stat about;

	walk->source = source;
	if (stat(source, &about) != 0)
		return cannot(source, errno, err);
	if (S_ISREG(about.st_mode) || S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode))
		return add_file(walk, source, &about, err);
	if (!S_ISDIR(about.st_mode))
		return cannot(source, EINVAL, err);
	if (realpath(source, root) == NULL)
		return cannot(source, errno, err);
	walk->root = text_equal(root, "/") ? "" : root;
	if (inode_set_add(walk->arena, &walk->folders, about.st_dev, about.st_ino) &&
	    !walk_folder(walk, source, 0, err))
		return false;
	if (walk->list->count > before)
		qsort(walk->list->items + before, walk->list->count - before, sizeof *walk->list->items, by_path);
	return true;
}

bool source_list_revisions(struct arena *arena, const struct text_list *sources,
                           const struct git_source *const *revisions, struct source_list *ret_list,
                           struct findings *findings, struct error *err)
{
	struct source_list list = { .steady = true };
	struct walk walk = { .arena = arena, .findings = findings, .list = &list };

	for (size_t i = 0; i < sources->count; i++) {
		const struct git_source *revision = revisions == NULL ? NULL : revisions[i];

		if (revision != NULL) {
			*add_row(&walk) = (struct source_file){ .path = revision->marker,
				                                .kind = SOURCE_REVISION,
				                                .revision = revision };
			continue;
		}
		if (git_source_url_is(sources->items[i])) {
			fail(err, ERROR_USAGE_BAD_VALUE, "%s is a git revision, which only readers take",
			     sources->items[i]);
			error_fix(err, "name files and folders of a working copy");
			return false;
		}
		if (!list_source(&walk, sources->items[i], err))
			return false;
	}
	*ret_list = list;
	return true;
}

bool source_list_files(struct arena *arena, const struct text_list *sources, struct source_list *ret_list,
                       struct findings *findings, struct error *err)
{
	return source_list_revisions(arena, sources, NULL, ret_list, findings, err);
}
