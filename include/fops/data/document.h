/* One tree for JSON and YAML: every value remembers where it stood. */
#ifndef FOPS_DATA_DOCUMENT_H
#define FOPS_DATA_DOCUMENT_H

#include "fops/base/compiler.h"
#include "fops/base/error.h"

struct arena;

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,  /* a whole number within +-2^53 */
	VALUE_REAL, /* any other number, finite */
	VALUE_TEXT,
	VALUE_ARRAY,
	VALUE_OBJECT,
};

struct value {
	enum value_kind kind;
	uint32_t line;   /* from 1; 0 when the value was built by the program */
	uint32_t column; /* from 1, in characters (not bytes) */
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct { /* VALUE_TEXT: valid UTF-8 without NUL, NUL-terminated */
			const char *data;
			size_t len;
		} text;
		struct { /* VALUE_ARRAY has items, VALUE_OBJECT has members; in document order */
			struct value *items;
			struct member *members;
			size_t count;
		} list;
	};
};

/* One member of an object; names are unique within it. */
struct member {
	const char *name;
	uint32_t line;
	uint32_t column;
	struct value value;
};

/* Bounds for input from outside; all are checked before memory is spent. */
struct document_limits {
	size_t bytes;     /* whole input */
	size_t depth;     /* nesting of arrays and objects */
	size_t values;    /* values in all, aliases counted at each use */
	size_t text;      /* bytes of one text */
	size_t documents; /* YAML documents in one stream */
};

/* 16 MiB, depth 64, 1,000,000 values, 1 MiB a text, 100,000 documents. */
extern const struct document_limits document_default_limits;

/* A list of findings that grows in an arena; the caller sorts and prints. */
struct findings {
	struct arena *arena;
	struct finding *items;
	size_t count;
	size_t limit; /* findings beyond this many are only counted in dropped; 0: no limit */
	size_t dropped;
};

/* Append one finding; message is printf-formatted into the arena; file, path and fix may be NULL and are borrowed. */
void findings_add(struct findings *findings, const char *file, uint32_t line, uint32_t column, const char *path,
                  const char *fix, const char *format, ...) PRINTF(7, 8);

/* Sort by file, line, column. */
void findings_sort(struct findings *findings);

/*
 * Parse one JSON text (RFC 8259) with cJSON, strictly: refuses duplicate names, \u0000, lone surrogates, invalid UTF-8,
 * whole numbers beyond +-2^53 (never rounded), depth and sizes over limits, anything after the value, a BOM.
 *
 * name      what findings call the input ("file.json", "stdin"); borrowed
 * limits    NULL: the defaults; a depth beyond 512 and numbers of more than 60 characters are refused in any case
 * ret_value tree in arena; texts are copied, data may be freed
 * errors    DATA with the finding "name:line:column: message" as message and the finding attached (in arena)
 */
CHECKED bool json_parse(struct arena *arena, const char *name, const char *data, size_t len,
                        const struct document_limits *limits, struct value *ret_value, struct error *err);

/* Called for each document of a YAML stream, in order; false stops the parse (err filled by the callback). */
typedef bool document_visit(void *user, struct value *document, struct error *err);

/*
 * Parse a YAML stream with libyaml under the YAML 1.2 core schema, strictly: plain `true|false` (and True, TRUE …) are
 * the only booleans, `null|~|` empty are null, decimal, 0o and 0x integers as in the core schema; `no`, `on`, `012`,
 * dates stay text. Where an unquoted scalar would mean something else under YAML 1.1 (yes/no/on/off/y/n, 012, 1_000,
 * 12:30:00) a finding refuses it and says to quote it. Refused with file:line:column: duplicate keys, non-text keys,
 * `<<` merge keys, custom tags (only core tags with matching content), tabs as indentation, a BOM, invalid UTF-8, NUL,
 * control characters, whole numbers beyond +-2^53, .inf/.nan, aliases to an anchor that is not yet complete, more
 * expanded values than limits->values (alias bombs), depth and size over limits.
 *
 * Each document is delivered to visit as soon as it is complete; its memory in arena is rewound after visit returns, so
 * copy what must stay into another arena. findings->arena must be another one for the same reason. Subtrees that
 * aliases repeat are shared: read only.
 *
 * Syntax errors, bad characters and limits end the stream; traps, tags and repeated or non-text names do not: their
 * document is still delivered, with the text as it stands or without the member, so that all its problems are found in
 * one run. Both are added to findings and true is returned; whoever uses the documents looks at findings->count first.
 * false only when visit returned false.
 *
 * An empty document (between two `---`) is delivered as null; a stream of comments alone has no document.
 * limits    NULL: the defaults
 */
CHECKED bool yaml_parse(struct arena *arena, const char *name, const char *data, size_t len,
                        const struct document_limits *limits, struct findings *findings, document_visit *visit,
                        void *user, struct error *err);

/* The member of an object, or NULL (also when value is no object). */
const struct value *value_member(const struct value *value, const char *name);

/* A deep copy in arena, with positions. */
const struct value *value_copy(struct arena *arena, const struct value *value);

/* "a text", "a whole number", … with article, for messages. */
const char *value_kind_name(enum value_kind kind);

/* Versions of the linked cJSON and libyaml, "1.7.15". */
const char *document_json_library(void);
const char *document_yaml_library(void);

#endif
