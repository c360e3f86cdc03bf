/* Judges answers by their health contract, and finds the version that they tell. */
#include "check.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/emit.h"
#include "fops/data/pointer.h"

#define LONGEST_SHOWN   80
#define LONGEST_VERSION 80

/* The value as one line of JSON, cut for a message. */
static const char *show(struct arena *arena, const struct value *value)
{
	struct buffer text = BUFFER((size_t)64 * 1024);
	struct emitter emitter;
	const char *shown;

	if (value == NULL)
		return "nothing";
	if (value->kind == VALUE_ARRAY || value->kind == VALUE_OBJECT)
		return value_kind_name(value->kind);
	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_value(&emitter, value);
	if (!emit_finish(&emitter, false)) {
		shown = "a long text";
	} else if (text.len > LONGEST_SHOWN) {
		size_t len = LONGEST_SHOWN;

		/* not in the middle of a character */
		while (len > 0 && ((unsigned char)text.data[len] & 0xC0) == 0x80)
			len--;
		shown = arena_format(arena, "%.*s…", (int)len, text.data);
	} else {
		shown = arena_text(arena, buffer_string(&text), text.len);
	}
	buffer_done(&text);
	return shown;
}

static double number_of(const struct value *value)
{
	return value->kind == VALUE_INT ? (double)value->integer : value->real;
}

static bool is_number(const struct value *value)
{
	return value->kind == VALUE_INT || value->kind == VALUE_REAL;
}

/* 1 and 1.0 are the same number, as JSON has only one kind of them. */
static bool is_same(const struct value *a, const struct value *b)
{
	if (is_number(a) && is_number(b))
		return !(number_of(a) < number_of(b)) && !(number_of(a) > number_of(b));
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_TEXT)
		return a->text.len == b->text.len && memcmp(a->text.data, b->text.data, a->text.len) == 0;
	return a->kind == VALUE_NULL || (a->kind == VALUE_BOOL && a->boolean == b->boolean);
}

/* What is left of a body without the blanks and newlines at its end. */
static size_t trimmed(const char *body, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", body[len - 1]) != NULL && body[len - 1] != '\0')
		len--;
	return len;
}

/* A piece of the body as one line of JSON. */
static const char *show_body(struct arena *arena, const char *body, size_t len)
{
	struct value value = { .kind = VALUE_TEXT };
	size_t valid;

	if (len == 0)
		return "an empty one";
	len = len > 2 * (size_t)LONGEST_SHOWN ? 2 * (size_t)LONGEST_SHOWN : len;
	if (!is_utf8(body, len, &valid))
		len = valid;
	if (len == 0)
		return "bytes that are no text";
	value.text.data = body;
	value.text.len = len;
	return show(arena, &value);
}

static const char *judge_body(struct arena *arena, const struct health_expect *expect, const char *body, size_t len)
{
	struct str wanted = { expect->body, expect->body == NULL ? 0 : strlen(expect->body) };
	size_t starts = expect->body_starts == NULL ? 0 : strlen(expect->body_starts);

	len = trimmed(body, len);
	if (expect->body != NULL && (len != trimmed(wanted.data, wanted.len) || memcmp(body, wanted.data, len) != 0))
		return arena_format(arena, "expected the body %s, found %s",
		                    wanted.len == 0 ? "to be empty" : show_body(arena, wanted.data, wanted.len),
		                    show_body(arena, body, len));
	if (starts > 0 && (len < starts || memcmp(body, expect->body_starts, starts) != 0))
		return arena_format(arena, "expected a body that starts with %s, found %s",
		                    show_body(arena, expect->body_starts, starts), show_body(arena, body, len));
	return NULL;
}

const char *health_judge(struct arena *arena, const struct health *health, int status, const char *body, size_t len)
{
	const struct health_expect *expect = &health->expect;
	const struct value *found;
	const char *wrong = judge_body(arena, expect, body, len);
	struct value document;
	struct error err;

	if (status != expect->status)
		return arena_format(arena, "expected status %lld, found %d", (long long)expect->status, status);
	if (wrong != NULL || expect->pointer == NULL)
		return wrong;
	if (!json_parse(arena, "answer", body, len, &document_default_limits, &document, &err))
		return arena_format(arena, "expected JSON with %s, found: %s", expect->pointer, err.message);
	found = pointer_find(&document, expect->pointer);
	if (expect->value == NULL && found != NULL && found->kind != VALUE_NULL)
		return NULL;
	if (expect->value == NULL)
		return arena_format(arena, "expected a value at %s, found %s", expect->pointer, show(arena, found));
	if (found != NULL && is_same(expect->value, found))
		return NULL;
	return arena_format(arena, "expected %s at %s, found %s", show(arena, expect->value), expect->pointer,
	                    show(arena, found));
}

bool health_is_version_from(const char *text)
{
	static const char header[] = "header:";
	size_t len;

	if (strcmp(text, "body") == 0)
		return true;
	if (!text_starts(text, header))
		return text[0] == '/' && is_pointer(text);
	text += sizeof header - 1;
	len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return len > 0 && len <= 64 && text[len] == '\0';
}

/* The first line, cut and made printable: it goes to a terminal and into tables. */
static const char *plain_line(struct arena *arena, const char *text, size_t len)
{
	char line[LONGEST_VERSION + 1];
	size_t count = 0;

	for (size_t i = 0; i < len && count < LONGEST_VERSION && text[i] != '\n' && text[i] != '\r'; i++) {
		if (text[i] > ' ' || (text[i] == ' ' && count > 0))
			line[count++] = text[i];
	}
	while (count > 0 && line[count - 1] == ' ')
		count--;
	line[count] = '\0';
	return count == 0 ? NULL : arena_text(arena, line, count);
}

const char *health_version(struct arena *arena, const struct health *health, const struct text_map *headers,
                           const char *body, size_t len)
{
	const char *from = health->version_from;
	const struct value *found;
	struct value document;
	struct error err;

	if (from == NULL)
		return NULL;
	if (strcmp(from, "body") == 0)
		return plain_line(arena, body, len);
	if (from[0] != '/') {
		const char *value = text_map_get(headers, from + strlen("header:"));

		return value == NULL ? NULL : plain_line(arena, value, strlen(value));
	}
	if (!json_parse(arena, "answer", body, len, &document_default_limits, &document, &err))
		return NULL;
	found = pointer_find(&document, from);
	if (found != NULL && found->kind == VALUE_TEXT)
		return plain_line(arena, found->text.data, found->text.len);
	if (found != NULL && (found->kind == VALUE_INT || found->kind == VALUE_REAL))
		return show(arena, found);
	return NULL;
}
