/* The one door to libgit2: started for a task, told to read no settings of user or machine. Private to this room. */
#ifndef FOPS_CONTRACT_GIT_SOURCE_LIBRARY_H
#define FOPS_CONTRACT_GIT_SOURCE_LIBRARY_H

/* not git2.h: its index.h has a member of a name that is banned here */
#include <git2/blob.h>
#include <git2/commit.h>
#include <git2/config.h>
#include <git2/credential.h>
#include <git2/errors.h>
#include <git2/global.h>
#include <git2/indexer.h>
#include <git2/object.h>
#include <git2/odb.h>
#include <git2/refs.h>
#include <git2/remote.h>
#include <git2/repository.h>
#include <git2/tree.h>
#include <git2/version.h>

#include "fops/base/error.h"

/*
 * Start and stop; calls nest. Neither the user's nor the machine's git settings are read, and who owns a repository
 * does not matter: nothing in one is ever run. errors INTERNAL
 */
CHECKED bool git_source_library_start(struct error *err);
void git_source_library_stop(void);

/* What libgit2 says of its last failure; borrowed until its next call. Never NULL. */
const char *git_source_library_problem(void);

/* Fill err with a failure of libgit2: its words are the cause. Returns false. */
bool git_source_library_fail(struct error *err, enum error_id id, const char *what, const char *object);

#endif
