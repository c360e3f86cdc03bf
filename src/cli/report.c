/* Prints an error for people or as one JSON line. */
#include "fops/cli/report.h"

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/data/emit.h"

#define FINDINGS_SHOWN 20

bool report_as_json(const struct call *call)
{
	const char *format = call->globals.format;

	if (call->globals.json_given)
		return true;
	if (format == NULL)
		format = getenv("FOPS_OUTPUT");
	return text_equal(format, "json") || text_equal(format, "jsonl");
}

static void put_line(struct buffer *out, const char *label, const char *text)
{
	buffer_text(out, label);
	terminal_escape(out, text, strlen(text));
	buffer_byte(out, '\n');
}

/* Command lines say the name that the program was called by; what writes them knows only one of the two names. */
static const char *fix_of(const struct call *call, const struct error *err)
{
	static const char name[] = "fops ";

	if (!text_starts(err->fix, name))
		return err->fix;
	return arena_format(call->arena, "%s %s", call->program, err->fix + sizeof name - 1);
}

static void put_findings(struct buffer *out, const struct error *err)
{
	/* a single finding may be the message itself */
	if (err->finding_count == 1 && strstr(err->message, err->findings[0].message) != NULL)
		return;
	for (size_t i = 0; i < err->finding_count && i < FINDINGS_SHOWN; i++) {
		const struct finding *finding = &err->findings[i];

		buffer_text(out, "  ");
		terminal_escape(out, finding->file, strlen(finding->file));
		if (finding->line > 0)
			buffer_format(out, ":%llu:%llu", (unsigned long long)finding->line,
			              (unsigned long long)finding->column);
		buffer_text(out, ": ");
		if (finding->path != NULL && finding->path[0] != '\0') {
			terminal_escape(out, finding->path, strlen(finding->path));
			buffer_text(out, ": ");
		}
		terminal_escape(out, finding->message, strlen(finding->message));
		if (finding->fix != NULL) {
			buffer_text(out, " (");
			terminal_escape(out, finding->fix, strlen(finding->fix));
			buffer_text(out, ")");
		}
		buffer_byte(out, '\n');
	}
	if (err->finding_count > FINDINGS_SHOWN)
		buffer_format(out, "  and %zu more; -o json lists all\n", err->finding_count - FINDINGS_SHOWN);
}

static void print_for_people(const struct call *call, const struct error *err, struct buffer *out)
{
	buffer_format(out, "%s: error [%s]: ", call->program, error_codes[err->id].name);
	put_line(out, "", err->message);
	if (err->cause[0] != '\0' && strstr(err->message, err->cause) == NULL)
		put_line(out, "  cause:  ", err->cause);
	put_findings(out, err);
	put_line(out, "  effect: ", err->effect[0] == '\0' ? "nothing changed" : err->effect);
	if (err->request_id[0] != '\0')
		put_line(out, "  request: ", err->request_id);
	if (err->fix[0] != '\0')
		put_line(out, "  fix:    ", fix_of(call, err));
}

static void emit_findings(struct emitter *emitter, const struct error *err)
{
	emit_key(emitter, "findings");
	emit_array(emitter);
	for (size_t i = 0; i < err->finding_count; i++) {
		const struct finding *finding = &err->findings[i];

		emit_object(emitter);
		emit_key(emitter, "file");
		emit_text(emitter, finding->file);
		emit_key(emitter, "line");
		emit_count(emitter, finding->line);
		emit_key(emitter, "column");
		emit_count(emitter, finding->column);
		emit_key(emitter, "path");
		emit_text(emitter, finding->path);
		emit_key(emitter, "message");
		emit_text(emitter, finding->message);
		emit_key(emitter, "fix");
		emit_text(emitter, finding->fix);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

static const char *text_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void emit_fix(struct emitter *emitter, const struct call *call, const struct error *err)
{
	emit_key(emitter, "fix");
	emit_array(emitter);
	if (err->fix[0] != '\0')
		emit_text(emitter, fix_of(call, err));
	emit_array_end(emitter);
}

static void print_json(const struct call *call, const struct error *err, int exit_status, struct buffer *out)
{
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(out));
	emit_object(&emitter);
	emit_key(&emitter, "schema");
	emit_text(&emitter, "fops.error/1");
	emit_key(&emitter, "code");
	emit_text(&emitter, error_codes[err->id].name);
	emit_key(&emitter, "exit");
	emit_int(&emitter, exit_status);
	emit_key(&emitter, "message");
	emit_text(&emitter, err->message);
	emit_key(&emitter, "cause");
	emit_text(&emitter, text_or_null(err->cause));
	emit_key(&emitter, "object");
	emit_text(&emitter, text_or_null(err->object));
	emit_key(&emitter, "effect");
	emit_text(&emitter, err->effect[0] == '\0' ? "none" : err->effect);
	emit_key(&emitter, "retryable");
	emit_bool(&emitter, error_codes[err->id].retryable);
	emit_key(&emitter, "retry_after_ms");
	if (err->retry_after_ms < 0)
		emit_null(&emitter);
	else
		emit_int(&emitter, err->retry_after_ms);
	emit_fix(&emitter, call, err);
	emit_key(&emitter, "request_id");
	emit_text(&emitter, text_or_null(err->request_id));
	emit_findings(&emitter, err);
	emit_object_end(&emitter);
	(void)emit_finish(&emitter, true);
}

void report_error(const struct call *call, const struct error *err, int exit_status)
{
	struct buffer out = BUFFER((size_t)8 << 20);
	ssize_t written;

	if (report_as_json(call))
		print_json(call, err, exit_status, &out);
	else
		print_for_people(call, err, &out);
	written = write(STDERR_FILENO, buffer_string(&out), out.len);
	(void)written; /* there is no second place to complain */
	buffer_done(&out);
}
