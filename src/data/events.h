/* The events of a YAML stream with their places in the text, for who writes it anew. Private to this room. */
#ifndef FOPS_DATA_EVENTS_H
#define FOPS_DATA_EVENTS_H

#include "fops/base/compiler.h"

enum event_kind {
	EVENT_DOCUMENT,
	EVENT_DOCUMENT_END,
	EVENT_SCALAR,
	EVENT_LIST,
	EVENT_OBJECT,
	EVENT_END, /* of the innermost list or object */
	EVENT_ALIAS,
};

struct event {
	enum event_kind kind;
	size_t start, end; /* offsets in bytes */
	bool marked;       /* documents: `---` was written; their ends: `...` was */
	bool plain;        /* scalars: neither quoted nor a block */
	bool block;        /* scalars: | or >; lists and objects: no brackets */
	bool special;      /* an anchor, a tag, an alias or a directive */
	const char *text;  /* scalars: the value, NUL-terminated, for the call only */
	size_t len;
};

/* Called in order; false ends the walk. */
typedef bool event_visit(void *user, const struct event *event);

/* Walk a stream that yaml_parse takes; false when it has an error after all, or visit returned false. */
CHECKED bool events_walk(const char *data, size_t len, event_visit *visit, void *user);

#endif
