/* One value into one slot, with every check that a table row asks for. */
#ifndef FOPS_DATA_DECODE_SLOT_H
#define FOPS_DATA_DECODE_SLOT_H

#include "fops/data/decode.h"

/* Where the decoder stands; rendered as a path only when something is wrong. */
struct place {
	const struct place *parent;
	const char *name; /* NULL: an entry of a list */
	size_t index;
};

struct decoding {
	struct arena *arena;
	const char *file;
	enum decode_mode mode;
	struct findings *findings;
	size_t known; /* findings before this object: those of the reader */
	bool failed;
};

/* Add a finding at a place. */
void decode_refuse(struct decoding *decoding, const struct place *place, uint32_t line, uint32_t column,
                   const char *fix, const char *format, ...) PRINTF(6, 7);

/* The finding for a value of the wrong kind; expected is "a text" and so on. */
void decode_refuse_kind(struct decoding *decoding, const struct place *place, const struct value *value,
                        const char *expected, const char *fix);

/* Fill the slot of any field but records. */
void decode_slot(struct decoding *decoding, const struct place *place, const struct field *field,
                 const struct value *value, void *record);

#endif
