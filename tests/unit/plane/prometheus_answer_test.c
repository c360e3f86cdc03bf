/* Answers as Prometheus gives them, and what is not one. */
#include "prometheus_answer.h"

#include <criterion/criterion.h>
#include <math.h>

#include "fops/base/arena.h"

static struct arena *arena;
static struct metric_answer got;
static struct error err;

static void make(void)
{
	arena = arena_new((size_t)256 << 20);
	err = (struct error){ 0 };
	got = (struct metric_answer){ 0 };
}

static void done(void)
{
	arena_free(arena);
}

TestSuite(prometheus_answer, .init = make, .fini = done);

static bool read_with(int status, const char *body)
{
	return prometheus_read_answer(arena, "prometheus", status, body, strlen(body), &got, &err);
}

static void reads(const char *data)
{
	const char *body = arena_format(arena, "{\"status\":\"success\",\"data\":%s}", data);

	cr_assert(read_with(200, body), "%s: %s (%s)", data, err.message, err.cause);
}

static void refuses(const char *data, const char *part)
{
	const char *body = arena_format(arena, "{\"status\":\"success\",\"data\":%s}", data);

	cr_assert_not(read_with(200, body), "accepted: %s", data);
	cr_assert_eq(err.id, ERROR_PLANE_PROTOCOL, "%s: %s", data, error_codes[err.id].name);
	cr_assert_not_null(strstr(err.cause, part), "%s: %s", data, err.cause);
}

Test(prometheus_answer, a_vector_has_labels_a_time_and_a_value)
{
	reads("{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"up\",\"job\":\"a\"},"
	      "\"value\":[1700000000.125,\"1\"]},{\"metric\":{},\"value\":[1700000000,\"2.5e-3\"]}]}");
	cr_assert_str_eq(got.type, "vector");
	cr_assert_eq(got.count, 2);
	cr_assert_str_eq(text_map_get(&got.series[0].labels, "job"), "a");
	cr_assert_eq(got.series[0].count, 1);
	cr_assert_eq(got.series[0].points[0].at.unix_ms, 1700000000125);
	cr_assert_float_eq(got.series[0].points[0].value, 1, 1e-12);
	cr_assert_float_eq(got.series[1].points[0].value, 0.0025, 1e-12);
	cr_assert_null(got.text);
}

Test(prometheus_answer, a_matrix_has_samples_in_order_of_time)
{
	reads("{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,\"1\"],[2.5,\"2\"],[3,\"NaN\"]]}]"
	      "}");
	cr_assert_eq(got.series[0].count, 3);
	cr_assert_eq(got.series[0].points[1].at.unix_ms, 2500);
	refuses("{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[2,\"1\"],[1,\"2\"]]}]}",
	        "not in order of time");
}

Test(prometheus_answer, a_scalar_is_one_series_and_a_string_is_text)
{
	reads("{\"resultType\":\"scalar\",\"result\":[1,\"42\"]}");
	cr_assert_eq(got.count, 1);
	cr_assert_eq(got.series[0].labels.count, 0);
	cr_assert_float_eq(got.series[0].points[0].value, 42, 1e-12);
	reads("{\"resultType\":\"string\",\"result\":[1,\"a text\"]}");
	cr_assert_str_eq(got.text, "a text");
	cr_assert_eq(got.count, 0);
}

Test(prometheus_answer, an_empty_result_is_a_result)
{
	reads("{\"resultType\":\"vector\",\"result\":[]}");
	cr_assert_eq(got.count, 0);
}

Test(prometheus_answer, no_number_and_infinities_are_values)
{
	reads("{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"NaN\"]},{\"metric\":{},\"value\":["
	      "1,"
	      "\"+Inf\"]},{\"metric\":{},\"value\":[1,\"-Inf\"]}]}");
	cr_assert(isnan(got.series[0].points[0].value));
	cr_assert(isinf(got.series[1].points[0].value) && got.series[1].points[0].value > 0);
	cr_assert(isinf(got.series[2].points[0].value) && got.series[2].points[0].value < 0);
}

Test(prometheus_answer, numbers_come_without_exponent)
{
	char digits[302];

	memset(digits, '0', sizeof digits - 1);
	digits[0] = '1';
	digits[sizeof digits - 1] = '\0';
	reads(arena_format(arena, "{\"resultType\":\"scalar\",\"result\":[1,\"%s\"]}", digits));
	cr_assert(got.series[0].points[0].value > 0.99e300 && got.series[0].points[0].value < 1.01e300);
}

