/* The YAML 1.2 core schema, and the traps of YAML 1.1 beside it. */
#include "plain.h"

#include <math.h>

#include "character.h"
#include "fops/base/text.h"
#include "scan.h"

#define LONGEST_WORD  5
#define LONGEST_PLAIN 128

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_one_of(const char *text, size_t len, const char *words)
{
	char word[LONGEST_WORD + 1] = { 0 };

	memcpy(word, text, len);
	return text_in_choices(words, word);
}

/* null, true and false; the texts that only YAML 1.1 takes for booleans. */
static enum plain_problem resolve_word(const char *text, size_t len, struct value *value)
{
	if (is_one_of(text, len, "null|Null|NULL|~")) {
		value->kind = VALUE_NULL;
	} else if (is_one_of(text, len, "true|True|TRUE")) {
		value->kind = VALUE_BOOL;
		value->boolean = true;
	} else if (is_one_of(text, len, "false|False|FALSE")) {
		value->kind = VALUE_BOOL;
		value->boolean = false;
	} else if (is_one_of(text, len, "yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|y|Y|n|N")) {
		return PLAIN_AMBIGUOUS;
	} else if (is_one_of(text, len, ".nan|.NaN|.NAN|.inf|.Inf|.INF|+.inf|+.Inf|+.INF|-.inf|-.Inf|-.INF")) {
		return PLAIN_NOT_FINITE;
	}
	return PLAIN_CLEAR;
}

/* Digits of one base after 0x, 0o or 0b. */
static enum plain_problem resolve_prefixed(const char *digits, size_t len, bool is_signed, struct value *value)
{
	static const struct {
		char prefix;
		unsigned base;
		const char *digits;
	} bases[] = { { 'x', 16, "0123456789abcdefABCDEF" }, { 'o', 8, "01234567" }, { 'b', 2, "01" } };

	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		const char *rest = digits + 2;
		size_t count = strspn(rest, bases[i].digits);

		if (digits[1] != bases[i].prefix)
			continue;
		if (count + 2 == len && !is_signed && bases[i].base != 2) {
			if (!scan_whole(rest, count, bases[i].base, false, &value->integer))
				return PLAIN_TOO_LARGE;
			value->kind = VALUE_INT;
			return PLAIN_CLEAR;
		}
		count = strspn(rest, bases[i].base == 16 ? "0123456789abcdefABCDEF_" : "01_");
		return count + 2 == len && bases[i].base != 8 ? PLAIN_AMBIGUOUS : PLAIN_CLEAR;
	}
	return PLAIN_CLEAR;
}

static size_t skip_digits(const char *text)
{
	size_t len = 0;

	while (is_digit(text[len]))
		len++;
	return len;
}

