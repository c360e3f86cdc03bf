/* A folder for each repository: commits as bare repositories that are renamed into place, answers as small files. */
#include "git_source_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "cache.h"
#include "fops/base/arena.h"
#include "fops/base/clock.h"
#include "fops/base/file.h"

#define RECORD_HEAD    "fops-git 1"
#define RECORD_LINES   7
#define RECORD_BYTES   16384
#define MOST_COMMITS   8
#define MOST_ENTRIES   1024
#define MOST_HANDLES   16
#define KEPT_MINUTES   10
#define ORPHAN_MINUTES ((int64_t)24 * 60)
#define MS_A_MINUTE    ((int64_t)60 * 1000)
#define WORK_PREFIX    "new-"
#define COMMIT_SUFFIX  ".git"

/* What two texts of one name would share is harmless: records say whose they are, and commits are what they are. */
static const char *short_name(struct arena *arena, const char *text)
{
	return arena_format(arena, "%016" PRIx64, cache_name(CACHE_NAME_START, text));
}

static bool cannot_make(const char *path, const char *cause, struct error *err)
{
	fail(err, ERROR_IO_CREATE, "the folder for fetched commits cannot be made at %s", path);
	error_cause(err, "%s", cause);
	error_fix(err, "repair the folder, or set XDG_CACHE_HOME to another one");
	return false;
}

bool git_source_store_find(struct arena *arena, const char *base, const struct git_source_url *url,
                           struct git_source_store *ret_store, struct error *err)
{
	struct git_source_store store = { .passing = base == NULL };
	const char *ref = url->ref == NULL ? "" : url->ref;

	if (base == NULL) {
		const char *temporary = getenv("TMPDIR");
		char *folder = arena_format(arena, "%s/fops-git-XXXXXX",
		                            temporary == NULL || temporary[0] != '/' ? "/tmp" : temporary);

		if (mkdtemp(folder) == NULL)
			return cannot_make(folder, errno_text(errno), err);
		store.folder = folder;
	} else {
		store.folder = arena_format(arena, "%s/git/%s", base, short_name(arena, url->repository));
	}
	store.record = arena_format(arena, "%s/ref-%s", store.folder, short_name(arena, ref));
	store.lock = arena_format(arena, "%s/lock", store.folder);
	*ret_store = store;
	return true;
}

bool git_source_store_make(const struct git_source_store *store, struct error *err)
{
	struct error failed;
	struct stat about;

	if (!file_make_folders(store->folder, &failed))
		return cannot_make(store->folder, failed.cause, err);
	if (lstat(store->folder, &about) != 0)
		return cannot_make(store->folder, errno_text(errno), err);
	if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return cannot_make(store->folder, "it is no folder of this user alone", err);
	return true;
}

const char *git_source_store_commit(struct arena *arena, const struct git_source_store *store, const char *commit)
{
	return arena_format(arena, "%s/%s" COMMIT_SUFFIX, store->folder, commit);
}

bool git_source_store_has(struct arena *arena, const struct git_source_store *store, const char *commit)
{
	return access(path_join(arena, git_source_store_commit(arena, store, commit), "HEAD"), R_OK) == 0;
}

