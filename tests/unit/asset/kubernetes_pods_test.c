/* Looks for pods against canned answers: shared lists, pages, restarts, refusals, workloads. */
#include <criterion/criterion.h>

#include "cluster.h"

TestSuite(kubernetes_pods, .init = cluster_make, .fini = cluster_close);

static void found(struct pod_look *look)
{
	(void)look;
	cluster.answered++;
}

static struct pod_look *start(size_t i, const struct runtime_asset *asset)
{
	struct pod_look *look = &cluster.looks[i];
	struct error err;

	*look = (struct pod_look){ .context = &cluster.context, .asset = asset, .on_pod = found };
	cr_assert(pod_look_start(look, &err), "%s: %s", err.message, err.cause);
	cr_assert_eq(cluster.answered, 0, "nothing is told from inside a start");
	return look;
}

Test(kubernetes_pods, asks_the_server_for_the_labels_of_one_asset)
{
	OPEN(answer(list("", POD("b", APP("board"), "True") "," POD("a", APP("board"), "True"))));
	start(0, by_label("boards", "board"));
	wait_for(1);
	cr_assert(!cluster.looks[0].failed);
	cr_assert_eq(cluster.looks[0].pod.state, POD_READY);
	cr_assert_str_eq(cluster.looks[0].pod.name, "a");
	cr_assert_str_eq(cluster.looks[0].pod.uid, "u-a");
	cr_assert_str_eq(cluster.looks[0].pod.container, "main");
	cr_assert_eq(cluster.looks[0].pod.matching, 2);
	cr_assert_not_null(cluster.looks[0].access);
	asks(0, "GET /api/v1/namespaces/boards/pods?limit=");
	asks(0, "labelSelector=app%3Dboard");
}

Test(kubernetes_pods, shares_one_list_between_looks_of_one_turn)
{
	OPEN(answer(list("", POD("b", APP("two"), "True") "," POD("a", APP("one"), "False") "," POD("c", APP("three"),
	                                                                                            "True"))));
	start(0, by_label("boards", "one"));
	start(1, by_label("boards", "two"));
	start(2, by_label("boards", "none"));
	start(3, by_workload("pod/c"));
	wait_for(4);
	cr_assert_eq(server_requests(cluster.server), 1);
	cr_assert_null(strstr(server_request(cluster.server, 0), "Selector"));
	cr_assert_eq(cluster.looks[0].pod.state, POD_UNREADY);
	cr_assert_str_eq(cluster.looks[1].pod.name, "b");
	cr_assert_eq(cluster.looks[2].pod.state, POD_NONE);
	cr_assert_eq(cluster.looks[2].pod.matching, 0);
	cr_assert_str_eq(cluster.looks[3].pod.name, "c");
}

Test(kubernetes_pods, lists_each_namespace_once)
{
	OPEN(answer(list("", POD("a", APP("board"), "True"))), answer(list("", POD("a", APP("board"), "True"))));
	start(0, by_label("boards", "board"));
	start(1, by_label("labs", "board"));
	start(2, by_label("boards", "board"));
	wait_for(3);
	cr_assert_eq(server_requests(cluster.server), 2);
}

Test(kubernetes_pods, reads_page_after_page)
{
	OPEN(answer(list("to/2", POD("c", APP("board"), "False"))),
	     answer(list("to/3", POD("b", APP("board"), "True"))), answer(list("", POD("a", APP("other"), "True"))));
	start(0, by_label("boards", "board"));
	wait_for(1);
	cr_assert_eq(server_requests(cluster.server), 3);
	cr_assert_null(strstr(server_request(cluster.server, 0), "continue="));
	asks(1, "continue=to%2F2");
	asks(1, "labelSelector=app%3Dboard");
	asks(2, "continue=to%2F3");
	cr_assert_str_eq(cluster.looks[0].pod.name, "b");
	cr_assert_eq(cluster.looks[0].pod.matching, 2);
}

#define EXPIRED                                                                                                        \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Expired\",\"code\":410,"       \
	"\"message\":\"The provided continue parameter is too old\"}"

Test(kubernetes_pods, begins_anew_once_when_the_list_expired)
{
	OPEN(answer(list("2", POD("gone", APP("board"), "True"))), answer_with("410 Gone", "", EXPIRED),
	     answer(list("", POD("new", APP("board"), "True"))));
	start(0, by_label("boards", "board"));
	wait_for(1);
	cr_assert(!cluster.looks[0].failed);
	cr_assert_str_eq(cluster.looks[0].pod.name, "new");
	cr_assert_eq(cluster.looks[0].pod.matching, 1);
	cr_assert_null(strstr(server_request(cluster.server, 2), "continue="));
}

