/* JSON, YAML, jsonl and jsonpath: the envelope of lists and the objects of `show`. */
#include "fops/base/arena.h"
#include "output_private.h"

static enum emit_format emit_format_of(const struct output *output)
{
	if (output->format == OUTPUT_YAML)
		return EMIT_YAML;
	return output->format == OUTPUT_JSON && output->pretty ? EMIT_JSON_PRETTY : EMIT_JSON;
}

static void start(struct output *output)
{
	struct sink sink =
	        output->format == OUTPUT_JSONPATH ? buffer_sink(&output->document) : stream_sink(&output->stream);

	emit_start(&output->emitter, emit_format_of(output), sink);
}

/* The git revisions behind the answer; a topology of files alone has none. */
static void emit_sources(struct output *output)
{
	struct emitter *emitter = &output->emitter;

	if (output->source_count == 0)
		return;
	emit_key(emitter, "source");
	emit_array(emitter);
	for (size_t i = 0; i < output->source_count; i++) {
		const struct output_source *source = &output->sources[i];

		emit_object(emitter);
		emit_key(emitter, "url");
		emit_text(emitter, source->url);
		emit_key(emitter, "ref");
		emit_text(emitter, source->ref);
		emit_key(emitter, "path");
		emit_text(emitter, source->path);
		emit_key(emitter, "commit");
		emit_text(emitter, source->commit);
		emit_key(emitter, "fetched_at");
		emit_text(emitter, instant_format(output->call->arena, source->fetched_at, false));
		emit_key(emitter, "stale");
		emit_bool(emitter, source->stale);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

static void emit_head(struct output *output, const char *schema)
{
	struct emitter *emitter = &output->emitter;

	emit_object(emitter);
	emit_key(emitter, "schema");
	emit_text(emitter, schema);
	if (output->format == OUTPUT_JSONL) {
		emit_key(emitter, "type");
		emit_text(emitter, "start");
		emit_key(emitter, "of");
		emit_text(emitter, output->command->schema);
	}
	if (output->is_list) {
		emit_key(emitter, "context");
		emit_text(emitter, output->context);
		emit_key(emitter, "as_of");
		emit_text(emitter, instant_format(output->call->arena, clock_now(), false));
		emit_sources(output);
	}
}

/* Of the members that this document has: those that hold what others wrote. */
static void emit_untrusted(struct output *output)
{
	struct emitter *emitter = &output->emitter;
	const char *place = !output->is_list ? "" : output->format == OUTPUT_JSONL ? "item." : "items[].";
	bool any = false;

	for (size_t i = 0; i < output->cell_count; i++) {
		if (!output->cells[i].untrusted)
			continue;
		if (!any) {
			emit_key(emitter, "untrusted");
			emit_array(emitter);
		}
		any = true;
		emit_text(emitter, arena_format(output->call->arena, "%s%s", place, output->cells[i].key));
	}
	if (any)
		emit_array_end(emitter);
}

static void emit_warnings(struct output *output)
{
	struct emitter *emitter = &output->emitter;

	emit_key(emitter, "warnings");
	emit_array(emitter);
	for (size_t i = 0; i < output->warnings.count; i++)
		emit_text(emitter, output->warnings.items[i]);
	emit_array_end(emitter);
}

/* What the command counted beside its rows. */
static void emit_counts(struct output *output)
{
	struct emitter *emitter = &output->emitter;

	if (output->count_count == 0)
		return;
	emit_key(emitter, "counts");
	emit_object(emitter);
	for (size_t i = 0; i < output->count_count; i++) {
		emit_key(emitter, output->counts[i].name);
		emit_count(emitter, output->counts[i].number);
	}
	emit_object_end(emitter);
}

void document_begin(struct output *output)
{
	struct emitter *emitter = &output->emitter;

	start(output);
	emit_head(output, output->format == OUTPUT_JSONL ? "fops.events/1" : output->command->schema);
	emit_key(emitter, "partial");
	emit_bool(emitter, output->partial);
	output->told_partial = output->partial;
	emit_counts(output);
	if (output->format == OUTPUT_JSONL) {
		emit_untrusted(output);
		emit_object_end(emitter);
		(void)emit_finish(emitter, true);
		return;
	}
	emit_untrusted(output);
	emit_key(emitter, "items");
	emit_array(emitter);
}

static void emit_cells(struct output *output, const void *row)
{
	for (size_t i = 0; i < output->cell_count; i++) {
		emit_key(&output->emitter, output->cells[i].key);
		cell_emit(&output->emitter, &output->cells[i], row);
	}
}

void document_row(struct output *output, const void *row)
{
	struct emitter *emitter = &output->emitter;

	if (output->format == OUTPUT_JSONL) {
		start(output);
		emit_object(emitter);
		emit_key(emitter, "type");
		emit_text(emitter, "item");
		emit_key(emitter, "item");
	}
	emit_object(emitter);
	emit_cells(output, row);
	emit_object_end(emitter);
	if (output->format == OUTPUT_JSONL) {
		emit_object_end(emitter);
		(void)emit_finish(emitter, true);
	}
}

/* The cursor for --after, null when nothing was left out. */
static void emit_next(struct output *output)
{
	emit_key(&output->emitter, "next");
	emit_text(&output->emitter, output->more ? output->last_name : NULL);
}

static void end_jsonl(struct output *output, int exit_status)
{
	struct emitter *emitter = &output->emitter;

	start(output);
	emit_object(emitter);
	emit_key(emitter, "type");
	emit_text(emitter, "end");
	emit_key(emitter, "exit");
	emit_int(emitter, exit_status);
	emit_key(emitter, "counts");
	emit_object(emitter);
	emit_key(emitter, "returned");
	emit_count(emitter, output->returned);
	emit_key(emitter, "total");
	emit_count(emitter, output->total);
	emit_object_end(emitter);
	emit_next(output);
	if (output->partial && !output->told_partial) {
		emit_key(emitter, "partial");
		emit_bool(emitter, true);
	}
	emit_warnings(output);
	emit_object_end(emitter);
	(void)emit_finish(emitter, true);
}

void document_end(struct output *output, int exit_status)
{
	struct emitter *emitter = &output->emitter;

	if (output->format == OUTPUT_JSONL) {
		end_jsonl(output, exit_status);
		return;
	}
	emit_array_end(emitter);
	emit_key(emitter, "page");
	emit_object(emitter);
	emit_key(emitter, "returned");
	emit_count(emitter, output->returned);
	emit_key(emitter, "total");
	emit_count(emitter, output->total);
	emit_next(output);
	emit_object_end(emitter);
	emit_warnings(output);
	emit_object_end(emitter);
	(void)emit_finish(emitter, true);
}

void document_record(struct output *output, const void *record)
{
	struct emitter *emitter = &output->emitter;

	if (output->format == OUTPUT_JSONL) {
		document_begin(output);
		document_row(output, record);
		output->returned = output->total = 1;
		output->begun = true;
		return;
	}
	start(output);
	emit_head(output, output->command->schema);
	emit_cells(output, record);
	emit_untrusted(output);
	emit_object_end(emitter);
	(void)emit_finish(emitter, true);
}

void output_event(struct output *output, const char *type, void (*write)(struct emitter *emitter, const void *data),
                  const void *data)
{
	struct emitter *emitter = &output->emitter;

	if (!output->begun) {
		output->begun = true;
		document_begin(output);
	}
	start(output);
	emit_object(emitter);
	emit_key(emitter, "type");
	emit_text(emitter, type);
	write(emitter, data);
	emit_object_end(emitter);
	(void)emit_finish(emitter, true);
	stream_flush(&output->stream);
}
