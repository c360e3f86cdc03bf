/* One line per event, written with a single write so that parallel work does not mix lines. */
#include "fops/base/log.h"

#include <stdarg.h>

#include "fops/base/buffer.h"
#include "fops/base/terminal.h"

#define LONGEST_LINE 4096

PRINTF(3, 0) static void print_line(const struct log *log, int level, const char *format, va_list values)
{
	char text[LONGEST_LINE];
	struct buffer line = BUFFER((size_t)LONGEST_LINE * 4);
	ssize_t written;

	if (log == NULL || log->level < level || log->json)
		return;
	(void)vsnprintf(text, sizeof text, format, values);
	buffer_text(&line, "fops: ");
	terminal_escape(&line, text, strlen(text));
	buffer_byte(&line, '\n');
	written = write(log->descriptor, buffer_string(&line), line.len);
	(void)written; /* a lost trace line is no failure of the command */
	buffer_done(&line);
}

void log_detail(const struct log *log, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	print_line(log, 1, format, values);
	va_end(values);
}

void log_trace(const struct log *log, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	print_line(log, 2, format, values);
	va_end(values);
}
