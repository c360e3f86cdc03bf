/* Cuts what the commands of many assets print into lines; a line that is longer than its buffer comes in pieces. */
#include "run_private.h"

/* With the NUL behind it the buffer is 16 KiB. */
#define LONGEST_LINE ((size_t)16 * 1024 - 1)

static bool deliver(const struct run_lines *lines, int stream, const char *line, size_t len)
{
	return lines->listener->on_line(lines->listener->user, lines->asset_id, stream, line, len);
}

/* Nothing is kept of lines that come whole. */
static bool take_whole(const struct run_lines *lines, int stream, const char **data, size_t *len)
{
	const char *newline = memchr(*data, '\n', *len < LONGEST_LINE ? *len : LONGEST_LINE);
	bool taken = true;

	while (taken && newline != NULL) {
		size_t piece = (size_t)(newline - *data);

		taken = deliver(lines, stream, *data, piece);
		*data += piece + 1;
		*len -= piece + 1;
		newline = memchr(*data, '\n', *len < LONGEST_LINE ? *len : LONGEST_LINE);
	}
	return taken;
}

bool run_lines_take(struct run_lines *lines, int stream, const char *data, size_t len)
{
	struct buffer *pending = &lines->pending[stream - 1];
	bool taken = true;

	lines->bytes[stream - 1] += len;
	pending->limit_bytes = LONGEST_LINE;
	while (taken && len > 0) {
		const char *newline;
		size_t room, piece;

		if (pending->len == 0 && !take_whole(lines, stream, &data, &len))
			return false;
		if (len == 0)
			break;
		newline = memchr(data, '\n', len);
		piece = newline == NULL ? len : (size_t)(newline - data);
		room = LONGEST_LINE - pending->len;
		if (newline != NULL && piece <= room) {
			buffer_append(pending, data, piece);
			taken = deliver(lines, stream, buffer_string(pending), pending->len);
			buffer_clear(pending);
			piece++;
		} else {
			piece = piece < room ? piece : room;
			buffer_append(pending, data, piece);
			/* a full line waits for its newline, which may be all that follows */
			if (room == 0) {
				taken = deliver(lines, stream, buffer_string(pending), pending->len);
				buffer_clear(pending);
			}
		}
		data += piece;
		len -= piece;
	}
	return taken;
}

bool run_lines_finish(struct run_lines *lines)
{
	bool taken = true;

	for (int stream = 1; stream <= 2; stream++) {
		struct buffer *pending = &lines->pending[stream - 1];

		if (taken && pending->len > 0)
			taken = deliver(lines, stream, buffer_string(pending), pending->len);
		buffer_done(pending);
	}
	return taken;
}
