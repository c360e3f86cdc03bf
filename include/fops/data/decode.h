/* Fill a struct from a document by a table; the same table renders schema and reference. */
#ifndef FOPS_DATA_DECODE_H
#define FOPS_DATA_DECODE_H

#include "fops/data/document.h"
#include "fops/data/slot.h"

enum field_flags {
	FIELD_REQUIRED = 1 << 0,
	FIELD_IDENTIFIER = 1 << 1, /* text must satisfy is_identifier() */
	FIELD_UNIQUE = 1 << 2,     /* documentation: unique in the topology */
	FIELD_NOT_EMPTY = 1 << 3,  /* text, list or map must not be empty */
	FIELD_PATH = 1 << 4,       /* text starts with '/', no control characters */
	FIELD_URL = 1 << 5,        /* text is http:// or https:// with a host; checked further by rules */
	FIELD_SECRET_REF = 1 << 6, /* documentation: text is a secret reference; checked by rules */
	FIELD_DISTINCT = 1 << 7,   /* entries of a text list differ from each other */
	FIELD_OR_NUMBER = 1 << 8,  /* a whole number within the bounds is taken as its digits */
	FIELD_SCALAR = 1 << 9,     /* documentation: the value is no array and no object; checked by rules */
	FIELD_NUMBER = 1 << 11,    /* documentation: of a SLOT_VALUE, a number; checked by rules */
	FIELD_BLANK_OK = 1 << 10,  /* values of a text map may be empty although FIELD_NOT_EMPTY asks for entries */
};

/* What one value of a field with choices means for its neighbours; a value without a row takes none of them. Tables end
 * with a row without a value. */
struct field_variant {
	const char *value;
	const char *needs;   /* "a|b": neighbours that must be there, or NULL */
	const char *takes;   /* neighbours that may be there as well, or NULL */
	const char *refused; /* the value is known and never accepted: why not, else NULL */
	const char *fix;     /* for a refused value */
};

/*
 * Checks of texts (identifier, path, URL, not empty, choices) hold for a text, for each entry of a text list and for
 * each value of a text map; FIELD_IDENTIFIER holds for the names of a text map instead. FIELD_NOT_EMPTY on a list or
 * map means at least one entry.
 *
 * One row: a member of an object in our camelCase contracts, or of a reply. Tables end with a row without a name.
 */
struct field {
	const char *name;
	struct slot slot;
	unsigned flags;
	const char *choices;        /* "open|proposal" for texts, or NULL */
	const char *preset;         /* the value when absent, as its text form, or NULL */
	int64_t minimum, maximum;   /* for numbers and durations (ms); both 0: unbounded */
	const struct field *fields; /* members of SLOT_RECORD and SLOT_RECORDS */
	size_t record_size;         /* element size for SLOT_RECORDS */
	size_t present_offset;      /* for optional SLOT_RECORD: offset of a bool that says "was given"; 0 = none */
	const char *text;           /* a sentence without a full stop, for schema and reference */
	const char *example;        /* an example value, or NULL; of a list one entry, of a map "name: value" */

	/* The rest is for the schema and for rules; decode() does not look at it. */
	const char *pattern;                  /* of a text, each entry, each value of a map: what rules ask of it */
	const char *name_pattern;             /* of the names of a text map */
	const struct field_variant *variants; /* a neighbour that any row names is only allowed where its row says so */
	const char *excludes;                 /* "a|b": neighbours that may not stand beside this field */
	const char *rule;                     /* the article of the constitution behind `excludes`, "R16", or NULL */
	const char *requires;                 /* "a|b": neighbours without which this field has no meaning */
	const char *one_of;                   /* of SLOT_RECORD or each of SLOT_RECORDS: "a|b", exactly one of these */
	const char *any_of;                   /* likewise: at least one of these members must be there */
	int64_t most;                         /* entries of a list or map at most; 0: unbounded */
};

enum decode_mode {
	DECODE_STRICT,  /* contracts: unknown members are findings with a suggestion */
	DECODE_LENIENT, /* replies of services: unknown members are ignored, null is absent */
};

/*
 * Fill record (zeroed by the caller, at least as large as the table needs) from an object.
 *
 * file      for findings; path the object's own path ("spec"), borrowed
 * texts     are copied into arena
 * durations are texts such as "250ms", "15s" (text.h); instants RFC 3339 UTC
 * absent    presets are applied, also inside an embedded record that is absent and has no present_offset; a preset
 *           for a text list is split at commas, maps and records have none. An optional embedded record whose table
 *           has required rows needs a present_offset.
 * null      strict: only a SLOT_VALUE takes it; lenient: the same as absent
 * findings  paths and fixes live in findings->arena; a value that already has a finding at its position (from the
 *           reader) gets no second one
 * result    true when no finding was added; all problems of the object are added, not the first
 */
bool decode(struct arena *arena, const char *file, const char *path, const struct value *object,
            const struct field *fields, enum decode_mode mode, void *record, struct findings *findings);

#endif
