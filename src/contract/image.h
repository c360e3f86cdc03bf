/* The compiled topology as one block of bytes: what the cache file holds and every reader looks into. Private to this
 * room. */
#ifndef FOPS_CONTRACT_IMAGE_H
#define FOPS_CONTRACT_IMAGE_H

#include "fops/base/text.h"
#include "fops/contract/kind.h"
#include "fops/contract/source.h"
#include "fops/data/digest.h"

#define IMAGE_MAGIC   "FOPSTOPO"
#define IMAGE_VERSION 4u
#define IMAGE_PRODUCT 32

/* A digest of this room's sources, made by the build. */
extern const char image_rules[IMAGE_PRODUCT];

/*
 * Layout, each part right behind the one before, numbers in the machine's own order: header; files in reading order;
 * objects of each kind sorted by id; indexes of the assets sorted by role and id; texts, each NUL-terminated, the first
 * one empty; records.
 */
struct image_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	char product[IMAGE_PRODUCT]; /* image_rules: what another build checks differently is checked anew */
	unsigned char digest[DIGEST_BYTES];
	int64_t listed_ns; /* when the listing began that found the files as they are recorded here */
	uint64_t texts_bytes;
	uint64_t records_bytes;
	uint32_t file_count;
	uint32_t object_counts[CONTRACT_KIND_COUNT];
	uint32_t index_checksum;  /* of everything between header and records */
	uint32_t header_checksum; /* of everything above */
	uint32_t reserved;
};

struct image_file {
	uint64_t device, inode, size;
	int64_t mtime_ns, ctime_ns;
	unsigned char digest[DIGEST_BYTES];
	uint32_t path; /* offsets into the texts */
	uint32_t kind; /* enum source_kind */
};

struct image_object {
	uint64_t record_at; /* from the start of the records */
	uint32_t record_bytes;
	uint32_t record_checksum;
	uint32_t id, role, kind; /* offsets into the texts; 0 for what the kind does not have */
	uint32_t file;
	uint32_t line;
	uint32_t reserved;
};

/* Pointers into a block; nothing is copied. */
struct image {
	const struct image_header *header;
	const struct image_file *files;
	const struct image_object *objects[CONTRACT_KIND_COUNT];
	const uint32_t *roles;
	const char *texts;
	const char *records;
};

/* Where the parts begin; total is the size of the whole block. */
struct image_layout {
	uint64_t files, objects[CONTRACT_KIND_COUNT], roles, texts, records, total;
};

/* False when the counts do not fit into a block that a machine can hold. */
CHECKED bool image_lay_out(const struct image_header *header, struct image_layout *ret_layout);

/*
 * Look into len bytes at data (aligned to 8), which may be anything. NULL when they are an image of this version with
 * right checksums, else what is wrong with them, a static text. Records have checksums of their own that image_record
 * compares.
 */
const char *image_open(const void *data, size_t len, struct image *ret_image);

/* Fill in magic, version, product, and both checksums of a block that is otherwise complete. */
void image_seal(void *data, const struct image_layout *layout);

/* A text by its offset; "" for an offset outside. */
const char *image_text(const struct image *image, uint32_t offset);

/* A row; NULL for an index outside. */
const struct image_object *image_object(const struct image *image, enum contract_kind kind, size_t index);

/* The asset index at a place of the role order; SIZE_MAX when there is none. */
size_t image_role(const struct image *image, size_t place);

/* The record of a row; false when it lies outside or its checksum differs. */
CHECKED bool image_record(const struct image *image, const struct image_object *object, struct str *ret_record);

#endif
