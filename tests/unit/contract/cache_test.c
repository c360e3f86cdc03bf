/* The cache: same answers with and without it, and nothing that is stale, damaged or foreign is ever believed. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "contract/cache.h"
#include "contract/image.h"
#include "fops/base/file.h"
#include "place.h"

/* Files whose times are old enough to be believed. */
static void settle(const char *path)
{
	struct timespec times[2] = { { .tv_sec = 1700000000, .tv_nsec = 1 }, { .tv_sec = 1700000000, .tv_nsec = 1 } };

	cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct place place_with_assets(void)
{
	struct place place = place_new();

	(void)place_write(&place, "a.yaml", ENDPOINT("board", "  executorUrl: http://board.svc\n"));
	(void)place_write(&place, "b.yaml", ASSET("box-1", "  executorRef: board\n") "---\n" ASSET("box-2", ""));
	return place;
}

static uint64_t inode_of(const char *path)
{
	struct stat about;

	return path != NULL && stat(path, &about) == 0 ? about.st_ino : 0;
}

/* Wait until files written before are older than the grain of the clock; the condition is the clock itself. */
static void pass_the_grain(void)
{
	struct timespec now, until;

	cr_assert_eq(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_nsec += 25L * 1000 * 1000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	do {
		cr_assert_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
	} while (now.tv_sec < until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec));
}

/* Is the cache as it lies there used? It is when it can be loaded for the files as they are now. */
static bool is_used(const struct place *place, bool *ret_fresh)
{
	struct text_list sources = { 0 };
	struct findings findings = { .arena = place->arena };
	struct cache_map map = { 0 };
	struct source_list files;
	struct image image;
	struct error err;
	const char *wrong;

	text_list_add(place->arena, &sources, place->sources);
	cr_assert(source_list_files(place->arena, &sources, &files, &findings, &err));
	wrong = cache_load(place->arena, cache_path(place->arena, place->cache, &sources), &files, &map, &image,
	                   ret_fresh);
	cache_unmap(&map);
	return wrong == NULL;
}

Test(cache, gives_the_same_answers_as_the_files)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, false);
	bool fresh;

	cr_assert_not(is_used(&place, &fresh));
	cr_assert_str_eq(place_answer(&place, true), cold);
	cr_assert(is_used(&place, &fresh));
	cr_assert_str_eq(place_answer(&place, true), cold);
	place_done(&place);
}

Test(cache, gives_the_same_answers_for_every_field)
{
	struct place place = place_new();
	static const char *const names[] = { "endpoints.yaml", "assets.yml", "sites/north.json", "sites/south.json" };
	const char *cold;
	bool fresh;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)place_write(&place, names[i],
		                  place_read(&place, path_join(place.arena, FIXTURES "/topology", names[i])).data);
	cold = place_answer(&place, false);
	cr_assert_not_null(strstr(cold, "example.net/zone"));
	cr_assert_str_eq(place_answer(&place, true), cold);
	cr_assert(is_used(&place, &fresh));
	cr_assert_str_eq(place_answer(&place, true), cold);
	place_done(&place);
}

Test(cache, compares_fresh_files_by_digest_only_until_they_are_old)
{
	struct place place = place_with_assets();
	bool fresh;

	(void)place_answer(&place, true);
	pass_the_grain();
	cr_assert(is_used(&place, &fresh));
	cr_assert_not(fresh, "the files were written just before the cache");
	(void)place_answer(&place, true);
	cr_assert(is_used(&place, &fresh));
	cr_assert(fresh, "the cache was not written again");
	place_done(&place);
}

Test(cache, is_private)
{
	struct place place = place_with_assets();
	struct stat about;

	(void)place_answer(&place, true);
	cr_assert_eq(stat(place_cache_file(&place), &about), 0);
	cr_assert_eq(about.st_mode & 0777, 0600);
	place_done(&place);
}