/* The file's text, when it is this user's and small. */
static const char *read_own_file(struct arena *arena, const char *path)
{
	CLEANUP(file_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char *text;
	struct stat about;
	ssize_t len;

	if (descriptor < 0 || fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != geteuid() ||
	    (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return NULL;
	text = arena_alloc(arena, RECORD_BYTES);
	len = read(descriptor, text, RECORD_BYTES - 1);
	if (len <= 0)
		return NULL;
	text[len] = '\0';
	return text;
}

/* The lines of the record; false when there are fewer. */
static bool split_record(char *text, char *ret_lines[RECORD_LINES])
{
	for (size_t i = 0; i < RECORD_LINES; i++) {
		char *end = strchr(text, '\n');

		if (end == NULL)
			return false;
		*end = '\0';
		ret_lines[i] = text;
		text = end + 1;
	}
	return *text == '\0';
}

bool git_source_store_recall(struct arena *arena, const struct git_source_store *store,
                             const struct git_source_url *url, struct git_source_record *ret_record)
{
	struct git_source_record record = { 0 };
	const char *text = read_own_file(arena, store->record);
	const char *ref = url->ref == NULL ? "" : url->ref;
	char *lines[RECORD_LINES];

	if (text == NULL || !split_record(arena_text(arena, text, strlen(text)), lines) ||
	    !text_equal(lines[0], RECORD_HEAD) || !text_equal(lines[1], url->repository) ||
	    !text_equal(lines[2], ref) || !git_source_is_commit(lines[3]) || !parse_int(lines[4], &record.asked_ms) ||
	    !parse_int(lines[5], &record.failed_ms))
		return false;
	memcpy(record.commit, lines[3], sizeof record.commit);
	record.cause = lines[6];
	*ret_record = record;
	return true;
}

void git_source_store_record(struct arena *arena, const struct git_source_store *store,
                             const struct git_source_url *url, const struct git_source_record *record)
{
	char *cause = arena_format(arena, "%s", record->cause == NULL ? "" : record->cause);
	struct error err;
	const char *text;

	for (char *at = cause; *at != '\0'; at++)
		*at = (char)((unsigned char)*at < ' ' ? ' ' : *at);
	text = arena_format(arena, RECORD_HEAD "\n%s\n%s\n%s\n%" PRId64 "\n%" PRId64 "\n%s\n", url->repository,
	                    url->ref == NULL ? "" : url->ref, record->commit, record->asked_ms, record->failed_ms,
	                    cause);
	if (!file_write(store->record, text, strlen(text), 0600, false, &err))
		return;
}

bool git_source_store_begin(struct arena *arena, const struct git_source_store *store, const char **ret_folder,
                            struct error *err)
{
	char *folder = arena_format(arena, "%s/" WORK_PREFIX "XXXXXX", store->folder);

	if (!git_source_store_make(store, err))
		return false;
	if (mkdtemp(folder) == NULL)
		return cannot_make(folder, errno_text(errno), err);
	*ret_folder = folder;
	return true;
}

bool git_source_store_keep(struct arena *arena, const struct git_source_store *store, const char *folder,
                           const char *commit, struct error *err)
{
	const char *from = path_join(arena, folder, "repository");
	const char *to = git_source_store_commit(arena, store, commit);

	if (rename(from, to) == 0)
		return true;
	/* somebody else was faster, or only half of it is left */
	if ((errno == ENOTEMPTY || errno == EEXIST) && access(path_join(arena, to, "HEAD"), R_OK) == 0)
		return true;
	git_source_store_remove(to);
	return rename(from, to) == 0 || cannot_make(to, errno_text(errno), err);
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
	(void)about;
	(void)type;
	(void)place;
	(void)remove(path);
	return 0;
}

void git_source_store_remove(const char *folder)
{
	(void)nftw(folder, remove_entry, MOST_HANDLES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* A folder of the store by age. */
struct kept {
	const char *name;
	int64_t changed_ms;
};

static int by_age(const void *a, const void *b)
{
	const struct kept *left = a;
	const struct kept *right = b;

	return left->changed_ms > right->changed_ms ? -1 : left->changed_ms < right->changed_ms;
}

void git_source_store_tidy(struct arena *arena, const struct git_source_store *store)
{
	struct kept *commits = arena_array(arena, MOST_ENTRIES, sizeof *commits);
	DIR *folder = opendir(store->folder);
	int64_t now = clock_now().unix_ms;
	const struct dirent *entry;
	size_t count = 0;

	if (folder == NULL)
		return;
	while (count < MOST_ENTRIES && (entry = readdir(folder)) != NULL) {
		struct stat about;
		int64_t changed;

		if (fstatat(dirfd(folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(about.st_mode))
			continue;
		changed = (int64_t)about.st_mtim.tv_sec * 1000;
		if (text_starts(entry->d_name, WORK_PREFIX) && now - changed > ORPHAN_MINUTES * MS_A_MINUTE)
			git_source_store_remove(path_join(arena, store->folder, entry->d_name));
		else if (text_ends(entry->d_name, COMMIT_SUFFIX))
			commits[count++] = (struct kept){ arena_copy(arena, entry->d_name), changed };
	}
	(void)closedir(folder);
	qsort(commits, count, sizeof *commits, by_age);
	/* one that was just fetched may be under somebody's eyes */
	for (size_t i = MOST_COMMITS; i < count; i++) {
		if (now - commits[i].changed_ms > KEPT_MINUTES * MS_A_MINUTE)
			git_source_store_remove(path_join(arena, store->folder, commits[i].name));
	}
}
