/* A compiled jsonpath template; shared by its compiler and its printer. */
#ifndef FOPS_DATA_JSONPATH_NODE_H
#define FOPS_DATA_JSONPATH_NODE_H

#include "fops/base/compiler.h"

enum step_kind {
	STEP_NAME,
	STEP_INDEX,
	STEP_SLICE,
	STEP_ALL,
};

struct step {
	enum step_kind kind;
	size_t column; /* in the expression, for messages */
	const char *name;
	int64_t first;
	int64_t end; /* of a slice; INT64_MAX without one */
};

enum node_kind {
	NODE_TEXT,
	NODE_PATH,
	NODE_RANGE,
};

struct node {
	enum node_kind kind;
	const char *text; /* of NODE_TEXT */
	size_t len;
	bool from_root; /* the path starts at the document, not at the entry of the range around it */
	struct step *steps;
	size_t step_count;
	struct node *body; /* of NODE_RANGE */
	struct node *next;
};

struct jsonpath {
	struct node *nodes;
};

#endif
