/* A command in a pod against a scripted API server: what is asked for, in which order, and what comes of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "../net/peer.h"
#include "cluster.h"
#include "loop_inspect.h"

#define V5         "v5.channel.k8s.io"
#define V4         "v4.channel.k8s.io"
#define LONGEST_MS 10000

static const char *const command[] = { "echo", "it's", NULL };
static struct session_request request;
static struct session session;
static struct session_outcome outcome;
static bool ended;
static unsigned started;
static char outputs[2][8192];
static const char *input;  /* given at the first room */
static bool close_at_room; /* and then its end */
static void (*then)(void); /* after the start was told */

static void take_start(struct session *one)
{
	cr_assert_eq(one, &session);
	started++;
	if (then != NULL)
		then();
}

static void take_output(struct session *one, int stream, const char *data, size_t len)
{
	char *output = outputs[stream - 1];
	size_t used = strlen(output);

	(void)one;
	cr_assert(used + len < sizeof outputs[0]);
	memcpy(output + used, data, len);
}

static void take_room(struct session *one)
{
	if (input != NULL)
		cr_expect_eq(kubernetes_write(one, input, strlen(input)), strlen(input));
	input = NULL;
	if (close_at_room)
		kubernetes_close_input(one);
}

static void take_end(struct session *one, const struct session_outcome *what)
{
	cr_assert_eq(one, &session);
	cr_assert(!ended, "ended twice");
	outcome = *what;
	ended = true;
}

/* --- the server's side, in its threads --- */

static enum after tell_pods(struct connection *connection, const char *asked)
{
	const char *body = list("", POD("a", APP("board"), "True"));
	char head[128];

