/* One pass over the bytes of a YAML stream: what libyaml lets through and documents must not hold. */
#include "stream.h"

#include "character.h"
#include "fops/base/arena.h"
#include "scan.h"

struct position {
	const char *data;
	size_t len;
	size_t at;
	size_t line_start;
	uint32_t line;
	bool indentation; /* nothing but blanks since the line's start */
};

static const char *problem_of_ascii(const struct position *position)
{
	unsigned char byte = (unsigned char)position->data[position->at];

	if (byte == '\0')
		return scan_nul_message;
	if (byte == '\r' && position->at + 1 < position->len && position->data[position->at + 1] == '\n')
		return NULL;
	if (byte == '\r')
		return "a carriage return without a line feed; end lines with a line feed";
	return byte < 0x20 || byte == 0x7F ? "a control character; write it escaped in a double-quoted text" : NULL;
}

static const char *problem_of_point(uint32_t point)
{
	if (point == 0xFEFF)
		return "a byte order mark is not allowed";
	if (point == 0x85 || point == 0x2028 || point == 0x2029)
		return "a line separator that YAML readers disagree about; write it escaped in a double-quoted text";
	return is_escaped_character(point) ? "a control character; write it escaped in a double-quoted text" : NULL;
}

static void add_tab(struct stream_check *check, const struct position *position)
{
	size_t size = check->tab_count * 2;
	size_t end = position->at;

	/* only the first tab of a line looks for the end of the blanks, which may be long */
	if (check->tab_count > 0 && check->tabs[check->tab_count - 1].line == position->line)
		return;
	while (end < position->len && (position->data[end] == ' ' || position->data[end] == '\t'))
		end++;
	if ((check->tab_count & (check->tab_count - 1)) == 0) {
		check->tabs = reallocarray(check->tabs, size == 0 ? 1 : size, sizeof *check->tabs);
		if (check->tabs == NULL)
			out_of_memory();
	}
	check->tabs[check->tab_count++] = (struct tab_line){ position->line, (uint32_t)(end - position->line_start) };
}

/* Judge the character at the position and step over it; the problem or NULL. */
static const char *step(struct stream_check *check, struct position *position)
{
	unsigned char byte = (unsigned char)position->data[position->at];
	uint32_t point;
	size_t bytes;

	if (byte == '\n') {
		position->at++;
		position->line++;
		position->line_start = position->at;
		position->indentation = true;
		return NULL;
	}
	if (byte == '\t') {
		if (position->indentation)
			add_tab(check, position);
		position->at++;
		return NULL;
	}
	if (byte != ' ')
		position->indentation = false;
	if (byte < 0x80) {
		const char *problem = problem_of_ascii(position);

		position->at += problem == NULL ? 1 : 0;
		return problem;
	}
	bytes = character_read(position->data + position->at, position->len - position->at, &point);
	if (bytes == 0)
		return "a byte that is not valid UTF-8";
	if (problem_of_point(point) != NULL)
		return problem_of_point(point);
	position->at += bytes;
	return NULL;
}

struct stream_check stream_check(const char *data, size_t len)
{
	struct stream_check check = { 0 };
	struct position position = { .data = data, .len = len, .line = 1, .indentation = true };

	while (position.at < len) {
		unsigned char byte = (unsigned char)data[position.at];

		/* the common case of a printable ASCII character first */
		if (byte > 0x20 && byte < 0x7F) {
			position.indentation = false;
			position.at++;
			continue;
		}
		check.problem = step(&check, &position);
		if (check.problem == NULL)
			continue;
		check.line = position.line;
		check.column =
		        (uint32_t)character_count(data + position.line_start, position.at - position.line_start) + 1;
		break;
	}
	return check;
}

void stream_check_done(struct stream_check *check)
{
	free(check->tabs);
	check->tabs = NULL;
	check->tab_count = 0;
}

bool is_behind_tab(const struct stream_check *check, uint32_t line, uint32_t column)
{
	size_t low = 0;
	size_t high = check->tab_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (check->tabs[middle].line == line)
			return column - 1 <= check->tabs[middle].blanks;
		if (check->tabs[middle].line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

char stream_byte(const char *data, size_t len, uint32_t line, uint32_t column)
{
	size_t at = 0;

	for (uint32_t i = 1; i < line && at < len; i++) {
		const char *end = memchr(data + at, '\n', len - at);

		at = end == NULL ? len : (size_t)(end - data) + 1;
	}
	for (uint32_t i = 1; i < column && at < len; i++) {
		do {
			at++;
		} while (at < len && ((unsigned char)data[at] & 0xC0) == 0x80);
	}
	if (at >= len)
		return '\0';
	return data[at];
}
