/* Standard output: buffered, checked, and honest about the first failure. */
#include <errno.h>
#include <poll.h>

#include "output_private.h"

#define FLUSH_AT   ((size_t)64 * 1024)
#define SAFE_WRITE ((size_t)4096) /* PIPE_BUF */

/* A non-blocking stdout (a shared pipe) may refuse for a while. */
static bool wait_for_room(int descriptor)
{
	struct pollfd poller = { descriptor, POLLOUT, 0 };

	return poll(&poller, 1, -1) >= 0 || errno == EINTR;
}

void stream_flush(struct output_stream *stream)
{
	size_t at = 0;

	if (stream->capture != NULL)
		return;
	while (stream->failed == 0 && at < stream->pending.len) {
		ssize_t put = write(stream->descriptor, stream->pending.data + at, stream->pending.len - at);

		if (put >= 0)
			at += (size_t)put;
		else if (errno == EAGAIN && wait_for_room(stream->descriptor))
			continue;
		else if (errno != EINTR)
			stream->failed = errno;
	}
	buffer_clear(&stream->pending);
}

/* A descriptor with room takes a piece without blocking, though others use it as a blocking one. */
bool stream_offer(struct output_stream *stream)
{
	struct pollfd poller = { stream->descriptor, POLLOUT, 0 };
	size_t at = 0;

	while (stream->failed == 0 && at < stream->pending.len && poll(&poller, 1, 0) == 1) {
		size_t left = stream->pending.len - at;
		ssize_t put =
		        write(stream->descriptor, stream->pending.data + at, left < SAFE_WRITE ? left : SAFE_WRITE);

		if (put >= 0)
			at += (size_t)put;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			stream->failed = errno;
	}
	if (stream->failed != 0)
		buffer_clear(&stream->pending);
	else
		buffer_drop(&stream->pending, at);
	return stream->pending.len == 0;
}

void stream_write(struct output_stream *stream, const char *data, size_t len)
{
	if (stream->capture != NULL) {
		(void)buffer_append(stream->capture, data, len);
		return;
	}
	while (stream->failed == 0 && len > 0) {
		size_t room = FLUSH_AT - stream->pending.len;
		size_t part = len < room ? len : room;

		buffer_append(&stream->pending, data, part);
		data += part;
		len -= part;
		if (stream->pending.len == FLUSH_AT)
			stream_flush(stream);
	}
}

static bool write_sink(void *user, const char *data, size_t len)
{
	struct output_stream *stream = user;

	stream_write(stream, data, len);
	return stream->failed == 0;
}

struct sink stream_sink(struct output_stream *stream)
{
	return (struct sink){ write_sink, stream };
}
