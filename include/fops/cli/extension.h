/* Extensions: programs fops-NAME in listed folders, never in the working folder and never in place of a built-in. */
#ifndef FOPS_CLI_EXTENSION_H
#define FOPS_CLI_EXTENSION_H

#include "fops/cli/call.h"

/* A found extension. */
struct extension {
	const char *name; /* "hello" */
	const char *path;
};

/*
 * Find the program of an extension in the folders of settings->extensions, or (none set) the user's data folder +
 * "/extensions". A relative folder is never searched. false when there is none.
 */
bool extension_find(const struct call *call, const char *name, const char **ret_path);

/* All extensions, sorted by name, without those that a built-in shadows. In the call's arena. */
struct extension *extension_list(const struct call *call, size_t *ret_count);

/*
 * Replace fops by the extension. It gets FOPS_CONTEXT, FOPS_DEADLINE_MS (when --timeout was given) and the words behind
 * its name. Returns only on failure, errors EXTENSION.
 */
bool extension_run(const struct call *call, const char *path, int argc, char **argv, struct error *err);

#endif
