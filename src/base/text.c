/* Comparison, lists, whole-text numbers and UTF-8. */
#include "fops/base/text.h"

#include <errno.h>

#include "fops/base/arena.h"

#define LONGEST_IDENTIFIER 128
#define LONGEST_DURATION   ((int64_t)366 * 24 * 3600 * 1000)

bool text_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text);
	size_t tail = strlen(suffix);

	return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

const char *text_map_get(const struct text_map *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->items[i].key, key) == 0)
			return map->items[i].value;
	}
	return NULL;
}

void text_list_add(struct arena *arena, struct text_list *list, const char *text)
{
	/* the array doubles whenever the count is a power of two, so no capacity has to be kept */
	if ((list->count & (list->count - 1)) == 0) {
		size_t size = list->count == 0 ? 1 : list->count * 2;
		const char **items = arena_array(arena, size, sizeof *items);

		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
	}
	list->items[list->count++] = text;
}

struct text_list text_split(struct arena *arena, const char *text, char separator)
{
	struct text_list list = { 0 };

	while (*text != '\0') {
		const char *end = strchrnul(text, separator);

		if (end > text)
			text_list_add(arena, &list, arena_text(arena, text, (size_t)(end - text)));
		text = *end == '\0' ? end : end + 1;
	}
	return list;
}

bool text_in_choices(const char *choices, const char *word)
{
	size_t len = strlen(word);

	while (len > 0 && *choices != '\0') {
		const char *end = strchrnul(choices, '|');

		if ((size_t)(end - choices) == len && memcmp(choices, word, len) == 0)
			return true;
		choices = *end == '\0' ? end : end + 1;
	}
	return false;
}

bool parse_count(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool parse_int(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t value;

	if (!parse_count(text + (negative ? 1 : 0), &value))
		return false;
	/* the smallest number has no positive counterpart */
	if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	if (negative)
		*ret_value = value == 0 ? 0 : -(int64_t)(value - 1) - 1;
	else
		*ret_value = (int64_t)value;
	return true;
}

bool parse_duration_ms(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *suffix;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	size_t digits = strspn(text, "0123456789");
	char number[24];
	int64_t value;

	if (digits == 0 || digits >= sizeof number)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!parse_int(number, &value))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(text + digits, units[i].suffix) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].ms, &value) || value > LONGEST_DURATION)
			return false;
		*ret_ms = value;
		return true;
	}
	return false;
}

const char *format_duration(struct arena *arena, int64_t ms)
{
	int64_t seconds = ms / 1000;

	if (ms < 1000)
		return arena_format(arena, "%lldms", (long long)ms);
	if (seconds < 60 && ms % 1000 != 0)
		return arena_format(arena, "%lld.%llds", (long long)seconds, (long long)(ms % 1000 / 100));
	if (seconds < 60)
		return arena_format(arena, "%llds", (long long)seconds);
	if (seconds < 3600 && seconds % 60 == 0)
		return arena_format(arena, "%lldm", (long long)(seconds / 60));
	if (seconds < 3600)
		return arena_format(arena, "%lldm%llds", (long long)(seconds / 60), (long long)(seconds % 60));
	if (seconds < 86400)
		return arena_format(arena, "%lldh%lldm", (long long)(seconds / 3600), (long long)(seconds % 3600 / 60));
	return arena_format(arena, "%lldd%lldh", (long long)(seconds / 86400), (long long)(seconds % 86400 / 3600));
}

bool is_identifier(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= LONGEST_IDENTIFIER && strchr("._-", text[0]) == NULL &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* The length of the sequence that starts at data, 0 when it is not valid. */
static size_t utf8_sequence(const unsigned char *data, size_t len)
{
	size_t need;
	uint32_t point;
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (data[0] < 0x80)
		return 1;
	if (data[0] < 0xC2 || data[0] > 0xF4)
		return 0;
	need = data[0] < 0xE0 ? 2 : data[0] < 0xF0 ? 3 : 4;
	if (len < need)
		return 0;
	point = data[0] & (0x7Fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((data[i] & 0xC0) != 0x80)
			return 0;
		point = point << 6 | (data[i] & 0x3Fu);
	}
	if (point < smallest[need] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return 0;
	return need;
}

bool is_utf8(const char *data, size_t len, size_t *ret_bad)
{
	size_t at = 0;

	while (at < len) {
		size_t step = utf8_sequence((const unsigned char *)data + at, len - at);

		if (step == 0) {
			if (ret_bad != NULL)
				*ret_bad = at;
			return false;
		}
		at += step;
	}
	return true;
}