Test(kubernetes_pods, gives_up_when_the_list_expires_again)
{
	OPEN(answer(list("2", "")), answer_with("410 Gone", "", EXPIRED), answer(list("2", "")),
	     answer_with("410 Gone", "", EXPIRED));
	start(0, by_label("boards", "board"));
	wait_for(1);
	cr_assert(cluster.looks[0].failed);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_CONFLICT);
	cr_assert_eq(server_requests(cluster.server), 4);
}

Test(kubernetes_pods, tells_all_who_wait_why_the_list_was_refused)
{
	OPEN(answer_with(
	        "403 Forbidden", "",
	        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":403,\"message\":\"User "
	        "cannot list resource \\\"pods\\\"\"}"));
	start(0, by_label("boards", "one"));
	start(1, by_label("boards", "two"));
	wait_for(2);
	for (size_t i = 0; i < 2; i++) {
		cr_assert(cluster.looks[i].failed);
		cr_assert_eq(cluster.looks[i].error->id, ERROR_PLANE_AUTH);
		cr_assert_str_eq(cluster.looks[i].error->object, "runtime-asset/board");
		cr_assert_not_null(strstr(cluster.looks[i].error->fix, "list on pods"));
	}
}

Test(kubernetes_pods, refuses_answers_that_are_no_list_of_pods)
{
	OPEN(answer("<html></html>"));
	start(0, by_label("boards", "one"));
	wait_for(1);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_PROTOCOL);
}

Test(kubernetes_pods, refuses_a_list_of_something_else)
{
	OPEN(answer("{\"kind\":\"NodeList\",\"items\":[]}"));
	start(0, by_label("boards", "one"));
	wait_for(1);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_PROTOCOL);
}

Test(kubernetes_pods, refuses_a_pod_that_is_none)
{
	OPEN(answer(list("", "{\"metadata\":{}}")));
	start(0, by_label("boards", "one"));
	wait_for(1);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_PROTOCOL);
}

Test(kubernetes_pods, tells_that_nobody_answers)
{
	OPEN({ "", AFTER_RESET });
	start(0, by_label("boards", "one"));
	wait_for(1);
	cr_assert(cluster.looks[0].failed);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_UNAVAILABLE);
}

Test(kubernetes_pods, resolves_a_workload_once)
{
	OPEN(answer("{\"kind\":\"Deployment\",\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"board\"}}}}"),
	     answer(list("", POD("a", APP("board"), "True"))));
	start(0, by_workload("deployment/board"));
	start(1, by_workload("deployment/board"));
	wait_for(2);
	cr_assert_eq(server_requests(cluster.server), 2);
	asks(0, "GET /apis/apps/v1/namespaces/boards/deployments/board ");
	asks(1, "labelSelector=app%3Dboard");
	cr_assert_str_eq(cluster.looks[0].pod.name, "a");
	cr_assert_str_eq(cluster.looks[1].pod.name, "a");
}

Test(kubernetes_pods, has_no_pod_when_the_workload_is_missing)
{
	OPEN(answer_with("404 Not Found", "",
	                 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"NotFound\","
	                 "\"code\":404}"));
	start(0, by_workload("job/backup"));
	wait_for(1);
	asks(0, "GET /apis/batch/v1/namespaces/boards/jobs/backup ");
	cr_assert_eq(server_requests(cluster.server), 1, "nobody is left to list for");
	cr_assert(!cluster.looks[0].failed);
	cr_assert_eq(cluster.looks[0].pod.state, POD_NONE);
	cr_assert_str_eq(cluster.looks[0].pod.detail, "its workload does not exist");
}

Test(kubernetes_pods, fails_alone_when_its_workload_is_refused)
{
	OPEN(answer_with("403 Forbidden", "", "{\"status\":\"Failure\",\"message\":\"no\"}"),
	     answer(list("", POD("a", APP("board"), "True"))));
	start(0, by_workload("statefulset/board"));
	start(1, by_label("boards", "board"));
	wait_for(2);
	cr_assert(cluster.looks[0].failed);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_AUTH);
	cr_assert(!cluster.looks[1].failed);
	asks(1, "labelSelector=app%3Dboard");
}

#define DEPLOYMENT(name)                                                                                               \
	"{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"" name "\"}}}}"

