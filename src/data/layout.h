/* One YAML document as it is laid out: names, values and comments in their places. Private to this room. */
#ifndef FOPS_DATA_LAYOUT_H
#define FOPS_DATA_LAYOUT_H

#include "fops/base/buffer.h"
#include "fops/data/format.h"

/* Deepest nesting that is laid out; yaml_parse refuses more. */
#define LAYOUT_DEPTH 128

/* Comments on lines of their own. */
struct remark {
	const char *text; /* from its # on */
	bool blank;       /* an empty line above */
};

struct remarks {
	struct remark *items;
	size_t count, size;
};

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_OBJECT,
};

struct layout_entry;

struct layout_node {
	enum node_kind kind;
	struct layout_entry *parent; /* NULL at the root */
	size_t start, end;           /* in bytes */
	bool plain, block;           /* scalars: not quoted; | or > */
	bool flow;                   /* lists and objects in brackets */
	bool broken;                 /* a comment inside: the brackets must go */
	const char *text;            /* scalars */
	size_t len;
	size_t column; /* of the entries of a block */
	struct layout_entry **entries;
	size_t count, size;
	struct remarks foot;
};

/* A member of an object or an entry of a list. */
struct layout_entry {
	struct layout_node *owner;
	struct layout_node *name; /* NULL in a list */
	struct layout_node *value;
	size_t start;  /* of the name or the dash */
	size_t column; /* of the same, in bytes */
	bool blank;    /* an empty line above */
	struct remarks head;
	const char *tail; /* the comment on its line, or NULL */
};

/* A place where an entry begins, goes on or ends; in the order of the text. */
struct layout_touch {
	size_t at;
	struct layout_entry *entry;
};

/* What must not be searched for comments. */
struct layout_span {
	size_t start, end;
	bool block;
	bool keep; /* |+: empty lines at its end are content */
};

struct layout {
	struct arena *arena;
	const char *data;
	size_t len;
	const char *odd; /* why there is no canonical form, or NULL */
	bool marked;     /* begins with --- */
	size_t marker;   /* where */
	const char *marker_tail;
	struct layout_node *root; /* NULL: an empty document */
	struct remarks preface;   /* above the marker */
	struct remarks head;
	bool head_blank; /* an empty line below the head */
	struct layout_touch *touches;
	size_t touch_count, touch_size;
	struct layout_span *spans;
	size_t span_count, span_size;
	const char **comments; /* all of them, for comparison */
	size_t comment_count, comment_size;
};

/* Lay out one document: data holds it alone, as events_walk reads it. False when it has a syntax error. */
CHECKED bool layout_read(struct arena *arena, const char *data, size_t len, struct layout *ret_layout);

/* Give every comment its place; sets odd when one has none. */
void layout_attach_comments(struct layout *layout);

/* Only blanks between the start of the line and this place? */
bool layout_is_first(const struct layout *layout, size_t at);

/* Bytes between the start of the line and this place. */
size_t layout_column(const struct layout *layout, size_t at);

/* Is the line above this place's line empty, and no part of a text? */
bool layout_blank_above(const struct layout *layout, size_t at);

/* Append the document, its members in the order of the table; sets odd when something has no canonical form. */
void layout_print(struct layout *layout, const struct field *fields, struct buffer *out);

/* The canonical text of a scalar within one line, into out; flow: in brackets. False when it has none (a block). */
CHECKED bool layout_scalar(const struct layout *layout, const struct layout_node *node, bool flow, struct buffer *out);

/* The node in brackets on one line; false when it cannot stand so. */
CHECKED bool layout_flow(const struct layout *layout, const struct layout_node *node, const struct field *fields,
                         struct buffer *out);

/* The entries in canonical order, in the arena, and the fields that those of an entry's value follow. */
struct layout_entry **layout_order(const struct layout *layout, const struct layout_node *node,
                                   const struct field *fields);
const struct field *layout_inner_fields(const struct layout_node *node, const struct layout_entry *entry,
                                        const struct field *fields);

#endif
