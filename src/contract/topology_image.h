/* A topology straight from the bytes of an image, for tests that make such bytes. Private to this room. */
#ifndef FOPS_CONTRACT_TOPOLOGY_IMAGE_H
#define FOPS_CONTRACT_TOPOLOGY_IMAGE_H

#include "fops/base/compiler.h"

struct arena;
struct topology;

/*
 * Look into len bytes at data (borrowed, aligned to 8) as a topology. False when they are no image. The topology lives
 * in arena and needs no closing.
 */
CHECKED bool topology_open_image(struct arena *arena, const void *data, size_t len, struct topology **ret_topology);

#endif
