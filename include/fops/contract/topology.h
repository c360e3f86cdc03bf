/* The typed topology: documents from files and folders, checked as a whole, compiled into a cache, read one object at a
 * time. */
#ifndef FOPS_CONTRACT_TOPOLOGY_H
#define FOPS_CONTRACT_TOPOLOGY_H

#include "fops/base/log.h"
#include "fops/base/text.h"
#include "fops/contract/endpoint.h"
#include "fops/contract/kind.h"
#include "fops/contract/runtime_asset.h"

struct topology;

struct topology_request {
	struct text_list sources; /* files and folders, in the order given; at least one */
	const char *cache_folder; /* NULL: no cache is read or written */
	const struct log *log;    /* -v: whether the cache was used, and why not */
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
 * The cache: one file per set of sources as given and the folder they are given from, holding for each file its size,
 * times and digest, an index by id and role, and each object as canonical JSON with its own checksum. It is mapped
 * read-only; it is used only when it belongs to this user, its version and checksums fit and every source is unchanged
 * by stat (size, mtime, ctime, inode; a source younger than the cache by less than the clock's grain is compared by
 * digest). Anything else makes it ignored and rewritten; a cache that cannot be written is a -v line and nothing more.
 *
 * ret_topology freed with topology_cleanup; objects read from it live in the arena they were read into
 * errors  CONTRACT_NOT_FOUND, CONTRACT_UNREADABLE, CONTRACT_INVALID with findings (at most 200, the message has the
 * full count)
 */
CHECKED bool topology_open(struct arena *arena, const struct topology_request *request, struct topology **ret_topology,
                           struct error *err);

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

/* "file:line" of the document that defined an object, in arena. */
const char *topology_origin(const struct topology *topology, enum contract_kind kind, size_t index,
                            struct arena *arena);

/* Hexadecimal SHA-256 over the SHA-256 of each file's content, in reading order: the topology's content address. In
 * arena. */
const char *topology_digest(const struct topology *topology, struct arena *arena);

#endif
