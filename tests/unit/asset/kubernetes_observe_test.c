/* What check and list make of pods: one look for all, one word for each. */
#include <criterion/criterion.h>

#include "cluster.h"
#include "fops/asset/check.h"
#include "fops/asset/live.h"

TestSuite(kubernetes_observe, .init = cluster_make, .fini = cluster_close);

#define STATE(name, state)                                                                                             \
	"{\"metadata\":{\"name\":\"" name                                                                              \
	"\",\"labels\":{" APP(name) "}},\"spec\":{\"containers\":[{\"name\":\"main\"}]},"                              \
	                            "\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"main\","     \
	                            "\"restartCount\":4,\"state\":{" state "}}]}}"

/* Assets ready, unready, allowed, crashed, leaving and gone, in that order. */
static struct runtime_asset *assets_of_all_states(size_t *ret_count)
{
	static const char *const apps[] = { "ready", "unready", "allowed", "crashed", "leaving", "gone" };
	struct runtime_asset *assets = arena_array(cluster.place.arena, ARRAY_LEN(apps), sizeof *assets);

	for (size_t i = 0; i < ARRAY_LEN(apps); i++) {
		assets[i] = *by_label("boards", apps[i]);
		assets[i].asset_id = apps[i];
		assets[i].kubernetes.ready_only = !text_equal(apps[i], "allowed");
	}
	*ret_count = ARRAY_LEN(apps);
	return assets;
}

static const char *pods_of_all_states(void)
{
	return list(
	        "",
	        POD("r", APP("ready"), "True") "," POD("u", APP("unready"), "False") "," POD(
	                "a", APP("allowed"),
	                "False") "," STATE("crashed",
	                                   "\"waiting\":{\"reason\":\"CrashLoopBackOff\"}") ","
	                                                                                    "{\"metadata\":{\"name\":"
	                                                                                    "\"l\","
	                                                                                    "\"deletionTimestamp\":"
	                                                                                    "\"2026-01-01T00:00:00Z\","
	                                                                                    "\"labels\":{" APP(
	                                                                                            "leaving") "}},"
	                                                                                                       "\"spec"
	                                                                                                       "\":{"
	                                                                                                       "\"conta"
	                                                                                                       "iners\""
	                                                                                                       ":[{"
	                                                                                                       "\"name"
	                                                                                                       "\":"
	                                                                                                       "\"main"
	                                                                                                       "\"}]}"
	                                                                                                       "}");
}

struct expected {
	const char *state;
	const char *machine;
	const char *cause;
	bool has_fix;
};

Test(kubernetes_observe, checks_all_with_one_list)
{
	static const struct expected expected[] = {
		{ "ok", "running", NULL, false },
		{ "down", "unready", "not ready", true },
		{ "degraded", "unready", "not ready", true },
		{ "down", "stopped", "CrashLoopBackOff", true },
		{ "down", "leaving", "no other pod matches its contract", true },
		{ "down", "missing", "no pod matches its contract", true },
	};
	struct check_result results[ARRAY_LEN(expected)];
	struct runtime_asset *assets;
	size_t count;
	struct error err;
	bool good;

	OPEN(answer(pods_of_all_states()));
	assets = assets_of_all_states(&count);
	cr_assert(check_assets(&cluster.context, assets, count, results, &good, &err), "%s", err.message);
	cr_assert_eq(server_requests(cluster.server), 1);
	cr_assert(!good);
	for (size_t i = 0; i < count; i++) {
		cr_assert_str_eq(results[i].state, expected[i].state, "%s", assets[i].asset_id);
		cr_assert_str_eq(results[i].machine, expected[i].machine, "%s", assets[i].asset_id);
		cr_assert(text_equal(results[i].cause, expected[i].cause), "%s: %s", assets[i].asset_id,
		          results[i].cause);
		cr_assert_eq(results[i].fix != NULL, expected[i].has_fix, "%s", assets[i].asset_id);
	}
	cr_assert_str_eq(results[3].reason, "CrashLoopBackOff");
	cr_assert_str_eq(results[3].phase, "Running");
	cr_assert_eq(results[3].restarts.value, 4);
	cr_assert(!results[5].restarts.present);
}

