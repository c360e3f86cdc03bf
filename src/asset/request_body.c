/* Reads a body piece by piece as the exchange asks for it; standard input may be slow without holding up the loop. */
#include "request_body.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "fops/base/file.h"
#include "fops/base/loop.h"

static bool read_failed(const char *path, int number, struct error *err)
{
	fail(err, number == ENOENT ? ERROR_INPUT_NOT_FOUND : ERROR_IO_READ, "cannot read %s", path);
	error_cause(err, "%s", errno_text(number));
	return false;
}

static bool open_file(const char *path, int *ret_descriptor, struct stat *ret_about, struct error *err)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int number = errno;

	if (descriptor >= 0 && fstat(descriptor, ret_about) == 0 && !S_ISDIR(ret_about->st_mode)) {
		*ret_descriptor = descriptor;
		return true;
	}
	if (descriptor >= 0) {
		number = S_ISDIR(ret_about->st_mode) ? EISDIR : errno;
		(void)close(descriptor);
	}
	return read_failed(path, number, err);
}

bool request_body_check(const struct asset_request *request, struct error *err)
{
	struct stat about;
	int descriptor;

	if (request->data == NULL || request->data[0] != '@' || text_equal(request->data, "@-"))
		return true;
	/* opening a pipe would take from it: what is no file is looked at only when it is sent */
	if (stat(request->data + 1, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
		return true;
	if (!open_file(request->data + 1, &descriptor, &about, err))
		return false;
	(void)close(descriptor);
	return true;
}

static void input_ready(void *user, int descriptor, unsigned events)
{
	struct request_body *body = user;

	(void)events;
	loop_unwatch(body->loop, descriptor);
	body->waiting = false;
	http_resume(body->http, body->exchange);
}

static ssize_t read_piece(struct http_exchange *exchange, char *data, size_t size, struct error *err)
{
	struct request_body *body = exchange->user;
	struct pollfd about = { .fd = body->descriptor, .events = POLLIN };
	ssize_t got;

	if (poll(&about, 1, 0) == 0) {
		body->waiting = true;
		return loop_watch(body->loop, body->descriptor, LOOP_READ, input_ready, body, err) ? HTTP_BODY_LATER
		                                                                                   : -1;
	}
	do
		got = read(body->descriptor, data, size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		(void)read_failed("the body", errno, err);
	return got;
}

bool request_body_open(const struct asset_request *request, struct asset_context *context, struct http *http,
                       struct http_exchange *exchange, struct request_body *ret_body, struct error *err)
{
	struct stat about = { 0 };

	*ret_body =
	        (struct request_body){ .loop = context->loop, .http = http, .exchange = exchange, .descriptor = -1 };
	if (request->json != NULL ||
	    (request->data != NULL && request->data[0] != '@' && !text_equal(request->data, "-"))) {
		exchange->data = request->json != NULL ? request->json : request->data;
		exchange->data_len = strlen(exchange->data);
		return true;
	}
	if (request->data == NULL)
		return true;
	exchange->read_body = read_piece;
	exchange->body_len = -1;
	exchange->user = ret_body;
	if (text_equal(request->data, "-") || text_equal(request->data, "@-")) {
		ret_body->descriptor = STDIN_FILENO;
		return true;
	}
	if (!open_file(request->data + 1, &ret_body->descriptor, &about, err))
		return false;
	ret_body->own = true;
	if (S_ISREG(about.st_mode))
		exchange->body_len = about.st_size;
	return true;
}

void request_body_done(struct request_body *body)
{
	if (body->waiting)
		loop_unwatch(body->loop, body->descriptor);
	if (body->own)
		file_close(&body->descriptor);
}
