/* Renders JSON Schema 2020-12 and a Markdown reference from field tables. */
#ifndef FOPS_DATA_SCHEMA_H
#define FOPS_DATA_SCHEMA_H

#include "fops/data/decode.h"
#include "fops/data/emit.h"

/* The value of "$schema". */
#define SCHEMA_DIALECT "https://json-schema.org/draft/2020-12/schema"

/*
 * The schema of one object of the table as the value of the current position: type, properties, required,
 * additionalProperties false, enum, default, minimum, maximum, pattern for identifiers and durations, description,
 * examples.
 */
void schema_object(struct emitter *emitter, const struct field *fields, const char *description);

/*
 * A Markdown table "field | type | required | default | meaning" with its heading, nested fields by dotted path
 * ("lxc.ssh.port", "members[].role"). False when out overflowed.
 */
bool schema_reference(struct buffer *out, const struct field *fields);

#endif
