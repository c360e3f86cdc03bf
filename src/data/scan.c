/* A recursive reader of RFC 8259 that builds nothing but positions and whole numbers. */
#include "scan.h"

#include <stdarg.h>

#include "character.h"
#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "limit_words.h"

#define LARGEST_WHOLE ((int64_t)1 << 53)
#define FIRST_MARKS   64

const char scan_nul_message[] = "a text must not contain the character NUL";

struct scan {
	const char *data;
	size_t len;
	size_t at;
	size_t depth;
	const struct document_limits *limits;
	struct scan_marks *marks;
	struct scan_fault *fault;
	/* the column is counted on from the last place that was asked for, so a long single line costs one pass */
	uint32_t line;
	uint32_t column;
	size_t counted;
};

void scan_marks_done(struct scan_marks *marks)
{
	free(marks->items);
	*marks = (struct scan_marks){ 0 };
}

bool scan_whole(const char *digits, size_t len, unsigned base, bool negative, int64_t *ret_value)
{
	int64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		int letter = digits[i] | 0x20;
		int digit = digits[i] <= '9' ? digits[i] - '0' : letter - 'a' + 10;

		value = value * (int64_t)base + digit;
		if (value > LARGEST_WHOLE)
			return false;
	}
	*ret_value = negative ? -value : value;
	return true;
}

static void count_to(struct scan *scan, size_t at)
{
	for (; scan->counted < at; scan->counted++) {
		if (scan->data[scan->counted] == '\n') {
			scan->line++;
			scan->column = 1;
		} else if (((unsigned char)scan->data[scan->counted] & 0xC0) != 0x80) {
			scan->column++;
		}
	}
}

static bool refuse(struct scan *scan, size_t at, const char *format, ...) PRINTF(3, 4);

static bool refuse(struct scan *scan, size_t at, const char *format, ...)
{
	va_list values;

	count_to(scan, at);
	scan->fault->line = scan->line;
	scan->fault->column = scan->column;
	va_start(values, format);
	(void)vsnprintf(scan->fault->message, sizeof scan->fault->message, format, values);
	va_end(values);
	return false;
}

/* "expected WHAT, found 'x'". */
static bool refuse_found(struct scan *scan, const char *expected)
{
	uint32_t point = 0;

	if (scan->at >= scan->len)
		return refuse(scan, scan->at, "expected %s, found the end of the input", expected);
	(void)character_read(scan->data + scan->at, scan->len - scan->at, &point);
	if (point == 0xFEFF)
		return refuse(scan, scan->at, "a byte order mark is not allowed");
	if (point > 0x20 && point < 0x7F)
		return refuse(scan, scan->at, "expected %s, found '%c'", expected, (int)point);
	return refuse(scan, scan->at, "expected %s, found U+%04X", expected, point);
}

static bool add_mark(struct scan *scan, enum value_kind kind, int64_t integer)
{
	struct scan_marks *marks = scan->marks;

	if (marks->count == marks->size) {
		size_t size = marks->size == 0 ? FIRST_MARKS : marks->size * 2;
		struct scan_mark *items = reallocarray(marks->items, size, sizeof *items);

		if (items == NULL)
			out_of_memory();
		marks->items = items;
		marks->size = size;
	}
	count_to(scan, scan->at);
	marks->items[marks->count++] = (struct scan_mark){ scan->line, scan->column, integer, kind };
	return true;
}

static void skip_blanks(struct scan *scan)
{
	while (scan->at < scan->len && scan->data[scan->at] != '\0' && strchr(" \t\r\n", scan->data[scan->at]) != NULL)
		scan->at++;
}

static bool is_next(const struct scan *scan, char byte)
{
	return scan->at < scan->len && scan->data[scan->at] == byte;
}

static size_t count_digits(const struct scan *scan, size_t from)
{
	size_t at = from;

	while (at < scan->len && scan->data[at] >= '0' && scan->data[at] <= '9')
		at++;
	return at - from;
}

