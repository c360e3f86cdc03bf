/* The one text of a JSON value (RFC 8785, JCS), for digests that every program must be able to repeat. */
#ifndef FOPS_DATA_CANONICAL_H
#define FOPS_DATA_CANONICAL_H

#include "fops/base/buffer.h"
#include "fops/data/document.h"

/*
 * Append the canonical text: no blanks, members sorted by the UTF-16 code units of their names, texts escaped no more
 * than JSON needs, numbers as ECMAScript writes them. Works in memory of scratch, which may be rewound afterwards.
 * Members of one object have different names, as every reader of documents makes sure. false: nested deeper than 128, a
 * number that is not finite, or the buffer's limit was passed; its content is unusable then
 */
CHECKED bool canonical_write(struct arena *scratch, struct buffer *out, const struct value *value);

#endif