/* An asset with a reference whose value is set, so that a leak would show. */
Test(cache, holds_references_and_no_secrets)
{
	struct place place = place_new();
	struct str data;

	cr_assert_eq(setenv("FOPS_TEST_TOKEN", "hunter2-value", 1), 0);
	(void)place_write(&place, "a.yaml",
	                  "apiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: e\n  plane: p\n"
	                  "  auth: {mode: bearer, secretRef: 'env://FOPS_TEST_TOKEN'}\n");
	(void)place_answer(&place, true);
	data = place_read(&place, place_cache_file(&place));
	cr_assert_not_null(memmem(data.data, data.len, "env://FOPS_TEST_TOKEN", 21));
	cr_assert_null(memmem(data.data, data.len, "hunter2-value", 13));
	place_done(&place);
}

/* The cache written from one state is not used for the next; the answer is that of the files. */
static void check_stale(const struct place *place, const char *before)
{
	const char *cold = place_answer(place, false);
	bool fresh;

	cr_assert_str_neq(cold, before, "the change did not change the answer");
	cr_assert_not(is_used(place, &fresh));
	cr_assert_str_eq(place_answer(place, true), cold);
	cr_assert(is_used(place, &fresh));
	cr_assert_str_eq(place_answer(place, true), cold);
}

Test(cache, notices_a_change_of_the_same_size)
{
	struct place place = place_with_assets();
	const char *path = place_write(&place, "c.yaml", ASSET("old", ""));
	const char *before = place_answer(&place, true);

	place_overwrite(path, ASSET("new", ""), strlen(ASSET("new", "")));
	check_stale(&place, before);
	place_done(&place);
}

Test(cache, notices_a_change_of_the_same_size_that_sets_the_time_back)
{
	struct place place = place_with_assets();
	const char *path = place_write(&place, "c.yaml", ASSET("old", ""));
	const char *before;

	settle(path);
	before = place_answer(&place, true);
	place_overwrite(path, ASSET("new", ""), strlen(ASSET("new", "")));
	settle(path);
	check_stale(&place, before);
	place_done(&place);
}

Test(cache, notices_a_replaced_file_with_the_same_times)
{
	struct place place = place_with_assets();
	const char *path = place_write(&place, "c.yaml", ASSET("old", ""));
	const char *before;

	settle(path);
	before = place_answer(&place, true);
	(void)place_write(&place, "c.yaml", ASSET("new", ""));
	settle(path);
	check_stale(&place, before);
	place_done(&place);
}

Test(cache, notices_added_removed_and_renamed_files)
{
	struct place place = place_with_assets();
	const char *before = place_answer(&place, true);
	const char *path = place_write(&place, "c.yaml", ASSET("more", ""));

	check_stale(&place, before);
	before = place_answer(&place, true);
	cr_assert_eq(rename(path, path_join(place.arena, place.sources, "d.yaml")), 0);
	check_stale(&place, before);
	before = place_answer(&place, true);
	cr_assert_eq(unlink(path_join(place.arena, place.sources, "d.yaml")), 0);
	check_stale(&place, before);
	place_done(&place);
}

/*
 * A change within one tick of the clock: same inode, same times, same size. The cache's record of the file is rewritten
 * to say so, as the kernel would have it.
 */
Test(cache, notices_a_change_that_no_time_tells)
{
	struct place place = place_with_assets();
	const char *path = place_write(&place, "c.yaml", ASSET("old", ""));
	struct image_header *header;
	struct image_layout layout;
	struct image_file *files;
	struct stat about;
	struct str data;
	const char *cold;
	char *copy;

	(void)place_answer(&place, true);
	place_overwrite(path, ASSET("new", ""), strlen(ASSET("new", "")));
	cr_assert_eq(stat(path, &about), 0);
	data = place_read(&place, place_cache_file(&place));
	copy = arena_text(place.arena, data.data, data.len);
	header = (void *)copy;
	cr_assert(image_lay_out(header, &layout));
	files = (void *)(copy + layout.files);
	files[2].mtime_ns = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
	files[2].ctime_ns = (int64_t)about.st_ctim.tv_sec * 1000000000 + about.st_ctim.tv_nsec;
	header->listed_ns = files[2].ctime_ns + 1;
	image_seal(copy, &layout);
	place_overwrite(place_cache_file(&place), copy, data.len);
	cold = place_answer(&place, false);
	cr_assert_not_null(strstr(cold, "\"new\""));
	cr_assert_str_eq(place_answer(&place, true), cold);
	place_done(&place);
}

