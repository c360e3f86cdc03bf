/* The one printer: verbs hand over structs, the format is nobody else's business. */
#ifndef FOPS_CLI_OUTPUT_H
#define FOPS_CLI_OUTPUT_H

#include "fops/cli/call.h"
#include "fops/data/emit.h"

enum output_format {
	OUTPUT_TABLE,
	OUTPUT_WIDE,
	OUTPUT_JSON,
	OUTPUT_JSONL,
	OUTPUT_YAML,
	OUTPUT_NAME,
	OUTPUT_TSV,
	OUTPUT_COMPACT,
	OUTPUT_JSONPATH,
};

struct output;

/*
 * Read the format and selection flags of a parsed call and set call->output. Nothing is printed yet.
 * errors  USAGE_BAD_VALUE unknown format; USAGE_UNKNOWN_FIELD; USAGE_EXPRESSION; USAGE_CONFLICT
 */
CHECKED bool output_open(struct call *call, struct error *err);
void output_close(struct output *output);

/* The format that the call asked for, after the rules for pipes and -q. */
enum output_format output_format(const struct output *output);

/* Did the user ask for the list of fields (`--fields help`)? Then output_open has printed it and the verb must not run.
 */
bool output_listed_fields(const struct output *output);

/*
 * A list. Rows must come sorted by their first column unless the command says otherwise; filter, sort, limit and cursor
 * are applied here. A row is read during the call only: its memory may be reused afterwards (with --sort, texts are
 * copied).
 */
void output_list(struct output *output);
void output_row(struct output *output, const void *row);

/* Before the first row: show the columns that a flag of the verb asks for, in a table also the wide ones (without the
 * asides); no effect when fields were chosen. */
void output_widen(struct output *output);

/*
 * Before the first row: the format and fields of a verb's own flag, without a heading and with "-" for absent values;
 * quiet still means names. errors  USAGE_CONFLICT when the user chose a format or fields as well
 */
CHECKED bool output_choose(struct output *output, const char *flag, enum output_format format, const char *fields,
                           struct error *err);

/* May a verb stop early? True once nothing further can be printed or counted (the reader is gone). */
bool output_is_done(const struct output *output);

/* One object by the command's columns. */
void output_record(struct output *output, const void *record);

/* A warning: stderr in human formats, "warnings" in documents (to be given before the first row for streaming formats).
 */
void output_warning(struct output *output, const char *text, ...) PRINTF(2, 3);

/* A number of the command's `counts`, for "counts" in documents; before the first row. The name is borrowed. */
void output_count(struct output *output, const char *name, uint64_t number);

/* A line on stderr at the end of an answer for people; nothing in documents and in lists of names. */
void output_note(struct output *output, const char *text, ...) PRINTF(2, 3);

/* Mark the answer incomplete ("partial": true); before the first row, but for jsonl, whose end can tell it as well. */
void output_partial(struct output *output);

/* A value for the compact header and envelope, such as the context's name; borrowed. */
void output_context(struct output *output, const char *context);

/* A git revision that the answer was made from: "source" in documents, `commit=` in the compact header. */
struct output_source {
	const char *url;
	const char *ref;
	const char *path;
	const char *commit;
	struct instant fetched_at;
	bool stale;
};

/* Name one, before the first row; texts are borrowed. Further ones are appended. */
void output_source(struct output *output, const struct output_source *source);

/* One event line of a jsonl stream that the verb writes itself (run): `write` adds members behind "type". */
void output_event(struct output *output, const char *type, void (*write)(struct emitter *emitter, const void *data),
                  const void *data);

/* How many items the verb's own events held, of how many: what the end of the stream tells. */
void output_items(struct output *output, uint64_t returned, uint64_t total);

/* Bytes for stdout as they are (help, completion, an answer's body). Filtered on terminals by the caller when they are
 * foreign. */
void output_bytes(struct output *output, const void *data, size_t len);
void output_text(struct output *output, const char *text);

/* Push everything buffered to stdout now. */
void output_flush(struct output *output);

/* Push what stdout takes at once, without waiting for its reader; false when some of it is left. */
bool output_offer(struct output *output);

/*
 * End: close the document, the notices on stderr, flush. exit_status goes into the last line of jsonl.
 * errors  IO_OUTPUT a write failed (not for a closed pipe: then *ret_reader_gone is set and true is returned)
 */
CHECKED bool output_finish(struct output *output, int exit_status, bool *ret_reader_gone, struct error *err);

#endif
