/* The refs of a repository on this machine as far as plain files tell them, so that an unchanged one need not be
 * opened. Private to this room. */
#ifndef FOPS_CONTRACT_GIT_SOURCE_LOCAL_H
#define FOPS_CONTRACT_GIT_SOURCE_LOCAL_H

#include "git_source_url.h"

/*
 * Everything that the meaning of the URL's ref depends on, as one line: as long as it is the same, so is the commit.
 * NULL when plain files do not tell: linked working copies, refs that lead to others, and the like. In arena.
 */
const char *git_source_local_state(struct arena *arena, const struct git_source_url *url);

#endif
