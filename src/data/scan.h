/* The strict reader in front of cJSON: grammar, limits, positions and exact whole numbers. */
#ifndef FOPS_DATA_SCAN_H
#define FOPS_DATA_SCAN_H

#include "fops/data/document.h"

/* Deepest nesting that cJSON itself accepts; stricter limits may apply. */
#define SCAN_DEPTH 512

/* Longest number; cJSON of Debian 12 cuts numbers at 63 bytes. */
#define SCAN_NUMBER_BYTES 60

/* Where a value or a member's name stands, in pre-order; a name comes before its value. */
struct scan_mark {
	uint32_t line;
	uint32_t column;
	int64_t integer; /* of VALUE_INT */
	enum value_kind kind;
};

struct scan_marks {
	struct scan_mark *items;
	size_t count;
	size_t size;
};

/* The first problem. */
struct scan_fault {
	uint32_t line;
	uint32_t column;
	char message[160];
};

/*
 * Read one JSON text and fill marks (zeroed by the caller, freed by scan_marks_done). False with fault filled when the
 * text is not exactly one value within limits.
 */
CHECKED bool scan_json(const char *data, size_t len, const struct document_limits *limits, struct scan_marks *marks,
                       struct scan_fault *fault);

void scan_marks_done(struct scan_marks *marks);

/* The one message for a text with a NUL, also used for YAML. */
extern const char scan_nul_message[];

/* Read a whole number of digits in base; false when it is beyond +-2^53. */
CHECKED bool scan_whole(const char *digits, size_t len, unsigned base, bool negative, int64_t *ret_value);

#endif
