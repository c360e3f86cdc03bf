/* What the renderers of field tables share. Private to this room. */
#ifndef FOPS_DATA_SCHEMA_BOND_H
#define FOPS_DATA_SCHEMA_BOND_H

#include "fops/data/schema.h"

/* Must a document have the member? A preset stands in for one that is left out. */
bool schema_is_required(const struct field *field);

/* A choice that is only there to be refused with a reason is none. */
bool schema_is_refused(const struct field *field, const char *value);

/* The keywords for what binds members of one object to each other: allOf, dependentSchemas, dependentRequired, and
 * oneOf and anyOf of the row that holds the object (NULL: a document's own). */
void schema_bonds(struct emitter *emitter, struct arena *scratch, const struct field *fields,
                  const struct field *owner);

#endif