static bool read_asset(void *user, size_t i, struct arena *arena, struct runtime_asset *ret_asset, struct error *err)
{
	const struct runtime_asset *assets = user;

	(void)err;
	/* what is not copied is gone with the arena */
	*ret_asset = assets[i];
	ret_asset->asset_id = arena_copy(arena, assets[i].asset_id);
	ret_asset->kubernetes.selector.items = arena_alloc(arena, sizeof(struct text_pair));
	ret_asset->kubernetes.selector.items[0] =
	        (struct text_pair){ arena_copy(arena, "app"),
		                    arena_copy(arena, assets[i].kubernetes.selector.items[0].value) };
	return true;
}

Test(kubernetes_observe, lists_all_states_with_one_call)
{
	static const char *const states[] = { "running", "unready", "unready", "stopped", "leaving", "missing" };
	struct runtime_asset *assets;
	struct live *live;
	struct error err;
	size_t count;

	OPEN(answer(pods_of_all_states()));
	assets = assets_of_all_states(&count);
	cr_assert(live_look(&cluster.context, count, read_asset, NULL, assets, &live, &err), "%s", err.message);
	cr_assert_eq(server_requests(cluster.server), 1);
	cr_assert_eq(live_unasked(live), 0);
	for (size_t i = 0; i < count; i++)
		cr_assert_str_eq(live_state_of(live, i).state, states[i], "%s", assets[i].asset_id);
	cr_assert_null(live_state_of(live, 0).cause);
	cr_assert_eq(live_state_of(live, 0).since.unix_ms, 1767225600000);
	cr_assert_str_eq(live_state_of(live, 3).cause, "CrashLoopBackOff");
	cr_assert_eq(live_state_of(live, 3).restarts.value, 4);
}

Test(kubernetes_observe, tells_unreachable_from_unknown)
{
	const struct reply replies[] = { answer_with("403 Forbidden", "",
		                                     "{\"status\":\"Failure\",\"message\":\"no\"}") };
	struct runtime_asset *assets;
	struct live *live;
	struct error err;
	size_t count;

	open_cluster(replies, 1, "{mode: none}");
	assets = assets_of_all_states(&count);
	cr_assert(live_look(&cluster.context, count, read_asset, NULL, assets, &live, &err));
	cr_assert_eq(live_unasked(live), count);
	cr_assert_str_eq(live_state_of(live, 0).state, "unknown");
	cr_assert_str_eq(live_state_of(live, 0).cause, "it answered 403: no");
	cr_assert_eq(live_state_of(live, 0).cause, live_state_of(live, 5).cause, "the same text stands once");
}

Test(kubernetes_observe, tells_that_the_cluster_is_unreachable)
{
	struct runtime_asset *assets;
	struct check_result results[6];
	struct error err;
	size_t count;
	bool good;

	OPEN({ "", AFTER_RESET });
	assets = assets_of_all_states(&count);
	cr_assert(check_assets(&cluster.context, assets, count, results, &good, &err));
	cr_assert_str_eq(results[0].machine, "unreachable");
	cr_assert_str_eq(results[0].state, "down");
	cr_assert_not_null(results[0].fix);
}

Test(kubernetes_observe, knows_nothing_at_the_deadline)
{
	struct runtime_asset *assets;
	struct check_result results[6];
	struct error err;
	size_t count;
	bool good;

	OPEN({ "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", AFTER_STALL });
	cluster.context.deadline = deadline_after(200);
	assets = assets_of_all_states(&count);
	cr_assert(check_assets(&cluster.context, assets, count, results, &good, &err));
	for (size_t i = 0; i < count; i++)
		cr_assert_str_eq(results[i].state, "unknown");
}

Test(kubernetes_observe, observes_one_machine_alone)
{
	struct runtime_asset *assets;
	const struct asset_driver *driver;
	struct observation observation;
	struct error err;
	size_t count;

	OPEN(answer(pods_of_all_states()));
	assets = assets_of_all_states(&count);
	cr_assert(asset_driver_of(&assets[0], &driver, &err));
	observation = (struct observation){ .context = &cluster.context, .asset = &assets[0] };
	cr_assert(driver->observe(&observation, &err));
	driver->stop_observing(&observation);
	cr_assert(loop_turn(cluster.context.loop, deadline_after(20), &err));
	cr_assert_eq(server_requests(cluster.server), 0, "nobody waits for the answer");
}