static void start_five_deployments(void)
{
	static const char *const names[] = { "deployment/a", "deployment/b", "deployment/c", "deployment/d",
		                             "deployment/e" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		start(i, by_workload(names[i]));
}

Test(kubernetes_pods, lists_workloads_of_a_kind_when_there_are_many)
{
	OPEN(answer("{\"kind\":\"DeploymentList\",\"metadata\":{\"continue\":\"2\"},\"items\":[" DEPLOYMENT(
	             "a") "," DEPLOYMENT("x") "]}"),
	     answer("{\"kind\":\"DeploymentList\",\"items\":[" DEPLOYMENT("c") ",{\"metadata\":{\"name\":\"d\"}}]}"),
	     answer(list("", POD("c-0", APP("c"), "True") "," POD("a-0", APP("a"), "True"))));
	start_five_deployments();
	wait_for(5);
	cr_assert_eq(server_requests(cluster.server), 3);
	asks(0, "GET /apis/apps/v1/namespaces/boards/deployments?limit=");
	asks(1, "continue=2");
	cr_assert_str_eq(cluster.looks[0].pod.name, "a-0");
	cr_assert_eq(cluster.looks[1].pod.state, POD_NONE);
	cr_assert_str_eq(cluster.looks[1].pod.detail, "its workload does not exist");
	cr_assert_str_eq(cluster.looks[2].pod.name, "c-0");
	cr_assert(cluster.looks[3].failed, "it has no selector");
	cr_assert_eq(cluster.looks[3].error->id, ERROR_PLANE_PROTOCOL);
}

Test(kubernetes_pods, asks_for_workloads_one_by_one_when_they_may_not_be_listed)
{
	const struct reply one =
	        answer("{\"kind\":\"Deployment\",\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"a\"}}}}");
	const struct reply replies[] = { answer_with("403 Forbidden", "", "{\"status\":\"Failure\"}"),
		                         one,
		                         one,
		                         one,
		                         one,
		                         one,
		                         answer(list("", POD("a-0", APP("a"), "True"))) };

	open_cluster(replies, ARRAY_LEN(replies), "{mode: none}");
	start_five_deployments();
	wait_for(5);
	cr_assert_eq(server_requests(cluster.server), 7);
	for (size_t i = 0; i < 5; i++)
		cr_assert_str_eq(cluster.looks[i].pod.name, "a-0");
}

Test(kubernetes_pods, tells_all_of_a_kind_that_it_cannot_be_listed)
{
	OPEN(answer_with("500 Internal Server Error", "", "{\"status\":\"Failure\",\"message\":\"sick\"}"));
	start_five_deployments();
	wait_for(5);
	cr_assert_eq(server_requests(cluster.server), 1);
	for (size_t i = 0; i < 5; i++) {
		cr_assert_eq(cluster.looks[i].error->id, ERROR_PLANE_UNAVAILABLE);
		cr_assert_not_null(strstr(cluster.looks[i].error->message, "the list of deployments"));
	}
}

Test(kubernetes_pods, asks_for_one_pod_by_its_name)
{
	OPEN(answer(list("", POD("c", "", "True"))));
	start(0, by_workload("pod/c"));
	wait_for(1);
	asks(0, "fieldSelector=metadata.name%3Dc");
	cr_assert_eq(cluster.looks[0].pod.state, POD_READY);
}

Test(kubernetes_pods, reads_the_token_file_anew_after_a_401)
{
	const char *token = arena_format(cluster.place.arena, "%s/token", cluster.place.root);
	const struct reply replies[] = { answer_with("401 Unauthorized", "",
		                                     "{\"status\":\"Failure\",\"message\":\"no\"}"),
		                         answer(list("", POD("a", APP("board"), "True"))) };

	place_write(&cluster.place, "../token", "old\n");
	open_cluster(replies, 2, arena_format(cluster.place.arena, "{mode: token-file, tokenFile: %s}", token));
	start(0, by_label("boards", "board"));
	/* the old one is in memory by now */
	place_write(&cluster.place, "../token", "new\n");
	wait_for(1);
	asks(0, "Authorization: Bearer old");
	asks(1, "Authorization: Bearer new");
	cr_assert(!cluster.looks[0].failed);
}

Test(kubernetes_pods, asks_once_when_the_credential_stays_the_same)
{
	OPEN(answer_with("401 Unauthorized", "", "{\"status\":\"Failure\",\"message\":\"Unauthorized\"}"));
	start(0, by_label("boards", "board"));
	wait_for(1);
	cr_assert_eq(server_requests(cluster.server), 1);
	cr_assert_eq(cluster.looks[0].error->id, ERROR_PLANE_AUTH);
	cr_assert_not_null(strstr(cluster.looks[0].error->message, "the list of pods"));
}

Test(kubernetes_pods, forgets_looks_that_were_stopped)
{
	OPEN(answer(list("", POD("a", APP("one"), "True"))));
	start(0, by_label("boards", "one"));
	pod_look_stop(start(1, by_label("boards", "two")));
	pod_look_stop(&cluster.looks[1]);
	wait_for(1);
	pod_look_stop(&cluster.looks[0]);
	cr_assert_eq(cluster.looks[0].pod.state, POD_READY);
}

Test(kubernetes_pods, stops_listing_when_nobody_waits)
{
	struct error err;

	OPEN({ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", AFTER_STALL });
	start(0, by_label("boards", "one"));
	start(1, by_label("boards", "two"));
	while (server_requests(cluster.server) == 0)
		cr_assert(loop_turn(cluster.context.loop, deadline_after(20), &err));
	pod_look_stop(&cluster.looks[1]);
	pod_look_stop(&cluster.looks[0]);
	cr_assert(loop_turn(cluster.context.loop, deadline_after(50), &err));
	cr_assert_eq(cluster.answered, 0);
}

Test(kubernetes_pods, may_be_closed_in_the_middle)
{
	struct error err;

	OPEN({ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", AFTER_STALL });
	start(0, by_label("boards", "one"));
	while (server_requests(cluster.server) == 0)
		cr_assert(loop_turn(cluster.context.loop, deadline_after(20), &err));
	start(1, by_label("labs", "one"));
}

static void stop_the_other(struct pod_look *look)
{
	found(look);
	pod_look_stop(&cluster.looks[look == &cluster.looks[0] ? 1 : 0]);
}

Test(kubernetes_pods, may_stop_others_in_its_answer)
{
	OPEN(answer(list("", POD("a", APP("one"), "True"))));
	start(0, by_label("boards", "one"))->on_pod = stop_the_other;
	start(1, by_label("boards", "one"))->on_pod = stop_the_other;
	wait_for(1);
}

static void look_again(struct pod_look *look)
{
	struct error err;

	found(look);
	if (cluster.answered == 1)
		cr_assert(pod_look_start(look, &err));
}

Test(kubernetes_pods, may_look_again_in_its_answer)
{
	OPEN(answer(list("", POD("a", APP("one"), "False"))), answer(list("", POD("a", APP("one"), "True"))));
	start(0, by_label("boards", "one"))->on_pod = look_again;
	wait_for(2);
	cr_assert_eq(cluster.looks[0].pod.state, POD_READY);
}

Test(kubernetes_pods, needs_a_cluster)
{
	struct runtime_asset *asset = asset_in("boards");
	struct pod_look look = { .context = &cluster.context, .asset = asset, .on_pod = found };
	struct error err;

	OPEN(answer("{}"));
	asset->kubernetes.cluster = "nowhere";
	cr_assert(!pod_look_start(&look, &err));
	cr_assert_eq(err.id, ERROR_ASSET_NO_EXECUTOR);
}

/* --- may it be used --- */

struct usable_case {
	enum pod_state state;
	bool ready_only;
	const char *container;
	bool usable;
	enum error_id id;
};

Test(kubernetes_pods, may_be_used_by_contract)
{
	static const struct usable_case cases[] = {
		{ POD_READY, true, "main", true, 0 },
		{ POD_READY, true, NULL, false, ERROR_CONTRACT_INVALID },
		{ POD_UNREADY, true, "main", false, ERROR_ASSET_NOT_RUNNING },
		{ POD_UNREADY, false, "main", true, 0 },
		{ POD_NOT_RUNNING, false, "main", false, ERROR_ASSET_NOT_RUNNING },
		{ POD_LEAVING, false, "main", false, ERROR_ASSET_NOT_RUNNING },
		{ POD_NONE, false, NULL, false, ERROR_ASSET_NOT_RUNNING },
	};

	OPEN(answer("{}"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct runtime_asset *asset = asset_in("boards");
		struct pod_look look = {
			.asset = asset,
			.pod = { .state = cases[i].state, .container = cases[i].container, .detail = "why" }
		};
		struct error err = { 0 };

		asset->kubernetes.ready_only = cases[i].ready_only;
		cr_assert_eq(pod_usable(&look, &err), cases[i].usable, "case %zu", i);
		if (cases[i].usable)
			continue;
		cr_assert_eq(err.id, cases[i].id, "case %zu: %s", i, err.message);
		cr_assert_neq(err.cause[0], '\0');
		cr_assert_neq(err.fix[0], '\0');
		cr_assert_str_eq(err.object, "runtime-asset/board");
	}
}
