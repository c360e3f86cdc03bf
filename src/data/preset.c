/* Texts stay texts, lists are split at commas, anything else is read like an unquoted scalar. */
#include "preset.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "plain.h"

static struct value text_value(const char *text)
{
	struct value value = { .kind = VALUE_TEXT };

	value.text.data = text;
	value.text.len = strlen(text);
	return value;
}

struct value preset_value(struct arena *arena, enum slot_kind kind, const char *text)
{
	struct value value = text_value(text);

	if (kind == SLOT_TEXT_LIST) {
		struct text_list list = text_split(arena, text, ',');

		value = (struct value){ .kind = VALUE_ARRAY };
		value.list.items = arena_array(arena, list.count, sizeof(struct value));
		value.list.count = list.count;
		for (size_t i = 0; i < list.count; i++)
			value.list.items[i] = text_value(list.items[i]);
	} else if (kind != SLOT_TEXT && kind != SLOT_INSTANT && kind != SLOT_DURATION) {
		(void)plain_resolve(text, value.text.len, &value);
	}
	return value;
}
