/* A command in a pod against a scripted API server: what is asked for, in which order, and what comes of it. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "exec.h"

#define ERROR_OF(message)                                                                                              \
	"{\"metadata\":{},\"status\":\"Failure\",\"reason\":\"InternalError\",\"code\":500,\"message\":\"" message "\"}"
#define NO_SH "exec: \\\"sh\\\": executable file not found in $PATH: unknown"

TestSuite(kubernetes_session, .init = exec_make, .fini = cluster_close);

Test(kubernetes_session, asks_for_the_streams_that_it_needs_and_tells_the_status)
{
	RUN(tell_pods, run_well);
	expect_exit(3);
	cr_expect_str_eq(exec.outputs[0], "out\n");
	cr_expect_str_eq(exec.outputs[1], "err\n");
	asks(1, "GET /api/v1/namespaces/boards/pods/a/exec?container=main&command=sh&command=-c&command=");
	asks(1, "&command=echo&command=it%27s&stdin=false&stdout=true&stderr=true&tty=false HTTP/1.1\r\n");
	cr_expect_str_eq(exec.session.target, "boards/a/main");
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

Test(kubernetes_session, gives_no_input_to_the_older_protocol)
{
	exec.request.want_input = true;
	RUN(tell_pods, open_and_wait);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, V4);
	cr_expect_str_eq(exec.outcome.error.effect, "nothing ran");
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

Test(kubernetes_session, sends_variables_before_the_input_and_never_in_the_url)
{
	static const char *entries[] = { "TOKEN=se cret" };

	exec.request.environment = (struct text_list){ entries, 1 };
	exec.request.want_input = true;
	exec.input = "typed";
	exec.close_at_room = true;
	RUN(tell_pods, echo_input);
	expect_exit(0);
	cr_expect_str_eq(exec.outputs[0], "TOKEN\nse\\0040cret\n\ntyped");
	cr_expect_str_eq(exec.outputs[1], "half-closed");
	cr_expect_null(strstr(server_request(cluster.server, 1), "TOKEN"));
}

Test(kubernetes_session, ends_an_input_that_only_variables_needed)
{
	static const char *entries[] = { "A=b" };

	exec.request.environment = (struct text_list){ entries, 1 };
	RUN(tell_pods, echo_input);
	expect_exit(0);
	cr_expect_str_eq(exec.outputs[0], "A\nb\n\n");
	cr_expect_str_eq(exec.outputs[1], "half-closed");
	asks(1, "dev%2Fnull");
}

Test(kubernetes_session, carries_long_commands_beside_the_url)
{
	static char word[5001];
	static const char *const words[] = { "echo", word, NULL };

	memset(word, 'w', sizeof word - 1);
	exec.request.argv = words;
	RUN(tell_pods, echo_input);
	expect_exit(0);
	cr_expect(strncmp(exec.outputs[0], "@\necho\n@\nwww", 12) == 0, "%.40s", exec.outputs[0]);
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
	exec.request.terminal = true;
	exec.request.want_input = true;
	exec.request.size = (struct terminal_size){ .columns = 80, .rows = 24 };
	RUN(tell_pods, tell_size);
	expect_exit(0);
	cr_expect_str_eq(exec.outputs[0], "{\"Width\":80,\"Height\":24}");
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
	cr_expect_str_eq(exec.outputs[0], "plain\n");
	asks(2, "exec?container=main&command=echo&command=it%27s&stdin=false&");
}

Test(kubernetes_session, needs_a_shell_for_a_folder)
{
	exec.request.workdir = "/srv";
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
	cr_expect(exec.outcome.derived);
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
	cr_expect_str_eq(exec.outputs[1], "");
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

Test(kubernetes_session, is_lost_without_a_status_and_says_when_the_pod_is_gone)
{
	RUN(tell_pods, end_without_status, tell_no_pods);
	expect_error(SESSION_LINK_LOST, ERROR_RUN_LINK_LOST, "its pod was deleted");
	cr_expect(strstr(exec.outcome.error.cause, "code 1000") != NULL, "%s", exec.outcome.error.cause);
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
	cr_expect_eq(exec.outcome.cause, SESSION_LINK_LOST);
	cr_expect_str_eq(exec.outputs[1], "");
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
	cr_expect_str_eq(exec.outputs[0], "done");
}
