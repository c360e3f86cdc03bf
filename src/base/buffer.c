/* Growth by doubling and a sticky overflow. */
#include "fops/base/buffer.h"

#include <stdarg.h>

#include "fops/base/arena.h"

#define FIRST_SIZE 256

void buffer_done(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = BUFFER(buffer->limit_bytes);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->overflow = false;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

/* Make room for extra bytes and the NUL. */
static bool reserve(struct buffer *buffer, size_t extra)
{
	size_t need;
	size_t size = buffer->size == 0 ? FIRST_SIZE : buffer->size;
	char *data;

	if (buffer->overflow)
		return false;
	if (__builtin_add_overflow(buffer->len, extra, &need) || need > buffer->limit_bytes || need == SIZE_MAX) {
		buffer->overflow = true;
		return false;
	}
	need++;
	if (need <= buffer->size)
		return true;
	while (size < need)
		size = size > SIZE_MAX / 2 ? need : size * 2;
	data = realloc(buffer->data, size);
	if (data == NULL)
		out_of_memory();
	buffer->data = data;
	buffer->size = size;
	return true;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	if (!reserve(buffer, len))
		return false;
	if (len > 0)
		memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	buffer->data[buffer->len] = '\0';
	return true;
}

bool buffer_text(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

bool buffer_byte(struct buffer *buffer, char byte)
{
	return buffer_append(buffer, &byte, 1);
}

bool buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list values;
	int len;

	va_start(values, format);
	len = vsnprintf(NULL, 0, format, values);
	va_end(values);
	if (len < 0 || !reserve(buffer, (size_t)len)) {
		buffer->overflow = true;
		return false;
	}
	va_start(values, format);
	(void)vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, values);
	va_end(values);
	buffer->len += (size_t)len;
	return true;
}

bool buffer_quote(struct buffer *buffer, const char *word)
{
	(void)buffer_byte(buffer, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			(void)buffer_text(buffer, "'\\''");
		else
			(void)buffer_byte(buffer, *word);
	}
	return buffer_byte(buffer, '\'');
}

void buffer_drop(struct buffer *buffer, size_t len)
{
	if (len >= buffer->len) {
		buffer->len = 0;
	} else {
		memmove(buffer->data, buffer->data + len, buffer->len - len);
		buffer->len -= len;
	}
	if (buffer->data != NULL)
		buffer->data[buffer->len] = '\0';
}

const char *buffer_string(const struct buffer *buffer)
{
	return buffer->data == NULL ? "" : buffer->data;
}
