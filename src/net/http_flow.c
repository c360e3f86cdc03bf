/* What happens while a try runs: heads and bytes come in, the body goes out, the owner's callbacks decide. */
#include "http_private.h"

#define MOST_DROPPED ((size_t)64 * 1024)

/* A callback of the owner may cancel the exchange; then its memory may be gone. */
static bool is_cancelled(const struct http_run *run)
{
	return run->exchange == NULL;
}

void run_connected(struct http_run *run)
{
	run->connected = true;
	run->active_ms = clock_monotonic_ms();
}

/* The exchange's error is filled: it is over as soon as the library has let go. */
static bool stop_with_error(struct http_run *run)
{
	run->has_error = true;
	return false;
}

static bool take_final_head(struct http_run *run)
{
	struct http_exchange *exchange = run->exchange;

	run->has_head = true;
	transfer_describe(run);
	run->step = choose_step(run);
	if (run->step != STEP_DELIVER || exchange->on_head == NULL || exchange->on_head(exchange, &exchange->error))
		return true;
	return stop_with_error(run);
}

bool run_take_head(struct http_run *run, const char *line, size_t len)
{
	struct http_exchange *exchange = run->exchange;

	if (is_cancelled(run))
		return false;
	run->active_ms = clock_monotonic_ms();
	if (run->has_head)
		return true; /* trailers */
	if (!run->answering)
		http_schedule(run->http, run->active_ms + run->http->options.dead_peer_timeout_ms);
	run->answering = true;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		buffer_clear(&run->head);
	if (!buffer_append(&run->head, line, len)) {
		fail(&exchange->error, ERROR_PLANE_PROTOCOL, "the headers of the answer of %s are longer than 100 KiB",
		     url_origin(run->arena, &run->origin));
		return stop_with_error(run);
	}
	if (len > 0 && line[0] != '\r' && line[0] != '\n')
		return true;
	if (!answer_read(run->arena, &run->head, exchange, &exchange->error))
		return stop_with_error(run);
	/* 1xx comes before the answer, RFC 9110 §15.2 */
	return exchange->status < 200 || take_final_head(run);
}

bool run_take_body(struct http_run *run, const char *data, size_t len)
{
	struct http_exchange *exchange = run->exchange;

	if (is_cancelled(run))
		return false;
	run->active_ms = clock_monotonic_ms();
	if (run->step != STEP_DELIVER) {
		/* a short rest is read so that the connection can be used again */
		run->dropped += len;
		return run->dropped <= MOST_DROPPED;
	}
	exchange->body_received += len;
	if (exchange->on_body != NULL) {
		if (exchange->on_body(exchange, data, len, &exchange->error))
			return !is_cancelled(run);
	} else if (buffer_append(&run->body, data, len)) {
		return true;
	} else {
		fail(&exchange->error, ERROR_PLANE_PROTOCOL, "the answer of %s is larger than %zu bytes",
		     url_origin(run->arena, &run->origin), exchange->keep_bytes);
	}
	return stop_with_error(run);
}

static ssize_t read_streamed(struct http_run *run, char *data, size_t size)
{
	struct http_exchange *exchange = run->exchange;
	int64_t left = exchange->body_len < 0 ? INT64_MAX : exchange->body_len - run->sent;
	ssize_t count;

	if (left == 0)
		return 0;
	count = exchange->read_body(exchange, data, (int64_t)size > left ? (size_t)left : size, &exchange->error);
	if (is_cancelled(run))
		return -1;
	if (count == 0 && exchange->body_len >= 0) {
		fail(&exchange->error, ERROR_IO_READ, "the request's body ended after %lld of %lld bytes",
		     (long long)run->sent, (long long)exchange->body_len);
		count = -1;
	}
	run->body_waits = count == HTTP_BODY_LATER;
	run->has_error = count < 0 && count != HTTP_BODY_LATER;
	return count;
}

ssize_t run_give_body(struct http_run *run, char *data, size_t size)
{
	const struct http_exchange *exchange = run->exchange;
	ssize_t count = 0;

	if (is_cancelled(run))
		return -1;
	run->active_ms = clock_monotonic_ms();
	if (exchange->read_body != NULL) {
		count = read_streamed(run, data, size);
	} else if (exchange->data != NULL) {
		size_t left = exchange->data_len - (size_t)run->sent;

		count = (ssize_t)(left < size ? left : size);
		if (count > 0)
			memcpy(data, exchange->data + run->sent, (size_t)count);
	}
	run->sent += count > 0 ? count : 0;
	return count;
}
