/* JSON Pointer, evaluated token by token without unescaping into memory. */
#include "fops/data/pointer.h"

#define LONGEST_INDEX 18

bool is_pointer(const char *text)
{
	if (*text != '\0' && *text != '/')
		return false;
	for (; *text != '\0'; text++) {
		if (*text == '~' && text[1] != '0' && text[1] != '1')
			return false;
	}
	return true;
}

/* Is the token of len bytes, with its escapes read, this name? */
static bool is_token_name(const char *token, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++, name++) {
		char byte = token[i];

		if (byte == '~')
			byte = token[++i] == '0' ? '~' : '/';
		if (*name != byte)
			return false;
	}
	return *name == '\0';
}

static const struct value *find_member(const struct value *object, const char *token, size_t len)
{
	for (size_t i = 0; i < object->list.count; i++) {
		if (is_token_name(token, len, object->list.members[i].name))
			return &object->list.members[i].value;
	}
	return NULL;
}

/* RFC 6901 section 4: digits without a leading zero; "-" names the entry behind the last, which is never there. */
static const struct value *find_item(const struct value *array, const char *token, size_t len)
{
	size_t index = 0;

	if (len == 0 || len > LONGEST_INDEX || (len > 1 && token[0] == '0'))
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (token[i] < '0' || token[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(token[i] - '0');
	}
	return index < array->list.count ? &array->list.items[index] : NULL;
}

const struct value *pointer_find(const struct value *document, const char *pointer)
{
	const struct value *value = document;

	if (!is_pointer(pointer))
		return NULL;
	while (*pointer == '/' && value != NULL) {
		const char *token = pointer + 1;
		size_t len = strcspn(token, "/");

		if (value->kind == VALUE_OBJECT)
			value = find_member(value, token, len);
		else
			value = value->kind == VALUE_ARRAY ? find_item(value, token, len) : NULL;
		pointer = token + len;
	}
	return value;
}
