/* From files to checked, decoded objects with their canonical records. Private to this room. */
#ifndef FOPS_CONTRACT_COMPILE_H
#define FOPS_CONTRACT_COMPILE_H

#include "fops/base/buffer.h"
#include "fops/base/error.h"
#include "fops/contract/kind.h"
#include "fops/contract/source.h"
#include "fops/data/digest.h"

#define MOST_FINDINGS 200

/* One object as far as the rules between objects, the index and the origin need it. Texts live in the part's arena. */
struct compiled_object {
	enum contract_kind kind;
	const char *id;
	const char *role;         /* assets */
	const char *asset_kind;   /* assets */
	const char *executor_ref; /* assets, or NULL */
	bool has_executor;        /* endpoints: an executorUrl was given */
	uint32_t file;            /* index in the list of files */
	uint32_t line;            /* of the document */
	uint32_t id_line, id_column;
	uint32_t ref_line, ref_column;
	size_t record_at; /* in the part's records */
	uint32_t record_len;
	uint32_t record_checksum;
};

/* What is made of a run of consecutive files, by one thread. */
struct compile_part {
	const struct source_list *files;
	size_t first, last;     /* files [first, last) */
	struct digest *digests; /* of all files; the part writes its own */
	struct arena *arena;    /* objects' texts and findings */
	struct arena *scratch;  /* one file at a time */
	struct compiled_object *objects;
	size_t count, size;
	struct buffer records; /* canonical JSON of each spec, one behind the other */
	struct findings findings;
	bool incomplete; /* some documents were not understood: what they define is unknown */
	void *json_lock; /* a mutex: cJSON keeps the place of its last error in a global */
	bool failed;
	struct error err;
};

/*
 * Read and check the files of one part, one after the other, in constant memory but for the results. All members down
 * to json_lock but the empty ones are set by the caller. errors CONTRACT_UNREADABLE
 */
CHECKED bool compile_part(struct compile_part *part, struct error *err);

/* The name of the field that identifies an object of the kind: "assetId". */
const char *compile_id_name(enum contract_kind kind);

/* Everything of one topology, in the order of the files. */
struct compilation {
	struct compile_part *parts;
	size_t part_count;
	struct digest *digests; /* of each file */
	size_t object_count;
	bool incomplete;
};

/*
 * Compile all files, on as many threads as pay off, with the same result for any number of them; then check the rules
 * between objects.
 *
 * findings  gets everything that is wrong, in arena
 * ret       freed with compilation_done
 * errors    CONTRACT_UNREADABLE
 */
CHECKED bool compile_files(struct arena *arena, const struct source_list *files, struct findings *findings,
                           struct compilation *ret_compilation, struct error *err);
void compilation_done(struct compilation *compilation);

/* A row of compile_objects: the object and the part whose records hold its own. */
struct compiled_row {
	const struct compiled_object *object;
	const struct compile_part *part;
};

/* The objects of one kind, sorted by id; those of one id in the order of the files. In arena. */
struct compiled_row *compile_rows(struct arena *arena, const struct compilation *compilation, enum contract_kind kind,
                                  size_t *ret_count);

/* The rules between objects: unique ids, references that resolve. */
void compile_check_references(struct arena *arena, const struct compilation *compilation,
                              const struct source_list *files, struct findings *findings);

#endif
