/* The URL of a git revision as a topology source: git+ssh://git@host/path.git?ref=main#contracts. Private to this room.
 */
#ifndef FOPS_CONTRACT_GIT_SOURCE_URL_H
#define FOPS_CONTRACT_GIT_SOURCE_URL_H

#include "fops/base/error.h"

struct arena;

#define GIT_COMMIT_DIGITS 40

enum git_source_scheme {
	GIT_SOURCE_FILE,
	GIT_SOURCE_SSH,
	GIT_SOURCE_HTTPS,
	GIT_SOURCE_HTTP, /* to this machine only */
};

/* The parts; texts live in an arena. */
struct git_source_url {
	enum git_source_scheme scheme;
	const char *user;       /* NULL: none given */
	const char *host;       /* NULL for files; lower case, an IPv6 address without brackets */
	uint16_t port;          /* 0: the scheme's */
	const char *path;       /* "/srv/topology.git", decoded */
	const char *ref;        /* branch, tag, full name or commit; NULL: what the repository's HEAD says */
	const char *folder;     /* file or folder inside, without slashes around it; "" for everything */
	const char *repository; /* "git+ssh://git@host/srv/topology.git": for people, and for its place in the cache */
	const char *remote;     /* the same without "git+" and, for ssh, always with a user */
};

/* Is the text meant as such a URL, right or wrong? */
bool git_source_url_is(const char *text);

/*
 * Parse one strictly: schemes git+file, git+ssh, git+https and (to this machine alone) git+http; no password; only
 * `ref` behind '?'; a path without empty, "." and ".." parts, also behind '#'; a ref as git-check-ref-format(1) allows
 * it. errors  USAGE_BAD_VALUE with the reason; the text is not repeated when it may hold a password
 */
CHECKED bool git_source_url_parse(struct arena *arena, const char *text, struct git_source_url *ret_url,
                                  struct error *err);

/* Is the ref a whole commit id, which always means the same? */
bool git_source_is_commit(const char *ref);

/* Same scheme, host and port: what may be trusted with the same credential? */
bool git_source_same_server(const struct git_source_url *a, const struct git_source_url *b);

#endif