/* Open with whatever lies in the cache: the answer is right, or one object is said to be damaged and a repeat is right.
 */
static void check_answer(const struct place *place, const char *cold, const char *what, size_t at)
{
	struct place scratch = *place;
	struct topology *topology = NULL;
	struct error err = { 0 };
	bool damaged = false;

	scratch.arena = arena_new((size_t)1024 * 1024 * 1024);
	cr_assert(place_open(&scratch, true, &topology, &err), "%s %zu: %s", what, at, err.message);
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT && !damaged; kind++) {
		for (size_t i = 0; i < topology_count(topology, (enum contract_kind)kind) && !damaged; i++) {
			struct runtime_asset asset = { 0 };
			struct endpoint endpoint = { 0 };

			damaged = kind == KIND_RUNTIME_ASSET
			                  ? !topology_read_asset(topology, i, scratch.arena, &asset, &err)
			                  : !topology_read_endpoint(topology, i, scratch.arena, &endpoint, &err);
		}
	}
	if (damaged)
		cr_assert_eq(err.id, ERROR_DATA);
	else
		cr_assert_str_eq(place_describe(&scratch, topology), cold, "%s %zu", what, at);
	topology_cleanup(&topology);
	cr_assert_str_eq(place_answer(&scratch, true), cold, "%s %zu, again", what, at);
	arena_free(scratch.arena);
}

Test(cache, survives_flipped_bytes)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, true);
	const char *path = place_cache_file(&place);
	struct str whole = place_read(&place, path);
	char *copy = arena_text(place.arena, whole.data, whole.len);

	for (size_t at = 0; at < whole.len; at += 7) {
		copy[at] = (char)(copy[at] ^ 0x55);
		(void)unlink(path);
		cr_assert(file_write(path, copy, whole.len, 0600, false, &(struct error){ 0 }));
		copy[at] = (char)(copy[at] ^ 0x55);
		check_answer(&place, cold, "flipped byte", at);
	}
	place_done(&place);
}

Test(cache, survives_being_cut_anywhere)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, true);
	const char *path = place_cache_file(&place);
	struct str whole = place_read(&place, path);

	for (size_t len = 0; len < whole.len; len += len < 300 ? 1 : 13) {
		(void)unlink(path);
		cr_assert(file_write(path, whole.data, len, 0600, false, &(struct error){ 0 }));
		check_answer(&place, cold, "cut at", len);
	}
	place_done(&place);
}

Test(cache, survives_garbage)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, true);
	const char *path = place_cache_file(&place);
	char garbage[4096];
	uint32_t state = 7;

	for (size_t round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof garbage; i++) {
			state = state * 1664525u + 1013904223u;
			garbage[i] = (char)(state >> 24);
		}
		if (round % 2 == 0)
			memcpy(garbage, IMAGE_MAGIC, sizeof((struct image_header *)NULL)->magic);
		cr_assert(file_write(path, garbage, sizeof garbage, 0600, false, &(struct error){ 0 }));
		check_answer(&place, cold, "garbage", round);
	}
	place_done(&place);
}

/* Change the sealed cache's header or rows by hand, with right checksums. */
static char *forge(const struct place *place, struct str *ret_whole, struct image_layout *ret_layout)
{
	struct str whole = place_read(place, place_cache_file(place));
	char *copy = arena_text(place->arena, whole.data, whole.len);

	cr_assert(image_lay_out((const void *)copy, ret_layout));
	*ret_whole = whole;
	return copy;
}

