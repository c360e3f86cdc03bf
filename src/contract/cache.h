/* The cache file of a compiled topology: found, judged, mapped, replaced. Private to this room. */
#ifndef FOPS_CONTRACT_CACHE_H
#define FOPS_CONTRACT_CACHE_H

#include "image.h"

/* A name for texts, one after the other from CACHE_NAME_START: it keeps them apart as long as nobody wants it
 * otherwise. */
#define CACHE_NAME_START UINT64_C(0xcbf29ce484222325)
uint64_t cache_name(uint64_t name, const char *text);

/* A mapped cache file; treat the members as private. Zeroed is none. */
struct cache_map {
	void *data;
	size_t len;
};

/*
 * The path of the cache file for these sources, in arena: one file for each version of format and program, set of
 * sources as given and place they are given from. NULL when the place is unknown.
 */
const char *cache_path(struct arena *arena, const char *cache_folder, const struct text_list *sources);

/*
 * Map the file at path and look into it, if it is a whole image that this user wrote and no other could have changed,
 * and if the files are exactly the ones that it was made of.
 *
 * scratch    for the contents of files that are compared by digest; rewound
 * ret_map    freed with cache_unmap
 * ret_fresh  false when files had to be compared by digest: writing the image again with a later listed_ns saves that
 * the next time result     NULL, or why the cache is not used: a static text
 */
const char *cache_load(struct arena *scratch, const char *path, const struct source_list *files,
                       struct cache_map *ret_map, struct image *ret_image, bool *ret_fresh);
void cache_unmap(struct cache_map *map);

/*
 * Replace the file at path, make its folder when missing, and keep at most 32 files there. Readers see the old or the
 * new file, never a part. errors IO_CREATE
 */
CHECKED bool cache_store(struct arena *scratch, const char *path, const void *data, size_t len, struct error *err);

#endif
