/* The preset table as a Markdown table. */
#include "check.h"
#include "fops/base/buffer.h"

static void append_expectation(struct buffer *out, const struct health_expect *expect)
{
	const struct value *value = expect->value;

	if (expect->status != 200)
		buffer_format(out, ", status %lld", (long long)expect->status);
	if (expect->pointer != NULL)
		buffer_format(out, ", `%s`", expect->pointer);
	if (value != NULL && value->kind == VALUE_TEXT)
		buffer_format(out, " is `%s`", value->text.data);
	else if (value != NULL && value->kind == VALUE_BOOL)
		buffer_format(out, " is `%s`", value->boolean ? "true" : "false");
	else if (expect->pointer != NULL)
		buffer_text(out, " is there");
	if (expect->body != NULL && expect->body[0] == '\0')
		buffer_text(out, ", an empty body");
	else if (expect->body != NULL)
		buffer_format(out, ", body `%s`", expect->body);
	if (expect->body_starts != NULL)
		buffer_format(out, ", body starts with `%s`", expect->body_starts);
}

/* "GET `/health?full=true`, body `ok`" */
static void append_part(struct buffer *out, const struct health *part)
{
	if (!part->present) {
		buffer_text(out, " |");
		return;
	}
	if (text_equal(part->protocol, "http"))
		buffer_format(out, " %s `", part->method);
	else
		buffer_format(out, " %s%s", part->protocol, part->path == NULL ? "" : " `");
	if (part->path != NULL)
		buffer_text(out, part->path);
	for (size_t i = 0; i < part->query.count; i++)
		buffer_format(out, "%s%s=%s", i == 0 ? "?" : "&", part->query.items[i].key, part->query.items[i].value);
	if (part->path != NULL)
		buffer_text(out, "`");
	append_expectation(out, &part->expect);
	if (part->version_from != NULL)
		buffer_format(out, "; version from `%s`", part->version_from);
	buffer_text(out, " |");
}

void health_reference(struct buffer *out)
{
	buffer_text(
	        out,
	        "\n## Health presets\n\n`health: {preset: NAME}`; what each asks for is what the product alone would "
	        "answer, so that a sign-in page is no health. Where readiness is empty no route tells more than that "
	        "the process runs, and the endpoint is `live`, never `ok`.\n\n"
	        "| preset | product | usual port | auth | liveness | readiness | remark "
	        "|\n|---|---|---|---|---|---|---|\n");
	for (const struct health_preset *row = health_presets; row->name != NULL; row++) {
		buffer_format(out, "| `%s` | %s | %s | %s |", row->name, row->product, row->port, row->auth);
		append_part(out, &row->liveness);
		append_part(out, &row->readiness);
		buffer_format(out, " %s |\n", row->note == NULL ? "" : row->note);
	}
}
