/* Where commas, blanks and quotation marks go; the one escaper of the program. */
#include "fops/data/emit.h"

#include <math.h>

#include "character.h"
#include "fops/data/document.h"
#include "plain.h"

#define LARGEST_WHOLE ((int64_t)1 << 53)

/* libyaml reads a name of at most 1024 characters before its colon; longer ones are written behind a question mark. */
#define LONGEST_SIMPLE_KEY 128

static bool append_to_buffer(void *user, const char *data, size_t len)
{
	return buffer_append(user, data, len);
}

struct sink buffer_sink(struct buffer *buffer)
{
	return (struct sink){ append_to_buffer, buffer };
}

void emit_start(struct emitter *emitter, enum emit_format format, struct sink sink)
{
	*emitter = (struct emitter){ .sink = sink, .format = format };
}

static struct emit_level *top(struct emitter *emitter)
{
	return &emitter->levels[emitter->depth];
}

static void write_bytes(struct emitter *emitter, const char *data, size_t len)
{
	if (!emitter->failed && len > 0 && !emitter->sink.write(emitter->sink.user, data, len))
		emitter->failed = true;
}

static void write_text(struct emitter *emitter, const char *text)
{
	write_bytes(emitter, text, strlen(text));
}

static void write_line_break(struct emitter *emitter, size_t levels)
{
	static const char blanks[] = "                                ";

	write_bytes(emitter, "\n", 1);
	for (size_t left = levels * 2; left > 0;) {
		size_t some = left < sizeof blanks - 1 ? left : sizeof blanks - 1;

		write_bytes(emitter, blanks, some);
		left -= some;
	}
}

/* The short escape of a byte, or NULL. */
static const char *short_escape(unsigned char byte)
{
	switch (byte) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

/* Write the character at text instead of copying it, when it cannot stand as it is; the bytes consumed or 0. */
static size_t write_escape(struct emitter *emitter, const char *text, size_t len)
{
	const char *escape = short_escape((unsigned char)*text);
	char code[8];
	uint32_t point = 0;
	size_t bytes;

	if (escape != NULL) {
		write_text(emitter, escape);
		return 1;
	}
	bytes = character_read(text, len, &point);
	if (bytes == 0) {
		write_text(emitter, "\xEF\xBF\xBD");
		return 1;
	}
	if (!is_hidden_character(point))
		return 0;
	(void)snprintf(code, sizeof code, "\\u%04X", (unsigned)point & 0xFFFF);
	write_text(emitter, code);
	return bytes;
}

/* A text in double quotes, as JSON and YAML both read it. */
static void write_quoted(struct emitter *emitter, const char *text, size_t len)
{
	size_t start = 0;
	size_t at = 0;

	write_bytes(emitter, "\"", 1);
	while (at < len) {
		unsigned char byte = (unsigned char)text[at];
		size_t taken;

		if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\') {
			at++;
			continue;
		}
		write_bytes(emitter, text + start, at - start);
		taken = write_escape(emitter, text + at, len - at);
		start = at + taken;
		at += taken;
		if (taken == 0)
			do
				at++;
			while (at < len && ((unsigned char)text[at] & 0xC0) == 0x80);
	}
	write_bytes(emitter, text + start, at - start);
	write_bytes(emitter, "\"", 1);
}

static void write_string(struct emitter *emitter, const char *text, size_t len)
{
	if (emitter->format == EMIT_YAML && is_plain_text(text, len))
		write_bytes(emitter, text, len);
	else
		write_quoted(emitter, text, len);
}

/* The line of a YAML entry: the first one of a list in a list stands on the line of its dash. */
static void begin_yaml_entry(struct emitter *emitter)
{
	if (emitter->depth == 1 && !top(emitter)->any)
		return;
	if (!top(emitter)->any && !emitter->levels[emitter->depth - 1].object)
		write_bytes(emitter, " ", 1);
	else
		write_line_break(emitter, emitter->depth - 1);
}

/* Before an entry of a list or a name of an object. */
static void begin_entry(struct emitter *emitter)
{
	if (emitter->format == EMIT_YAML) {
		begin_yaml_entry(emitter);
	} else {
		if (top(emitter)->any)
			write_bytes(emitter, ",", 1);
		if (emitter->format == EMIT_JSON_PRETTY)
			write_line_break(emitter, emitter->depth);
	}
	top(emitter)->any = true;
}

/* Before any value; false when none may stand here. */
static bool begin_value(struct emitter *emitter)
{
	struct emit_level *level = top(emitter);

	if (emitter->depth == 0 ? level->any : level->object && !level->key_pending)
		emitter->failed = true;
	if (emitter->failed)
		return false;
	level->key_pending = false;
	if (emitter->depth == 0) {
		level->any = true;
	} else if (!level->object) {
		begin_entry(emitter);
		if (emitter->format == EMIT_YAML)
			write_bytes(emitter, "-", 1);
	}
	return true;
}

/* Before a value that stands on the line of its name or dash. */
static bool begin_scalar(struct emitter *emitter)
{
	if (!begin_value(emitter))
		return false;
	if (emitter->format == EMIT_YAML && emitter->depth > 0)
		write_bytes(emitter, " ", 1);
	return true;
}

