/* Counts braces outside of texts, so that a list of any length needs the memory of one item. */
#include "kubernetes_pods_stream.h"

#define LONGEST_ITEM  ((size_t)4 * 1024 * 1024)
#define LONGEST_REST  ((size_t)256 * 1024)
#define DEEPEST       512
#define LIST_DEPTH    2 /* inside "items": [ */
#define ITEM_DEPTH    3 /* inside an item */
#define MEMBERS_DEPTH 4 /* inside an item's metadata */

void pod_stream_open(struct pod_stream *stream)
{
	pod_stream_done(stream);
	stream->item = BUFFER(LONGEST_ITEM);
	stream->rest = BUFFER(LONGEST_REST);
	stream->depth = 0;
	stream->skipped = 0;
	stream->in_items = false;
	stream->in_text = false;
	stream->escaped = false;
	stream->word_len = 0;
}

void pod_stream_done(struct pod_stream *stream)
{
	buffer_done(&stream->item);
	buffer_done(&stream->rest);
}

static bool broken(const char *cause, struct error *err)
{
	fail(err, ERROR_PLANE_PROTOCOL, "the API server's list cannot be read");
	error_cause(err, "%s", cause);
	return false;
}

static bool word_is(const struct pod_stream *stream, const char *word)
{
	size_t len = strlen(word);

	return stream->word_len == len && memcmp(stream->word, word, len) == 0;
}

static bool keep(struct pod_stream *stream, const char *data, size_t len, struct error *err)
{
	bool item = stream->in_items && stream->depth >= ITEM_DEPTH;

	if (len == 0 || stream->skipped != 0)
		return true;
	if (buffer_append(item ? &stream->item : &stream->rest, data, len))
		return true;
	return broken(item ? "an item of it is larger than 4 MiB" : "it holds more than its items", err);
}

/* The bytes of a text up to its end or the end of what arrived. */
static size_t take_text(struct pod_stream *stream, const char *data, size_t len)
{
	size_t i = 0;

	for (; i < len && stream->in_text; i++) {
		if (stream->escaped)
			stream->escaped = false;
		else if (data[i] == '\\')
			stream->escaped = true;
		else if (data[i] == '"')
			stream->in_text = false;
		if (stream->in_text && stream->word_len < sizeof stream->word)
			stream->word[stream->word_len++] = data[i];
	}
	return i;
}

static bool open_value(struct pod_stream *stream, char brace, struct error *err)
{
	if (stream->skipped == 0 && stream->in_items && stream->depth == MEMBERS_DEPTH &&
	    word_is(stream, "managedFields")) {
		if (!keep(stream, "null", 4, err))
			return false;
		stream->skipped = stream->depth + 1;
	}
	if (++stream->depth > DEEPEST)
		return broken("it is nested too deeply", err);
	if (!keep(stream, &brace, 1, err))
		return false;
	if (stream->depth == LIST_DEPTH && brace == '[' && word_is(stream, "items"))
		stream->in_items = true;
	return true;
}

static bool close_value(struct pod_stream *stream, char brace, struct error *err)
{
	if (stream->depth == 0)
		return broken("it ends more than it began", err);
	if (stream->in_items && stream->depth == LIST_DEPTH)
		stream->in_items = false;
	if (!keep(stream, &brace, 1, err))
		return false;
	if (stream->skipped == stream->depth)
		stream->skipped = 0;
	stream->depth--;
	if (!stream->in_items || stream->depth != LIST_DEPTH)
		return true;
	if (!stream->on_item(stream->user, buffer_string(&stream->item), stream->item.len, err))
		return false;
	buffer_clear(&stream->item);
	return true;
}

/* One character outside of texts. */
static bool take_mark(struct pod_stream *stream, const char *at, struct error *err)
{
	switch (*at) {
	case '"':
		stream->in_text = true;
		stream->word_len = 0;
		return keep(stream, at, 1, err);
	case '{':
	case '[':
		return open_value(stream, *at, err);
	case '}':
	case ']':
		return close_value(stream, *at, err);
	case ',':
		/* what parts two items belongs to neither */
		return (stream->in_items && stream->depth == LIST_DEPTH) || keep(stream, at, 1, err);
	default:
		return keep(stream, at, 1, err);
	}
}

/* The bytes that neither open, close nor part anything. */
static size_t plain_length(const char *data, size_t len)
{
	size_t i = 0;

	while (i < len && data[i] != '"' && data[i] != '{' && data[i] != '[' && data[i] != '}' && data[i] != ']' &&
	       data[i] != ',')
		i++;
	return i;
}

bool pod_stream_take(struct pod_stream *stream, const char *data, size_t len, struct error *err)
{
	size_t i = 0;

	while (i < len) {
		size_t run = stream->in_text ? take_text(stream, data + i, len - i) : plain_length(data + i, len - i);

		if (!keep(stream, data + i, run, err))
			return false;
		i += run;
		if (run == 0 && !take_mark(stream, data + i++, err))
			return false;
	}
	return true;
}
