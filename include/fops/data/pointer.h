/* JSON Pointer (RFC 6901): the one value that a health contract names. */
#ifndef FOPS_DATA_POINTER_H
#define FOPS_DATA_POINTER_H

#include "fops/data/document.h"

/* Is text a pointer: empty, or slash-led with ~0 and ~1 as the only escapes? */
bool is_pointer(const char *text);

/* The value, or NULL when the document has none there. */
const struct value *pointer_find(const struct value *document, const char *pointer);

#endif
