/* Sorts members and writes texts and numbers the only way that RFC 8785 leaves. */
#include "fops/data/canonical.h"

#include <math.h>

#include "character.h"
#include "fops/base/arena.h"
#include "fops/base/text.h"

#define DEEPEST      128
#define MOST_DIGITS  17
#define NUMBER_SIZE  48 /* room for any number, with its NUL */
#define PLAIN_DIGITS 21 /* longer whole numbers have an exponent */
#define PLAIN_ZEROS  (-6)

/* The shortest digits that read back as number (positive), and how many of them stand before the point. */
static size_t shortest_digits(double number, char digits[MOST_DIGITS + 1], int *ret_point)
{
	char text[NUMBER_SIZE];
	const char *exponent;
	int64_t power = 0;
	size_t count = 0;

	for (int precision = 0; precision < MOST_DIGITS; precision++) {
		(void)snprintf(text, sizeof text, "%.*e", precision, number);
		if (strtod(text, NULL) == number)
			break;
	}
	exponent = strchrnul(text, 'e');
	for (const char *at = text; at < exponent; at++) {
		if (*at != '.')
			digits[count++] = *at;
	}
	while (count > 1 && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
	/* "+05" and "-324" are whole numbers to parse_int but for the plus */
	if (*exponent != '\0' && parse_int(exponent[1] == '+' ? exponent + 2 : exponent + 1, &power))
		*ret_point = (int)power + 1;
	else
		*ret_point = 1;
	return count;
}

/*
 * A finite number as ECMAScript writes it (ECMA-262 Number::toString): the shortest digits that read back as the same
 * number, "1e+21", "0.000001", "0" for minus zero.
 */
static void write_number(double number, char ret_text[NUMBER_SIZE])
{
	char digits[MOST_DIGITS + 1];
	const char *sign = number < 0 ? "-" : "";
	size_t size = NUMBER_SIZE;
	size_t count;
	int point;

	if (number == 0) {
		(void)snprintf(ret_text, size, "0");
		return;
	}
	count = shortest_digits(fabs(number), digits, &point);
	if (point > 0 && point <= PLAIN_DIGITS && (size_t)point >= count)
		(void)snprintf(ret_text, size, "%s%s%.*s", sign, digits, point - (int)count, "000000000000000000000");
	else if (point > 0 && point < MOST_DIGITS)
		(void)snprintf(ret_text, size, "%s%.*s.%s", sign, point, digits, digits + point);
	else if (point > PLAIN_ZEROS && point <= 0)
		(void)snprintf(ret_text, size, "%s0.%.*s%s", sign, -point, "000000", digits);
	else
		(void)snprintf(ret_text, size, "%s%.1s%s%se%+d", sign, digits, count > 1 ? "." : "", digits + 1,
		               point - 1);
}

static void write_text(struct buffer *out, const char *text, size_t len)
{
	static const char shorts[] = "\b\t\n\f\r\"\\";
	static const char letters[] = "btnfr\"\\";

	buffer_byte(out, '"');
	for (size_t i = 0; i < len; i++) {
		const char *found = text[i] == '\0' ? NULL : strchr(shorts, text[i]);

		if (found != NULL)
			buffer_format(out, "\\%c", letters[found - shorts]);
		else if ((unsigned char)text[i] < 0x20)
			buffer_format(out, "\\u%04x", (unsigned)(unsigned char)text[i]);
		else
			buffer_byte(out, text[i]);
	}
	buffer_byte(out, '"');
}

/* The first UTF-16 code unit, and the whole point, of the character at the head of a name. */
static size_t first_unit(const char *name, uint32_t *ret_unit, uint32_t *ret_point)
{
	size_t len = strlen(name);
	size_t bytes = len == 0 ? 0 : character_read(name, len, ret_point);

	if (len > 0 && bytes == 0) {
		*ret_point = (unsigned char)*name;
		bytes = 1;
	}
	*ret_unit = *ret_point >= 0x10000 ? 0xD800 + ((*ret_point - 0x10000) >> 10) : *ret_point;
	return bytes;
}

/* By UTF-16 code units: a character beyond U+FFFF comes before U+E000, although its point is larger. */
static int compare_names(const void *a, const void *b)
{
	const struct member *const *left = a, *const *right = b;
	const char *one = (*left)->name, *two = (*right)->name;

	for (;;) {
		uint32_t unit_one = 0, unit_two = 0, point_one = 0, point_two = 0;
		size_t bytes_one = first_unit(one, &unit_one, &point_one);
		size_t bytes_two = first_unit(two, &unit_two, &point_two);

		if (bytes_one == 0 || bytes_two == 0)
			return (bytes_one != 0) - (bytes_two != 0);
		if (unit_one != unit_two)
			return unit_one < unit_two ? -1 : 1;
		/* the same first half of a pair: the second halves are in the order of the points */
		if (point_one != point_two)
			return point_one < point_two ? -1 : 1;
		one += bytes_one;
		two += bytes_two;
	}
}

static bool write_value(struct arena *scratch, struct buffer *out, const struct value *value, size_t depth);

static bool write_members(struct arena *scratch, struct buffer *out, const struct value *value, size_t depth)
{
	size_t count = value->list.count;
	const struct member **sorted = arena_array(scratch, count, sizeof *sorted);
	bool good = true;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &value->list.members[i];
	qsort(sorted, count, sizeof *sorted, compare_names);
	buffer_byte(out, '{');
	for (size_t i = 0; i < count && good; i++) {
		if (i > 0)
			buffer_byte(out, ',');
		write_text(out, sorted[i]->name, strlen(sorted[i]->name));
		buffer_byte(out, ':');
		good = write_value(scratch, out, &sorted[i]->value, depth + 1);
	}
	buffer_byte(out, '}');
	return good;
}

static bool write_items(struct arena *scratch, struct buffer *out, const struct value *value, size_t depth)
{
	bool good = true;

	buffer_byte(out, '[');
	for (size_t i = 0; i < value->list.count && good; i++) {
		if (i > 0)
			buffer_byte(out, ',');
		good = write_value(scratch, out, &value->list.items[i], depth + 1);
	}
	buffer_byte(out, ']');
	return good;
}

static bool write_value(struct arena *scratch, struct buffer *out, const struct value *value, size_t depth)
{
	char number[NUMBER_SIZE];

	if (depth > DEEPEST)
		return false;
	switch (value->kind) {
	case VALUE_NULL:
		buffer_text(out, "null");
		break;
	case VALUE_BOOL:
		buffer_text(out, value->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		/* within 2^53, where digits are the same as those of the number */
		buffer_format(out, "%lld", (long long)value->integer);
		break;
	case VALUE_REAL:
		if (!isfinite(value->real))
			return false;
		write_number(value->real, number);
		buffer_text(out, number);
		break;
	case VALUE_TEXT:
		write_text(out, value->text.data, value->text.len);
		break;
	case VALUE_ARRAY:
		return write_items(scratch, out, value, depth);
	case VALUE_OBJECT:
		return write_members(scratch, out, value, depth);
	}
	return !out->overflow;
}

bool canonical_write(struct arena *scratch, struct buffer *out, const struct value *value)
{
	return write_value(scratch, out, value, 0) && !out->overflow;
}
