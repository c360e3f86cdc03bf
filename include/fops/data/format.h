/* The canonical form of our YAML documents, with their comments. */
#ifndef FOPS_DATA_FORMAT_H
#define FOPS_DATA_FORMAT_H

#include "fops/base/text.h"
#include "fops/data/decode.h"

/* The names of one object in their canonical order; documents of another kind are left as they are. */
struct format_kind {
	const char *name;
	const struct field *fields; /* of spec */
};

/* What documents are ours: the outermost members apiVersion, kind and spec. */
struct format_rules {
	const char *api_version;
	const struct format_kind *kinds;
	size_t kind_count;
};

/* A document that stays byte for byte. */
struct format_note {
	size_t line;
	const char *reason; /* "it has an anchor" */
};

struct formatted {
	struct str text;
	size_t documents;
	struct format_note *notes;
	size_t note_count;
};

/*
 * Write a YAML stream in canonical form: members in the order of the tables (unknown names behind them, maps as they
 * are), two blanks a level, list entries below their name, one kind of quotes and none where every reader agrees
 * without them, at most one empty line in a row, a newline at the end. What stood in brackets stays so when it fits 120
 * columns and holds no comment. Comments stay with the member they stand beside, above or, at the end of a list or
 * object, behind.
 *
 * Each document is compared with what it was: its value, its comments, and that a second run changes nothing. One that
 * differs, or that holds what has no canonical form here (anchors, tags, directives, "...", indentation indicators),
 * stays byte for byte and gets a note.
 *
 * name      for findings, borrowed
 * findings  gets what yaml_parse adds; with any, the text comes back as it was
 * result    false when findings were added
 */
bool format_yaml(struct arena *arena, const char *name, struct str text, const struct format_rules *rules,
                 struct findings *findings, struct formatted *ret_formatted);

#endif
