/* Finding and judging the cache file: nothing in it is believed before it was checked. */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"

#define FNV_PRIME    UINT64_C(0x100000001b3)
#define NS_A_SECOND  ((int64_t)1000000000)
#define FINE_GRAIN   ((int64_t)20 * 1000000) /* two ticks of the slowest kernel clock, 100 Hz */
#define COARSE_GRAIN (2 * NS_A_SECOND)       /* file systems that keep whole or even seconds */
#define LARGEST_FILE ((off_t)4 * 1024 * 1024 * 1024)

/* FNV-1a: the name only has to keep topologies apart; whose cache it is, is decided by the list of files inside. */
uint64_t cache_name(uint64_t name, const char *text)
{
	/* the NUL is hashed as well, to keep "ab" + "c" apart from "a" + "bc" */
	size_t size = strlen(text) + 1;

	for (size_t i = 0; i < size; i++)
		name = (name ^ (unsigned char)text[i]) * FNV_PRIME;
	return name;
}

const char *cache_path(struct arena *arena, const char *cache_folder, const struct text_list *sources)
{
	char *place = getcwd(NULL, 0);
	uint64_t name = CACHE_NAME_START;

	if (place == NULL)
		return NULL;
	name = cache_name(name, IMAGE_MAGIC);
	name = cache_name(name, arena_format(arena, "%u", IMAGE_VERSION));
	name = cache_name(name, FOPS_VERSION);
	name = cache_name(name, image_rules);
	name = cache_name(name, place);
	free(place);
	for (size_t i = 0; i < sources->count; i++)
		name = cache_name(name, sources->items[i]);
	return arena_format(arena, "%s/topology/%016llx.image", cache_folder, (unsigned long long)name);
}

static const char *map_file(const char *path, struct cache_map *ret_map)
{
	/* a pipe in its place must not make us wait, a link not lead us elsewhere */
	CLEANUP(file_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	void *data;

	if (descriptor < 0)
		return errno == ENOENT ? "there is none yet" : "it cannot be opened";
	if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode))
		return "it is not a regular file";
	if (about.st_uid != geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others own it or may write it";
	if (about.st_size < (off_t)sizeof(struct image_header) || about.st_size > LARGEST_FILE)
		return "it is shorter than its header or too large";
	data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (data == MAP_FAILED)
		return "it cannot be mapped";
	*ret_map = (struct cache_map){ data, (size_t)about.st_size };
	return NULL;
}

void cache_unmap(struct cache_map *map)
{
	if (map->data != NULL)
		(void)munmap(map->data, map->len);
	*map = (struct cache_map){ 0 };
}

static bool is_unchanged(const struct image *image, const struct image_file *row, const struct source_file *file)
{
	return row->kind == file->kind && row->device == file->device && row->inode == file->inode &&
	       row->size == file->size && row->mtime_ns == file->mtime_ns && row->ctime_ns == file->ctime_ns &&
	       text_equal(image_text(image, row->path), file->path);
}

/*
 * A file that changed within one grain of the file system's clock after it was listed has the times of before; from
 * then on the times of every change differ. ctime cannot be set back, so mtime needs no thought.
 */
static bool is_doubtful(const struct source_file *file, int64_t listed_ns)
{
	bool coarse = file->mtime_ns % NS_A_SECOND == 0 || file->ctime_ns % NS_A_SECOND == 0;
	int64_t settled;

	return __builtin_add_overflow(file->ctime_ns, coarse ? COARSE_GRAIN : FINE_GRAIN, &settled) ||
	       settled >= listed_ns;
}

static bool has_digest(struct arena *scratch, const struct source_file *file, const unsigned char *wanted)
{
	struct arena_mark mark = arena_mark(scratch);
	struct digest digest = { 0 };
	struct error err;
	struct str data;
	bool equal;

	equal = file_read(scratch, file->path, document_default_limits.bytes, &data, &err);
	if (equal) {
		digest = digest_of(data.data, data.len);
		equal = memcmp(digest.bytes, wanted, DIGEST_BYTES) == 0;
	}
	arena_rewind(scratch, mark);
	return equal;
}

static const char *compare_files(struct arena *scratch, const struct image *image, const struct source_list *files,
                                 bool *ret_fresh)
{
	bool fresh = true;
	size_t at = 0;

	for (size_t i = 0; i < image->header->file_count; i++) {
		const struct image_file *row = &image->files[i];

		/* the files of a commit are what they are */
		if (row->kind == SOURCE_BLOB)
			continue;
		if (at == files->count)
			return "files were removed";
		if (!is_unchanged(image, row, &files->items[at]))
			return "a file changed";
		if (row->kind == SOURCE_FILE && is_doubtful(&files->items[at], image->header->listed_ns)) {
			fresh = false;
			if (!has_digest(scratch, &files->items[at], row->digest))
				return "a file changed";
		}
		at++;
	}
	if (at < files->count)
		return "files were added";
	*ret_fresh = fresh;
	return NULL;
}

const char *cache_load(struct arena *scratch, const char *path, const struct source_list *files,
                       struct cache_map *ret_map, struct image *ret_image, bool *ret_fresh)
{
	struct cache_map map = { 0 };
	struct image image;
	const char *wrong = map_file(path, &map);

	if (wrong == NULL)
		wrong = image_open(map.data, map.len, &image);
	if (wrong == NULL)
		wrong = compare_files(scratch, &image, files, ret_fresh);
	if (wrong != NULL) {
		cache_unmap(&map);
		return wrong;
	}
	*ret_map = map;
	*ret_image = image;
	return NULL;
}
