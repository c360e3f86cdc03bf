/* Reads documents for tests and shows them as JSON. */
#ifndef FOPS_TESTS_DATA_READING_H
#define FOPS_TESTS_DATA_READING_H

#include "fops/base/arena.h"
#include "fops/data/document.h"

/* Everything that reading one input left behind. */
struct reading {
	struct arena *arena;   /* what is kept */
	struct arena *scratch; /* of the parser */
	struct findings findings;
	const struct value **documents;
	size_t count;
	struct error err;
};

struct reading reading_new(void);
void reading_done(struct reading *reading);

/* Copies of all documents of a YAML text; NULL limits are the defaults. */
void reading_yaml(struct reading *reading, const char *text, const struct document_limits *limits);

/* The value of a JSON text, NULL when it was refused. */
const struct value *reading_json(struct reading *reading, const char *text);

/* The value as one line of JSON. */
const char *reading_show(struct reading *reading, const struct value *value);

/* The documents of a YAML text as lines of JSON, "" for none; with findings each as "LINE:COLUMN: message" behind. */
const char *reading_lines(struct reading *reading, const char *text);

/* Everything equal but positions. */
bool is_same_value(const struct value *a, const struct value *b);

#endif
