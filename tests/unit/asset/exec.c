/* Runs a session, and says what an API server would. */
#include "exec.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define LONGEST_MS 10000

struct exec_run exec;

static void take_start(struct session *one)
{
	cr_assert_eq(one, &exec.session);
	exec.started++;
	if (exec.then != NULL)
		exec.then();
}

static void take_output(struct session *one, int stream, const char *data, size_t len)
{
	char *output = exec.outputs[stream - 1];
	size_t used = strlen(output);

	(void)one;
	cr_assert(used + len < sizeof exec.outputs[0]);
	memcpy(output + used, data, len);
}

static void take_room(struct session *one)
{
	if (exec.input != NULL)
		cr_expect_eq(kubernetes_write(one, exec.input, strlen(exec.input)), strlen(exec.input));
	exec.input = NULL;
	if (exec.close_at_room)
		kubernetes_close_input(one);
}

static void take_end(struct session *one, const struct session_outcome *what)
{
	cr_assert_eq(one, &exec.session);
	cr_assert(!exec.ended, "ended twice");
	exec.outcome = *what;
	exec.ended = true;
}

/* --- the session's side --- */

static const char *const command[] = { "echo", "it's", NULL };

void exec_make(void)
{
	cluster_make();
	exec.request = (struct session_request){
		.argv = command, .direct_input = -1, .direct_output = -1, .direct_errors = -1
	};
}

void exec_prepare(server_talk *const *talks, size_t count, const char *auth)
{
	open_cluster_of(server_start_talks(talks, count, NULL, NULL, NULL), auth);
	cluster.context.most_retries = 2;
	exec.session = (struct session){
		.context = &cluster.context,
		.asset = by_label("boards", "board"),
		.request = &exec.request,
		.on_started = take_start,
		.on_output = take_output,
		.on_input_room = take_room,
		.on_ended = take_end,
	};
}

void exec_start(void)
{
	struct error err;

	cr_assert(kubernetes_start(&exec.session, &err), "%s: %s", err.message, err.cause);
	cr_assert(!exec.ended && exec.started == 0, "nothing is told from inside the start");
}

void exec_turn_until(const bool *flag)
{
	struct deadline limit = deadline_after(LONGEST_MS);
	struct error err;

	while (!*flag) {
		cr_assert(loop_turn(cluster.context.loop, limit, &err));
		cr_assert(!deadline_passed(limit), "there was no end");
	}
}

void expect_exit(int status)
{
	cr_expect_eq(exec.outcome.cause, SESSION_EXITED, "%s: %s", exec.outcome.error.message,
	             exec.outcome.error.cause);
	cr_expect_eq(exec.outcome.exit_status, status);
	cr_expect_eq(exec.started, 1);
}

void expect_error(enum session_cause cause, enum error_id id, const char *words)
{
	cr_expect_eq(exec.outcome.cause, cause);
	cr_expect_eq(exec.outcome.error.id, id, "%s: %s", exec.outcome.error.message, exec.outcome.error.cause);
	cr_expect(strstr(exec.outcome.error.cause, words) != NULL, "%s", exec.outcome.error.cause);
}

/* --- the server's side, in its threads --- */

static enum after tell_list(struct connection *connection, const char *asked, const char *items)
{
	const char *body = list("", items);
	char head[128];

	cr_assert_not_null(strstr(asked, "/pods?"), "%s", asked);
	(void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
	(void)connection_write(connection, head, strlen(head));
	(void)connection_write(connection, body, strlen(body));
	return AFTER_KEEP;
}

enum after tell_pods(struct connection *connection, const char *asked)
{
	return tell_list(connection, asked, POD("a", APP("board"), "True"));
}

enum after tell_no_pods(struct connection *connection, const char *asked)
{
	return tell_list(connection, asked, "");
}

void open_as(struct connection *connection, const char *asked, const char *protocol)
{
	const char *answer = peer_answer(asked, protocol);

	cr_assert_not_null(strstr(asked, "Sec-WebSocket-Protocol: " V5), "%s", asked);
	(void)connection_write(connection, answer, strlen(answer));
	peer_send(connection, BINARY, "\1", 1);
}

void say(struct connection *connection, int channel, const char *text)
{
	char message[8192];
	int len = snprintf(message, sizeof message, "%c%s", channel, text);

	cr_assert((size_t)len < sizeof message);

	peer_send(connection, BINARY, message, (size_t)len);
}

/* A note behind the mark that the request's words hold. */
void note(struct connection *connection, const char *asked, int channel, const char *text)
{
	const char *mark = strstr(asked, "command=%1E");
	char line[128];

	cr_assert_not_null(mark, "%s", asked);
	(void)snprintf(line, sizeof line, "\x1e%.16s %s\n", mark + strlen("command=%1E"), text);
	say(connection, channel, line);
}

enum after close_with(struct connection *connection, const char *status)
{
	if (status != NULL)
		say(connection, 3, status);
	peer_send(connection, CLOSE, "\3\350", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

void begin(struct connection *connection, const char *asked)
{
	note(connection, asked, 1, "pid 77");
	note(connection, asked, 2, "started");
}

void finish(struct connection *connection, const char *asked, const char *status)
{
	note(connection, asked, 2, status);
	note(connection, asked, 1, "end");
}

enum after run_well(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	say(connection, 1, "out\n");
	say(connection, 2, "err\n");
	finish(connection, asked, "status 3");
	return close_with(connection, FAILURE("3"));
}

/* Sends back what it was given up to the half-close, one letter for each kind of message. */
enum after echo_input(struct connection *connection, const char *asked)
{
	static struct peer_frame frame;

	open_as(connection, asked, V5);
	begin(connection, asked);
	while (peer_read(connection, &frame) && frame.data[0] == 0)
		say(connection, 1, frame.data + 1);
	say(connection, 2, frame.len == 2 && frame.data[0] == '\377' && frame.data[1] == 0 ? "half-closed" : "other");
	finish(connection, asked, "status 0");
	return close_with(connection, SUCCESS);
}

enum after open_and_wait(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V4);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}
