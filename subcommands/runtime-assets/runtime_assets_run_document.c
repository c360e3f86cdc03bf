/* `run -o json`: results and output of all assets as one document, printed when the last one is through. */
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "runtime_assets_run.h"

#define MOST_OUTPUT ((size_t)64 * 1024 * 1024)

struct kept_line {
	struct kept_line *next;
	const char *asset_id;
	int stream;
	const char *line;
	size_t len;
};

void run_document_keep(struct run_document *document, struct arena *arena, const char *asset_id, int stream,
                       const char *line, size_t len)
{
	size_t size = sizeof(struct kept_line) + len;
	struct kept_line *kept;

	if (document->truncated || document->bytes + size > MOST_OUTPUT) {
		document->truncated = true;
		return;
	}
	document->bytes += size;
	kept = arena_alloc(arena, sizeof *kept);
	*kept = (struct kept_line){ NULL, asset_id, stream, arena_text(arena, line, len), len };
	if (document->last == NULL)
		document->first = kept;
	else
		document->last->next = kept;
	document->last = kept;
}

static void emit_lines(struct emitter *emitter, const struct run_document *document)
{
	emit_key(emitter, "output");
	emit_array(emitter);
	for (const struct kept_line *kept = document->first; kept != NULL; kept = kept->next) {
		emit_object(emitter);
		run_emit_line(emitter, kept->asset_id, kept->stream, kept->line, kept->len);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
	emit_key(emitter, "truncated");
	emit_bool(emitter, document->truncated);
}

static void emit_head(struct emitter *emitter, const struct call *call, bool partial)
{
	emit_key(emitter, "schema");
	emit_text(emitter, "fops.run-result.list/1");
	emit_key(emitter, "context");
	emit_text(emitter, call->settings->context);
	emit_key(emitter, "as_of");
	emit_text(emitter, instant_format(call->arena, clock_now(), false));
	emit_key(emitter, "partial");
	emit_bool(emitter, partial);
	emit_key(emitter, "untrusted");
	emit_array(emitter);
	emit_text(emitter, "output[].line");
	emit_text(emitter, "items[].message");
	emit_array_end(emitter);
}

static void emit_warnings(struct emitter *emitter, const struct text_list *first, const struct text_list *second)
{
	emit_key(emitter, "warnings");
	emit_array(emitter);
	for (size_t i = 0; i < first->count; i++)
		emit_text(emitter, first->items[i]);
	for (size_t i = 0; i < second->count; i++)
		emit_text(emitter, second->items[i]);
	emit_array_end(emitter);
}

static bool write_document(void *user, const char *data, size_t len)
{
	output_bytes(user, data, len);
	return !output_is_done(user);
}

void run_document_print(const struct run_document *document, struct call *call, const struct run_result *results,
                        size_t count, const struct run_summary *summary, const struct text_list *warnings)
{
	bool pretty = call->globals.pretty || terminal_is(STDOUT_FILENO);
	struct emitter emitter;

	emit_start(&emitter, pretty ? EMIT_JSON_PRETTY : EMIT_JSON, (struct sink){ write_document, call->output });
	emit_object(&emitter);
	emit_head(&emitter, call, summary->cut || summary->skipped > 0 || document->truncated);
	emit_key(&emitter, "items");
	emit_array(&emitter);
	for (size_t i = 0; i < count; i++)
		run_result_emit(&emitter, &results[i]);
	emit_array_end(&emitter);
	emit_lines(&emitter, document);
	emit_key(&emitter, "counts");
	emit_object(&emitter);
	run_event_summary(&emitter, summary);
	emit_object_end(&emitter);
	emit_warnings(&emitter, &call->settings->warnings, warnings);
	emit_object_end(&emitter);
	(void)emit_finish(&emitter, true);
}
