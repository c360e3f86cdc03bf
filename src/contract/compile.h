/* From files to checked, decoded objects with their canonical records. Private to this room. */
#ifndef FOPS_CONTRACT_COMPILE_H
#define FOPS_CONTRACT_COMPILE_H

#include "fops/base/buffer.h"
#include "fops/base/error.h"
#include "fops/contract/kind.h"
#include "fops/contract/source.h"
#include "fops/data/digest.h"
#include "relation.h"

#define MOST_FINDINGS 200

/* One object as far as the rules between objects, the index and the origin need it. Texts live in the compilation's
 * arena. */
struct compiled_object {
	enum contract_kind kind;
	const char *id;
	const char *role;            /* assets */
	const char *asset_kind;      /* assets */
	size_t first_ref, ref_count; /* in the compilation's refs */
	struct compiled_traits traits;
	uint32_t file; /* index in the list of files */
	uint32_t line; /* of the document */
	uint32_t id_line, id_column;
	size_t record_at; /* in the compilation's records */
	uint32_t record_len;
	uint32_t record_checksum;
};

/* Everything of one topology, in the order of the files. */
struct compilation {
	const struct source_list *files;
	struct findings *findings;
	struct digest *digests; /* of each file */
	struct arena *arena;    /* objects' texts */
	struct arena *scratch;  /* one file at a time */
	struct compiled_object *objects;
	size_t count, size;
	struct compiled_ref *refs; /* of all objects, those of one behind each other */
	size_t ref_count, ref_size;
	size_t documents;                  /* that say anything */
	struct buffer records;             /* canonical JSON of each spec, one behind the other */
	bool incomplete;                   /* some documents were not understood: what they define is unknown */
	bool unnamed[CONTRACT_KIND_COUNT]; /* some objects of the kind have no id that could be read */
};

/* Read and check the files of a prepared compilation, in constant memory but for the results. errors
 * CONTRACT_UNREADABLE */
CHECKED bool compile_documents(struct compilation *compilation, struct error *err);

/* The name of the field that identifies an object of the kind: "assetId". */
const char *compile_id_name(enum contract_kind kind);

/*
 * Compile all files, one after the other (threads were measured: with musl's allocator two are slower than one), then
 * check the rules between objects.
 *
 * findings  gets everything that is wrong
 * ret       freed with compilation_done; digests live in arena
 * errors    CONTRACT_UNREADABLE
 */
CHECKED bool compile_files(struct arena *arena, const struct source_list *files, struct findings *findings,
                           struct compilation *ret_compilation, struct error *err);
void compilation_done(struct compilation *compilation);

/* The objects of one kind, sorted by id; those of one id in the order of the files. In arena. */
const struct compiled_object **compile_rows(struct arena *arena, const struct compilation *compilation,
                                            enum contract_kind kind, size_t *ret_count);

/* The index of an id among rows of compile_rows, the first one of several; count: there is none. */
size_t compile_find(const struct compiled_object *const *rows, size_t count, const char *id);

/* The rules between objects: unique ids, references that resolve. */
void compile_check_references(struct arena *arena, const struct compilation *compilation);

/* Stacks that depend on themselves, directly or over others: one finding a circle, which it names whole. rows are all
 * stacks. */
void compile_check_cycles(struct arena *arena, const struct compilation *compilation,
                          const struct compiled_object *const *rows, size_t count);

#endif
