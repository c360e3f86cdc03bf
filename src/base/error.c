/* Formats failures into their fixed fields, cutting on a UTF-8 border. */
#include "fops/base/error.h"

#include <stdarg.h>

/* Drop a character that vsnprintf cut in two. */
static void trim_cut_character(char *text, size_t size, int wanted)
{
	size_t end = size - 1;

	if (wanted < 0) {
		text[0] = '\0';
		return;
	}
	if ((size_t)wanted < size)
		return;
	while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
		end--;
	if (end > 0 && (unsigned char)text[end - 1] >= 0xC0)
		end--;
	text[end] = '\0';
}

#define FILL(field, format)                                                                                            \
	do {                                                                                                           \
		va_list values;                                                                                        \
		int filled;                                                                                            \
                                                                                                                       \
		va_start(values, format);                                                                              \
		filled = vsnprintf(field, sizeof(field), format, values);                                              \
		va_end(values);                                                                                        \
		trim_cut_character(field, sizeof(field), filled);                                                      \
	} while (0)

bool fail(struct error *err, enum error_id id, const char *format, ...)
{
	*err = (struct error){ .id = id, .exit_status = error_codes[id].status, .retry_after_ms = -1 };
	FILL(err->message, format);
	return false;
}

void error_cause(struct error *err, const char *format, ...)
{
	FILL(err->cause, format);
}

void error_effect(struct error *err, const char *format, ...)
{
	FILL(err->effect, format);
}

void error_fix(struct error *err, const char *format, ...)
{
	FILL(err->fix, format);
}

void error_object(struct error *err, const char *format, ...)
{
	FILL(err->object, format);
}

const char *errno_text(int number)
{
	return strerror(number);
}
