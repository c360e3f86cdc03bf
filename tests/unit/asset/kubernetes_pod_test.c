/* Pods as JSON: which container, what state, which is better, whom a selector means. */
#include "kubernetes_pod.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

static struct arena *arena;

static void make_arena(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(kubernetes_pod, .init = make_arena, .fini = free_arena);

static struct value parse(const char *text)
{
	struct value value;
	struct error err;

	cr_assert(json_parse(arena, "pod", text, strlen(text), NULL, &value, &err), "%s in %s", err.message, text);
	return value;
}

static struct pod_object read_pod(const char *text)
{
	struct value value = parse(text);
	struct pod_object pod;
	struct error err;

	cr_assert(pod_read(arena, &value, &pod, &err), "%s: %s in %s", err.message, err.cause, text);
	return pod;
}

#define META                                                                                                           \
	"\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"creationTimestamp\":\"2026-01-01T00:00:"     \
	"00Z\"}"
#define MAIN  "\"spec\":{\"containers\":[{\"name\":\"main\"}]}"
#define BOTH  "\"spec\":{\"containers\":[{\"name\":\"main\"},{\"name\":\"side\"}]}"
#define READY "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]"
#define RUNS(name)                                                                                                     \
	"{\"name\":\"" name "\",\"restartCount\":2,\"state\":{\"running\":{\"startedAt\":\"2026-01-01T00:00:05Z\"}}}"
#define WAITS(name, why)        "{\"name\":\"" name "\",\"restartCount\":3,\"state\":{\"waiting\":{" why "}}}"
#define POD(meta, spec, status) "{" meta "," spec ",\"status\":{" status "}}"

struct state_case {
	const char *pod;
	const char *wanted;
	enum pod_state state;
	const char *container;
	const char *detail;
	int64_t restarts;
};

static const struct state_case states[] = {
	{ POD(META, MAIN, "\"phase\":\"Running\"," READY ",\"containerStatuses\":[" RUNS("main") "]"), NULL, POD_READY,
	  "main", NULL, 2 },
	{ POD(META, MAIN, "\"containerStatuses\":[" RUNS("main") "]"), NULL, POD_UNREADY, "main", "not ready", 2 },
	{ POD(META, MAIN,
	      "\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"ContainersNotReady\"}],"
	      "\"containerStatuses\":[" RUNS("main") "]"),
	  NULL, POD_UNREADY, "main", "containers not ready", 2 },
	{ POD(META, MAIN,
	      "\"conditions\":[{\"type\":\"Ready\",\"status\":\"Unknown\",\"reason\":\"NodeStatusUnknown\"}],"
	      "\"containerStatuses\":[" RUNS("main") "]"),
	  NULL, POD_UNREADY, "main", "NodeStatusUnknown", 2 },
	{ POD(META, MAIN,
	      "\"phase\":\"Running\"," READY
	      ",\"containerStatuses\":[" WAITS("main", "\"reason\":\"CrashLoopBackOff\"") "]"),
	  NULL, POD_NOT_RUNNING, "main", "CrashLoopBackOff", 3 },
	{ POD(META, MAIN, "\"containerStatuses\":[" WAITS("main", "") "]"), NULL, POD_NOT_RUNNING, "main", "waiting",
	  3 },
	{ POD(META, MAIN,
	      "\"phase\":\"Succeeded\",\"containerStatuses\":[{\"name\":\"main\",\"restartCount\":0,\"state\":{"
	      "\"terminated\":{\"exitCode\":0,\"reason\":\"Completed\"}}}]"),
	  NULL, POD_NOT_RUNNING, "main", "Completed", 0 },
	{ POD(META, MAIN, "\"phase\":\"Failed\",\"reason\":\"Evicted\""), NULL, POD_NOT_RUNNING, "main", "Evicted", 0 },
	{ POD(META, MAIN,
	      "\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":"
	      "\"Unschedulable\"}]"),
	  NULL, POD_NOT_RUNNING, "main", "Unschedulable", 0 },
	{ POD(META, MAIN, "\"phase\":\"Pending\""), NULL, POD_NOT_RUNNING, "main", "Pending", 0 },
	{ "{\"metadata\":{\"name\":\"p\"}}", NULL, POD_NOT_RUNNING, NULL, "not started", 0 },
	{ POD("\"metadata\":{\"name\":\"p\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}", MAIN,
	      READY ",\"containerStatuses\":[" RUNS("main") "]"),
	  NULL, POD_LEAVING, "main", "being deleted", 2 },
	/* several containers */
	{ POD(META, BOTH, READY ",\"containerStatuses\":[" RUNS("main") "," RUNS("side") "]"), NULL, POD_READY, NULL,
	  NULL, 4 },
	{ POD(META, BOTH,
	      READY ",\"containerStatuses\":[" RUNS("main") "," WAITS("side", "\"reason\":\"ErrImagePull\"") "]"),
	  NULL, POD_NOT_RUNNING, NULL, "ErrImagePull", 5 },
	{ POD(META, BOTH,
	      READY ",\"containerStatuses\":[" RUNS("main") "," WAITS("side", "\"reason\":\"ErrImagePull\"") "]"),
	  "main", POD_READY, "main", NULL, 2 },
	{ POD(META, BOTH, READY ",\"containerStatuses\":[" RUNS("main") "," RUNS("side") "]"), "other", POD_NOT_RUNNING,
	  "other", "no such container", 0 },
	{ POD("\"metadata\":{\"name\":\"p\",\"annotations\":{\"kubectl.kubernetes.io/default-container\":\"side\"}}",
	      BOTH, READY ",\"containerStatuses\":[" RUNS("main") "," RUNS("side") "]"),
	  NULL, POD_READY, "side", NULL, 2 },
	{ POD("\"metadata\":{\"name\":\"p\",\"annotations\":{\"kubectl.kubernetes.io/default-container\":\"gone\"}}",
	      BOTH, READY ",\"containerStatuses\":[" RUNS("main") "," RUNS("side") "]"),
	  NULL, POD_READY, NULL, NULL, 4 },
	/* sidecars and debug containers */
	{ POD(META,
	      "\"spec\":{\"containers\":[{\"name\":\"main\"}],\"initContainers\":[{\"name\":\"proxy\","
	      "\"restartPolicy\":"
	      "\"Always\"},{\"name\":\"setup\"}]}",
	      READY ",\"containerStatuses\":[" RUNS("main") "],\"initContainerStatuses\":[" RUNS("proxy") "]"),
	  "proxy", POD_READY, "proxy", NULL, 2 },
	{ POD(META, "\"spec\":{\"containers\":[{\"name\":\"main\"}],\"initContainers\":[{\"name\":\"setup\"}]}",
	      READY ",\"containerStatuses\":[" RUNS("main") "],\"initContainerStatuses\":[" RUNS("setup") "]"),
	  "setup", POD_NOT_RUNNING, "setup", "no such container", 2 },
	{ POD(META, MAIN,
	      READY ",\"containerStatuses\":[" RUNS("main") "],\"ephemeralContainerStatuses\":[" RUNS("debug") "]"),
	  "debug", POD_READY, "debug", NULL, 2 },
};

Test(kubernetes_pod, has_a_state_a_container_and_a_reason)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		const struct state_case *expected = &states[i];
		struct pod_object object = read_pod(expected->pod);
		struct pod pod = pod_describe(&object, expected->wanted);

		cr_assert_eq(pod.state, expected->state, "case %zu: state %d", i, (int)pod.state);
		cr_assert(text_equal(pod.container, expected->container), "case %zu: %s", i, pod.container);
		cr_assert(text_equal(pod.detail, expected->detail), "case %zu: %s", i, pod.detail);
		cr_assert_eq(pod.restarts, expected->restarts, "case %zu: %lld", i, (long long)pod.restarts);
	}
}

