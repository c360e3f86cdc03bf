/* A folder of its own for each test, with topology files and a cache in it. */
#ifndef FOPS_TESTS_CONTRACT_PLACE_H
#define FOPS_TESTS_CONTRACT_PLACE_H

#include "fops/base/arena.h"
#include "fops/contract/topology.h"

#define ASSET(id, more)                                                                                                \
	"apiVersion: fractalops/v1\nkind: RuntimeAsset\nspec:\n  assetId: " id "\n  role: runtime\n  kind: lxc\n"      \
	"  lxc: {driver: local, container: box}\n" more
#define ENDPOINT(id, more)                                                                                             \
	"apiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: " id "\n  plane: board\n  auth: {mode: none}\n" more

struct place {
	struct arena *arena;
	const char *root;
	const char *sources; /* root/sources */
	const char *cache;   /* root/cache */
};

/* A new empty place below TMPDIR or /tmp. place_done removes it with everything in it. */
struct place place_new(void);
void place_done(struct place *place);

/* Write root/sources/name, making its folders. */
const char *place_write(const struct place *place, const char *name, const char *text);

/* The only file in the cache's topology folder; NULL when there is not exactly one. */
const char *place_cache_file(const struct place *place);

/* The bytes of a file, in the place's arena. */
struct str place_read(const struct place *place, const char *path);

/* Overwrite a file as it stands (same inode). */
void place_overwrite(const char *path, const void *data, size_t len);

/* Open root/sources, with or without the cache. */
bool place_open(const struct place *place, bool cached, struct topology **ret_topology, struct error *err);

/* Everything a topology answers, as one text: counts, ids, roles, kinds, origins, digest and all objects as JSON. */
const char *place_describe(const struct place *place, const struct topology *topology);

/* Describe root/sources, opened with or without the cache; the test fails when it does not open. */
const char *place_answer(const struct place *place, bool cached);

/* Open root/sources without cache, which must fail; true when a finding holds the part. All findings are shown
 * otherwise. */
bool place_refuses(const struct place *place, const char *part);

#endif