Test(cache, of_another_version_is_not_used)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, true);
	struct image_layout layout;
	struct image image;
	struct str whole;
	char *copy = forge(&place, &whole, &layout);
	struct image_header *header = (void *)copy;

	header->product[0] = header->product[0] == '9' ? '8' : '9';
	cr_assert_str_eq(image_open(copy, whole.len, &image), "another version wrote it");
	place_overwrite(place_cache_file(&place), copy, whole.len);
	check_answer(&place, cold, "product", 0);
	copy = forge(&place, &whole, &layout);
	header = (void *)copy;
	header->version++;
	cr_assert_str_eq(image_open(copy, whole.len, &image), "another version wrote it");
	place_overwrite(place_cache_file(&place), copy, whole.len);
	check_answer(&place, cold, "version", 0);
	place_done(&place);
}

/* Checksums that fit do not make offsets trusted. */
Test(cache, with_forged_offsets_reads_nothing_outside)
{
	struct place place = place_with_assets();
	struct image_layout layout;
	struct image image;
	struct str whole, record;
	struct image_object *rows;
	uint32_t *roles;
	char *copy;

	(void)place_answer(&place, true);
	copy = forge(&place, &whole, &layout);
	rows = (void *)(copy + layout.objects[KIND_RUNTIME_ASSET]);
	rows[0].id = UINT32_MAX;
	rows[0].record_at = UINT64_MAX - 3;
	rows[1].record_bytes = UINT32_MAX;
	rows[1].file = 4711;
	roles = (void *)(copy + layout.roles);
	roles[0] = 4711;
	image_seal(copy, &layout);
	cr_assert_null(image_open(copy, whole.len, &image));
	cr_assert_str_eq(image_text(&image, rows[0].id), "");
	cr_assert_not(image_record(&image, &rows[0], &record));
	cr_assert_not(image_record(&image, &rows[1], &record));
	cr_assert_eq(image_role(&image, 0), SIZE_MAX);
	cr_assert_eq(image_role(&image, 2), SIZE_MAX);
	cr_assert_null(image_object(&image, KIND_ENDPOINT, 1));
	place_done(&place);
}

Test(cache, that_others_may_write_is_not_used)
{
	static const mode_t modes[] = { 0620, 0602, 0666 };
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, true);
	bool fresh;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const char *path = place_cache_file(&place);

		cr_assert(is_used(&place, &fresh));
		cr_assert_eq(chmod(path, modes[i]), 0);
		cr_assert_not(is_used(&place, &fresh));
		check_answer(&place, cold, "mode", modes[i]);
	}
	place_done(&place);
}

Test(cache, of_another_owner_is_not_used)
{
	struct place place;
	const char *cold;
	bool fresh;

	if (geteuid() != 0)
		cr_skip("only root may give files away");
	place = place_with_assets();
	cold = place_answer(&place, true);
	cr_assert_eq(chown(place_cache_file(&place), 65534, (gid_t)-1), 0);
	cr_assert_not(is_used(&place, &fresh));
	check_answer(&place, cold, "owner", 0);
	cr_assert(is_used(&place, &fresh));
	place_done(&place);
}

Test(cache, that_is_a_link_a_pipe_or_a_folder_is_not_used)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, true);
	const char *path = place_cache_file(&place);
	const char *elsewhere = path_join(place.arena, place.root, "elsewhere");

	cr_assert_eq(rename(path, elsewhere), 0);
	cr_assert_eq(symlink(elsewhere, path), 0);
	check_answer(&place, cold, "link", 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	check_answer(&place, cold, "pipe", 0);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkdir(path, 0700), 0);
	check_answer(&place, cold, "folder", 0);
	place_done(&place);
}

Test(cache, folder_that_cannot_be_made_is_no_error)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, false);

	cr_assert(file_write(place.cache, "x", 1, 0600, false, &(struct error){ 0 }));
	cr_assert_str_eq(place_answer(&place, true), cold);
	place.cache = "/proc/self/nowhere";
	cr_assert_str_eq(place_answer(&place, true), cold);
	place_done(&place);
}

