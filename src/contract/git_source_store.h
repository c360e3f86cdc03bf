/* Where fetched commits and the answers of remotes are kept: a folder for each repository, deletable at any time.
 * Private to this room. */
#ifndef FOPS_CONTRACT_GIT_SOURCE_STORE_H
#define FOPS_CONTRACT_GIT_SOURCE_STORE_H

#include "git_source_url.h"

struct git_source_store {
	const char *folder; /* of the repository */
	const char *record; /* file with the last answer for the ref */
	const char *lock;   /* file */
	bool passing;       /* made for this command alone */
};

/* The last answer for one ref. */
struct git_source_record {
	char commit[GIT_COMMIT_DIGITS + 1];
	int64_t asked_ms;  /* when the remote last answered, UTC */
	int64_t failed_ms; /* when it last did not, 0: it answered since */
	const char *cause; /* why not, in an arena; NULL for none */
};

/* The places for a repository and ref; nothing is made. base NULL: a folder of its own in TMPDIR. errors IO_CREATE */
CHECKED bool git_source_store_find(struct arena *arena, const char *base, const struct git_source_url *url,
                                   struct git_source_store *ret_store, struct error *err);

/* Make the folder with mode 0700; refused when others own it or may write it. errors IO_CREATE */
CHECKED bool git_source_store_make(const struct git_source_store *store, struct error *err);

/* The record, if there is one of this user for exactly this repository and ref. */
bool git_source_store_recall(struct arena *arena, const struct git_source_store *store,
                             const struct git_source_url *url, struct git_source_record *ret_record);

/* Replace the record; best effort. */
void git_source_store_record(struct arena *arena, const struct git_source_store *store,
                             const struct git_source_url *url, const struct git_source_record *record);

/* Is the commit's repository there? */
bool git_source_store_has(struct arena *arena, const struct git_source_store *store, const char *commit);

/* The path of a commit's repository, in arena. */
const char *git_source_store_commit(struct arena *arena, const struct git_source_store *store, const char *commit);

/* A new private folder to fetch into. errors IO_CREATE */
CHECKED bool git_source_store_begin(struct arena *arena, const struct git_source_store *store, const char **ret_folder,
                                    struct error *err);

/* Keep the repository that was fetched into folder/repository; a commit that is there already stays. errors IO_CREATE
 */
CHECKED bool git_source_store_keep(struct arena *arena, const struct git_source_store *store, const char *folder,
                                   const char *commit, struct error *err);

/* Remove what killed commands left and all commits but the newest ones; best effort. */
void git_source_store_tidy(struct arena *arena, const struct git_source_store *store);

/* Remove a folder with everything in it; links are not followed. Best effort. */
void git_source_store_remove(const char *folder);

#endif