static bool scan_number(struct scan *scan)
{
	size_t start = scan->at;
	bool negative = is_next(scan, '-');
	size_t first = start + (negative ? 1 : 0);
	size_t digits = count_digits(scan, first);
	size_t at = first + digits;
	bool whole = true;
	int64_t value = 0;

	if (digits == 0)
		return refuse(scan, at, "expected a digit in the number");
	if (digits > 1 && scan->data[first] == '0')
		return refuse(scan, start, "a number must not start with a zero");
	if (at < scan->len && scan->data[at] == '.') {
		digits = count_digits(scan, at + 1);
		if (digits == 0)
			return refuse(scan, at + 1, "expected a digit after the decimal point");
		at += 1 + digits;
		whole = false;
	}
	if (at < scan->len && (scan->data[at] | 0x20) == 'e') {
		at++;
		if (at < scan->len && (scan->data[at] == '+' || scan->data[at] == '-'))
			at++;
		digits = count_digits(scan, at);
		if (digits == 0)
			return refuse(scan, at, "expected a digit in the exponent");
		at += digits;
		whole = false;
	}
	if (whole && !scan_whole(scan->data + first, at - first, 10, negative, &value))
		return refuse(scan, start, "a whole number must lie within -2^53 and 2^53; write it as a text");
	if (at - start > SCAN_NUMBER_BYTES)
		return refuse(scan, start, "a number must not be longer than %d characters", SCAN_NUMBER_BYTES);
	(void)add_mark(scan, whole ? VALUE_INT : VALUE_REAL, value);
	scan->at = at;
	return true;
}

static bool read_hex(const struct scan *scan, size_t at, uint32_t *ret_point)
{
	uint32_t point = 0;

	if (scan->len - at < 4)
		return false;
	for (size_t i = at; i < at + 4; i++) {
		int letter = scan->data[i] | 0x20;

		if (scan->data[i] >= '0' && scan->data[i] <= '9')
			point = point << 4 | (uint32_t)(scan->data[i] - '0');
		else if (letter >= 'a' && letter <= 'f')
			point = point << 4 | (uint32_t)(letter - 'a' + 10);
		else
			return false;
	}
	*ret_point = point;
	return true;
}

/* \uXXXX or a pair of them at *at; bytes is what the character takes in UTF-8. */
static bool scan_unicode_escape(struct scan *scan, size_t *at, size_t *bytes)
{
	size_t start = *at;
	uint32_t point;
	uint32_t low;

	if (!read_hex(scan, start + 2, &point))
		return refuse(scan, start, "expected four hexadecimal digits after \\u");
	if (point == 0)
		return refuse(scan, start, "%s", scan_nul_message);
	*at = start + 6;
	*bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : 3;
	if (point < 0xD800 || point > 0xDFFF)
		return true;
	if (point > 0xDBFF || scan->len - *at < 6 || scan->data[*at] != '\\' || scan->data[*at + 1] != 'u' ||
	    !read_hex(scan, *at + 2, &low) || low < 0xDC00 || low > 0xDFFF)
		return refuse(scan, start, "half a surrogate pair: \\u%04X must be followed by its other half", point);
	*at += 6;
	*bytes += 1;
	return true;
}

/* Behind the opening quote up to and with the closing one. */
static bool scan_text(struct scan *scan)
{
	size_t start = scan->at;
	size_t at = start + 1;
	size_t bytes = 0;

	while (at < scan->len && scan->data[at] != '"') {
		unsigned char byte = (unsigned char)scan->data[at];

		if (byte < 0x20)
			return refuse(scan, at, "a text must not contain the control character U+%04X unescaped", byte);
		if (byte != '\\') {
			at++;
			bytes++;
		} else if (at + 1 < scan->len && scan->data[at + 1] == 'u') {
			if (!scan_unicode_escape(scan, &at, &bytes))
				return false;
		} else if (at + 1 < scan->len && scan->data[at + 1] != '\0' &&
		           strchr("\"\\/bfnrt", scan->data[at + 1]) != NULL) {
			at += 2;
			bytes++;
		} else {
			return refuse(scan, at, "an unknown escape in a text");
		}
	}
	if (at >= scan->len)
		return refuse(scan, start, "a text is not closed by a quotation mark");
	if (bytes > scan->limits->text)
		return refuse(scan, start, WORDS_TEXT_TOO_LONG, bytes, scan->limits->text);
	(void)add_mark(scan, VALUE_TEXT, 0);
	scan->at = at + 1;
	return true;
}

