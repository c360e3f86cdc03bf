/* libgit2 without settings files, and with bounds for what a pack may announce. */
#include "git_source_library.h"

#include <libssh2.h>

#include "fops/base/arena.h"
#include "fops/contract/source.h"

#define MOST_OBJECTS ((size_t)2 * 1000 * 1000)

static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
	                      GIT_CONFIG_LEVEL_GLOBAL };

const char *git_source_library_problem(void)
{
	const git_error *problem = git_error_last();

	return problem == NULL || problem->message == NULL ? "libgit2 gives no reason" : problem->message;
}

bool git_source_library_fail(struct error *err, enum error_id id, const char *what, const char *object)
{
	const char *problem = git_source_library_problem();

	fail(err, id, "%s %s", what, object);
	error_cause(err, "%s", problem);
	return false;
}

bool git_source_library_start(struct error *err)
{
	bool good = git_libgit2_init() >= 0;

	for (size_t i = 0; good && i < ARRAY_LEN(levels); i++)
		good = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") == 0;
	good = good && git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) == 0 &&
	       git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, MOST_OBJECTS) == 0;
	return good || git_source_library_fail(err, ERROR_INTERNAL, "cannot start", "libgit2");
}

void git_source_library_stop(void)
{
	(void)git_libgit2_shutdown();
}

const char *source_ssh_version(void)
{
	return libssh2_version(0);
}

const char *source_git_version(struct arena *arena)
{
	int major = 0, minor = 0, revision = 0;

	git_libgit2_version(&major, &minor, &revision);
	return arena_format(arena, "%d.%d.%d", major, minor, revision);
}