Test(kubernetes_pod, tells_names_and_when_it_started)
{
	struct pod_object object =
	        read_pod(POD(META, MAIN, "\"phase\":\"Running\",\"startTime\":\"2026-01-01T00:00:02Z\""));
	struct pod pod = pod_describe(&object, NULL);

	cr_assert_str_eq(pod.name, "p");
	cr_assert_str_eq(pod.name_space, "n");
	cr_assert_str_eq(pod.uid, "u");
	cr_assert_str_eq(pod.phase, "Running");
	cr_assert_eq(pod.started.unix_ms, 1767225602000);
	object = read_pod(POD(META, MAIN, ""));
	cr_assert_eq(pod_describe(&object, NULL).started.unix_ms, 1767225600000);
}

Test(kubernetes_pod, takes_null_for_absent)
{
	struct pod_object object = read_pod("{\"metadata\":{\"name\":\"p\",\"labels\":null,\"deletionTimestamp\":null},"
	                                    "\"spec\":{\"containers\":null},\"status\":{\"containerStatuses\":null}}");

	cr_assert_eq(object.metadata.labels.count, 0);
	cr_assert_null(object.metadata.deleted);
	cr_assert_eq(pod_describe(&object, NULL).state, POD_NOT_RUNNING);
}

Test(kubernetes_pod, refuses_what_is_no_pod)
{
	static const char *const others[] = { "{}",
		                              "[]",
		                              "1",
		                              "{\"metadata\":{}}",
		                              "{\"metadata\":{\"name\":\"\"}}",
		                              "{\"metadata\":{\"name\":1}}",
		                              "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{}]}}",
		                              "{\"metadata\":{\"name\":\"p\"},\"status\":{\"startTime\":\"soon\"}}" };

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct value value = parse(others[i]);
		struct pod_object pod;
		struct error err;

		cr_assert(!pod_read(arena, &value, &pod, &err), "%s", others[i]);
		cr_assert_eq(err.id, ERROR_PLANE_PROTOCOL);
		cr_assert_neq(err.cause[0], '\0');
	}
}

