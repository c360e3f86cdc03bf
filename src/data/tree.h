/* Builds the values of one YAML document from events; bounds what aliases expand to. */
#ifndef FOPS_DATA_TREE_H
#define FOPS_DATA_TREE_H

#include "fops/data/document.h"

/* What a value weighs with everything below it, aliases expanded. */
struct weight {
	size_t values;
	size_t height; /* levels of lists and objects, 0 for a scalar */
	size_t bytes;  /* of texts */
};

/* An open list or object. */
struct frame {
	enum value_kind kind;
	uint32_t line;
	uint32_t column;
	size_t first_child;
	size_t anchor; /* index + 1, 0 without one */
	struct weight weight;
	struct member next; /* of an object: the name that waits for its value */
	bool has_name;
	bool drop_next; /* the waiting value has no usable name */
};

struct anchor {
	const char *name;
	struct value value;
	struct weight weight;
	bool complete;
};

struct tree {
	struct arena *arena;
	const char *name;
	const struct document_limits *limits;
	struct findings *findings;
	struct frame *frames; /* the first one is a list that holds the document's one value */
	size_t frame_count, frame_size;
	struct member *children; /* of all open lists and objects */
	size_t child_count, child_size;
	struct anchor *anchors;
	size_t anchor_count, anchor_size;
	size_t values;      /* in the stream so far */
	size_t alias_bytes; /* of texts that aliases repeated */
	bool stopped;       /* a finding ended the stream */
};

/* Begin a document: forget the one before, keep the counts of the stream. */
void tree_reset(struct tree *tree);

/* The complete document. */
struct value *tree_root(struct tree *tree);

void tree_done(struct tree *tree);

/* Add a finding; with tree_stop the stream ends there. */
void tree_refuse(struct tree *tree, uint32_t line, uint32_t column, const char *fix, const char *format, ...)
        PRINTF(5, 6);
void tree_stop(struct tree *tree, uint32_t line, uint32_t column, const char *format, ...) PRINTF(4, 5);

/* Is the next node the name of a member? */
bool tree_wants_name(const struct tree *tree);

/* The name of the next member, in the arena; NULL: its value will be read and dropped. */
void tree_add_name(struct tree *tree, uint32_t line, uint32_t column, const char *name);

/* A finished scalar; text in the arena. anchor may be NULL. */
void tree_add_scalar(struct tree *tree, const char *anchor, const struct value *value);

/* A list or object (as kind) opens, and the last one opened closes. */
void tree_open(struct tree *tree, const char *anchor, enum value_kind kind, uint32_t line, uint32_t column);
void tree_close(struct tree *tree);

/* The anchor's value once more: subtrees are shared, but count each time. */
void tree_add_alias(struct tree *tree, const char *anchor, uint32_t line, uint32_t column);

/* Remember the text of a name that carries an anchor. */
void tree_anchor_name(struct tree *tree, const char *anchor, const struct value *value);

/* The text an alias stands for where a name is due; NULL when it is none. */
const char *tree_alias_name(const struct tree *tree, const char *anchor);

#endif
