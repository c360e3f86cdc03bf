/* A command in a pod that is refused, repeated, signalled or stopped. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "exec.h"
#include "loop_inspect.h"

TestSuite(kubernetes_session_limits, .init = exec_make, .fini = cluster_close);

static void refuse(struct connection *connection, const char *status)
{
	char answer[256];

	(void)snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
	(void)connection_write(connection, answer, strlen(answer));
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

Test(kubernetes_session_limits, asks_a_busy_server_again)
{
	RUN(tell_pods, be_busy, be_busy, run_well);
	expect_exit(3);
}

Test(kubernetes_session_limits, asks_a_busy_server_no_more_than_it_may)
{
	RUN(tell_pods, be_busy);
	expect_error(SESSION_NOT_STARTED, ERROR_PLANE_BUSY, "429");
	cr_expect_eq(server_requests(cluster.server), 4);
}

Test(kubernetes_session_limits, begins_no_second_time_on_the_word_of_a_gateway)
{
	RUN(tell_pods, be_a_gateway);
	expect_error(SESSION_NOT_STARTED, ERROR_PLANE_UNAVAILABLE, "502");
	cr_expect_eq(server_requests(cluster.server), 2);
}

Test(kubernetes_session_limits, begins_again_when_the_command_waits_for_a_word_of_ours)
{
	static const char *entries[] = { "A=b" };

	exec.request.environment = (struct text_list){ entries, 1 };
	RUN(tell_pods, be_a_gateway, echo_input);
	expect_exit(0);
}

Test(kubernetes_session_limits, looks_once_more_for_a_pod_that_is_gone)
{
	RUN(tell_pods, be_gone, tell_pods, run_well);
	expect_exit(3);
}

Test(kubernetes_session_limits, looks_only_once_more)
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

Test(kubernetes_session_limits, reads_the_token_anew_after_a_401)
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
	kubernetes_signal(&exec.session, SIGTERM);
}

Test(kubernetes_session_limits, signals_with_a_second_command)
{
	exec.then = terminate;
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
	exec_turn_until(&reached);
}

static void turn_until_asked(size_t count)
{
	struct deadline limit = deadline_after(5000);

	while (server_requests(cluster.server) < count) {
		turn_for(1);
		cr_assert(!deadline_passed(limit), "%zu requests of %zu", server_requests(cluster.server), count);
	}
}

Test(kubernetes_session_limits, ends_at_a_signal_before_the_pod_is_known)
{
	exec_prepare((server_talk *const[]){ say_nothing }, 1, "{mode: none}");
	exec_start();
	kubernetes_signal(&exec.session, SIGINT);
	cr_assert_not(exec.ended);
	exec_turn_until(&exec.ended);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, "a signal came");
}

Test(kubernetes_session_limits, waits_a_moment_for_the_start_when_a_signal_comes)
{
	exec_prepare((server_talk *const[]){ tell_pods, say_nothing }, 2, "{mode: none}");
	exec_start();
	turn_until_asked(2);
	kubernetes_signal(&exec.session, SIGTERM);
	exec_turn_until(&exec.ended);
	expect_error(SESSION_NOT_STARTED, ERROR_RUN_NOT_STARTED, "a signal came");
	cr_expect_str_eq(exec.outcome.error.effect, "no start was reported");
}

static enum after run_on(struct connection *connection, const char *asked)
{
	open_as(connection, asked, V5);
	begin(connection, asked);
	(void)peer_read_close(connection);
	return AFTER_CLOSE;
}

Test(kubernetes_session_limits, leaves_nothing_behind_when_it_is_stopped)
{
	static const struct {
		server_talk *talks[3];
		size_t count;
		size_t asked;
	} stages[] = {
		{ { say_nothing }, 1, 1 },
		{ { tell_pods, say_nothing }, 2, 2 },
		{ { tell_pods, be_busy, say_nothing }, 3, 2 },
		{ { tell_pods, open_and_wait }, 2, 2 },
		{ { tell_pods, run_on, say_nothing }, 3, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		if (i > 0) {
			cluster_close();
			cluster_make();
		}
		exec_prepare(stages[i].talks, stages[i].count, "{mode: none}");
		exec_start();
		turn_until_asked(stages[i].asked);
		while (stages[i].talks[1] == run_on && exec.started == 0)
			turn_for(1);
		kubernetes_stop(&exec.session);
		/* the last signal goes its way as long as the loop turns */
		turn_until_asked(stages[i].talks[1] == run_on ? 3 : stages[i].asked);
		cr_expect_not(exec.ended, "stage %zu", i);
		asset_http_close(&cluster.context);
		cr_expect_eq(loop_pending(cluster.context.loop), 0, "stage %zu", i);
	}
}

Test(kubernetes_session_limits, has_no_users)
{
	struct error err;

	exec_prepare((server_talk *const[]){ tell_pods }, 1, "{mode: none}");
	exec.request.user = "root";
	cr_assert_not(kubernetes_start(&exec.session, &err));
	cr_expect_eq(err.id, ERROR_USAGE_CONFLICT);
}
