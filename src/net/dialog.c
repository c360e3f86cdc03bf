/* A connection made by libcurl with all that http.h knows of proxies and trust, then used as a pipe of bytes. */
#include "fops/net/dialog.h"

#include "fops/base/arena.h"
#include "http_crypto.h"
#include "http_easy.h"

#define READ_BYTES ((size_t)16 * 1024)

struct dialog_run {
	struct dialog_run *next;
	struct dialog_run *previous;
	struct http *http;
	struct dialog *dialog;
	/* the opening as an exchange, so that its rules and words are those of all others */
	struct http_run opening;
	struct http_exchange exchange;
	struct easy easy;
	struct crypto_notes notes;
	curl_socket_t socket; /* -1 before it is connected */
	struct loop_timer timer;
	size_t sent;
	struct buffer answer;
	int64_t began_us;
};

static struct dialog_run *run_of(struct easy *easy)
{
	return (struct dialog_run *)(void *)((char *)easy - offsetof(struct dialog_run, easy));
}

static void destroy(struct dialog_run *run)
{
	struct http *http = run->http;

	if (run->socket >= 0)
		loop_unwatch(http->loop, run->socket);
	loop_disarm(http->loop, &run->timer);
	easy_close(&run->easy);
	if (run->previous != NULL)
		run->previous->next = run->next;
	else
		http->dialogs = run->next;
	if (run->next != NULL)
		run->next->previous = run->previous;
	run->dialog->run = NULL;
	buffer_done(&run->answer);
	free(run);
	http_release_place(http);
}

/* run is gone when on_done is called. */
static void finish(struct dialog_run *run, bool failed)
{
	struct dialog *dialog = run->dialog;

	dialog->failed = failed;
	dialog->data = arena_text(run->opening.arena, buffer_string(&run->answer), run->answer.len);
	dialog->len = run->answer.len;
	dialog->total_us = clock_monotonic_us() - run->began_us;
	dialog->connect_us = run->exchange.connect_us;
	dialog->address = run->exchange.address;
	dialog->tls_expires = (struct instant){ run->notes.expiry_ms };
	destroy(run);
	dialog->on_done(dialog);
}

static void fail_with(struct dialog_run *run, enum transfer_end end, const char *detail)
{
	struct transfer_result result = { .end = end, .detail = detail, .expected_bytes = -1 };

	failure_fill(&run->opening, &result, &run->dialog->error);
	finish(run, true);
}

static void limit_passed(void *user)
{
	fail_with(user, END_DEADLINE, "");
}

/* False when run is gone. */
static bool send_rest(struct dialog_run *run)
{
	const struct dialog *dialog = run->dialog;

	while (run->sent < dialog->request_len) {
		size_t count = 0;
		CURLcode code = curl_easy_send(run->easy.handle, dialog->request + run->sent,
		                               dialog->request_len - run->sent, &count);

		if (code == CURLE_AGAIN || (code == CURLE_OK && count == 0))
			return true;
		if (code != CURLE_OK) {
			fail_with(run, END_RESET, "");
			return false;
		}
		run->sent += count;
	}
	return true;
}

/* The owner has seen everything that came; false when run is gone. */
static bool offer(struct dialog_run *run)
{
	struct dialog *dialog = run->dialog;

	dialog->data = buffer_string(&run->answer);
	dialog->len = run->answer.len;
	if (dialog->on_bytes == NULL || dialog->on_bytes(dialog) == DIALOG_MORE)
		return true;
	finish(run, false);
	return false;
}

static void receive(struct dialog_run *run)
{
	char bytes[READ_BYTES];

	for (;;) {
		size_t count = 0;
		CURLcode code = curl_easy_recv(run->easy.handle, bytes, sizeof bytes, &count);

		if (code == CURLE_AGAIN)
			return;
		if (code != CURLE_OK || count == 0) {
			fail_with(run, run->answer.len > 0 ? END_TRUNCATED : END_CLOSED, "");
			return;
		}
		run->opening.answering = true;
		if (!buffer_append(&run->answer, bytes, count)) {
			fail(&run->dialog->error, ERROR_PLANE_PROTOCOL, "%s answers more than %zu bytes",
			     url_origin(run->opening.arena, &run->opening.origin), run->dialog->most_bytes);
			finish(run, true);
			return;
		}
		if (!offer(run))
			return;
	}
}

