/* Fuzzes the compiled topology: bytes as they come, and once more with a header and checksums that fit. */
#include <stdint.h>

#include "../../src/contract/image.h"
#include "../../src/contract/topology_image.h"
#include "fops/base/arena.h"
#include "fops/contract/topology.h"

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define MOST_ROWS   64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_object(struct arena *arena, const struct topology *topology, enum contract_kind kind, size_t index)
{
	struct arena_mark mark = arena_mark(arena);
	struct runtime_asset asset;
	struct endpoint endpoint;
	struct error err;
	bool read;

	if (kind == KIND_RUNTIME_ASSET)
		read = topology_read_asset(topology, index, arena, &asset, &err);
	else
		read = topology_read_endpoint(topology, index, arena, &endpoint, &err);
	if (read && kind == KIND_RUNTIME_ASSET && (asset.asset_id == NULL || asset.role == NULL || asset.kind == NULL))
		abort();
	(void)topology_origin(topology, kind, index, arena);
	arena_rewind(arena, mark);
}

static void read_all(struct arena *arena, const struct topology *topology)
{
	size_t indexes[4];
	size_t found;

	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		size_t count = topology_count(topology, (enum contract_kind)kind);

		/* one row beyond the last, which must be refused */
		for (size_t i = 0; i <= count && i < MOST_ROWS; i++) {
			(void)topology_find(topology, (enum contract_kind)kind,
			                    topology_id(topology, (enum contract_kind)kind, i), &found);
			read_object(arena, topology, (enum contract_kind)kind, i);
		}
	}
	for (size_t i = 0; i < topology_count(topology, KIND_RUNTIME_ASSET) && i < MOST_ROWS; i++) {
		(void)strlen(topology_asset_kind(topology, i));
		(void)topology_role(topology, topology_asset_role(topology, i), indexes, ARRAY_LEN(indexes));
	}
	(void)topology_digest(topology, arena);
}

static void open_bytes(struct arena *arena, void *data, size_t size)
{
	struct topology *topology;

	if (topology_open_image(arena, data, size, &topology))
		read_all(arena, topology);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	/* a block of its own, so that a byte too far is seen */
	void *copy = malloc(size == 0 ? 1 : size);
	struct image_layout layout;

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	open_bytes(arena, copy, size);
	if (size >= sizeof(struct image_header) && image_lay_out(copy, &layout) && layout.total == size) {
		image_seal(copy, &layout);
		open_bytes(arena, copy, size);
	}
	free(copy);
	arena_free(arena);
	return 0;
}
