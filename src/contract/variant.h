/* Rules of tables that bind neighbouring fields: variants, exclusions, one of several. Private to this room. */
#ifndef FOPS_CONTRACT_VARIANT_H
#define FOPS_CONTRACT_VARIANT_H

#include "fops/data/decode.h"
#include "rule.h"

/* Check the scope's whole spec by its kind's table; what decode() already found is passed over. scratch for lists. */
void variants_check(const struct rule_scope *scope, struct arena *scratch, const struct field *fields);

#endif