/* [0-9]*.[0-9]*([eE][-+]?[0-9]+)? over the whole text, without its sign. */
static bool is_real(const char *text, size_t len, bool *ret_point, bool *ret_signed_exponent)
{
	size_t whole = skip_digits(text);
	size_t at = whole;
	size_t fraction = 0;
	bool point = text[at] == '.';

	*ret_signed_exponent = true;
	if (point) {
		fraction = skip_digits(text + at + 1);
		at += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (text[at] == 'e' || text[at] == 'E') {
		size_t exponent;

		at++;
		*ret_signed_exponent = text[at] == '+' || text[at] == '-';
		at += *ret_signed_exponent ? 1 : 0;
		exponent = skip_digits(text + at);
		if (exponent == 0)
			return false;
		at += exponent;
	}
	*ret_point = point;
	return at == len;
}

/* Numbers that only YAML 1.1 knows: 1_000, 1_000.5, and to base sixty 12:30:00. */
static bool is_old_number(const char *text, size_t len)
{
	size_t at = strspn(text, "0123456789_");

	if (!is_digit(text[0]) && text[0] != '.')
		return false;
	if (text[at] == ':' && text[0] != '.') {
		while (text[at] == ':' && is_digit(text[at + 1])) {
			size_t digits = skip_digits(text + at + 1);

			if (digits > 2 || (digits == 2 && text[at + 1] > '5'))
				return false;
			at += 1 + digits;
		}
		if (text[at] == '.')
			return at + 1 + strspn(text + at + 1, "0123456789_") == len;
		return at == len && text[0] != '0';
	}
	if (memchr(text, '_', len) == NULL)
		return false;
	if (text[at] == '.')
		at += 1 + strspn(text + at + 1, "0123456789_");
	if ((text[at] == 'e' || text[at] == 'E') && (text[at + 1] == '+' || text[at + 1] == '-'))
		at += 2 + skip_digits(text + at + 2);
	return at == len;
}

static enum plain_problem resolve_number(const char *text, size_t len, struct value *value)
{
	bool negative = text[0] == '-';
	bool is_signed = negative || text[0] == '+';
	const char *digits = text + (is_signed ? 1 : 0);
	size_t count = len - (is_signed ? 1 : 0);
	bool point;
	bool signed_exponent;

	if (count > 2 && digits[0] == '0' && !is_digit(digits[1]) && digits[1] != '.')
		return resolve_prefixed(digits, count, is_signed, value);
	if (skip_digits(digits) == count && count > 0) {
		if (count > 1 && digits[0] == '0')
			return PLAIN_AMBIGUOUS;
		if (!scan_whole(digits, count, 10, negative, &value->integer))
			return PLAIN_TOO_LARGE;
		value->kind = VALUE_INT;
		return PLAIN_CLEAR;
	}
	if (!is_real(digits, count, &point, &signed_exponent))
		return is_old_number(digits, count) ? PLAIN_AMBIGUOUS : PLAIN_CLEAR;
	if (!point || !signed_exponent || (is_signed && digits[0] == '.'))
		return PLAIN_AMBIGUOUS;
	value->real = strtod(text, NULL);
	if (!isfinite(value->real))
		return PLAIN_NOT_FINITE;
	value->kind = VALUE_REAL;
	return PLAIN_CLEAR;
}

static bool may_start_number(const char *text, size_t len)
{
	return len > 0 && (is_digit(text[0]) || text[0] == '-' || text[0] == '+' || text[0] == '.');
}

enum plain_problem plain_resolve(const char *text, size_t len, struct value *ret_value)
{
	char copy[LONGEST_PLAIN + 1];
	enum plain_problem problem = PLAIN_CLEAR;
	struct value value = { .kind = VALUE_TEXT, .line = ret_value->line, .column = ret_value->column };

	if (len == 0)
		value.kind = VALUE_NULL;
	if (len > 0 && len <= LONGEST_WORD && strchr("~nNtTfFyYoO.+-", text[0]) != NULL)
		problem = resolve_word(text, len, &value);
	if (value.kind == VALUE_TEXT && problem == PLAIN_CLEAR && may_start_number(text, len)) {
		if (len <= LONGEST_PLAIN) {
			memcpy(copy, text, len);
			copy[len] = '\0';
			problem = resolve_number(copy, len, &value);
		} else if (strspn(text, "0123456789_.eE+-:") >= len) {
			problem = PLAIN_AMBIGUOUS;
		}
	}
	if (value.kind == VALUE_TEXT) {
		value.text.data = text;
		value.text.len = len;
	}
	*ret_value = value;
	return problem;
}

bool is_number_like(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || strchr("0123456789abcdefABCDEFoOxXtTzZ_.:+- ", text[i]) == NULL)
			return false;
	}
	return is_digit(text[0]);
}

static bool is_plain_character(const char *text, size_t len, size_t at, uint32_t point)
{
	if (point >= 0x80)
		return !is_hidden_character(point);
	if (point == ':')
		return at + 1 < len && text[at + 1] != ' ';
	if (point == ' ')
		return at + 1 < len && text[at + 1] != ' ' && text[at + 1] != '#';
	return isalnum((int)point) != 0 || strchr("_./-+()@%=;*&!?'\"#$<>", (int)point) != NULL;
}

bool is_plain_text(const char *text, size_t len)
{
	struct value value = { 0 };
	size_t at = 0;

	if (len == 0 || len > LONGEST_PLAIN || is_number_like(text, len))
		return false;
	if (!is_digit(text[0]) && !isalpha((unsigned char)text[0]) && text[0] != '/' && text[0] != '_' &&
	    (unsigned char)text[0] < 0x80)
		return false;
	while (at < len) {
		uint32_t point = 0;
		size_t step = character_read(text + at, len - at, &point);

		if (step == 0 || point == 0 || !is_plain_character(text, len, at, point))
			return false;
		at += step;
	}
	return plain_resolve(text, len, &value) == PLAIN_CLEAR && value.kind == VALUE_TEXT;
}
