/* What a query sends, and what becomes of the server's answer. */
#include "fops/contract/stack.h"
#include "fops/plane/prometheus.h"

#include <criterion/criterion.h>
#include <math.h>

#include "../contract/place.h"
#include "../net/server.h"
#include "fops/base/arena.h"

static struct place place;
static struct topology *topology;
static struct asset_context context;
static struct server *server;
static struct metric_query query;
static struct error err;
static size_t ended;

static void make(void)
{
	place = place_new();
	ended = 0;
}

static void done(void)
{
	asset_http_close(&context);
	loop_free(context.loop);
	topology_cleanup(&topology);
	place_done(&place);
}

TestSuite(prometheus, .init = make, .fini = done);

#define GOOD "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"42\"]}}"

static struct reply answer(const char *status, const char *body)
{
	return (struct reply){ arena_format(place.arena,
		                            "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: "
		                            "%zu\r\n\r\n%s",
		                            status, strlen(body), body),
		               AFTER_KEEP };
}

static void open_plane(const char *plane, const char *path, const struct reply *replies, size_t count)
{
	server = server_start(replies, count, NULL, NULL);
	place_write(&place, "endpoint.yaml",
	            arena_format(place.arena,
	                         "apiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: metrics\n  plane: %s\n  "
	                         "auth: {mode: none}\n  executorUrl: http://127.0.0.1:%u%s\n",
	                         plane, server_port(server), path));
	cr_assert(place_open(&place, false, &topology, &err), "%s", err.message);
	context = (struct asset_context){
		.arena = place.arena, .topology = topology, .deadline = deadline_after(10000), .most_retries = 2
	};
	cr_assert(loop_new(&context.loop, &err));
}

static void take(struct metric_query *which)
{
	cr_assert_eq(which, &query);
	ended++;
}

static void ask(struct metric_query what)
{
	query = what;
	query.endpoint = "metrics";
	query.on_done = take;
	cr_assert(prometheus_query_start(&context, &query, &err), "%s", err.message);
	cr_assert_eq(ended, 0, "never from inside");
	while (ended == 0) {
		cr_assert_not(deadline_passed(context.deadline));
		cr_assert(loop_turn(context.loop, context.deadline, &err));
	}
	cr_assert_eq(ended, 1);
	ended = 0;
}

static void sent(size_t i, const char *part)
{
	cr_assert_not_null(strstr(server_request(server, i), part), "%s is not in %s", part, server_request(server, i));
}

Test(prometheus, an_instant_query_is_a_post_with_a_form)
{
	open_plane("prometheus", "/base/", (struct reply[]){ answer("200 OK", GOOD) }, 1);
	ask((struct metric_query){ .query = "sum(a{b=\"c\"}) + 1", .at = { 1700000000125 }, .timeout = { 2500 } });
	cr_assert_not(query.failed, "%s", query.error.message);
	cr_assert_float_eq(query.answer.series[0].points[0].value, 42, 1e-12);
	sent(0, "POST /base/api/v1/query HTTP/1.1");
	sent(0, "Content-Type: application/x-www-form-urlencoded");
	sent(0, "query=sum%28a%7Bb%3D%22c%22%7D%29%20%2B%201&time=1700000000.125&timeout=2.500");
	cr_assert_null(strstr(server_request(server, 0), "X-Scope-OrgID"));
}

Test(prometheus, a_range_query_has_begin_end_and_step)
{
	open_plane("mimir", "/prometheus", (struct reply[]){ answer("200 OK", GOOD) }, 1);
	ask((struct metric_query){ .query = "up",
	                           .tenant = "a|b",
	                           .from = { 1700000000000 },
	                           .to = { 1700000060000 },
	                           .step = { 15000 } });
	sent(0, "POST /prometheus/api/v1/query_range HTTP/1.1");
	sent(0, "query=up&start=1700000000.000&end=1700000060.000&step=15.000&timeout=10.000");
	sent(0, "X-Scope-OrgID: a|b\r\n");
}

Test(prometheus, a_busy_server_is_asked_again_although_it_is_a_post)
{
	open_plane("prometheus", "", (struct reply[]){ answer("503 No", "x"), answer("200 OK", GOOD) }, 2);
	ask((struct metric_query){ .query = "up" });
	cr_assert_not(query.failed, "%s", query.error.message);
	cr_assert_eq(server_requests(server), 2);
}

Test(prometheus, errors_of_the_api_are_told_in_its_words)
{
	open_plane("prometheus", "",
	           (struct reply[]){ answer("400 Bad Request", "{\"status\":\"error\",\"errorType\":\"bad_data\","
	                                                       "\"error\":\"parse error at char 3\"}") },
	           1);
	ask((struct metric_query){ .query = "up{" });
	cr_assert(query.failed);
	cr_assert_eq(query.error.id, ERROR_DATA);
	cr_assert_str_eq(query.error.cause, "bad_data: parse error at char 3");
}

