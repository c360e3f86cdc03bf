/* The life of an exchange: its tries, limits and end; which library moves the bytes is hidden in http_transfer.c. */
#include "fops/net/http.h"

#include <sys/resource.h>

#include "fops/base/arena.h"
#include "http_private.h"

#define CONNECT_TIMEOUT_MS   3000
#define REQUEST_TIMEOUT_MS   15000
#define DEAD_PEER_TIMEOUT_MS 30000
#define MOST_CONNECTIONS     1024

static void pump(void *user);

/* Let pump run at the latest at at_ms. It looks at every run, so one timer is enough and starting many costs nothing.
 */
void http_schedule(struct http *http, int64_t at_ms)
{
	if (!http->timer.armed || at_ms < http->timer.at_ms)
		loop_arm(http->loop, &http->timer, at_ms - clock_monotonic_ms(), pump, http);
}

static size_t connection_limit(size_t wanted)
{
	size_t most = wanted == 0 ? MOST_CONNECTIONS : wanted;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 4 * 3 < most)
		most = (size_t)(limit.rlim_cur / 4 * 3);
	return most == 0 ? 1 : most;
}

bool http_open(struct arena *arena, struct loop *loop, const struct http_options *options, struct http **ret_http,
               struct error *err)
{
	struct http *http;

	if (loop == NULL)
		return fail(err, ERROR_INTERNAL, "an HTTP client needs a loop");
	http = arena_alloc(arena, sizeof *http);
	http->options = *options;
	if (http->options.connect_timeout_ms <= 0)
		http->options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
	if (http->options.dead_peer_timeout_ms <= 0)
		http->options.dead_peer_timeout_ms = DEAD_PEER_TIMEOUT_MS;
	http->options.most_connections = connection_limit(options->most_connections);
	http->arena = arena;
	http->loop = loop;
	*ret_http = http;
	return true;
}

static void unlink_run(struct http_run *run)
{
	struct http *http = run->http;

	if (http->first == run)
		http->first = run->next;
	else
		run->previous->next = run->next;
	if (http->last == run)
		http->last = run->previous;
	else
		run->next->previous = run->previous;
}

static void free_run(struct http_run *run)
{
	unlink_run(run);
	buffer_done(&run->head);
	buffer_done(&run->body);
	free(run);
}

void http_release_place(struct http *http)
{
	if (http->transfers-- >= http->options.most_connections)
		http_schedule(http, 0);
}

/* run's try is over; another one may be waiting for its place. */
static void release_place(struct http_run *run)
{
	run->transfer = NULL;
	http_release_place(run->http);
}

static void stop_try(struct http_run *run)
{
	if (run->transfer == NULL)
		return;
	transfer_stop(run);
	release_place(run);
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	websockets_close(http);
	dialogs_close(http);
	while (http->first != NULL) {
		struct http_run *run = http->first;

		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it cannot see that a freed run left the list */
		stop_try(run);
		if (run->exchange != NULL)
			run->exchange->run = NULL;
		free_run(run);
	}
	loop_disarm(http->loop, &http->timer);
	transports_close(http);
}

static struct deadline run_deadline(const struct http_exchange *exchange)
{
	struct deadline deadline = exchange->deadline.at_ms == 0 ? NO_DEADLINE : exchange->deadline;

	return exchange->timeout_ms > 0 ? deadline_earlier(deadline, deadline_after(exchange->timeout_ms)) : deadline;
}

bool http_start(struct http *http, struct arena *arena, struct http_exchange *exchange, struct error *err)
{
	struct http_run *run;
	struct url url;

	if (!request_check(arena, exchange, &url, err))
		return false;
	run = calloc(1, sizeof *run);
	if (run == NULL)
		out_of_memory();
	run->http = http;
	run->exchange = exchange;
	run->arena = arena;
	run->origin = url;
	run->target = url;
	run->method = exchange->method;
	run->deadline = run_deadline(exchange);
	run->request_timeout_ms = exchange->request_timeout_ms > 0 ? exchange->request_timeout_ms : REQUEST_TIMEOUT_MS;
	run->started_ms = clock_monotonic_ms();
	run->wake_at_ms = run->started_ms;
	run->head = BUFFER(LONGEST_HEAD);
	run->body = BUFFER(exchange->keep_bytes);
	run->previous = http->last;
	*(http->last == NULL ? &http->first : &http->last->next) = run;
	http->last = run;
	exchange->run = run;
	exchange->failed = false;
	exchange->tries_made = 0;
	http_schedule(http, run->wake_at_ms);
	return true;
}

void http_cancel(struct http *http, struct http_exchange *exchange)
{
	struct http_run *run = exchange->run;

	if (run == NULL)
		return;
	exchange->run = NULL;
	run->exchange = NULL;
	if (http->busy) {
		http_schedule(http, 0);
		return;
	}
	stop_try(run);
	free_run(run);
}

