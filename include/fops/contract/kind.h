/* The contract kinds: one row each, which is all that a new kind costs besides its table and rules. */
#ifndef FOPS_CONTRACT_KIND_H
#define FOPS_CONTRACT_KIND_H

#include "fops/data/decode.h"

enum contract_kind {
	KIND_RUNTIME_ASSET,
	KIND_ENDPOINT,
	KIND_STACK,
	KIND_ENV_CONTRACT,
	CONTRACT_KIND_COUNT,
};

struct kind_row {
	const char *name;           /* "RuntimeAsset", as documents write it */
	const char *text;           /* one sentence for schema and reference */
	const struct field *fields; /* of spec */
	size_t record_size;
	size_t id_offset; /* offset of the `const char *` that identifies the object: assetId, id, name, consumer */
	/* rules inside one object: adapter block, addresses, references' grammar; adds findings */
	void (*check)(struct arena *arena, const char *file, const struct value *spec, const void *record,
	              struct findings *findings);
};

extern const struct kind_row contract_kinds[CONTRACT_KIND_COUNT];

/* The row of a document kind; false for an unknown name. */
bool contract_kind_of(const char *name, enum contract_kind *ret_kind);

/* Names in table order, for suggestions; count is CONTRACT_KIND_COUNT. */
const char *const *contract_kind_names(void);

#endif
