/* The typed topology: documents from files and folders, checked as a whole, compiled into a cache, read one object at a
 * time. */
#ifndef FOPS_CONTRACT_TOPOLOGY_H
#define FOPS_CONTRACT_TOPOLOGY_H

#include "fops/base/clock.h"
#include "fops/base/log.h"
#include "fops/base/text.h"
#include "fops/contract/endpoint.h"
#include "fops/contract/env_contract.h"
#include "fops/contract/kind.h"
#include "fops/contract/runtime_asset.h"
#include "fops/contract/stack.h"

struct topology;

/* How git repositories are reached; the texts are as the configuration has them. */
struct topology_git {
	struct text_list host_keys; /* "ssh-ed25519 AAAA…": the keys that an ssh server may have */
	const char *ca;             /* PEM text, or the absolute path of a PEM file; NULL: as the request has it */
	const char *user;           /* NULL: the URL's, then "git" */
	const char *identity_ref;   /* secret reference of a private key, or NULL */
	const char *password_ref;   /* secret reference of a password or token for https, or NULL */
	int64_t refresh_ms;         /* a branch or tag is asked for anew after so long */
	struct text_list servers;   /* sources whose servers this is for; empty: every server */
};

struct topology_request {
	struct text_list sources; /* files, folders and git URLs, in the order given; at least one */
	const char *cache_folder; /* NULL: no cache is read or written */
	const struct log *log;    /* -v: whether the cache was used, and why not */

	/* for git URLs only */
	const struct topology_git *git; /* NULL: no keys, no credentials, presets */
	const char *ca_file;            /* absolute path of a PEM file; NULL: the machine's authorities */
	const char *git_folder;         /* where commits are kept; NULL: nowhere, they are fetched each time */
	struct deadline deadline;       /* zeroed: only this module's own limits */
	bool ask;                       /* ask the remote however young the last answer is */
	bool offline;                   /* for completion: what is known is good enough, nobody is asked */
	bool fresh_only;                /* for writers: a remote that cannot be asked is an error */
};

/* A git revision that a topology was read from. */
struct topology_revision {
	const char *url;           /* the repository: "git+ssh://git@host/path.git" */
	const char *ref;           /* as asked for; NULL: the repository's HEAD */
	const char *path;          /* inside the repository, "" for all of it */
	const char *commit;        /* 40 hexadecimal digits */
	struct instant fetched_at; /* when the repository last said that this is the ref's commit */
	bool stale;                /* it could not be asked now */
	const char *cause;         /* why, when stale */
};

/*
 * Open the topology of all sources together.
 *
 * A folder is read recursively (`*.yaml`, `*.yml`, `*.json`, sorted by path; names that start with a dot are skipped;
 * symbolic links that leave the folder are refused as findings). JSON files hold one object or an array of objects.
 * Documents: `apiVersion: fractalops/v1`, `kind`, `spec`. Checked: every document by its table and rules, unique ids
 * per kind, executorRef that resolves to an Endpoint with an executorUrl. All findings of all documents are collected
 * and sorted.
 *
 * Sources that start with `git+` are revisions: git+file, git+ssh, git+https (git+http to this machine), `?ref=` and
 * `#path`. Their files are read from the commit's objects; findings call them "URL@abcdef0:path". A whole commit that
 * is there is never asked for again, a branch or tag once its last answer is older than git->refresh_ms. A remote that
 * cannot be reached leaves the last known commit, marked stale; one that refuses is an error.
 *
 * The cache: one file per set of sources as given and the folder they are given from, holding for each file its size,
 * times and digest, an index by id and role, and each object as canonical JSON with its own checksum. It is mapped
 * read-only; it is used only when it belongs to this user, its version and checksums fit and every source is unchanged
 * by stat (size, mtime, ctime, inode; a source younger than the cache by less than the clock's grain is compared by
 * digest). Anything else makes it ignored and rewritten; a cache that cannot be written is a -v line and nothing more.
 *
 * ret_topology freed with topology_cleanup; objects read from it live in the arena they were read into
 * errors  CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE, CONTRACT_INVALID with findings (at most 200, the message has the
 * full count); for git URLs also USAGE_BAD_VALUE, CONFIG_MISSING, SECRET_*, PLANE_UNAVAILABLE, PLANE_TLS, PLANE_AUTH,
 * PLANE_PROTOCOL, TIMEOUT, INTERRUPTED, TERMINATED
 */
CHECKED bool topology_open(struct arena *arena, const struct topology_request *request, struct topology **ret_topology,
                           struct error *err);

/* The git revisions among the sources, in their order; borrowed from the topology. */
const struct topology_revision *topology_revisions(const struct topology *topology, size_t *ret_count);

/* How much a topology holds. */
struct topology_counts {
	size_t files;
	size_t documents;                          /* of all kinds and none; those between two separators are none */
	size_t objects[CONTRACT_KIND_COUNT];       /* with an id, also broken ones */
	const struct topology_revision *revisions; /* git revisions among the sources; in the arena */
	size_t revision_count;
};

/*
 * Check the topology of all sources together as topology_open does, but with every finding instead of an error, and
 * without the cache: what is checked is what the files say now.
 *
 * findings  limit 0 for all of them; sorted; texts live in findings->arena, which may be arena
 * errors    CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE: never for a broken document
 */
CHECKED bool topology_validate(struct arena *arena, const struct topology_request *request, struct findings *findings,
                               struct topology_counts *ret_counts, struct error *err);

/* CLEANUP(topology_cleanup) for a `struct topology *` variable; NULL is accepted. */
void topology_cleanup(struct topology **topology);

/* Objects of one kind, sorted by id. */
size_t topology_count(const struct topology *topology, enum contract_kind kind);

/* The id, borrowed from the topology; role and asset kind likewise for assets (cheap: from the index, nothing is
 * decoded). */
const char *topology_id(const struct topology *topology, enum contract_kind kind, size_t index);
const char *topology_asset_role(const struct topology *topology, size_t index);
const char *topology_asset_kind(const struct topology *topology, size_t index);

/* The index of an id; false when there is none. Binary search. */
bool topology_find(const struct topology *topology, enum contract_kind kind, const char *id, size_t *ret_index);

/*
 * Indexes of the assets with a role, ascending by id: fills at most `most` and returns how many there are. Binary
 * search.
 */
size_t topology_role(const struct topology *topology, const char *role, size_t *ret_indexes, size_t most);

/*
 * Decode one object. A damaged record of the cache is replaced by compiling the sources again; errors DATA only when
 * these changed meanwhile, INTERNAL for an index out of range.
 */
CHECKED bool topology_read_asset(const struct topology *topology, size_t index, struct arena *arena,
                                 struct runtime_asset *ret_asset, struct error *err);
CHECKED bool topology_read_endpoint(const struct topology *topology, size_t index, struct arena *arena,
                                    struct endpoint *ret_endpoint, struct error *err);
CHECKED bool topology_read_stack(const struct topology *topology, size_t index, struct arena *arena,
                                 struct stack *ret_stack, struct error *err);
CHECKED bool topology_read_env_contract(const struct topology *topology, size_t index, struct arena *arena,
                                        struct env_contract *ret_contract, struct error *err);

/* "file:line" of the document that defined an object, in arena. */
const char *topology_origin(const struct topology *topology, enum contract_kind kind, size_t index,
                            struct arena *arena);

/* Hexadecimal SHA-256 over the SHA-256 of each file's content, in reading order: the topology's content address. In
 * arena. */
const char *topology_digest(const struct topology *topology, struct arena *arena);

#endif
