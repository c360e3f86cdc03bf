/* Files of a commit, read from the repository's objects; nothing is checked out. Private to this room. */
#ifndef FOPS_CONTRACT_GIT_SOURCE_TREE_H
#define FOPS_CONTRACT_GIT_SOURCE_TREE_H

#include "fops/contract/source.h"
#include "git_source_url.h"

struct git_source_tree;

/* One file of a commit. */
struct git_source_blob {
	const char *path; /* inside the repository */
	unsigned char object[GIT_OBJECT_BYTES];
};

struct git_source_blobs {
	struct git_source_blob *items;
	size_t count, size;
};

/* Where a listing writes, and in whose name. */
struct git_source_listing {
	struct arena *arena;
	struct findings *findings;
	const char *label;  /* "git+ssh://git@host/x.git@abcdef0": stands before each path in findings */
	const char *folder; /* file or folder inside the repository */
	struct git_source_blobs blobs;
};

/* Open the repository at a local path. ret freed with git_source_tree_close. errors CONTRACT_NOT_FOUND,
 * CONTRACT_UNREADABLE */
CHECKED bool git_source_tree_open(const char *path, struct git_source_tree **ret_tree, struct error *err);
void git_source_tree_close(struct git_source_tree *tree);

/* The commit that a ref of the repository means; ref NULL: its HEAD. errors CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE */
CHECKED bool git_source_tree_resolve(struct git_source_tree *tree, const char *ref,
                                     char ret_commit[GIT_COMMIT_DIGITS + 1], struct error *err);

/*
 * List the contracts below listing->folder of a commit, sorted by path. What cannot be part of a topology, or is not
 * what it seems, becomes a finding: links that leave the folder, submodules, names that no file can have or that differ
 * only in case, blobs that are too large. errors CONTRACT_NOT_FOUND no such path; CONTRACT_UNREADABLE bad objects, too
 * many
 */
CHECKED bool git_source_tree_list(struct git_source_tree *tree, const char *commit, struct git_source_listing *listing,
                                  struct error *err);

/* The content of a blob, in arena. errors CONTRACT_UNREADABLE */
CHECKED bool git_source_tree_read(struct git_source_tree *tree, struct arena *arena, const unsigned char *object,
                                  const char *path, struct str *ret_data, struct error *err);

#endif