	cr_assert_not_null(strstr(asked, "/pods?"), "%s", asked);
	(void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
	(void)connection_write(connection, head, strlen(head));
	(void)connection_write(connection, body, strlen(body));
	return AFTER_KEEP;
}

static void refuse(struct connection *connection, const char *status)
{
	char answer[256];

	(void)snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
	(void)connection_write(connection, answer, strlen(answer));
}

static void open_as(struct connection *connection, const char *asked, const char *protocol)
{
	const char *answer = peer_answer(asked, protocol);

	cr_assert_not_null(strstr(asked, "Sec-WebSocket-Protocol: " V5), "%s", asked);
	(void)connection_write(connection, answer, strlen(answer));
	peer_send(connection, BINARY, "\1", 1);
}

static void say(struct connection *connection, int channel, const char *text)
{
	char message[8192];
	int len = snprintf(message, sizeof message, "%c%s", channel, text);

	cr_assert((size_t)len < sizeof message);

	peer_send(connection, BINARY, message, (size_t)len);
}

/* A note behind the mark that the request's words hold. */
static void note(struct connection *connection, const char *asked, int channel, const char *text)
{
	const char *mark = strstr(asked, "command=%1E");
	char line[128];

	cr_assert_not_null(mark, "%s", asked);
	(void)snprintf(line, sizeof line, "\x1e%.16s %s\n", mark + strlen("command=%1E"), text);
	say(connection, channel, line);
}

#define SUCCESS "{\"metadata\":{},\"status\":\"Success\"}"
#define FAILURE(code)                                                                                                  \
	"{\"metadata\":{},\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":["             \
	"{\"reason\":\"ExitCode\",\"message\":\"" code "\"}]}}"
#define ERROR_OF(message)                                                                                              \
	"{\"metadata\":{},\"status\":\"Failure\",\"reason\":\"InternalError\",\"code\":500,\"message\":\"" message "\"}"
#define NO_SH "exec: \\\"sh\\\": executable file not found in $PATH: unknown"

static enum after close_with(struct connection *connection, const char *status)
{
	if (status != NULL)
		say(connection, 3, status);
	peer_send(connection, CLOSE, "\3\350", 2);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

static void begin(struct connection *connection, const char *asked)
{
	note(connection, asked, 1, "pid 77");
	note(connection, asked, 2, "started");
}

static void finish(struct connection *connection, const char *asked, const char *status)
{
	note(connection, asked, 2, status);
	note(connection, asked, 1, "end");
}

static enum after run_well(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	say(connection, 1, "out\n");
	say(connection, 2, "err\n");
	finish(connection, asked, "status 3");
	return close_with(connection, FAILURE("3"));
}

/* --- the session's side --- */

static void make(void)
{
	cluster_make();
	request = (struct session_request){
		.argv = command, .direct_input = -1, .direct_output = -1, .direct_errors = -1
	};
}

TestSuite(kubernetes_session, .init = make, .fini = cluster_close);

static void prepare(server_talk *const *talks, size_t count, const char *auth)
{
	open_cluster_of(server_start_talks(talks, count, NULL, NULL, NULL), auth);
	cluster.context.most_retries = 2;
	session = (struct session){
		.context = &cluster.context,
		.asset = by_label("boards", "board"),
		.request = &request,
		.on_started = take_start,
		.on_output = take_output,
		.on_input_room = take_room,
		.on_ended = take_end,
	};
}

static void start(void)
{
	struct error err;

	cr_assert(kubernetes_start(&session, &err), "%s: %s", err.message, err.cause);
	cr_assert(!ended && started == 0, "nothing is told from inside the start");
}

static void turn_until(const bool *flag)
{
	struct deadline limit = deadline_after(LONGEST_MS);
	struct error err;

	while (!*flag) {
		cr_assert(loop_turn(cluster.context.loop, limit, &err));
		cr_assert(!deadline_passed(limit), "there was no end");
	}
}

#define RUN_WITH(auth, ...)                                                                                            \
	prepare((server_talk *const[]){ __VA_ARGS__ },                                                                 \
	        sizeof((server_talk *const[]){ __VA_ARGS__ }) / sizeof(server_talk *), auth);                          \
	start();                                                                                                       \
	turn_until(&ended)
#define RUN(...) RUN_WITH("{mode: none}", __VA_ARGS__)

static void expect_exit(int status)
{
	cr_expect_eq(outcome.cause, SESSION_EXITED, "%s: %s", outcome.error.message, outcome.error.cause);
	cr_expect_eq(outcome.exit_status, status);
	cr_expect_eq(started, 1);
}

static void expect_error(enum session_cause cause, enum error_id id, const char *words)
{
	cr_expect_eq(outcome.cause, cause);
	cr_expect_eq(outcome.error.id, id, "%s: %s", outcome.error.message, outcome.error.cause);
	cr_expect(strstr(outcome.error.cause, words) != NULL, "%s", outcome.error.cause);
}

Test(kubernetes_session, asks_for_the_streams_that_it_needs_and_tells_the_status)
{
	RUN(tell_pods, run_well);
	expect_exit(3);
	cr_expect_str_eq(outputs[0], "out\n");
	cr_expect_str_eq(outputs[1], "err\n");
	asks(1, "GET /api/v1/namespaces/boards/pods/a/exec?container=main&command=sh&command=-c&command=");
	asks(1, "&command=echo&command=it%27s&stdin=false&stdout=true&stderr=true&tty=false HTTP/1.1\r\n");
	cr_expect_str_eq(session.target, "boards/a/main");
}

static enum after run_in_version_4(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V4);
	begin(connection, asked);
	finish(connection, asked, "status 0");
	return close_with(connection, SUCCESS);
}

Test(kubernetes_session, runs_with_the_older_protocol)
{
	RUN(tell_pods, run_in_version_4);
	expect_exit(0);
}

static enum after open_and_wait(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V4);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

Test(kubernetes_session, gives_no_input_to_the_older_protocol)
{
	request.want_input = true;
	RUN(tell_pods, open_and_wait);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, V4);
	cr_expect_str_eq(outcome.error.effect, "nothing ran");
	asks(1, "&stdin=true&");
}

static enum after open_without_protocol(struct connection *connection, const char *asked)
{
	open_as(connection, asked, NULL);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

Test(kubernetes_session, leaves_a_server_that_chose_no_protocol)
{
	RUN(tell_pods, open_without_protocol);
	expect_error(SESSION_LINK_LOST, ERROR_RUN_LINK_LOST, "old protocol");
}

/* Sends back what it was given up to the half-close, one letter for each kind of message. */
static enum after echo_input(struct connection *connection, const char *asked)
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

Test(kubernetes_session, sends_variables_before_the_input_and_never_in_the_url)
{
	static const char *entries[] = { "TOKEN=se cret" };

	request.environment = (struct text_list){ entries, 1 };
	request.want_input = true;
	input = "typed";
	close_at_room = true;
	RUN(tell_pods, echo_input);
	expect_exit(0);
	cr_expect_str_eq(outputs[0], "TOKEN\nse\\0040cret\n\ntyped");
	cr_expect_str_eq(outputs[1], "half-closed");
	cr_expect_null(strstr(server_request(cluster.server, 1), "TOKEN"));
}

Test(kubernetes_session, ends_an_input_that_only_variables_needed)
{
	static const char *entries[] = { "A=b" };

	request.environment = (struct text_list){ entries, 1 };
	RUN(tell_pods, echo_input);
	expect_exit(0);
	cr_expect_str_eq(outputs[0], "A\nb\n\n");
	cr_expect_str_eq(outputs[1], "half-closed");
	asks(1, "dev%2Fnull");
}

Test(kubernetes_session, carries_long_commands_beside_the_url)
{
	static char word[5001];
	static const char *const words[] = { "echo", word, NULL };

	memset(word, 'w', sizeof word - 1);
	request.argv = words;
	RUN(tell_pods, echo_input);
	expect_exit(0);
	cr_expect(strncmp(outputs[0], "@\necho\n@\nwww", 12) == 0, "%.40s", outputs[0]);
	cr_expect_null(strstr(server_request(cluster.server, 1), "wwww"));
}

static enum after tell_size(struct connection *connection, const char *asked)
{
	static struct peer_frame frame;

	open_as(connection, asked, V5);
	cr_assert(peer_read(connection, &frame));
	note(connection, asked, 1, "pid 77");
	note(connection, asked, 1, "started");
	say(connection, 1, frame.data[0] == 4 ? frame.data + 1 : "no size");
	note(connection, asked, 1, "status 0");
	note(connection, asked, 1, "end");
	return close_with(connection, SUCCESS);
}

Test(kubernetes_session, tells_a_terminal_its_size_first)
{
	request.terminal = true;
	request.want_input = true;
	request.size = (struct terminal_size){ .columns = 80, .rows = 24 };
	RUN(tell_pods, tell_size);
	expect_exit(0);
	cr_expect_str_eq(outputs[0], "{\"Width\":80,\"Height\":24}");
	asks(1, "&stdin=true&stdout=true&stderr=false&tty=true ");
}

static enum after lack_shell(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	return close_with(connection, ERROR_OF(NO_SH));
}

static enum after run_plainly(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	say(connection, 1, "plain\n");
	return close_with(connection, FAILURE("4"));
}

Test(kubernetes_session, runs_the_words_alone_where_there_is_no_shell)
{
	RUN(tell_pods, lack_shell, run_plainly);
	expect_exit(4);
	cr_expect_str_eq(outputs[0], "plain\n");
	asks(2, "exec?container=main&command=echo&command=it%27s&stdin=false&");
}

Test(kubernetes_session, needs_a_shell_for_a_folder)
{
	request.workdir = "/srv";
	RUN(tell_pods, lack_shell);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, "--workdir");
}

static enum after lack_program(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	return close_with(connection, ERROR_OF("exec: \\\"echo\\\": executable file not found in $PATH: unknown"));
}

Test(kubernetes_session, tells_a_missing_program_from_the_message)
{
	RUN(tell_pods, lack_shell, lack_program);
	expect_error(SESSION_NOT_FOUND, ERROR_RUN_COMMAND_NOT_FOUND, "executable file not found");
	cr_expect(outcome.derived);
}

static enum after lack_container(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	return close_with(connection, ERROR_OF("unable to upgrade connection: container not found (\\\"main\\\")"));
}

Test(kubernetes_session, knows_a_container_that_does_not_run)
{
	RUN(tell_pods, lack_container);
	expect_error(SESSION_NOT_STARTED, ERROR_ASSET_NOT_RUNNING, "does not run");
}

static enum after fail_to_execute(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	finish(connection, asked, "status 126");
	return close_with(connection, FAILURE("126"));
}

static enum after complain_as_bash_does(struct connection *connection, const char *asked)
{
	const char *mark = strstr(asked, "command=%1E") + strlen("command=%1E");
	char line[128];

	open_as(connection, asked, V5);
	begin(connection, asked);
	(void)snprintf(line, sizeof line, "\x1e%.16s: line 8: exec: x: cannot execute\n", mark);
	say(connection, 2, line);
	finish(connection, asked, "status 126");
	return close_with(connection, FAILURE("126"));
}

Test(kubernetes_session, passes_on_a_status_that_is_the_commands_own)
{
	RUN(tell_pods, fail_to_execute);
	expect_exit(126);
}

Test(kubernetes_session, knows_a_program_that_may_not_run_by_the_shells_complaint)
{
	RUN(tell_pods, complain_as_bash_does);
	expect_error(SESSION_NOT_EXECUTABLE, ERROR_RUN_NOT_EXECUTABLE, "");
	cr_expect_str_eq(outputs[1], "");
}

static enum after invent_success(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	say(connection, 1, "half of the out");
	return close_with(connection, SUCCESS);
}

Test(kubernetes_session, believes_no_success_without_the_end_of_the_output)
{
	RUN(tell_pods, invent_success, tell_pods);
	expect_error(SESSION_LINK_LOST, ERROR_RUN_LINK_LOST, "the end of the output is missing");
}

static enum after end_without_status(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	finish(connection, asked, "status 0");
	return close_with(connection, NULL);
}

static enum after tell_no_pods(struct connection *connection, const char *asked)
{
	const char *body = list("", "");
	char head[128];

	(void)asked;
	(void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
	(void)connection_write(connection, head, strlen(head));
	(void)connection_write(connection, body, strlen(body));
	return AFTER_KEEP;
}

Test(kubernetes_session, is_lost_without_a_status_and_says_when_the_pod_is_gone)
{
	RUN(tell_pods, end_without_status, tell_no_pods);
	expect_error(SESSION_LINK_LOST, ERROR_RUN_LINK_LOST, "its pod was deleted");
	cr_expect(strstr(outcome.error.cause, "code 1000") != NULL, "%s", outcome.error.cause);
}

static enum after cut_a_note(struct connection *connection, const char *asked)
{
	const char *mark = strstr(asked, "command=%1E") + strlen("command=%1E");
	char half[16];

	open_as(connection, asked, V5);
	begin(connection, asked);
	(void)snprintf(half, sizeof half, "\x1e%.8s", mark);
	say(connection, 2, half);
	return AFTER_RESET;
}

Test(kubernetes_session, shows_no_half_notes)
{
	RUN(tell_pods, cut_a_note, tell_pods);
	cr_expect_eq(outcome.cause, SESSION_LINK_LOST);
	cr_expect_str_eq(outputs[1], "");
}

static enum after stay_open(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	say(connection, 1, "done");
	finish(connection, asked, "status 0");
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

Test(kubernetes_session, does_not_wait_for_what_a_command_left_behind)
{
	RUN(tell_pods, stay_open);
	expect_exit(0);
	cr_expect_str_eq(outputs[0], "done");
}

static enum after be_busy(struct connection *connection, const char *asked)
{
	(void)asked;
	refuse(connection, "429 Too Many Requests");
	return AFTER_CLOSE;
}

static enum after be_gone(struct connection *connection, const char *asked)
{
	(void)asked;
	refuse(connection, "404 Not Found");
	return AFTER_CLOSE;
}

static enum after be_a_gateway(struct connection *connection, const char *asked)
{
	(void)asked;
	refuse(connection, "502 Bad Gateway");
	return AFTER_CLOSE;
}

Test(kubernetes_session, asks_a_busy_server_again)
{
	RUN(tell_pods, be_busy, be_busy, run_well);
	expect_exit(3);
}

Test(kubernetes_session, asks_a_busy_server_no_more_than_it_may)
{
	RUN(tell_pods, be_busy);
	expect_error(SESSION_NOT_STARTED, ERROR_PLANE_BUSY, "429");
	cr_expect_eq(server_requests(cluster.server), 4);
}

Test(kubernetes_session, begins_no_second_time_on_the_word_of_a_gateway)
{
	RUN(tell_pods, be_a_gateway);
	expect_error(SESSION_NOT_STARTED, ERROR_PLANE_UNAVAILABLE, "502");
	cr_expect_eq(server_requests(cluster.server), 2);
}

Test(kubernetes_session, begins_again_when_the_command_waits_for_a_word_of_ours)
{
	static const char *entries[] = { "A=b" };

	request.environment = (struct text_list){ entries, 1 };
	RUN(tell_pods, be_a_gateway, echo_input);
	expect_exit(0);
}

Test(kubernetes_session, looks_once_more_for_a_pod_that_is_gone)
{
	RUN(tell_pods, be_gone, tell_pods, run_well);
	expect_exit(3);
}

Test(kubernetes_session, looks_only_once_more)
{
	RUN(tell_pods, be_gone, tell_pods, be_gone);
	expect_error(SESSION_NOT_STARTED, ERROR_PLANE_NOT_FOUND, "404");
	cr_expect_eq(server_requests(cluster.server), 4);
}

static char token_path[] = "/tmp/fops-token-XXXXXX";

static void write_token(const char *token)
{
	FILE *file = fopen(token_path, "w");

	cr_assert_not_null(file);
	(void)fputs(token, file);
	(void)fclose(file);
}

static enum after expire(struct connection *connection, const char *asked)
{
	cr_assert_not_null(strstr(asked, "Bearer first"), "%s", asked);
	write_token("second");
	refuse(connection, "401 Unauthorized");
	return AFTER_CLOSE;
}

Test(kubernetes_session, reads_the_token_anew_after_a_401)
{
	int descriptor = mkstemp(token_path);

	cr_assert(descriptor >= 0);
	(void)close(descriptor);
	write_token("first");
	RUN_WITH(arena_format(cluster.place.arena, "{mode: token-file, tokenFile: %s}", token_path), tell_pods, expire,
	         run_well);
	(void)unlink(token_path);
	expect_exit(3);
	asks(2, "Bearer second");
}

static enum after wait_for_the_end(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	cr_assert_eq(peer_wait(), SIGTERM);
	finish(connection, asked, "status 143");
	return close_with(connection, FAILURE("143"));
}

static enum after be_told_to_kill(struct connection *connection, const char *asked)
{
	const char *answer = peer_answer(asked, V5);

	cr_assert_not_null(strstr(asked, "&command=sh&command=TERM&command=77&stdin=false&stdout=true&stderr=false&"),
	                   "%s", asked);
	(void)connection_write(connection, answer, strlen(answer));
	peer_tell(SIGTERM);
	return close_with(connection, SUCCESS);
}

static void terminate(void)
{
	kubernetes_signal(&session, SIGTERM);
}

Test(kubernetes_session, signals_with_a_second_command)
{
	then = terminate;
	RUN(tell_pods, wait_for_the_end, be_told_to_kill);
	expect_exit(143);
}

static enum after say_nothing(struct connection *connection, const char *asked)
{
	(void)asked;
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

static bool reached;

static void expire_wait(void *user)
{
	(void)user;
	reached = true;
}

static void turn_for(int64_t ms)
{
	struct loop_timer timer = { 0 };

	reached = false;
	loop_arm(cluster.context.loop, &timer, ms, expire_wait, NULL);
	turn_until(&reached);
}

static void turn_until_asked(size_t count)
{
	while (server_requests(cluster.server) < count)
		turn_for(1);
}

Test(kubernetes_session, ends_at_a_signal_before_the_pod_is_known)
{
	prepare((server_talk *const[]){ say_nothing }, 1, "{mode: none}");
	start();
	kubernetes_signal(&session, SIGINT);
	cr_assert_not(ended);
	turn_until(&ended);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, "a signal came");
}

Test(kubernetes_session, waits_a_moment_for_the_start_when_a_signal_comes)
{
	prepare((server_talk *const[]){ tell_pods, say_nothing }, 2, "{mode: none}");
	start();
	turn_until_asked(2);
	kubernetes_signal(&session, SIGTERM);
	turn_until(&ended);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, "a signal came");
	cr_expect_str_eq(outcome.error.effect, "no start was reported");
}

Test(kubernetes_session, leaves_nothing_behind_when_it_is_stopped)
{
	static server_talk *const stages[][3] = {
		{ say_nothing },
		{ tell_pods, say_nothing },
		{ tell_pods, be_busy, say_nothing },
		{ tell_pods, open_and_wait },
	};

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		size_t count = i == 0 ? 1 : i == 2 ? 3 : 2;

		if (i > 0) {
			cluster_close();
			cluster_make();
		}
		prepare(stages[i], count, "{mode: none}");
		start();
		turn_until_asked(i == 2 ? 2 : count);
		turn_for(20);
		kubernetes_stop(&session);
		turn_for(5);
		cr_expect_not(ended, "stage %zu", i);
		asset_http_close(&cluster.context);
		cr_expect_eq(loop_pending(cluster.context.loop), 0, "stage %zu", i);
	}
}

Test(kubernetes_session, has_no_users)
{
	struct error err;

	prepare((server_talk *const[]){ tell_pods }, 1, "{mode: none}");
	request.user = "root";
	cr_assert_not(kubernetes_start(&session, &err));
	cr_expect_eq(err.id, ERROR_USAGE_CONFLICT);
}
