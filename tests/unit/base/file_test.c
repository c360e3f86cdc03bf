/* Whole files, atomic replacement, paths and the user's folders; every test works in a folder of its own. */
#include "fops/base/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define LIMIT ((size_t)8 * 1024 * 1024)

static void enter_scratch(void)
{
	char folder[] = "/tmp/fops-file-test-XXXXXX";

	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	(void)umask(022);
}

static void leave_scratch(void)
{
	char folder[128];

	cr_assert_not_null(getcwd(folder, sizeof folder));
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(strncmp(folder, "/tmp/fops-file-test-", 20), 0);
	cr_assert(rmdir(folder) == 0 || errno == ENOTEMPTY);
}

TestSuite(file, .init = enter_scratch, .fini = leave_scratch);

static void write_text(const char *path, const char *text)
{
	struct error err;

	cr_assert(file_write(path, text, strlen(text), 0600, false, &err), "%s", err.message);
}

Test(file, is_read_whole)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err;
	struct str data;

	write_text("a", "one\ntwo\n");
	cr_assert(file_read(arena, "a", 100, &data, &err));
	cr_assert_eq(data.len, 8);
	cr_assert_str_eq(data.data, "one\ntwo\n");
	(void)unlink("a");
}

Test(file, may_be_empty)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err;
	struct str data;

	write_text("a", "");
	cr_assert(file_read(arena, "a", 0, &data, &err));
	cr_assert_eq(data.len, 0);
	cr_assert_str_eq(data.data, "");
	(void)unlink("a");
}

Test(file, may_fill_its_limit_but_not_pass_it)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err = { 0 };
	struct str data = { 0 };

	write_text("a", "12345");
	cr_assert(file_read(arena, "a", 5, &data, &err));
	data = (struct str){ 0 };
	cr_assert_not(file_read(arena, "a", 4, &data, &err));
	cr_assert_eq(err.id, ERROR_IO_READ);
	cr_assert_null(data.data);
	(void)unlink("a");
}

Test(file, of_unknown_size_is_read_to_its_end)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err;
	struct str data;

	/* procfs tells size 0 */
	cr_assert(file_read(arena, "/proc/self/status", 1000000, &data, &err));
	cr_assert_gt(data.len, 100);
	cr_assert_eq(strncmp(data.data, "Name:", 5), 0);
}

Test(file, that_never_ends_is_refused_at_the_limit)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err = { 0 };
	struct str data;

	cr_assert_not(file_read(arena, "/dev/zero", 1000000, &data, &err));
	cr_assert_eq(err.id, ERROR_IO_READ);
}

Test(file, from_a_pipe_on_standard_input_is_read)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err;
	struct str data;
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "piped", 5), 5);
	cr_assert_eq(close(ends[1]), 0);
	cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	cr_assert(file_read(arena, "-", 100, &data, &err));
	cr_assert_str_eq(data.data, "piped");
	cr_assert_geq(fcntl(STDIN_FILENO, F_GETFD), 0, "standard input stays open");
	(void)close(ends[0]);
}

Test(file, that_is_absent_is_told_from_one_that_cannot_be_read)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err = { 0 };
	struct str data;

	cr_assert_not(file_read(arena, "none", 100, &data, &err));
	cr_assert_eq(err.id, ERROR_INPUT_NOT_FOUND);
	cr_assert_str_eq(err.cause, "No such file or directory");
	cr_assert_not(file_read(arena, ".", 100, &data, &err));
	cr_assert_eq(err.id, ERROR_IO_READ);
	cr_assert_str_eq(err.cause, "Is a directory");
}

Test(file, is_replaced_with_its_new_mode)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct error err;
	struct stat about;
	struct str data;

	write_text("a", "old and longer");
	cr_assert(file_write("a", "new", 3, 0640, true, &err));
	cr_assert(file_read(arena, "a", 100, &data, &err));
	cr_assert_str_eq(data.data, "new");
	cr_assert_eq(stat("a", &about), 0);
	cr_assert_eq(about.st_mode & 0777, 0640);
	cr_assert_eq(about.st_nlink, 1);
	(void)unlink("a");
}

