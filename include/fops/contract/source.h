/* Where topology documents come from. */
#ifndef FOPS_CONTRACT_SOURCE_H
#define FOPS_CONTRACT_SOURCE_H

#include "fops/base/text.h"
#include "fops/data/document.h"

#define GIT_OBJECT_BYTES 20

struct git_source;
struct git_source_tree;

enum source_kind {
	SOURCE_FILE,
	SOURCE_REVISION, /* no file: stands for all files of a commit, whose names need not be known while it is the
	                    same */
	SOURCE_BLOB,     /* a file of the revision before it */
};

/* One file to read, in reading order. */
struct source_file {
	const char *path; /* as findings show it: the source as given, plus the path below it */
	uint64_t device, inode, size;
	int64_t mtime_ns, ctime_ns;
	enum source_kind kind;
	const struct git_source *revision; /* of a SOURCE_REVISION */
	struct git_source_tree *tree;      /* of a SOURCE_BLOB, borrowed from the list */
	unsigned char object[GIT_OBJECT_BYTES];
};

struct source_list {
	struct source_file *items;
	size_t count;
	bool steady; /* all are regular files, whose stat tells whether they changed; pipes given by name are not */
	struct git_source_tree **trees; /* that source_expand opened */
	size_t tree_count;
};

/*
 * List the files behind the sources. A file that is reached twice (by a link, or because its folder is given as well)
 * is listed once. Symbolic links that leave their root or lead nowhere become findings. At most 50,000 files, folder
 * depth 32. errors CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE
 */
CHECKED bool source_list_files(struct arena *arena, const struct text_list *sources, struct source_list *ret_list,
                               struct findings *findings, struct error *err);

/*
 * The same with git revisions among the sources: revisions[i] is what sources[i] was resolved to, NULL for a path. They
 * are listed as one SOURCE_REVISION each. Without revisions a git URL is refused.
 */
CHECKED bool source_list_revisions(struct arena *arena, const struct text_list *sources,
                                   const struct git_source *const *revisions, struct source_list *ret_list,
                                   struct findings *findings, struct error *err);

/*
 * Put the files of each revision behind it. What is listed twice because two sources name the same commit stands once.
 * The trees stay open until source_list_close. errors CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE
 */
CHECKED bool source_expand(struct arena *arena, struct source_list *list, struct findings *findings, struct error *err);
void source_list_close(struct source_list *list);

/* The content of a file or blob, in arena. errors CONTRACT_UNREADABLE */
CHECKED bool source_read(struct arena *arena, const struct source_file *file, struct str *ret_data, struct error *err);

/* "1.9.0": the linked libgit2, which reads topologies from git revisions. */
const char *source_git_version(struct arena *arena);

/* "1.11.1": the libssh2 that carries git over ssh. */
const char *source_ssh_version(void);

#endif
