/* A set of files by device and inode, so that nothing is read twice. Private to this room. */
#ifndef FOPS_CONTRACT_INODE_SET_H
#define FOPS_CONTRACT_INODE_SET_H

#include "fops/base/compiler.h"

struct arena;

struct inode_key {
	uint64_t device;
	uint64_t inode;
	bool used;
};

/* Zeroed is empty; treat the members as private. */
struct inode_set {
	struct inode_key *slots;
	size_t size; /* a power of two */
	size_t count;
};

/* Add one; false when it was there already. */
bool inode_set_add(struct arena *arena, struct inode_set *set, uint64_t device, uint64_t inode);

#endif
