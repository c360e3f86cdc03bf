/* Looks through the extension folders and hands over to the program found. */
#include "fops/cli/extension.h"

#include <dirent.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/base/process.h"
#include "fops/cli/settings.h"

#define PREFIX          "fops-"
#define MOST_EXTENSIONS 256

static struct text_list folders(const struct call *call)
{
	struct text_list list = { 0 };
	const char *own = user_data_folder(call->arena);

	if (call->settings != NULL && call->settings->extensions.count > 0)
		return call->settings->extensions;
	if (own != NULL)
		text_list_add(call->arena, &list, path_join(call->arena, own, "extensions"));
	return list;
}

static bool is_program(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

bool extension_find(const struct call *call, const char *name, const char **ret_path)
{
	struct text_list list = folders(call);

	if (!is_identifier(name) || command_find(call->root, name) != NULL)
		return false;
	for (size_t i = 0; i < list.count; i++) {
		const char *path = arena_format(call->arena, "%s/" PREFIX "%s", list.items[i], name);

		if (list.items[i][0] == '/' && is_program(path)) {
			*ret_path = path;
			return true;
		}
	}
	return false;
}

static bool is_listed(const struct extension *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return true;
	}
	return false;
}

static int compare_names(const void *a, const void *b)
{
	const struct extension *left = a, *right = b;

	return strcmp(left->name, right->name);
}

struct extension *extension_list(const struct call *call, size_t *ret_count)
{
	struct extension *list = arena_array(call->arena, MOST_EXTENSIONS, sizeof *list);
	struct text_list from = folders(call);
	size_t count = 0;

	for (size_t i = 0; i < from.count; i++) {
		DIR *folder = from.items[i][0] == '/' ? opendir(from.items[i]) : NULL;
		const struct dirent *entry;

		while (folder != NULL && count < MOST_EXTENSIONS && (entry = readdir(folder)) != NULL) {
			const char *name = entry->d_name + strlen(PREFIX);
			const char *path;

			if (!text_starts(entry->d_name, PREFIX) || is_listed(list, count, name))
				continue;
			if (extension_find(call, name, &path))
				list[count++] = (struct extension){ arena_copy(call->arena, name), path };
		}
		if (folder != NULL)
			(void)closedir(folder);
	}
	qsort(list, count, sizeof *list, compare_names);
	*ret_count = count;
	return list;
}

bool extension_run(const struct call *call, const char *path, int argc, char **argv, struct error *err)
{
	const char **words = arena_array(call->arena, (size_t)argc + 2, sizeof *words);
	struct text_list set = { 0 };

	words[0] = path;
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	if (call->settings != NULL && call->settings->context != NULL)
		text_list_add(call->arena, &set, arena_format(call->arena, "FOPS_CONTEXT=%s", call->settings->context));
	if (call->settings != NULL && call->settings->timeout_ms > 0)
		text_list_add(call->arena, &set,
		              arena_format(call->arena, "FOPS_DEADLINE_MS=%lld",
		                           (long long)call->settings->timeout_ms));
	return process_replace(call->arena, path, words, set, err);
}