Test(prometheus, a_page_instead_of_an_answer_tells_of_the_base)
{
	open_plane("mimir", "", (struct reply[]){ answer("404 Not Found", "404 page not found\n") }, 1);
	ask((struct metric_query){ .query = "up" });
	cr_assert(query.failed);
	cr_assert_eq(query.error.id, ERROR_PLANE_NOT_FOUND);
	cr_assert_not_null(strstr(query.error.fix, "/prometheus"), "%s", query.error.fix);
}

Test(prometheus, a_missing_tenant_is_named)
{
	open_plane("mimir", "/prometheus", (struct reply[]){ answer("401 Unauthorized", "no org id\n") }, 1);
	ask((struct metric_query){ .query = "up" });
	cr_assert_eq(query.error.id, ERROR_PLANE_AUTH);
	cr_assert_not_null(strstr(query.error.fix, "tenant"), "%s", query.error.fix);
}

Test(prometheus, only_planes_of_metrics_are_asked)
{
	open_plane("semantics", "", (struct reply[]){ answer("200 OK", GOOD) }, 1);
	query = (struct metric_query){ .endpoint = "metrics", .query = "up", .on_done = take };
	cr_assert_not(prometheus_query_start(&context, &query, &err));
	cr_assert_eq(err.id, ERROR_CONTRACT_INVALID);
	cr_assert_not_null(strstr(err.cause, "R14"), "%s", err.cause);
	query.endpoint = "nowhere";
	cr_assert_not(prometheus_query_start(&context, &query, &err));
	cr_assert_eq(err.id, ERROR_NOT_FOUND);
	cr_assert_eq(server_requests(server), 0);
}

Test(prometheus, a_query_that_makes_no_sense_is_not_sent)
{
	static const struct metric_query wrong[] = {
		{ .query = "" },
		{ .query = "a\xFF" },
		{ .query = "up", .tenant = "" },
		{ .query = "up", .tenant = "a b" },
		{ .query = "up", .from = { 2000 }, .to = { 1000 }, .step = { 1000 } },
	};

	open_plane("prometheus", "", (struct reply[]){ answer("200 OK", GOOD) }, 1);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		query = wrong[i];
		query.endpoint = "metrics";
		query.on_done = take;
		cr_assert_not(prometheus_query_start(&context, &query, &err), "%zu", i);
		cr_assert_eq(err.id, ERROR_DATA, "%zu: %s", i, err.message);
	}
	cr_assert_eq(server_requests(server), 0);
}

Test(prometheus, a_query_that_was_given_up_does_not_end)
{
	open_plane("prometheus", "", (struct reply[]){ { "", AFTER_STALL } }, 1);
	query = (struct metric_query){ .endpoint = "metrics", .query = "up", .on_done = take };
	prometheus_query_cancel(&query);
	cr_assert(prometheus_query_start(&context, &query, &err), "%s", err.message);
	while (server_requests(server) == 0 && !deadline_passed(context.deadline))
		cr_assert(loop_turn(context.loop, deadline_after(20), &err));
	prometheus_query_cancel(&query);
	cr_assert(loop_turn(context.loop, deadline_after(20), &err));
	cr_assert_eq(ended, 0);
}

Test(prometheus, tenants_are_checked_one_by_one)
{
	static const char *const good[] = { "a", "a|b|c", "A-z_0.9*'()!", "...", "__mimir" };
	static const char *const bad[] = {
		"",    "|",   "a|",   "|a",       "a||b", ".", "..", "a|..", "__mimir_cluster",
		"a b", "a/b", "a\nb", "\xC3\xA9", "a,b"
	};
	char longest[152];

	memset(longest, 'a', sizeof longest);
	longest[150] = '\0';
	cr_assert(tenant_is_valid(longest));
	longest[150] = 'a';
	longest[151] = '\0';
	cr_assert_not(tenant_is_valid(longest));
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_assert(tenant_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_not(tenant_is_valid(bad[i]), "%s", bad[i]);
}

Test(prometheus, numbers_are_written_as_the_api_writes_them)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 0, "0" },          { 42, "42" },
		{ -3, "-3" },        { 1000000, "1000000" },
		{ 0.1, "0.1" },      { 83.5, "83.5" },
		{ 1e-9, "1e-09" },   { 1.0 / 3, "0.3333333333333333" },
		{ 1e300, "1e+300" }, { 0.1 + 0.2, "0.30000000000000004" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_str_eq(prometheus_number(place.arena, rows[i].value), rows[i].text);
	cr_assert_str_eq(prometheus_number(place.arena, (double)NAN), "NaN");
	cr_assert_str_eq(prometheus_number(place.arena, (double)INFINITY), "+Inf");
	cr_assert_str_eq(prometheus_number(place.arena, -(double)INFINITY), "-Inf");
}
