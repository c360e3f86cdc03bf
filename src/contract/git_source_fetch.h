/* Asking a remote for one ref, and fetching its commit: done in a copy of the program. Private to this room. */
#ifndef FOPS_CONTRACT_GIT_SOURCE_FETCH_H
#define FOPS_CONTRACT_GIT_SOURCE_FETCH_H

#include "fops/base/clock.h"
#include "git_source_store.h"

struct text_list;

/* What is known of the way to a repository; secrets are values here, borrowed and never copied outside of the copy. */
struct git_source_way {
	const struct text_list *host_keys; /* for ssh: at least one */
	const char *ca;                    /* PEM text or absolute path, NULL: the machine's */
	const char *user;                  /* never NULL */
	const char *secret;                /* private key, password or token; NULL: none */
};

/* What a fetch needs. */
struct git_source_errand {
	struct arena *arena;
	const struct git_source_url *url;
	const struct git_source_store *store;
	struct git_source_way way;
	int64_t since_ms;     /* an answer that another command got after this, UTC, is as good */
	struct deadline look; /* until when the remote must have said what the ref is */
	struct deadline done; /* until when its commit must be here */
};

/*
 * Ask the remote for the ref and bring its commit into the store, if it is not there.
 *
 * ret_record  the commit and when it was asked for; written to the store as well
 * errors  PLANE_UNAVAILABLE, PLANE_PROTOCOL, TIMEOUT: the remote did not answer rightly;
 *         PLANE_TLS, PLANE_AUTH, CONTRACT_NOT_FOUND, USAGE_BAD_VALUE: it was refused, refuses, or has no such ref;
 *         CONTRACT_UNREADABLE too large or damaged; IO_CREATE, INTERRUPTED, TERMINATED, INTERNAL
 */
CHECKED bool git_source_fetch(const struct git_source_errand *errand, struct git_source_record *ret_record,
                              struct error *err);

#endif