static bool scan_word(struct scan *scan, const char *word, enum value_kind kind)
{
	size_t len = strlen(word);

	if (scan->len - scan->at < len || memcmp(scan->data + scan->at, word, len) != 0)
		return refuse_found(scan, "a value");
	(void)add_mark(scan, kind, 0);
	scan->at += len;
	return true;
}

static bool scan_value(struct scan *scan);

static bool scan_member(struct scan *scan)
{
	skip_blanks(scan);
	if (!is_next(scan, '"'))
		return refuse_found(scan, "a name in double quotes");
	if (!scan_text(scan))
		return false;
	skip_blanks(scan);
	if (!is_next(scan, ':'))
		return refuse_found(scan, "':' after the name");
	scan->at++;
	return scan_value(scan);
}

/* An array or object: both are members between brackets with commas. */
static bool scan_list(struct scan *scan, enum value_kind kind, char close)
{
	if (scan->depth >= scan->limits->depth || scan->depth >= SCAN_DEPTH)
		return refuse(scan, scan->at, WORDS_TOO_DEEP, scan->depth);
	(void)add_mark(scan, kind, 0);
	scan->depth++;
	scan->at++;
	skip_blanks(scan);
	if (is_next(scan, close)) {
		scan->at++;
		scan->depth--;
		return true;
	}
	for (;;) {
		if (!(kind == VALUE_OBJECT ? scan_member(scan) : scan_value(scan)))
			return false;
		skip_blanks(scan);
		if (is_next(scan, close))
			break;
		if (!is_next(scan, ','))
			return refuse_found(scan, kind == VALUE_OBJECT ? "',' or '}'" : "',' or ']'");
		scan->at++;
	}
	scan->at++;
	scan->depth--;
	return true;
}

static bool scan_value(struct scan *scan)
{
	skip_blanks(scan);
	if (scan->at >= scan->len)
		return refuse_found(scan, "a value");
	if (scan->marks->count >= scan->limits->values)
		return refuse(scan, scan->at, "more than %zu values", scan->limits->values);
	switch (scan->data[scan->at]) {
	case '{':
		return scan_list(scan, VALUE_OBJECT, '}');
	case '[':
		return scan_list(scan, VALUE_ARRAY, ']');
	case '"':
		return scan_text(scan);
	case 't':
		return scan_word(scan, "true", VALUE_BOOL);
	case 'f':
		return scan_word(scan, "false", VALUE_BOOL);
	case 'n':
		return scan_word(scan, "null", VALUE_NULL);
	default:
		if (scan->data[scan->at] == '-' || (scan->data[scan->at] >= '0' && scan->data[scan->at] <= '9'))
			return scan_number(scan);
		return refuse_found(scan, "a value");
	}
}

bool scan_json(const char *data, size_t len, const struct document_limits *limits, struct scan_marks *marks,
               struct scan_fault *fault)
{
	struct scan scan = {
		.data = data,
		.len = len,
		.limits = limits,
		.marks = marks,
		.fault = fault,
		.line = 1,
		.column = 1,
	};
	size_t bad;

	if (len > limits->bytes)
		return refuse(&scan, 0, WORDS_INPUT_TOO_LARGE, len, limits->bytes);
	if (!is_utf8(data, len, &bad))
		return refuse(&scan, bad, "byte 0x%02X is not valid UTF-8", (unsigned char)data[bad]);
	if (!scan_value(&scan))
		return false;
	skip_blanks(&scan);
	return scan.at == len || refuse_found(&scan, "the end of the input");
}