Test(cache, says_what_it_does_when_asked)
{
	struct place place = place_with_assets();
	const char *log_path = path_join(place.arena, place.root, "log");
	struct log log = { .level = 1 };
	struct topology_request request = { .cache_folder = place.cache, .log = &log };
	struct topology *topology = NULL;
	struct error err = { 0 };
	struct str text;

	log.descriptor = open(log_path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	text_list_add(place.arena, &request.sources, place.sources);
	for (size_t i = 0; i < 2; i++) {
		cr_assert(topology_open(place.arena, &request, &topology, &err));
		topology_cleanup(&topology);
	}
	request.cache_folder = "/proc/self/nowhere";
	cr_assert(topology_open(place.arena, &request, &topology, &err));
	topology_cleanup(&topology);
	(void)close(log.descriptor);
	text = place_read(&place, log_path);
	cr_assert_not_null(strstr(text.data, "is not used: there is none yet"));
	cr_assert_not_null(strstr(text.data, "using the topology cache"));
	cr_assert_not_null(strstr(text.data, "is not written"));
	place_done(&place);
}

/* A writer that is killed at any moment leaves the old file, the new one or none; whichever it is, answers are right.
 */
Test(cache, survives_writers_that_are_killed)
{
	struct place place = place_with_assets();
	const char *cold = place_answer(&place, false);

	for (unsigned round = 0; round < 30; round++) {
		pid_t child = fork();

		cr_assert_geq(child, 0);
		if (child == 0) {
			for (;;) {
				if (place_cache_file(&place) != NULL)
					(void)unlink(place_cache_file(&place));
				(void)place_answer(&place, true);
			}
		}
		(void)usleep(500 + round * 137);
		cr_assert_eq(kill(child, SIGKILL), 0);
		cr_assert_eq(waitpid(child, NULL, 0), child);
		check_answer(&place, cold, "killed in round", round);
	}
	place_done(&place);
}

Test(cache, keeps_the_newest_files_alone)
{
	struct place place = place_with_assets();
	const char *folder = path_join(place.arena, place.cache, "topology");
	const char *mine;
	struct dirent *entry;
	size_t count = 0;
	DIR *open_folder;

	(void)place_answer(&place, true);
	mine = place_cache_file(&place);
	cr_assert_eq(unlink(mine), 0);
	for (unsigned i = 0; i < 60; i++) {
		const char *path =
		        arena_format(place.arena, "%s/%016x.image%s", folder, i, i % 3 == 0 ? ".Ab3dEf" : "");

		cr_assert(file_write(path, "x", 1, 0600, false, &(struct error){ 0 }));
		settle(path);
	}
	cr_assert(file_write(path_join(place.arena, folder, "notes"), "x", 1, 0600, false, &(struct error){ 0 }));
	settle(path_join(place.arena, folder, "notes"));
	(void)place_answer(&place, true);
	open_folder = opendir(folder);
	cr_assert_not_null(open_folder);
	while ((entry = readdir(open_folder)) != NULL)
		count += strstr(entry->d_name, ".image") != NULL ? 1 : 0;
	(void)closedir(open_folder);
	cr_assert_eq(count, 32);
	cr_assert_neq(inode_of(mine), 0);
	cr_assert_neq(inode_of(path_join(place.arena, folder, "notes")), 0);
	place_done(&place);
}

Test(cache, is_apart_for_each_set_of_sources_and_place)
{
	struct arena *arena = arena_new((size_t)1024 * 1024);
	struct text_list one = { 0 }, two = { 0 }, joined = { 0 };
	const char *here;

	text_list_add(arena, &one, "a");
	text_list_add(arena, &two, "a");
	text_list_add(arena, &two, "b");
	text_list_add(arena, &joined, "ab");
	here = cache_path(arena, "/c", &one);
	cr_assert_str_eq(here, cache_path(arena, "/c", &one));
	cr_assert_str_neq(here, cache_path(arena, "/c", &two));
	cr_assert_str_neq(cache_path(arena, "/c", &two), cache_path(arena, "/c", &joined));
	cr_assert_eq(chdir("/"), 0);
	cr_assert_str_neq(here, cache_path(arena, "/c", &one));
	arena_free(arena);
}
