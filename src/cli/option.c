/* One setter for every kind of slot that a flag may fill. */
#include "fops/cli/option.h"

#include "fops/base/arena.h"

const struct command_option *option_find(const struct command_option *options, const char *name, size_t len)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
			return options;
	}
	return NULL;
}

const struct command_option *option_find_letter(const struct command_option *options, char letter)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (options->letter == letter)
			return options;
	}
	return NULL;
}

bool option_stands_alone(const struct command_option *option)
{
	return option->argument == NULL;
}

bool option_is_on_by_default(const struct command_option *option)
{
	return option->slot.kind == SLOT_BOOL && text_equal(option->preset, "yes");
}

static bool parse_yes_no(const char *text, bool *ret_value)
{
	if (text_in_choices("yes|true|on|1", text))
		*ret_value = true;
	else if (text_in_choices("no|false|off|0", text))
		*ret_value = false;
	else
		return false;
	return true;
}

static bool bad_value(const struct command_option *option, const char *value, const char *accepts, struct error *err)
{
	fail(err, ERROR_USAGE_BAD_VALUE, "--%s does not accept \"%s\"", option->name, value);
	error_cause(err, "it takes %s", accepts);
	return false;
}

static bool store_text(const struct command_option *option, const char **place, const char *value, struct error *err)
{
	if (value == NULL) {
		*place = "";
		return true;
	}
	if (option->choices != NULL && !text_in_choices(option->choices, value))
		return bad_value(option, value, option->choices, err);
	if (!is_utf8(value, strlen(value), NULL))
		return bad_value(option, "(not UTF-8)", "UTF-8 text", err);
	*place = value;
	return true;
}

static bool store_pair(struct arena *arena, const struct command_option *option, struct text_map *map,
                       const char *value, struct error *err)
{
	const char *equals = strchr(value, '=');
	struct text_pair *items;

	if (equals == NULL || equals == value)
		return bad_value(option, value, "NAME=VALUE", err);
	/* as in text_list_add, the array doubles whenever the count is a power of two */
	if ((map->count & (map->count - 1)) == 0) {
		items = arena_array(arena, map->count == 0 ? 1 : map->count * 2, sizeof *items);
		if (map->count > 0)
			memcpy(items, map->items, map->count * sizeof *items);
		map->items = items;
	}
	map->items[map->count].key = arena_text(arena, value, (size_t)(equals - value));
	map->items[map->count].value = equals + 1;
	map->count++;
	return true;
}

static bool store_count(const struct command_option *option, void *place, const char *value, struct error *err)
{
	uint64_t *count = place;

	if (value == NULL)
		(*count)++;
	else if (!parse_count(value, count))
		return bad_value(option, value, "a whole number from 0", err);
	return true;
}

static bool store_int(const struct command_option *option, void *place, const char *value, struct error *err)
{
	struct optional_int number = { 0, true };

	if (!parse_int(value, &number.value) || number.value < 0)
		return bad_value(option, value, "a whole number from 0", err);
	if (option->slot.kind == SLOT_OPTIONAL_INT)
		*(struct optional_int *)place = number;
	else
		*(int64_t *)place = number.value;
	return true;
}

bool option_store(struct arena *arena, const struct command_option *option, void *record, const char *value,
                  struct error *err)
{
	void *place = SLOT_AT(void, record, option->slot);

	if (value == NULL && !option_stands_alone(option) && (option->flags & OPTION_VALUE_OPTIONAL) == 0)
		return fail(err, ERROR_USAGE_MISSING_ARGUMENT, "--%s needs %s", option->name, option->argument);
	switch (option->slot.kind) {
	case SLOT_BOOL:
		*(bool *)place = true;
		if (value != NULL && !parse_yes_no(value, place))
			return bad_value(option, value, "yes or no", err);
		return true;
	case SLOT_COUNT:
		return store_count(option, place, value, err);
	case SLOT_INT:
	case SLOT_OPTIONAL_INT:
		return store_int(option, place, value, err);
	case SLOT_DURATION:
		if (!parse_duration_ms(value, &((struct duration *)place)->ms))
			return bad_value(option, value, "a time such as 500ms, 15s, 5m or 2h", err);
		return true;
	case SLOT_TEXT:
		return store_text(option, place, value, err);
	case SLOT_TEXT_LIST:
		text_list_add(arena, place, value);
		return true;
	case SLOT_TEXT_MAP:
		return store_pair(arena, option, place, value, err);
	case SLOT_INSTANT:
	case SLOT_OPTIONAL_BOOL:
	case SLOT_VALUE:
	case SLOT_RECORD:
	case SLOT_RECORDS:
		break;
	}
	return fail(err, ERROR_INTERNAL, "--%s has a slot that flags cannot fill", option->name);
}

bool option_apply_presets(struct arena *arena, const struct command_option *options, void *record, struct error *err)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (options->preset != NULL && !option_store(arena, options, record, options->preset, err))
			return false;
	}
	return true;
}

const char *option_flag(struct arena *arena, const struct command_option *option)
{
	return arena_format(arena, "--%s%s", option_is_on_by_default(option) ? "no-" : "", option->name);
}

const char *option_spelling(struct arena *arena, const struct command_option *option)
{
	const char *flag = option_flag(arena, option);

	if (option_stands_alone(option))
		return flag;
	if ((option->flags & OPTION_VALUE_OPTIONAL) != 0)
		return arena_format(arena, "%s[=%s]", flag, option->argument);
	return arena_format(arena, "%s %s", flag, option->argument);
}
