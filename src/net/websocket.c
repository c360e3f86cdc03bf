/* The life of a WebSocket: its place, its limits, its end, and when its owner is told. */
#include "fops/net/websocket.h"

#include "fops/base/arena.h"
#include "fops/net/url.h"
#include "websocket_private.h"

#define OPEN_TIMEOUT_MS  15000
#define CLOSE_TIMEOUT_MS 2000
#define HELD_MS          5000 /* a server may be about to close a connection that said nothing for longer */
/* At once: a handshake takes far more memory than a connection at rest, and who waits has not begun its limit. */
#define MOST_CONNECTING    ((size_t)16)
#define LONGEST_ERROR_BODY ((size_t)64 * 1024)

/* Others may be waiting until run has its connection, or is known to get none. */
static void count_connecting(struct websocket_run *run, bool connecting)
{
	struct http *http = run->http;

	if (run->connecting == connecting)
		return;
	run->connecting = connecting;
	if (connecting) {
		http->websockets_connecting++;
		return;
	}
	if (http->websockets_connecting-- >= MOST_CONNECTING)
		http_schedule(http, 0);
}

static const struct error no_error = { .retry_after_ms = -1 };

/* Few connections fail: only they get the 2 KiB. */
struct error *websocket_error(struct websocket_run *run)
{
	if (run->error == NULL)
		run->error = arena_alloc(run->opening.arena, sizeof *run->error);
	run->websocket->error = run->error;
	return run->error;
}

static void destroy(struct websocket_run *run)
{
	struct http *http = run->http;

	if (run->previous != NULL)
		run->previous->next = run->next;
	else
		http->websockets = run->next;
	if (run->next != NULL)
		run->next->previous = run->previous;
	http->websocket_count--;
	count_connecting(run, false);
	flow_unwatch(run);
	loop_disarm(http->loop, &run->timer);
	if (run->link != NULL)
		link_close(run->link);
	if (run->has_place)
		http_release_place(http);
	upgrade_wipe(run);
	buffer_done(&run->opening.head);
	buffer_done(&run->opening.body);
	queue_free(&run->queue);
	free(run->exchange);
	free(run->held);
	free(run);
}

/* run is gone when on_end is called, so that the owner may open the connection anew there. */
static void finish(struct websocket_run *run)
{
	struct websocket *websocket = run->websocket;

	if (websocket != NULL)
		websocket->run = NULL;
	destroy(run);
	if (websocket != NULL && websocket->on_end != NULL)
		websocket->on_end(websocket);
}

static bool is_over(const struct websocket_run *run)
{
	return run->websocket == NULL || run->state == STATE_ENDED;
}

void websocket_leave(struct websocket_run *run)
{
	run->busy--;
	if (run->busy == 0 && is_over(run))
		finish(run);
}

static int64_t next_limit(const struct websocket_run *run)
{
	const struct websocket *websocket = run->websocket;
	int64_t limit_ms = INT64_MAX;
	int64_t said_ms = run->pinged_ms > run->received_ms ? run->pinged_ms : run->received_ms;

	switch (run->state) {
	case STATE_CONNECTING:
		if (websocket->held)
			return INT64_MAX;
		limit_ms = run->state_ms + run->http->options.connect_timeout_ms;
		break;
	case STATE_WAITING:
	case STATE_HELD:
		if (websocket->held)
			return INT64_MAX;
		break;
	case STATE_UPGRADING:
	case STATE_REFUSED:
		limit_ms = run->state_ms + run->opening.request_timeout_ms;
		break;
	case STATE_OPEN:
		if (websocket->ping_ms > 0)
			limit_ms = said_ms + websocket->ping_ms;
		if (websocket->dead_peer_ms > 0 && !run->paused &&
		    run->received_ms + websocket->dead_peer_ms < limit_ms)
			limit_ms = run->received_ms + websocket->dead_peer_ms;
		break;
	case STATE_CLOSING:
		limit_ms = (run->sent_ms > run->state_ms ? run->sent_ms : run->state_ms) + CLOSE_TIMEOUT_MS;
		break;
	default:
		break;
	}
	return limit_ms < run->deadline.at_ms ? limit_ms : run->deadline.at_ms;
}

static const char *origin_of(const struct websocket_run *run)
{
	return url_origin(run->opening.arena, &run->opening.origin);
}

