/* Where topology documents come from. */
#ifndef FOPS_CONTRACT_SOURCE_H
#define FOPS_CONTRACT_SOURCE_H

#include "fops/base/text.h"
#include "fops/data/document.h"

/* One file to read, in reading order. */
struct source_file {
	const char *path; /* as findings show it: the source as given, plus the path below it */
	uint64_t device, inode, size;
	int64_t mtime_ns, ctime_ns;
};

struct source_list {
	struct source_file *items;
	size_t count;
	bool steady; /* all are regular files, whose stat tells whether they changed; pipes given by name are not */
};

/*
 * List the files behind the sources. A file that is reached twice (by a link, or because its folder is given as well)
 * is listed once. Symbolic links that leave their root or lead nowhere become findings. At most 50,000 files, folder
 * depth 32. errors CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE
 */
CHECKED bool source_list_files(struct arena *arena, const struct text_list *sources, struct source_list *ret_list,
                               struct findings *findings, struct error *err);

/* "1.9.0": the linked libgit2, which reads topologies from git revisions. */
const char *source_git_version(struct arena *arena);

#endif
