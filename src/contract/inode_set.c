/* Open addressing over device and inode. */
#include "inode_set.h"

#include "fops/base/arena.h"

#define FIRST_SIZE 64

static size_t first_slot(const struct inode_set *set, uint64_t device, uint64_t inode)
{
	uint64_t mixed = (inode ^ device << 32) * UINT64_C(0x9E3779B97F4A7C15);

	return (size_t)(mixed >> 32) & (set->size - 1);
}

static bool put(struct inode_set *set, uint64_t device, uint64_t inode)
{
	size_t at = first_slot(set, device, inode);

	while (set->slots[at].used) {
		if (set->slots[at].device == device && set->slots[at].inode == inode)
			return false;
		at = (at + 1) & (set->size - 1);
	}
	set->slots[at] = (struct inode_key){ device, inode, true };
	set->count++;
	return true;
}

bool inode_set_add(struct arena *arena, struct inode_set *set, uint64_t device, uint64_t inode)
{
	if (set->count * 2 >= set->size) {
		struct inode_set larger = { .size = set->size == 0 ? FIRST_SIZE : set->size * 2 };

		larger.slots = arena_array(arena, larger.size, sizeof *larger.slots);
		for (size_t i = 0; i < set->size; i++) {
			if (set->slots[i].used)
				(void)put(&larger, set->slots[i].device, set->slots[i].inode);
		}
		*set = larger;
	}
	return put(set, device, inode);
}
