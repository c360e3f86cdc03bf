/* Making the block of bytes of a compiled topology. Private to this room. */
#ifndef FOPS_CONTRACT_IMAGE_BUILD_H
#define FOPS_CONTRACT_IMAGE_BUILD_H

#include "compile.h"
#include "image.h"

/*
 * The image of a compilation without findings. arena is only used while it is made.
 *
 * listed_ns when the listing of the files began
 * ret_data  from malloc; the caller frees it
 * errors    CONTRACT_UNREADABLE when there are more objects or texts than offsets can reach
 */
CHECKED bool image_build(struct arena *arena, const struct compilation *compilation, const struct source_list *files,
                         int64_t listed_ns, void **ret_data, size_t *ret_len, struct error *err);

#endif
