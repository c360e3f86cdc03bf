/* The public contracts, rendered from the tables. */
#ifndef FOPS_CONTRACT_SCHEMA_H
#define FOPS_CONTRACT_SCHEMA_H

#include "fops/contract/kind.h"
#include "fops/data/emit.h"

/* JSON Schema 2020-12 of a whole document of the kind (apiVersion, kind, spec). */
void contract_schema_emit(struct emitter *emitter, enum contract_kind kind);

/* The Markdown reference of all kinds: one table each. false when out overflows. */
bool contract_reference(struct buffer *out);

#endif