Test(prometheus_answer, what_is_no_number_is_refused)
{
	static const char *const texts[] = { "\"\"",   "\" 1\"", "\"0x10\"", "\"nan\"", "\"infinity\"", "\"1,5\"",
		                             "\"1 \"", "1",      "null",     "\"--1\"", "\"1e1e1\"",    "[\"1\"]" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		refuses(arena_format(arena, "{\"resultType\":\"scalar\",\"result\":[1,%s]}", texts[i]),
		        "a sample is not");
	refuses("{\"resultType\":\"scalar\",\"result\":[\"1\",\"1\"]}", "a sample is not");
	refuses("{\"resultType\":\"scalar\",\"result\":[1e300,\"1\"]}", "a sample is not");
	refuses("{\"resultType\":\"scalar\",\"result\":[1]}", "a sample is not");
	refuses("{\"resultType\":\"scalar\",\"result\":[1,\"1\",2]}", "a sample is not");
}

Test(prometheus_answer, warnings_and_infos_are_kept)
{
	cr_assert(read_with(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
	                         "\"warnings\":[\"slow\"],\"infos\":[\"a hint\"]}"));
	cr_assert_eq(got.warnings.count, 2);
	cr_assert_str_eq(got.warnings.items[0], "slow");
	cr_assert_str_eq(got.warnings.items[1], "a hint");
	cr_assert(read_with(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
	                         "\"warnings\":null}"));
	cr_assert_not(read_with(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
	                             "\"warnings\":[1]}"));
}

Test(prometheus_answer, other_shapes_are_refused)
{
	refuses("null", "resultType");
	refuses("{\"resultType\":\"vector\"}", "result is missing");
	refuses("{\"resultType\":\"tensor\",\"result\":[]}", "none of vector");
	refuses("{\"resultType\":\"vector\",\"result\":{}}", "no list of series");
	refuses("{\"resultType\":\"vector\",\"result\":[1]}", "a series is no object");
	refuses("{\"resultType\":\"vector\",\"result\":[{\"value\":[1,\"1\"]}]}", "no labels");
	refuses("{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\":1},\"value\":[1,\"1\"]}]}",
	        "a label is no text");
	refuses("{\"resultType\":\"vector\",\"result\":[{\"metric\":{}}]}", "no samples");
	refuses("{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"value\":[1,\"1\"]}]}", "no samples");
	refuses("{\"resultType\":\"string\",\"result\":[1,2]}", "a text is not");
}

Test(prometheus_answer, a_native_histogram_is_no_number)
{
	cr_assert_not(read_with(200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
	                             "{\"metric\":{},\"histogram\":[1,{\"count\":\"1\",\"sum\":\"1\"}]}]}}"));
	cr_assert_eq(err.id, ERROR_DATA);
	cr_assert_not_null(strstr(err.fix, "histogram_quantile"));
}

Test(prometheus_answer, what_is_no_answer_of_the_api_is_refused)
{
	static const char *const bodies[] = {
		"",
		"<html>",
		"[]",
		"{}",
		"{\"status\":\"success\"}",
		"{\"status\":\"other\",\"data\":{}}",
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}} x",
		"{\"status\":\"error\"}",
		"{\"status\":\"error\",\"errorType\":\"bad_data\"}"
	};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		cr_assert_not(read_with(200, bodies[i]), "accepted: %s", bodies[i]);
		cr_assert_eq(err.id, ERROR_PLANE_PROTOCOL, "%s", bodies[i]);
		cr_assert_str_eq(err.object, "endpoint/prometheus");
	}
	cr_assert_not(read_with(500, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}"));
}

Test(prometheus_answer, errors_of_the_api_have_codes_of_ours)
{
	static const struct {
		int status;
		const char *type;
		enum error_id id;
	} rows[] = {
		{ 400, "bad_data", ERROR_DATA },
		{ 422, "execution", ERROR_PLANE_REJECTED },
		{ 422, "bad_data", ERROR_DATA },
		{ 503, "timeout", ERROR_PLANE_UNAVAILABLE },
		{ 503, "unavailable", ERROR_PLANE_UNAVAILABLE },
		{ 503, "canceled", ERROR_PLANE_UNAVAILABLE },
		{ 500, "internal", ERROR_PLANE_UNAVAILABLE },
		{ 404, "not_found", ERROR_PLANE_NOT_FOUND },
		{ 429, "too_many_requests", ERROR_PLANE_BUSY },
		{ 429, "something_new", ERROR_PLANE_BUSY },
		{ 413, "something_new", ERROR_PLANE_REJECTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *body = arena_format(arena, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":\"why\"}",
		                                rows[i].type);

		cr_assert_not(read_with(rows[i].status, body));
		cr_assert_eq(err.id, rows[i].id, "%d %s: %s", rows[i].status, rows[i].type, error_codes[err.id].name);
		cr_assert_not_null(strstr(err.cause, "why"));
		cr_assert(prometheus_is_answer(arena, body, strlen(body)));
	}
	cr_assert_not(prometheus_is_answer(arena, "404 page not found\n", 19));
	cr_assert_not(prometheus_is_answer(arena, "{\"a\":1}", 7));
}