void http_resume(struct http *http, struct http_exchange *exchange)
{
	struct http_run *run = exchange->run;

	if (run == NULL || !run->body_waits)
		return;
	run->body_waits = false;
	run->resume = true;
	run->active_ms = clock_monotonic_ms();
	http_schedule(http, 0);
}

static void log_end(const struct http_run *run)
{
	const struct http_exchange *exchange = run->exchange;
	const struct log *log = run->http->options.log;

	if (log == NULL || log->level < 1)
		return;
	if (exchange->failed)
		log_detail(log, "%s %s%s: %s", run->method, url_origin(run->arena, &run->target), run->target.path,
		           *exchange->error.cause == '\0' ? exchange->error.message : exchange->error.cause);
	else
		log_detail(log, "%s %s%s: %d, %zu bytes, %lld ms (connect %lld ms, first byte %lld ms), HTTP/%s, %s",
		           run->method, url_origin(run->arena, &run->target), run->target.path, exchange->status,
		           exchange->body_received, (long long)(exchange->total_us / 1000),
		           (long long)(exchange->connect_us / 1000), (long long)(exchange->first_byte_us / 1000),
		           exchange->http_version, exchange->address == NULL ? "?" : exchange->address);
}

/* The end: run is gone when on_done is called, so that the owner may start the exchange anew there. */
static void finish(struct http_run *run, bool failed)
{
	struct http_exchange *exchange = run->exchange;

	exchange->failed = failed;
	if (exchange->on_body == NULL)
		exchange->body = arena_text(run->arena, buffer_string(&run->body), run->body.len);
	log_end(run);
	exchange->run = NULL;
	free_run(run);
	if (exchange->on_done != NULL)
		exchange->on_done(exchange);
}

static void forget_answer(struct http_exchange *exchange)
{
	exchange->status = 0;
	exchange->reason = "";
	exchange->http_version = "";
	exchange->answer_headers = (struct text_map){ 0 };
	exchange->body = NULL;
	exchange->body_received = 0;
	exchange->retry_after_ms = -1;
	exchange->request_id = NULL;
	exchange->address = NULL;
	exchange->tls_expires = (struct instant){ 0 };
	exchange->connect_us = 0;
	exchange->first_byte_us = 0;
	exchange->total_us = 0;
}

static bool has_upload(const struct http_run *run)
{
	const struct http_exchange *exchange = run->exchange;

	if (run->bodyless)
		return false;
	return exchange->data != NULL || exchange->read_body != NULL || text_in_choices("POST|PUT|PATCH", run->method);
}

/* The URL as it is sent: with tls.server_name in place of the host, and the true host as the place to connect to. */
static void aim_url(const struct http_run *run, struct transfer_request *request)
{
	struct url named = run->target;

	/* what a bare connection asks for is written by its owner: the library would keep several copies of it */
	if (run->linked) {
		named.path = "/";
		named.query = NULL;
	}
	if (run->exchange->access.tls.server_name != NULL) {
		named.host = run->exchange->access.tls.server_name;
		request->connect_to =
		        arena_format(run->arena,
		                     strchr(run->target.host, ':') != NULL ? "%s:%u:[%s]:%u" : "%s:%u:%s:%u",
		                     named.host, (unsigned)named.port, run->target.host, (unsigned)named.port);
	}
	request->url = url_text(run->arena, &named);
}

bool run_aim(struct http_run *run, struct transfer_request *request, struct error *err)
{
	const struct http_access *access = &run->exchange->access;
	bool by_authorities = access->tls.ca == NULL && access->tls.fingerprint == NULL;
	struct error ignored;

	aim_url(run, request);
	if (access->proxy != NULL)
		request->proxy = proxy_text(run->arena, access->proxy);
	if (strcmp(run->target.scheme, "https") == 0 && by_authorities) {
		if (!trust_file(run->http, err))
			return false;
		request->ca_file = run->http->ca_file;
	}
	/* a proxy that the environment names may be an https one, too; without authorities it is then not trusted */
	if (request->proxy != NULL && text_starts(request->proxy, "https:") && !trust_file(run->http, err))
		return false;
	if ((request->proxy != NULL || !host_is_loopback(run->target.host)) && trust_file(run->http, &ignored))
		request->proxy_ca_file = run->http->ca_file;
	return transport_for(run->http, &access->tls, &run->transport, err);
}

static bool begin_try(struct http_run *run, struct error *err)
{
	struct http_exchange *exchange = run->exchange;
	struct http *http = run->http;
	struct transfer_request request = { 0 };

	forget_answer(exchange);
	exchange->tries_made++;
	buffer_clear(&run->head);
	buffer_clear(&run->body);
	run->connected = false;
	run->answering = false;
	run->has_head = false;
	run->dropped = 0;
	run->sent = 0;
	run->try_started_ms = clock_monotonic_ms();
	run->active_ms = run->try_started_ms;
	if (!run_aim(run, &request, err))
		return false;
	request.upload = has_upload(run);
	request.body_len = exchange->data != NULL        ? (int64_t)exchange->data_len
	                   : exchange->read_body != NULL ? exchange->body_len
	                                                 : 0;
	request.fresh = exchange->tries == HTTP_TRIES_NEVER || exchange->read_body != NULL ||
	                (exchange->tries != HTTP_TRIES_HARMLESS && !method_is_safe(run->method));
	if (!transfer_start(run, &request, err))
		return false;
	http->transfers++;
	return true;
}

