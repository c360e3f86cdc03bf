/* What the files of the printer share. */
#ifndef FOPS_CLI_OUTPUT_PRIVATE_H
#define FOPS_CLI_OUTPUT_PRIVATE_H

#include "cell.h"
#include "fops/base/buffer.h"
#include "fops/cli/output.h"
#include "fops/data/jsonpath.h"

/* stdout behind a buffer; remembers the first failure. */
struct output_stream {
	int descriptor;
	struct buffer pending;
	int failed;             /* errno of the first failed write, 0 for none */
	struct buffer *capture; /* takes what is written while it is set; NULL: it goes out */
};

struct filter {
	struct cell cell;
	const char *value;
	bool differs; /* FIELD!=VALUE */
};

/* Rows of a table on a terminal wait here until the widths are known. */
struct table {
	const char ***rows; /* texts per row and cell */
	size_t count;
	size_t size;
	size_t *widths;
	bool *shown;
	bool started; /* the heading is out, widths are fixed */
};

struct output {
	struct call *call;
	const struct command *command;
	struct arena *rows; /* memory of waiting rows */
	struct output_stream stream;
	enum output_format format;
	struct jsonpath *path;
	struct buffer document; /* jsonpath and compact collect here */
	struct emitter emitter;
	struct cell *cells;
	size_t cell_count;
	struct filter *filters;
	size_t filter_count;
	struct cell sort;
	bool sorted;
	bool descending;
	uint64_t limit;
	const char *after;
	bool after_seen;
	bool is_list;
	bool begun; /* the document's head is out */
	bool partial;
	bool told_partial; /* the document's head said so */
	bool listed_fields;
	bool terminal;
	bool color;
	bool pretty;
	bool dashes; /* absent values are "-" in lines, too */
	uint64_t returned;
	uint64_t total;
	bool more;       /* rows behind the limit were left out */
	char *last_name; /* of the last printed row: the cursor */
	const char *context;
	struct text_list warnings;
	struct output_source *sources;
	size_t source_count;
	struct text_list notes;
	struct {
		const char *name;
		uint64_t number;
	} counts[8];
	size_t count_count;
	void **waiting; /* rows for --sort */
	size_t waiting_count;
	size_t waiting_size;
	struct table table;
};

void stream_write(struct output_stream *stream, const char *data, size_t len);
void stream_flush(struct output_stream *stream);
bool stream_offer(struct output_stream *stream);
struct sink stream_sink(struct output_stream *stream);

/* Human and line formats. */
void table_row(struct output *output, const void *row);
void table_finish(struct output *output);
void record_lines(struct output *output, const void *record);
void tsv_heading(struct output *output);
void tsv_row(struct output *output, const void *row);
void compact_finish(struct output *output);

/* A row behind filters and order: cursor and limit, then print. */
void deliver_row(struct output *output, const void *row);

/* Copy a row that waits for --sort; sort and deliver those that wait. */
void keep_row(struct output *output, const void *row);
void deliver_waiting(struct output *output);

/* The lines on stderr at the end of an answer for people. */
void print_notices(struct output *output);

/* Documents. */
void document_begin(struct output *output);
void document_row(struct output *output, const void *row);
void document_record(struct output *output, const void *record);
void document_end(struct output *output, int exit_status);

/* The text of the row's first column. */
const char *row_name(struct arena *arena, const struct output *output, const void *row);

#endif
