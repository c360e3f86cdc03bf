/* Git revisions among the sources of a topology: which commit each means, and where its objects are. Private to this
 * room. */
#ifndef FOPS_CONTRACT_GIT_SOURCE_H
#define FOPS_CONTRACT_GIT_SOURCE_H

#include "fops/contract/topology.h"
#include "git_source_tree.h"
#include "git_source_url.h"

/* One source, resolved. */
struct git_source {
	struct topology_revision about;
	struct git_source_url url;
	const char *marker;  /* the source with its commit instead of its ref: what it is in the cache */
	const char *place;   /* local path of a repository that has the commit */
	const char *passing; /* a folder to remove when it was read; or NULL */
};

/* Of all sources of a request. */
struct git_sources {
	const struct git_source **items; /* as many as there are sources; NULL for paths */
	size_t count;
	struct text_list names; /* the sources, revisions by their markers */
};

/*
 * Find the commit of each git URL of the request, asking its repository where topology.h says so.
 * errors  as topology_open for git URLs
 */
CHECKED bool git_sources_resolve(struct arena *arena, const struct topology_request *request,
                                 struct git_sources *ret_sources, struct error *err);

/* The files were read: remove what was fetched for this time alone. */
void git_sources_done(const struct git_sources *sources);

/* What is told of them, in arena. */
const struct topology_revision *git_sources_about(struct arena *arena, const struct git_sources *sources,
                                                  size_t *ret_count);

#endif