static void end_failed(struct http_run *run, const struct transfer_result *result)
{
	int64_t wait_ms;

	if (run->exchange->tries_made > 0 && retry_failure(run, result, &wait_ms)) {
		run->wake_at_ms = clock_monotonic_ms() + wait_ms;
		http_schedule(run->http, run->wake_at_ms);
		return;
	}
	failure_fill(run, result, &run->exchange->error);
	finish(run, true);
}

void run_ended(struct http_run *run, const struct transfer_result *result)
{
	release_place(run);
	if (run->exchange == NULL)
		free_run(run);
	else if (run->has_error)
		finish(run, true);
	else if (run->has_head && run->step == STEP_FAIL)
		finish(run, true);
	else if (run->has_head && run->step != STEP_DELIVER)
		http_schedule(run->http, run->wake_at_ms);
	else if (result->end == END_COMPLETE)
		finish(run, false);
	else
		end_failed(run, result);
}

/* The next moment at which something about run must be looked at, and what it means when it has passed. */
static int64_t next_limit(const struct http_run *run, enum transfer_end *ret_end)
{
	const struct http *http = run->http;
	int64_t limit_ms = INT64_MAX;

	*ret_end = END_SILENT;
	if (run->transfer == NULL) {
		limit_ms = run->wake_at_ms;
	} else if (!run->connected) {
		limit_ms = run->try_started_ms + http->options.connect_timeout_ms;
		*ret_end = END_CONNECT_TIMEOUT;
	} else if (!run->answering && !run->body_waits) {
		limit_ms = run->active_ms + run->request_timeout_ms;
	} else if (run->answering && !run->exchange->quiet) {
		limit_ms = run->active_ms + http->options.dead_peer_timeout_ms;
	}
	if (run->deadline.at_ms > limit_ms)
		return limit_ms;
	*ret_end = END_DEADLINE;
	return run->deadline.at_ms;
}

/* The library's try is over although it did not end by itself. */
static void end_try(struct http_run *run, enum transfer_end end)
{
	struct transfer_result result = { .end = end, .detail = "", .expected_bytes = -1 };

	if (run->exchange == NULL) {
		stop_try(run);
		free_run(run);
		return;
	}
	if (run->transfer == NULL) {
		failure_fill(run, &result, &run->exchange->error);
		finish(run, true);
		return;
	}
	transfer_describe(run);
	/* the error is worded while the try still shows how far it came */
	if (end == END_DEADLINE || end == END_SILENT) {
		run->has_error = true;
		run->step = STEP_DELIVER;
		failure_fill(run, &result, &run->exchange->error);
	}
	transfer_stop(run);
	run_ended(run, &result);
}

static void pass_gate(struct http_run *run)
{
	struct error *error = &run->exchange->error;
	enum gate_state state = gate_pass(run, error);

	if (state == GATE_FAILED || (state == GATE_OPEN && !begin_try(run, error)))
		finish(run, true);
}

/* Does what is due for run; it may be gone afterwards. */
static void serve(struct http_run *run)
{
	struct http *http = run->http;
	enum transfer_end end;

	if (run->exchange == NULL) {
		stop_try(run);
		free_run(run);
		return;
	}
	if (run->resume) {
		run->resume = false;
		if (run->transfer != NULL && !transfer_resume(run)) {
			end_try(run, END_STOPPED);
			return;
		}
		if (run->exchange == NULL)
			return; /* cancelled while it was resumed: the next turn frees it */
	}
	if (next_limit(run, &end) > clock_monotonic_ms())
		return;
	if (run->transfer != NULL || end == END_DEADLINE)
		end_try(run, end);
	else if (http->transfers < http->options.most_connections)
		pass_gate(run);
}

static void pump(void *user)
{
	struct http *http = user;
	struct http_run *last = http->last;
	int64_t next_ms = INT64_MAX;
	enum transfer_end end;
	bool more = last != NULL;

	http->busy = true;
	for (struct http_run *run = http->first; more;) {
		struct http_run *next = run->next;

		more = run != last;
		serve(run);
		run = next;
	}
	websockets_serve(http);
	http->busy = false;
	for (struct http_run *run = http->first; run != NULL; run = run->next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it cannot see that a freed run left the list */
		int64_t limit_ms = run->exchange == NULL ? 0 : next_limit(run, &end);
		bool queued = run->transfer == NULL && run->exchange != NULL &&
		              http->transfers >= http->options.most_connections;

		/* a queued try is woken by the end of another one */
		if (queued)
			limit_ms = run->deadline.at_ms;
		next_ms = limit_ms < next_ms ? limit_ms : next_ms;
	}
	if (next_ms != INT64_MAX)
		http_schedule(http, next_ms);
}