static void ready(void *user, int descriptor, unsigned events)
{
	struct dialog_run *run = user;
	struct error err;

	(void)descriptor;
	(void)events;
	if (!send_rest(run))
		return;
	/* one watch serves both ways: what is sent once is not watched for any more */
	if (!loop_watch(run->http->loop, run->socket,
	                run->sent < run->dialog->request_len ? LOOP_READ | LOOP_WRITE : LOOP_READ, ready, run, &err)) {
		run->dialog->error = err;
		finish(run, true);
		return;
	}
	receive(run);
}

static void connected(struct easy *easy, CURLcode code)
{
	struct dialog_run *run = run_of(easy);
	struct dialog *dialog = run->dialog;
	const char *detail = "";

	run->exchange.address = easy_address(easy, run->opening.arena);
	run->exchange.connect_us = easy_connect_us(easy);
	if (code == CURLE_OK &&
	    (curl_easy_getinfo(easy->handle, CURLINFO_ACTIVESOCKET, &run->socket) != CURLE_OK || run->socket < 0))
		code = CURLE_COULDNT_CONNECT;
	if (code != CURLE_OK) {
		enum transfer_end end = easy_end(easy, code, (struct easy_progress){ 0 }, &detail);

		fail_with(run, end, arena_copy(run->opening.arena, detail));
		return;
	}
	run->opening.connected = true;
	if (dialog->request_len == 0 && dialog->on_bytes == NULL)
		finish(run, false);
	else if (!loop_watch(run->http->loop, run->socket, LOOP_READ | LOOP_WRITE, ready, run, &dialog->error))
		finish(run, true);
}

static void forget_results(struct dialog *dialog)
{
	dialog->failed = false;
	dialog->error = (struct error){ .retry_after_ms = -1 };
	dialog->data = "";
	dialog->len = 0;
	dialog->connect_us = 0;
	dialog->total_us = 0;
	dialog->tls_expires = (struct instant){ 0 };
	dialog->address = NULL;
}

static void describe_opening(struct dialog_run *run, struct arena *arena, const struct url *url)
{
	const struct dialog *dialog = run->dialog;
	struct deadline deadline = dialog->deadline.at_ms == 0 ? NO_DEADLINE : dialog->deadline;

	if (dialog->timeout_ms > 0)
		deadline = deadline_earlier(deadline, deadline_after(dialog->timeout_ms));
	run->opening = (struct http_run){
		.http = run->http,
		.exchange = &run->exchange,
		.arena = arena,
		.linked = true,
		.origin = *url,
		.target = *url,
		.method = run->exchange.method,
		.deadline = deadline,
		.started_ms = clock_monotonic_ms(),
	};
}

static bool open_link(struct dialog_run *run, struct error *err)
{
	struct transfer_request request = { 0 };
	CURL *handle;

	run->easy.ended = connected;
	run->easy.notes = &run->notes;
	if (!run_aim(&run->opening, &request, err) || !easy_open(&run->easy, &run->opening, &request, err))
		return false;
	handle = run->easy.handle;
	(void)curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_SSL_ENABLE_ALPN, 0L);
	(void)curl_easy_setopt(handle, CURLOPT_USERAGENT, USER_AGENT);
	if (easy_start(&run->easy, err))
		return true;
	easy_close(&run->easy);
	return false;
}

bool dialog_start(struct http *http, struct arena *arena, struct dialog *dialog, struct error *err)
{
	struct dialog_run *run;
	struct url url;
	struct http_exchange exchange = {
		.method = "GET", .url = dialog->url, .access = dialog->access, .retry_after_ms = -1, .tries_made = 1
	};

	if (!request_check(arena, &exchange, &url, err))
		return false;
	run = calloc(1, sizeof *run);
	if (run == NULL)
		out_of_memory();
	run->http = http;
	run->dialog = dialog;
	run->exchange = exchange;
	run->socket = CURL_SOCKET_BAD;
	run->answer = BUFFER(dialog->most_bytes);
	run->began_us = clock_monotonic_us();
	forget_results(dialog);
	describe_opening(run, arena, &url);
	if (!open_link(run, err)) {
		free(run);
		return false;
	}
	if (run->opening.deadline.at_ms != INT64_MAX)
		loop_arm(http->loop, &run->timer, run->opening.deadline.at_ms - clock_monotonic_ms(), limit_passed,
		         run);
	run->next = http->dialogs;
	if (run->next != NULL)
		run->next->previous = run;
	http->dialogs = run;
	http->transfers++;
	dialog->run = run;
	return true;
}

void dialog_stop(struct dialog *dialog)
{
	if (dialog->run != NULL)
		destroy(dialog->run);
}

void dialogs_close(struct http *http)
{
	while (http->dialogs != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it cannot see that a freed run left the list */
		destroy(http->dialogs);
	}
}