Test(file, that_cannot_be_written_leaves_nothing_behind)
{
	struct error err = { 0 };

	cr_assert_not(file_write("none/a", "x", 1, 0600, false, &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
	cr_assert_eq(mkdir("folder", 0700), 0);
	cr_assert_not(file_write("folder", "x", 1, 0600, false, &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
	/* fails when a temporary file is still there */
	cr_assert_eq(rmdir("folder"), 0);
}

Test(file, with_too_long_a_name_is_refused)
{
	char name[5000];
	struct error err = { 0 };

	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	cr_assert_not(file_write(name, "x", 1, 0600, false, &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
	cr_assert_not(file_make_folders(name, &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
}

Test(file, that_is_a_pipe_is_written_to_and_stays)
{
	struct error err;
	struct stat about;
	char text[8] = { 0 };
	int reader;

	cr_assert_eq(mkfifo("pipe", 0600), 0);
	reader = open("pipe", O_RDONLY | O_NONBLOCK);
	cr_assert_geq(reader, 0);
	cr_assert(file_write("pipe", "data", 4, 0600, true, &err));
	cr_assert_eq(read(reader, text, sizeof text), 4);
	cr_assert_str_eq(text, "data");
	cr_assert_eq(stat("pipe", &about), 0);
	cr_assert(S_ISFIFO(about.st_mode));
	(void)close(reader);
	(void)unlink("pipe");
}

Test(file, on_a_full_device_is_a_failure)
{
	struct error err = { 0 };
	struct stat about;

	cr_assert_not(file_write("/dev/full", "x", 1, 0600, false, &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
	cr_assert_str_eq(err.cause, "No space left on device");
	cr_assert_eq(stat("/dev/full", &about), 0);
	cr_assert(S_ISCHR(about.st_mode));
}

Test(file, folders_are_made_with_their_parents)
{
	struct error err;
	struct stat about;

	cr_assert(file_make_folders("a/b//c/", &err));
	cr_assert(file_make_folders("a/b/c", &err), "twice is fine");
	cr_assert_eq(stat("a/b/c", &about), 0);
	cr_assert_eq(about.st_mode & 0777, 0700);
	cr_assert(file_make_folders("/", &err));
	(void)rmdir("a/b/c");
	(void)rmdir("a/b");
	(void)rmdir("a");
}

Test(file, in_the_place_of_a_folder_is_noticed)
{
	struct error err = { 0 };

	write_text("a", "");
	cr_assert_not(file_make_folders("a", &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
	cr_assert_not(file_make_folders("a/b", &err));
	cr_assert_not(file_make_folders("", &err));
	(void)unlink("a");
}

Test(path, is_joined_and_taken_apart)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	cr_assert_str_eq(path_join(arena, "a", "b"), "a/b");
	cr_assert_str_eq(path_join(arena, "a/", "b"), "a/b");
	cr_assert_str_eq(path_join(arena, "a", "/b"), "/b");
	cr_assert_str_eq(path_folder(arena, "a/b/c"), "a/b");
	cr_assert_str_eq(path_folder(arena, "/a"), "/");
	cr_assert_str_eq(path_folder(arena, "a"), ".");
	cr_assert_str_eq(path_name("a/b"), "b");
	cr_assert_str_eq(path_name("b"), "b");
}

Test(user_folder, follows_the_variables)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	cr_assert_eq(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
	cr_assert_eq(setenv("XDG_CACHE_HOME", "relative", 1), 0);
	cr_assert_eq(setenv("XDG_DATA_HOME", "", 1), 0);
	cr_assert_eq(setenv("HOME", "/h", 1), 0);
	cr_assert_str_eq(user_config_folder(arena), "/c/fops");
	cr_assert_str_eq(user_cache_folder(arena), "/h/.cache/fops");
	cr_assert_str_eq(user_data_folder(arena), "/h/.local/share/fops");
}

Test(user_folder, is_absent_without_a_home)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);

	cr_assert_eq(unsetenv("XDG_CACHE_HOME"), 0);
	cr_assert_eq(unsetenv("HOME"), 0);
	cr_assert_null(user_cache_folder(arena));
	cr_assert_eq(setenv("HOME", "not-absolute", 1), 0);
	cr_assert_null(user_cache_folder(arena));
}

Test(file, sockets_get_a_private_folder)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	const char *folder = NULL, *again = NULL;
	char here[128];
	struct error err = { 0 };
	struct stat about;

	cr_assert_not_null(getcwd(here, sizeof here));
	cr_assert_eq(setenv("XDG_RUNTIME_DIR", here, 1), 0);
	cr_assert(runtime_folder(arena, &folder, &err));
	cr_assert_eq(stat(folder, &about), 0);
	cr_assert_eq(about.st_mode & 0777, 0700);
	cr_assert_eq(chmod(folder, 0750), 0);
	cr_assert_not(runtime_folder(arena, &again, &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
	cr_assert_null(again);
	cr_assert_eq(rmdir(folder), 0);
	cr_assert_eq(symlink("/tmp", folder), 0);
	cr_assert_not(runtime_folder(arena, &again, &err));
	(void)unlink(folder);
}