static void open_level(struct emitter *emitter, bool object)
{
	if (!begin_value(emitter))
		return;
	if (emitter->depth + 1 >= EMIT_DEPTH) {
		emitter->failed = true;
		return;
	}
	emitter->depth++;
	*top(emitter) = (struct emit_level){ .object = object };
	if (emitter->format != EMIT_YAML)
		write_bytes(emitter, object ? "{" : "[", 1);
}

static void close_level(struct emitter *emitter, bool object)
{
	bool any = top(emitter)->any;

	if (emitter->depth == 0 || top(emitter)->object != object || top(emitter)->key_pending)
		emitter->failed = true;
	if (emitter->failed)
		return;
	emitter->depth--;
	if (emitter->format == EMIT_YAML) {
		if (any)
			return;
		write_text(emitter, emitter->depth > 0 ? " " : "");
		write_text(emitter, object ? "{}" : "[]");
		return;
	}
	if (any && emitter->format == EMIT_JSON_PRETTY)
		write_line_break(emitter, emitter->depth);
	write_bytes(emitter, object ? "}" : "]", 1);
}

void emit_object(struct emitter *emitter)
{
	open_level(emitter, true);
}

void emit_object_end(struct emitter *emitter)
{
	close_level(emitter, true);
}

void emit_array(struct emitter *emitter)
{
	open_level(emitter, false);
}

void emit_array_end(struct emitter *emitter)
{
	close_level(emitter, false);
}

void emit_key(struct emitter *emitter, const char *key)
{
	size_t len = strlen(key);

	if (emitter->depth == 0 || !top(emitter)->object || top(emitter)->key_pending)
		emitter->failed = true;
	if (emitter->failed)
		return;
	begin_entry(emitter);
	if (emitter->format == EMIT_YAML && len > LONGEST_SIMPLE_KEY) {
		write_text(emitter, "? ");
		write_string(emitter, key, len);
		write_line_break(emitter, emitter->depth - 1);
	} else {
		write_string(emitter, key, len);
	}
	write_text(emitter, emitter->format == EMIT_JSON_PRETTY ? ": " : ":");
	top(emitter)->key_pending = true;
}

void emit_text_len(struct emitter *emitter, const char *text, size_t len)
{
	if (begin_scalar(emitter))
		write_string(emitter, text, len);
}

void emit_text(struct emitter *emitter, const char *text)
{
	if (text == NULL)
		emit_null(emitter);
	else
		emit_text_len(emitter, text, strlen(text));
}

/* Digits as a number, or quoted when other readers would round them. */
static void write_digits(struct emitter *emitter, const char *digits, bool exact)
{
	if (!begin_scalar(emitter))
		return;
	if (exact)
		write_text(emitter, digits);
	else
		write_quoted(emitter, digits, strlen(digits));
}

void emit_int(struct emitter *emitter, int64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%lld", (long long)value);
	write_digits(emitter, digits, value >= -LARGEST_WHOLE && value <= LARGEST_WHOLE);
}

void emit_count(struct emitter *emitter, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
	write_digits(emitter, digits, value <= (uint64_t)LARGEST_WHOLE);
}

/* The shortest digits that read back as the same number. */
static void emit_real(struct emitter *emitter, double value)
{
	char digits[40];
	char *exponent;

	if (!isfinite(value)) {
		emit_null(emitter);
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		(void)snprintf(digits, sizeof digits, "%.*g", precision, value);
		if (strtod(digits, NULL) == value)
			break;
	}
	if (!begin_scalar(emitter))
		return;
	exponent = strchrnul(digits, 'e');
	write_bytes(emitter, digits, (size_t)(exponent - digits));
	if (memchr(digits, '.', (size_t)(exponent - digits)) == NULL)
		write_text(emitter, ".0");
	write_text(emitter, exponent);
}

void emit_bool(struct emitter *emitter, bool value)
{
	if (begin_scalar(emitter))
		write_text(emitter, value ? "true" : "false");
}

void emit_null(struct emitter *emitter)
{
	if (begin_scalar(emitter))
		write_text(emitter, "null");
}

static void emit_list(struct emitter *emitter, const struct value *value)
{
	emit_array(emitter);
	for (size_t i = 0; i < value->list.count && !emitter->failed; i++)
		emit_value(emitter, &value->list.items[i]);
	emit_array_end(emitter);
}

static void emit_members(struct emitter *emitter, const struct value *value)
{
	emit_object(emitter);
	for (size_t i = 0; i < value->list.count && !emitter->failed; i++) {
		emit_key(emitter, value->list.members[i].name);
		emit_value(emitter, &value->list.members[i].value);
	}
	emit_object_end(emitter);
}

void emit_value(struct emitter *emitter, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
		emit_null(emitter);
		break;
	case VALUE_BOOL:
		emit_bool(emitter, value->boolean);
		break;
	case VALUE_INT:
		emit_int(emitter, value->integer);
		break;
	case VALUE_REAL:
		emit_real(emitter, value->real);
		break;
	case VALUE_TEXT:
		emit_text_len(emitter, value->text.data, value->text.len);
		break;
	case VALUE_ARRAY:
		emit_list(emitter, value);
		break;
	case VALUE_OBJECT:
		emit_members(emitter, value);
		break;
	}
}

bool emit_finish(struct emitter *emitter, bool newline)
{
	if (emitter->depth != 0 || !emitter->levels[0].any)
		emitter->failed = true;
	if (newline || emitter->format == EMIT_YAML)
		write_bytes(emitter, "\n", 1);
	return !emitter->failed;
}
