/* A streaming search for two prefixes that works however the stream is cut. */
#include "note_filter.h"

#include <sys/random.h>

#include "fops/base/arena.h"

const char *note_mark(struct arena *arena)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		number = (uint64_t)getpid() << 32 | (uint64_t)(uintptr_t)arena >> 4;
	return arena_format(arena, "\x1e%016llx", (unsigned long long)number);
}

enum match { MATCH_NONE, MATCH_PART, MATCH_WHOLE };

/* Do len bytes start one of the active prefixes, or are they one? */
static enum match find_prefix(const struct note_filter *filter, const char *data, size_t len, size_t *ret_prefix)
{
	enum match best = MATCH_NONE;

	for (size_t i = 0; i < NOTE_PREFIXES; i++) {
		size_t whole = filter->prefixes[i] == NULL || !filter->active[i] ? 0 : strlen(filter->prefixes[i]);

		if (whole == 0 || whole > sizeof filter->held || len > whole ||
		    memcmp(filter->prefixes[i], data, len) != 0)
			continue;
		*ret_prefix = i;
		if (len == whole)
			return MATCH_WHOLE;
		best = MATCH_PART;
	}
	return best;
}

/* Bytes before the first place where a prefix begins, or may begin at the end of data. */
static size_t plain_span(const struct note_filter *filter, const char *data, size_t len)
{
	size_t span = len;

	for (size_t i = 0; i < NOTE_PREFIXES; i++) {
		const char *prefix = filter->prefixes[i];
		size_t whole = prefix == NULL || !filter->active[i] ? 0 : strlen(prefix);
		const char *hit = data;

		while (whole > 0 && (hit = memchr(hit, prefix[0], span - (size_t)(hit - data))) != NULL) {
			size_t rest = len - (size_t)(hit - data);

			if (memcmp(hit, prefix, rest < whole ? rest : whole) == 0) {
				span = (size_t)(hit - data);
				break;
			}
			hit++;
		}
	}
	return span;
}

static void end_note(struct note_filter *filter)
{
	size_t len = filter->note_len;

	/* a pty turns the newline into CR LF, and several may stand in a row */
	while (len > 0 && filter->note[len - 1] == '\r')
		len--;
	filter->inside = false;
	filter->on_note(filter->user, filter->prefix, filter->note, len);
}

/* Decide about the bytes that are held: a note begins, they still may be one, or some go out. */
static void settle(struct note_filter *filter, int stream)
{
	while (filter->count > 0) {
		size_t out = 1;

		switch (find_prefix(filter, filter->held, filter->count, &filter->prefix)) {
		case MATCH_WHOLE:
			filter->inside = true;
			filter->count = 0;
			filter->note_len = 0;
			return;
		case MATCH_PART:
			return;
		case MATCH_NONE:
			break;
		}
		while (out < filter->count &&
		       find_prefix(filter, filter->held + out, filter->count - out, &filter->prefix) == MATCH_NONE)
			out++;
		filter->on_text(filter->user, stream, filter->held, out);
		memmove(filter->held, filter->held + out, filter->count - out);
		filter->count -= out;
	}
}

static size_t take_note(struct note_filter *filter, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);
	size_t piece = newline == NULL ? len : (size_t)(newline - data);
	size_t room = sizeof filter->note - filter->note_len;

	memcpy(filter->note + filter->note_len, data, piece < room ? piece : room);
	filter->note_len += piece < room ? piece : room;
	if (newline == NULL)
		return len;
	end_note(filter);
	return piece + 1;
}

void note_filter_feed(struct note_filter *filter, int stream, const char *data, size_t len)
{
	while (len > 0) {
		size_t step;

		if (filter->inside) {
			step = take_note(filter, data, len);
		} else if (filter->count == 0 && plain_span(filter, data, len) > 0) {
			step = plain_span(filter, data, len);
			filter->on_text(filter->user, stream, data, step);
		} else {
			step = 1;
			filter->held[filter->count++] = *data;
			settle(filter, stream);
		}
		data += step;
		len -= step;
	}
}

void note_filter_finish(struct note_filter *filter, int stream)
{
	if (filter->inside)
		end_note(filter);
	if (filter->count > 0)
		filter->on_text(filter->user, stream, filter->held, filter->count);
	filter->count = 0;
}
