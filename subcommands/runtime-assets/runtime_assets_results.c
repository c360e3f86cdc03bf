/* Events of a run on many assets, and the file that keeps them. */
#include "runtime_assets_results.h"

#include <errno.h>
#include <fcntl.h>

#include "fops/base/buffer.h"
#include "fops/base/file.h"

#define LONGEST_EVENT ((size_t)256 * 1024 * 1024)

void run_event_selected(struct emitter *emitter, const void *data)
{
	const struct run_selected *selected = data;

	emit_key(emitter, "asset_ids");
	emit_array(emitter);
	for (size_t i = 0; i < selected->count; i++)
		emit_text(emitter, selected->assets[i].asset_id);
	emit_array_end(emitter);
}

void run_event_item(struct emitter *emitter, const void *data)
{
	emit_key(emitter, "item");
	run_result_emit(emitter, data);
}

void run_event_summary(struct emitter *emitter, const void *data)
{
	const struct run_summary *summary = data;

	emit_key(emitter, "ok");
	emit_count(emitter, summary->ok);
	emit_key(emitter, "failed");
	emit_count(emitter, summary->failed);
	emit_key(emitter, "not_started");
	emit_count(emitter, summary->not_started);
}

static void emit_start_of_run(struct emitter *emitter, const void *data)
{
	(void)data;
	emit_key(emitter, "schema");
	emit_text(emitter, "fops.events/1");
	emit_key(emitter, "of");
	emit_text(emitter, "fops.run-result/1");
}

static void emit_end_of_run(struct emitter *emitter, const void *data)
{
	const int *exit_status = data;

	emit_key(emitter, "exit");
	emit_int(emitter, *exit_status);
}

void run_event_add(struct buffer *text, const char *type, void (*emit)(struct emitter *emitter, const void *data),
                   const void *data)
{
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(text));
	emit_object(&emitter);
	emit_key(&emitter, "type");
	emit_text(&emitter, type);
	emit(&emitter, data);
	emit_object_end(&emitter);
	(void)emit_finish(&emitter, true);
}

/* A line goes out in one write where the file takes it, so that a reader never sees half of it for long. */
static void write_out(struct result_file *file, struct buffer *text)
{
	size_t at = 0;

	while (file->failed == 0 && at < text->len) {
		ssize_t put = write(file->descriptor, text->data + at, text->len - at);

		if (put >= 0)
			at += (size_t)put;
		else if (errno != EINTR)
			file->failed = errno;
	}
	buffer_done(text);
}

bool result_file_open(struct result_file *file, const char *path, const struct run_selected *selected,
                      struct error *err)
{
	struct buffer text = BUFFER(LONGEST_EVENT);
	bool good;

	run_event_add(&text, "start", emit_start_of_run, NULL);
	run_event_add(&text, "selected", run_event_selected, selected);
	/* whatever stood there may be what this run was selected from: it goes only once this is complete */
	good = file_write(path, buffer_string(&text), text.len, 0644, false, err);
	buffer_done(&text);
	if (!good)
		return false;
	file->path = path;
	file->descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (file->descriptor >= 0)
		return true;
	fail(err, ERROR_IO_CREATE, "cannot write %s", path);
	error_cause(err, "%s", errno_text(errno));
	return false;
}

void result_file_add(struct result_file *file, const struct run_result *result)
{
	struct buffer text = BUFFER(LONGEST_EVENT);

	run_event_add(&text, "item", run_event_item, result);
	write_out(file, &text);
}

bool result_file_end(struct result_file *file, const struct run_summary *summary, int exit_status, struct error *err)
{
	struct buffer text = BUFFER(LONGEST_EVENT);

	if (summary->cut)
		exit_status = summary->error.exit_status;
	run_event_add(&text, "summary", run_event_summary, summary);
	run_event_add(&text, "end", emit_end_of_run, &exit_status);
	write_out(file, &text);
	if (file->failed == 0)
		return true;
	fail(err, ERROR_IO_CREATE, "the result file %s is not complete", file->path);
	error_cause(err, "%s", errno_text(file->failed));
	error_effect(err, "%zu ok, %zu failed, %zu not started", summary->ok, summary->failed, summary->not_started);
	return false;
}

void result_file_close(struct result_file *file)
{
	file_close(&file->descriptor);
}