static void fail_opening(struct websocket_run *run, enum transfer_end end)
{
	struct transfer_result result = { .end = end, .detail = "", .expected_bytes = -1 };

	failure_fill(&run->opening, &result, websocket_error(run));
	websocket_over(run, true);
}

static void meet_deadline(struct websocket_run *run)
{
	struct error *error = websocket_error(run);

	if (run->state < STATE_OPEN) {
		fail_opening(run, END_DEADLINE);
		return;
	}
	if (!run->deaf)
		fail(error, ERROR_TIMEOUT, "the WebSocket connection to %s was still open at the deadline",
		     origin_of(run));
	websocket_over(run, true);
}

/* Nobody closed in time: what was asked for before decides whether that is a failure. */
static void end_closing(struct websocket_run *run)
{
	if (!run->deaf && !run->close_seen && queue_len(&run->queue) > 0) {
		fail(websocket_error(run), ERROR_PLANE_UNAVAILABLE, "%s did not take the last messages",
		     origin_of(run));
		websocket_over(run, true);
		return;
	}
	websocket_over(run, run->deaf);
}

static void meet_silence(struct websocket_run *run, int64_t now_ms)
{
	struct websocket *websocket = run->websocket;

	if (link_is_pushed_back(run->link))
		run->received_ms = now_ms;
	if (websocket->dead_peer_ms > 0 && !run->paused && now_ms >= run->received_ms + websocket->dead_peer_ms) {
		fail(websocket_error(run), ERROR_PLANE_UNAVAILABLE, "the WebSocket connection to %s is dead",
		     origin_of(run));
		error_cause(websocket_error(run), "not a byte came for %lld ms, not even as answer to a ping",
		            (long long)(now_ms - run->received_ms));
		websocket_over(run, true);
		return;
	}
	run->pinged_ms = now_ms;
	run->queue.ping_due = true;
	flow_write(run);
	flow_watch(run);
}

static void meet_limit(struct websocket_run *run, int64_t now_ms)
{
	if (now_ms >= run->deadline.at_ms) {
		meet_deadline(run);
		return;
	}
	switch (run->state) {
	case STATE_CONNECTING:
		fail_opening(run, END_CONNECT_TIMEOUT);
		break;
	case STATE_UPGRADING:
		fail_opening(run, run->opening.answering ? END_DEADLINE : END_SILENT);
		break;
	case STATE_REFUSED:
		upgrade_judge(run);
		break;
	case STATE_OPEN:
		meet_silence(run, now_ms);
		break;
	case STATE_CLOSING:
		end_closing(run);
		break;
	default:
		break;
	}
}

static void look(void *user)
{
	struct websocket_run *run = user;
	int64_t now_ms = clock_monotonic_ms();
	int64_t limit_ms;

	run->busy++;
	if (run->more_input)
		flow_turn(run);
	if (!is_over(run) && next_limit(run) <= now_ms)
		meet_limit(run, now_ms);
	if (!is_over(run)) {
		limit_ms = next_limit(run);
		if (limit_ms != INT64_MAX)
			websocket_schedule(run, limit_ms);
	}
	websocket_leave(run);
}

void websocket_schedule(struct websocket_run *run, int64_t at_ms)
{
	if (!run->timer.armed || at_ms < run->timer.at_ms)
		loop_arm(run->http->loop, &run->timer, at_ms - clock_monotonic_ms(), look, run);
}

void websocket_set_state(struct websocket_run *run, enum websocket_state state)
{
	int64_t limit_ms;

	count_connecting(run, state == STATE_CONNECTING);
	run->state = state;
	run->state_ms = clock_monotonic_ms();
	limit_ms = next_limit(run);
	if (limit_ms != INT64_MAX)
		websocket_schedule(run, limit_ms);
}

static void log_end(const struct websocket_run *run)
{
	const struct websocket *websocket = run->websocket;
	const struct log *log = run->http->options.log;
	const struct url *target = &run->opening.target;
	const struct error *error = websocket->error;

	if (log == NULL || log->level < 1)
		return;
	if (websocket->failed)
		log_detail(log, "WebSocket %s%s: %s", url_origin(run->opening.arena, target), target->path,
		           *error->cause == '\0' ? error->message : error->cause);
	if (websocket->opened)
		log_detail(log, "WebSocket %s%s: closed with %d, received %llu bytes in %llu frames, sent %llu in %llu",
		           url_origin(run->opening.arena, target), target->path, websocket->close_code,
		           (unsigned long long)run->bytes_received, (unsigned long long)run->frames_received,
		           (unsigned long long)run->bytes_sent, (unsigned long long)run->frames_sent);
}

