/* Decodes UTF-8 strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#include "character.h"

size_t character_read(const char *data, size_t len, uint32_t *ret_point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)data[0];
	uint32_t point;
	size_t need;

	if (first < 0x80) {
		*ret_point = first;
		return 1;
	}
	if (first < 0xC2 || first > 0xF4)
		return 0;
	need = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	if (len < need)
		return 0;
	point = first & (0x7Fu >> need);
	for (size_t i = 1; i < need; i++) {
		unsigned char next = (unsigned char)data[i];

		if ((next & 0xC0) != 0x80)
			return 0;
		point = point << 6 | (next & 0x3Fu);
	}
	if (point < smallest[need] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return 0;
	*ret_point = point;
	return need;
}

size_t character_count(const char *data, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)data[i] & 0xC0) != 0x80;
	return count;
}

int character_fit(const char *text, size_t bytes)
{
	size_t len = strnlen(text, bytes + 1);

	if (len > bytes) {
		len = bytes;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	return (int)len;
}

bool is_escaped_character(uint32_t point)
{
	return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x2028 || point == 0x2029 ||
	       point == 0xFEFF || point == 0xFFFE || point == 0xFFFF;
}

bool is_hidden_character(uint32_t point)
{
	return is_escaped_character(point) || (point >= 0x202A && point <= 0x202E) ||
	       (point >= 0x2066 && point <= 0x2069);
}
