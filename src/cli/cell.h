/* The value of a column in a row, as text, as JSON and for comparison. */
#ifndef FOPS_CLI_CELL_H
#define FOPS_CLI_CELL_H

#include "fops/cli/command.h"
#include "fops/data/emit.h"

/* A column resolved from a field name: nested members have their offsets added, map keys are kept. */
struct cell {
	const char *key; /* the full field name, "labels.tier" */
	const char *heading;
	struct slot slot;
	const struct column *column;
	const char *map_key; /* one entry of a text_map, or NULL */
	bool untrusted;      /* the column, or one that it is a member of, holds text that others wrote */
};

/* Resolve a field name against a table; false when there is none. */
bool cell_resolve(struct arena *arena, const struct column *columns, const char *field, struct cell *ret_cell);

/* The cell of a whole column. */
struct cell cell_of(const struct column *column);

/* Text for people and tsv; NULL when absent. human: durations "1.5s"; else ms. In arena or borrowed from the row. */
const char *cell_text(struct arena *arena, const struct cell *cell, const void *row, bool human);

/* The value only, as JSON or YAML. */
void cell_emit(struct emitter *emitter, const struct cell *cell, const void *row);

/* Order of two rows by a cell: numbers by value, texts bytewise, absent last. */
int cell_compare(const struct cell *cell, const void *a, const void *b);

/* Is it a number, printed to the right? */
bool cell_is_number(const struct cell *cell);

/* Copy what the row's slots point to, so that the row outlives its arena. */
void *row_copy(struct arena *arena, const struct column *columns, const void *row, size_t row_size);

#endif