Test(kubernetes_pod, is_better_when_ready_then_older_then_by_name)
{
	static const struct pod order[] = {
		{ .state = POD_READY, .name = "z", .started = { 1000 } },
		{ .state = POD_READY, .name = "a", .started = { 2000 } },
		{ .state = POD_READY, .name = "b", .started = { 2000 } },
		{ .state = POD_READY, .name = "a2" },
		{ .state = POD_UNREADY, .name = "c", .started = { 10 } },
		{ .state = POD_NOT_RUNNING, .name = "c", .started = { 5 } },
		{ .state = POD_LEAVING, .name = "c", .started = { 1 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		for (size_t j = 0; j < ARRAY_LEN(order); j++) {
			int compared = pod_compare(&order[i], &order[j]);

			cr_assert_eq(compared < 0, i < j, "%zu %zu", i, j);
			cr_assert_eq(compared == 0, i == j, "%zu %zu", i, j);
		}
	}
}

/* --- selectors --- */

static struct pod_selector read_selector(const char *text)
{
	struct value value = parse(arena_format(arena, "{\"spec\":{\"selector\":%s}}", text));
	struct pod_selector selector;
	struct error err;

	cr_assert(pod_selector_read(arena, &value, &selector, &err), "%s: %s in %s", err.message, err.cause, text);
	return selector;
}

struct match_case {
	const char *selector;
	const char *labels;
	bool match;
	const char *query;
};

static const struct match_case matches[] = {
	{ "{\"matchLabels\":{\"app\":\"x\"}}", "{\"app\":\"x\",\"tier\":\"y\"}", true, "app=x" },
	{ "{\"matchLabels\":{\"app\":\"x\"}}", "{\"app\":\"xy\"}", false, "app=x" },
	{ "{\"matchLabels\":{\"app\":\"x\"}}", "{}", false, "app=x" },
	{ "{\"matchLabels\":{\"app\":\"\"}}", "{}", false, "app=" },
	{ "{\"matchLabels\":{\"app\":\"\"}}", "{\"app\":\"\"}", true, "app=" },
	{ "{\"matchLabels\":{\"app\":\"x\",\"tier\":\"y\"}}", "{\"app\":\"x\"}", false, "app=x,tier=y" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]}]}", "{\"t\":\"b\"}",
	  true, "t in (a,b)" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]}]}", "{\"t\":\"c\"}",
	  false, "t in (a,b)" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"In\",\"values\":[\"a\"]}]}", "{}", false, "t in (a)" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"NotIn\",\"values\":[\"a\"]}]}", "{}", true,
	  "t notin (a)" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"NotIn\",\"values\":[\"a\"]}]}", "{\"t\":\"a\"}", false,
	  "t notin (a)" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"Exists\"}]}", "{\"t\":\"\"}", true, "t" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"Exists\",\"values\":[]}]}", "{}", false, "t" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"DoesNotExist\"}]}", "{}", true, "!t" },
	{ "{\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"DoesNotExist\"}]}", "{\"t\":\"a\"}", false, "!t" },
	{ "{\"matchLabels\":{\"app\":\"x\"},\"matchExpressions\":[{\"key\":\"t\",\"operator\":\"DoesNotExist\"},"
	  "{\"key\":\"u\",\"operator\":\"NotIn\",\"values\":[\"a\"]}]}",
	  "{\"app\":\"x\",\"u\":\"b\"}", true, "app=x,!t,u notin (a)" },
};

Test(kubernetes_pod, is_meant_by_labels_and_expressions)
{
	for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
		struct pod_selector selector = read_selector(matches[i].selector);
		struct pod_object pod = read_pod(
		        arena_format(arena, "{\"metadata\":{\"name\":\"p\",\"labels\":%s}}", matches[i].labels));

		cr_assert_eq(pod_matches(&pod, &selector), matches[i].match, "%s and %s", matches[i].selector,
		             matches[i].labels);
		cr_assert_str_eq(pod_selector_text(arena, &selector), matches[i].query);
	}
}

Test(kubernetes_pod, is_meant_by_its_name)
{
	struct pod_object pod = read_pod("{\"metadata\":{\"name\":\"p\"}}");

	cr_assert(pod_matches(&pod, &(struct pod_selector){ .name = "p" }));
	cr_assert(!pod_matches(&pod, &(struct pod_selector){ .name = "q" }));
	cr_assert(!pod_matches(&pod, &(struct pod_selector){ 0 }), "an empty selector means nobody");
}

Test(kubernetes_pod, refuses_selectors_that_mean_every_pod)
{
	static const char unknown_operator[] = "{\"spec\":{\"selector\":{\"matchExpressions\":[{\"key\":\"a\","
	                                       "\"operator\":\"Gt\",\"values\":[\"1\"]}]}}}";
	static const char *const selectors[] = {
		"{\"spec\":{\"selector\":{}}}", "{\"spec\":{}}", "{}", "{\"spec\":{\"selector\":{\"matchLabels\":{}}}}",
		"{\"spec\":{\"selector\":7}}",  unknown_operator
	};

	for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
		struct value value = parse(selectors[i]);
		struct pod_selector selector;
		struct error err;

		cr_assert(!pod_selector_read(arena, &value, &selector, &err), "%s", selectors[i]);
		cr_assert_eq(err.id, ERROR_PLANE_PROTOCOL);
	}
}