void websocket_over(struct websocket_run *run, bool failed)
{
	if (is_over(run))
		return;
	run->websocket->failed = failed;
	count_connecting(run, false);
	run->state = STATE_ENDED;
	flow_unwatch(run);
	loop_disarm(run->http->loop, &run->timer);
	log_end(run);
	if (run->busy == 0)
		http_schedule(run->http, 0);
}

static void begin_upgrade(struct websocket_run *run)
{
	run->websocket->connect_us = run->exchange->connect_us;
	run->opening.connected = true;
	run->opening.active_ms = clock_monotonic_ms();
	websocket_set_state(run, STATE_UPGRADING);
}

void websocket_connected(struct websocket_run *run)
{
	if (is_over(run))
		return;
	if (run->websocket->held) {
		websocket_set_state(run, STATE_HELD);
		return;
	}
	begin_upgrade(run);
	flow_write(run);
	flow_watch(run);
}

static void lose_held(struct websocket_run *run)
{
	run->lost = true;
	websocket_set_state(run, STATE_HELD);
}

void websocket_unconnected(struct websocket_run *run, const struct transfer_result *result)
{
	if (is_over(run))
		return;
	if (run->websocket->held) {
		lose_held(run);
		return;
	}
	failure_fill(&run->opening, result, websocket_error(run));
	websocket_over(run, true);
}

static bool begin(struct websocket_run *run, struct error *err)
{
	struct transfer_request request = { 0 };

	run->began_us = clock_monotonic_us();
	run->opening.connected = false;
	run->opening.answering = false;
	buffer_clear(&run->opening.head);
	run->head_bytes = 0;
	run->address = NULL;
	run->exchange->address = NULL;
	websocket_set_state(run, STATE_CONNECTING);
	if (!run->websocket->held && !upgrade_write(run, err))
		return false;
	return run_aim(&run->opening, &request, err) && link_open(run, &request, err);
}

static void drop_link(struct websocket_run *run)
{
	if (run->link != NULL)
		link_close(run->link);
	run->link = NULL;
}

static void open_link(struct websocket_run *run)
{
	struct error error;

	if (begin(run, &error))
		return;
	if (run->websocket->held) {
		lose_held(run);
		return;
	}
	*websocket_error(run) = error;
	websocket_over(run, true);
}

void websocket_redirected(struct websocket_run *run)
{
	flow_unwatch(run);
	drop_link(run);
	run->websocket->status = 0;
	run->websocket->answer_headers = (struct text_map){ 0 };
	open_link(run);
}

/* False while it waits for its access's token or rate, or when that failed. */
static bool pass_gate(struct websocket_run *run)
{
	struct error error;
	enum gate_state state = gate_pass(&run->opening, &error);

	if (state == GATE_WAIT && run->opening.wake_at_ms != INT64_MAX)
		http_schedule(run->http, run->opening.wake_at_ms);
	if (state == GATE_FAILED) {
		*websocket_error(run) = error;
		websocket_over(run, true);
	}
	return state == GATE_OPEN;
}

/* Is there a place for run, among all connections and among those that are being made? */
static bool has_room(const struct websocket_run *run)
{
	const struct http *http = run->http;

	return (run->has_place || http->transfers < http->options.most_connections) &&
	       http->websockets_connecting < MOST_CONNECTING;
}

/* The oldest first. */
void websockets_serve(struct http *http)
{
	struct websocket_run *run = http->websockets;

	while (run != NULL && run->next != NULL)
		run = run->next;
	for (struct websocket_run *previous; run != NULL; run = previous) {
		previous = run->previous;
		if (run->busy > 0)
			continue;
		if (run->websocket != NULL && run->state == STATE_WAITING && has_room(run) && pass_gate(run)) {
			http->transfers += run->has_place ? 0 : 1;
			run->has_place = true;
			drop_link(run);
			open_link(run);
		}
		if (is_over(run))
			finish(run);
	}
}

void websockets_close(struct http *http)
{
	while (http->websockets != NULL) {
		struct websocket_run *run = http->websockets;

		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it cannot see that a freed run left the list */
		if (run->websocket != NULL)
			run->websocket->run = NULL;
		destroy(run);
	}
	free(http->input);
	http->input = NULL;
}

