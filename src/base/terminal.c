/* Terminal size and raw mode, widths of characters, and the one filter for text that others wrote. */
#include "fops/base/terminal.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "fops/base/text.h"

#define DEFAULT_WIDTH  80
#define SMALLEST_WIDTH 20

bool terminal_is(int descriptor)
{
	return isatty(descriptor) == 1;
}

bool terminal_read_size(int descriptor, struct terminal_size *ret_size)
{
	struct winsize size = { 0 };

	if (ioctl(descriptor, TIOCGWINSZ, &size) != 0)
		return false;
	*ret_size = (struct terminal_size){ size.ws_col, size.ws_row };
	return true;
}

size_t terminal_width(int descriptor)
{
	struct terminal_size size = { 0 };
	const char *columns = getenv("COLUMNS");
	uint64_t width = DEFAULT_WIDTH;

	if (terminal_read_size(descriptor, &size) && size.columns > 0)
		width = size.columns;
	else if (columns != NULL && (!parse_count(columns, &width) || width > 10000))
		width = DEFAULT_WIDTH;
	return width < SMALLEST_WIDTH ? SMALLEST_WIDTH : (size_t)width;
}

bool terminal_has_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
	}
	return false;
}

/* Decode one character; 0 bytes means that data does not start a valid one. */
static size_t decode_character(const char *data, size_t len, uint32_t *ret_point)
{
	const unsigned char *bytes = (const unsigned char *)data;
	size_t need = bytes[0] < 0x80 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
	uint32_t point;

	if (need > len || !is_utf8(data, need, NULL))
		return 0;
	point = need == 1 ? bytes[0] : bytes[0] & (0x7Fu >> need);
	for (size_t i = 1; i < need; i++)
		point = point << 6 | (bytes[i] & 0x3Fu);
	*ret_point = point;
	return need;
}

static bool steers_terminal(uint32_t point)
{
	/* C0, DEL and C1; and the bidirectional controls, which can make text read as something else */
	return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x202A && point <= 0x202E) ||
	       (point >= 0x2066 && point <= 0x2069);
}

static void escape(struct buffer *out, const char *text, size_t len, bool keep_lines)
{
	for (size_t at = 0; at < len;) {
		uint32_t point = 0;
		size_t step = decode_character(text + at, len - at, &point);
		bool plain = step > 0 && (!steers_terminal(point) || (keep_lines && (point == '\n' || point == '\t')));

		if (step == 0)
			step = 1;
		if (plain) {
			buffer_append(out, text + at, step);
		} else {
			for (size_t i = 0; i < step; i++)
				buffer_format(out, "\\x%02X", (unsigned)(unsigned char)text[at + i]);
		}
		at += step;
	}
}

void terminal_escape(struct buffer *out, const char *text, size_t len)
{
	escape(out, text, len, false);
}

void terminal_escape_lines(struct buffer *out, const char *text, size_t len)
{
	escape(out, text, len, true);
}

/* Bytes at the end of text that may be the start of a character whose rest is still to come. */
static size_t cut_tail(const char *text, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		unsigned char byte = (unsigned char)text[len - back];
		size_t need = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;

		if (byte < 0x80)
			return 0;
		if (byte >= 0xC0)
			return need > back ? back : 0;
	}
	return 0;
}

void terminal_filter_append(struct terminal_filter *state, struct buffer *out, const char *text, size_t len)
{
	size_t tail;

	if (len == 0) {
		escape(out, state->pending, state->count, true);
		state->count = 0;
		return;
	}
	while (state->count > 0 && len > 0 && cut_tail(state->pending, state->count) == state->count &&
	       ((unsigned char)*text & 0xC0) == 0x80) {
		state->pending[state->count++] = *text++;
		len--;
	}
	if (len == 0 && cut_tail(state->pending, state->count) == state->count)
		return;
	escape(out, state->pending, state->count, true);
	tail = cut_tail(text, len);
	escape(out, text, len - tail, true);
	memcpy(state->pending, text + len - tail, tail);
	state->count = tail;
}

struct range {
	uint32_t first;
	uint32_t last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
	for (size_t i = 0; i < count; i++) {
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	}
	return false;
}

static size_t character_columns(uint32_t point)
{
	static const struct range none[] = { { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD },
		                             { 0x064B, 0x065F }, { 0x0E34, 0x0E3A }, { 0x1AB0, 0x1AFF },
		                             { 0x1DC0, 0x1DFF }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF },
		                             { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0xE0100, 0xE01EF } };
	static const struct range wide[] = { { 0x1100, 0x115F },   { 0x2E80, 0x303E },   { 0x3041, 0xA4CF },
		                             { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE30, 0xFE6F },
		                             { 0xFF00, 0xFF60 },   { 0xFFE0, 0xFFE6 },   { 0x1F300, 0x1F64F },
		                             { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD } };

	if (point < 0x300)
		return 1;
	if (is_in(none, ARRAY_LEN(none), point))
		return 0;
	return is_in(wide, ARRAY_LEN(wide), point) ? 2 : 1;
}

size_t text_columns(const char *text, size_t len)
{
	size_t columns = 0;

	for (size_t at = 0; at < len;) {
		uint32_t point = 0;
		size_t step = decode_character(text + at, len - at, &point);

		columns += step == 0 ? 1 : character_columns(point);
		at += step == 0 ? 1 : step;
	}
	return columns;
}

size_t text_fit(const char *text, size_t len, size_t columns)
{
	size_t used = 0;
	size_t at = 0;

	while (at < len) {
		uint32_t point = 0;
		size_t step = decode_character(text + at, len - at, &point);

		used += step == 0 ? 1 : character_columns(point);
		if (used > columns)
			break;
		at += step == 0 ? 1 : step;
	}
	return at;
}

static bool read_mode(int descriptor, struct termios *ret_mode, struct error *err)
{
	int number;

	if (tcgetattr(descriptor, ret_mode) == 0)
		return true;
	number = errno;
	fail(err, ERROR_IO_READ, "cannot read the terminal's settings");
	error_cause(err, "%s", errno_text(number));
	return false;
}

static bool write_mode(int descriptor, const struct termios *mode, struct error *err)
{
	int number;

	if (tcsetattr(descriptor, TCSADRAIN, mode) == 0)
		return true;
	number = errno;
	fail(err, ERROR_IO_READ, "cannot change the terminal's mode");
	error_cause(err, "%s", errno_text(number));
	return false;
}

bool terminal_keys(int descriptor, struct termios *ret_saved, struct error *err)
{
	struct termios saved, keys;

	if (!read_mode(descriptor, &saved, err))
		return false;
	keys = saved;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VSUSP] = _POSIX_VDISABLE;
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	if (!write_mode(descriptor, &keys, err))
		return false;
	*ret_saved = saved;
	return true;
}

bool terminal_raw(int descriptor, struct termios *ret_saved, struct error *err)
{
	struct termios saved, raw;

	if (!read_mode(descriptor, &saved, err))
		return false;
	raw = saved;
	cfmakeraw(&raw);
	if (!write_mode(descriptor, &raw, err))
		return false;
	*ret_saved = saved;
	return true;
}

void terminal_restore(int descriptor, const struct termios *saved)
{
	(void)tcsetattr(descriptor, TCSADRAIN, saved);
}
