/* Writes JSON and YAML as a stream of events, with one escaper and a sticky error. */
#ifndef FOPS_DATA_EMIT_H
#define FOPS_DATA_EMIT_H

#include "fops/base/buffer.h"
#include "fops/base/compiler.h"

struct value;
struct field;

/* Where bytes go. write returns false after a failure that it remembers itself; it is then not called again. */
struct sink {
	bool (*write)(void *user, const char *data, size_t len);
	void *user;
};

/* A sink that appends to a buffer, which must outlive it; fails when its limit is passed. */
struct sink buffer_sink(struct buffer *buffer);

enum emit_format {
	EMIT_JSON,        /* one line, no blanks */
	EMIT_JSON_PRETTY, /* two blanks a level */
	EMIT_YAML,        /* block style, texts quoted whenever YAML 1.1 or 1.2 could read them as something else */
};

/* Levels of nesting: twice what document_default_limits lets in. */
#define EMIT_DEPTH 128

/* On the caller's stack; treat the members as private. */
struct emitter {
	struct sink sink;
	enum emit_format format;
	bool failed; /* sticky: the sink failed, or the calls did not nest */
	size_t depth;
	struct emit_level {
		bool object;
		bool any;
		bool key_pending;
	} levels[EMIT_DEPTH]; /* the first one is the document itself */
};

/* Begin a document; the sink's user must live until emit_finish. */
void emit_start(struct emitter *emitter, enum emit_format format, struct sink sink);

/* Objects and arrays; an empty one prints as {} or []. */
void emit_object(struct emitter *emitter);
void emit_object_end(struct emitter *emitter);
void emit_array(struct emitter *emitter);
void emit_array_end(struct emitter *emitter);

/* The name of the next value inside an object. */
void emit_key(struct emitter *emitter, const char *key);

/* Values. Text that is not valid UTF-8 has each bad byte replaced by U+FFFD; C0, C1 and DEL are escaped in JSON and
 * YAML. NULL text is null. */
void emit_text(struct emitter *emitter, const char *text);
void emit_text_len(struct emitter *emitter, const char *text, size_t len);
/* Whole numbers beyond +-2^53 are written as text, as the output contract says. */
void emit_int(struct emitter *emitter, int64_t value);
void emit_count(struct emitter *emitter, uint64_t value);
void emit_bool(struct emitter *emitter, bool value);
void emit_null(struct emitter *emitter);
/* Numbers that are not whole: the shortest digits that read back as the same number, always with a point; null when not
 * finite. */
void emit_value(struct emitter *emitter, const struct value *value);

/*
 * A struct by its table, as a contract writes it: absent values are left out, durations are texts ("15s"), instants RFC
 * 3339. What emit_record writes, decode() reads back into an equal struct.
 */
void emit_record(struct emitter *emitter, const struct field *fields, const void *record);

/* End of the document: true when everything nested and was written. The final newline comes here: in YAML always, in
 * JSON when newline is set. */
bool emit_finish(struct emitter *emitter, bool newline);

#endif