static void forget_results(struct websocket *websocket)
{
	websocket->opened = false;
	websocket->failed = false;
	websocket->error = &no_error;
	websocket->protocol = NULL;
	websocket->status = 0;
	websocket->answer_headers = (struct text_map){ 0 };
	websocket->body = NULL;
	websocket->body_len = 0;
	websocket->retry_after_ms = -1;
	websocket->close_code = CLOSE_LOST;
	websocket->close_reason = "";
	websocket->connect_us = 0;
	websocket->open_us = 0;
}

static void describe_opening(struct websocket_run *run, struct arena *arena)
{
	struct websocket *websocket = run->websocket;

	run->exchange = malloc(sizeof *run->exchange);
	if (run->exchange == NULL)
		out_of_memory();
	*run->exchange = (struct http_exchange){
		.method = "GET",
		.url = websocket->url,
		.headers = websocket->headers,
		.access = websocket->access,
		.tries = HTTP_TRIES_NEVER,
		.tries_made = 1,
		.retry_after_ms = -1,
	};
	run->deadline = websocket->deadline.at_ms == 0 ? NO_DEADLINE : websocket->deadline;
	run->opening = (struct http_run){
		.http = run->http,
		.exchange = run->exchange,
		.arena = arena,
		.linked = true,
		.method = "GET",
		.deadline = run->deadline,
		.request_timeout_ms = websocket->open_timeout_ms > 0 ? websocket->open_timeout_ms : OPEN_TIMEOUT_MS,
		.started_ms = clock_monotonic_ms(),
		.head = BUFFER(LONGEST_HEAD),
		.body = BUFFER(LONGEST_ERROR_BODY),
	};
}

bool websocket_open(struct http *http, struct arena *arena, struct websocket *websocket, struct error *err)
{
	struct websocket_run *run = calloc(1, sizeof *run);

	if (run == NULL)
		out_of_memory();
	run->http = http;
	run->websocket = websocket;
	describe_opening(run, arena);
	if (!upgrade_prepare(run, err)) {
		free(run->exchange);
		free(run);
		return false;
	}
	if (http->input == NULL)
		http->input = malloc(INPUT_BYTES);
	if (http->input == NULL)
		out_of_memory();
	forget_results(websocket);
	run->next = http->websockets;
	if (run->next != NULL)
		run->next->previous = run;
	http->websockets = run;
	http->websocket_count++;
	websocket->run = run;
	websocket_set_state(run, STATE_WAITING);
	http_schedule(http, 0);
	return true;
}

bool websocket_proceed(struct websocket *websocket, struct error *err)
{
	struct websocket_run *run = websocket->run;
	bool is_connected;

	if (run == NULL || !websocket->held)
		return fail(err, ERROR_INTERNAL, "a WebSocket that is not held goes on");
	run->exchange->url = websocket->url;
	run->exchange->headers = websocket->headers;
	run->exchange->access = websocket->access;
	is_connected = run->state == STATE_HELD && !run->lost && clock_monotonic_ms() - run->state_ms < HELD_MS;
	websocket->held = false;
	if (!upgrade_prepare(run, err) || (run->state != STATE_WAITING && !upgrade_write(run, err))) {
		websocket_cancel(websocket);
		return false;
	}
	if (is_connected) {
		begin_upgrade(run);
		flow_push(run);
	} else if (run->state == STATE_HELD) {
		run->lost = false;
		websocket_set_state(run, STATE_WAITING);
	} else {
		websocket_set_state(run, run->state);
	}
	http_schedule(run->http, 0);
	return true;
}

void websocket_close(struct websocket *websocket, int code, const char *reason)
{
	struct websocket_run *run = websocket->run;

	if (run == NULL || is_over(run) || run->state == STATE_CLOSING)
		return;
	if (run->state != STATE_OPEN) {
		websocket_over(run, false);
		return;
	}
	run->close_asked = true;
	queue_close(&run->queue, code, reason);
	websocket_set_state(run, STATE_CLOSING);
	flow_push(run);
}

void websocket_cancel(struct websocket *websocket)
{
	struct websocket_run *run = websocket->run;

	if (run == NULL)
		return;
	websocket->run = NULL;
	run->websocket = NULL;
	flow_unwatch(run);
	loop_disarm(run->http->loop, &run->timer);
	if (run->busy > 0 || run->http->busy)
		http_schedule(run->http, 0);
	else
		finish(run);
}
