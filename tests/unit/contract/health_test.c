/* Judging an answer by a health contract. */
#include "fops/contract/health.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"

static const struct value text_ok = { .kind = VALUE_TEXT, .text = { "ok", 2 } };
static const struct value number_one = { .kind = VALUE_INT, .integer = 1 };
static const struct value real_one = { .kind = VALUE_REAL, .real = 1.0 };
static const struct value is_true = { .kind = VALUE_BOOL, .boolean = true };
static const struct value is_null = { .kind = VALUE_NULL };

static const struct {
	const char *pointer;
	const struct value *value;
	int status;
	const char *body;
	const char *verdict; /* NULL: healthy; else a part of the sentence */
} cases[] = {
	{ NULL, NULL, 200, "not json", NULL },
	{ NULL, NULL, 503, "", "expected status 200, found 503" },
	{ "/status", &text_ok, 200, "{\"status\":\"ok\"}", NULL },
	{ "/status", &text_ok, 200, "{\"status\":\"starting\"}", "expected \"ok\" at /status, found \"starting\"" },
	{ "/status", &text_ok, 200, "{\"status\":\"ok \"}", "found \"ok \"" },
	{ "/status", &text_ok, 200, "{}", "found nothing" },
	{ "/status", &text_ok, 200, "{\"status\":{\"x\":1}}", "found an object" },
	{ "/status", &text_ok, 200, "", "expected JSON with /status" },
	{ "/status", &text_ok, 200, "<html>", "expected JSON with /status" },
	{ "/status", &text_ok, 500, "{\"status\":\"ok\"}", "expected status" },
	{ "/n", &number_one, 200, "{\"n\":1}", NULL },
	{ "/n", &number_one, 200, "{\"n\":1.0}", NULL },
	{ "/n", &real_one, 200, "{\"n\":1}", NULL },
	{ "/n", &number_one, 200, "{\"n\":2}", "expected 1 at /n, found 2" },
	{ "/n", &number_one, 200, "{\"n\":\"1\"}", "found \"1\"" },
	{ "/n", &number_one, 200, "{\"n\":true}", "found true" },
	{ "/n", &is_true, 200, "{\"n\":true}", NULL },
	{ "/n", &is_true, 200, "{\"n\":false}", "expected true at /n, found false" },
	{ "/n", &is_null, 200, "{\"n\":null}", NULL },
	{ "/n", &is_null, 200, "{\"n\":0}", "expected null" },
	{ "/n", &is_null, 200, "{}", "found nothing" },
	{ "/n", NULL, 200, "{\"n\":0}", NULL },
	{ "/n", NULL, 200, "{\"n\":[]}", NULL },
	{ "/n", NULL, 200, "{\"n\":null}", "expected a value at /n, found null" },
	{ "/n", NULL, 200, "{}", "expected a value at /n, found nothing" },
	{ "", NULL, 200, "[]", NULL },
	{ "/0/1", &number_one, 200, "[[0,1]]", NULL },
};

Test(health, judges_answers)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
		struct health health = {
			.present = true,
			.expect = { .status = 200, .pointer = cases[i].pointer, .value = cases[i].value }
		};
		const char *verdict =
		        health_judge(arena, &health, cases[i].status, cases[i].body, strlen(cases[i].body));

		if (cases[i].verdict == NULL)
			cr_expect_null(verdict, "case %zu: %s", i, verdict);
		else
			cr_expect(verdict != NULL && strstr(verdict, cases[i].verdict) != NULL, "case %zu: %s", i,
			          verdict);
		arena_free(arena);
	}
}

Test(health, cuts_long_findings_between_characters)
{
	struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
	struct health health = { .expect = { .status = 200, .pointer = "/s", .value = &text_ok } };
	CLEANUP(buffer_done) struct buffer body = BUFFER(4096);
	const char *verdict;

	(void)buffer_text(&body, "{\"s\":\"");
	for (int i = 0; i < 298; i++)
		(void)buffer_text(&body, "€");
	cr_assert(buffer_text(&body, "aaaaaa\"}"));
	verdict = health_judge(arena, &health, 200, body.data, body.len);
	cr_assert_not_null(verdict);
	cr_assert_lt(strlen(verdict), 200);
	cr_assert(is_utf8(verdict, strlen(verdict), NULL));
	cr_assert(text_ends(verdict, "…"));
	arena_free(arena);
}

static const struct {
	const char *body_wanted;
	const char *start;
	const char *body;
	const char *verdict;
} bodies[] = {
	{ "ok", NULL, "ok", NULL },
	{ "ok", NULL, "ok\r\n \n", NULL },
	{ "ok\n", NULL, "ok", NULL },
	{ "ok", NULL, "OK", "expected the body \"ok\", found \"OK\"" },
	{ "ok", NULL, " ok", "found \" ok\"" },
	{ "ok", NULL, "okay", "found \"okay\"" },
	{ "ok", NULL, "", "found an empty one" },
	{ "ok", NULL, "\xff\xfe", "found bytes that are no text" },
	{ "", NULL, "\n", NULL },
	{ "", NULL, "x", "expected the body to be empty, found \"x\"" },
	{ NULL, "Prom", "Prometheus is Ready.", NULL },
	{ NULL, "Prom", "Pro", "expected a body that starts with \"Prom\", found \"Pro\"" },
	{ NULL, "Prom", "<html>", "found \"<html>\"" },
};

Test(health, judges_bodies)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct arena *arena = arena_new((size_t)1024 * 1024);
		struct health health = {
			.present = true,
			.expect = { .status = 200, .body = bodies[i].body_wanted, .body_starts = bodies[i].start }
		};
		const char *verdict = health_judge(arena, &health, 200, bodies[i].body, strlen(bodies[i].body));

		if (bodies[i].verdict == NULL)
			cr_expect_null(verdict, "case %zu: %s", i, verdict);
		else
			cr_expect(verdict != NULL && strstr(verdict, bodies[i].verdict) != NULL, "case %zu: %s", i,
			          verdict);
		arena_free(arena);
	}
}

static const struct {
	const char *from;
	const char *body;
	const char *version;
} versions[] = {
	{ NULL, "{}", NULL },
	{ "body", "CE v1.2\nmore", "CE v1.2" },
	{ "body", "", NULL },
	{ "body", "\x1b[31mred\x07", "[31mred" },
	{ "/version", "{\"version\":\"2.4.0\"}", "2.4.0" },
	{ "/version", "{\"version\":3}", "3" },
	{ "/version", "{\"version\":{}}", NULL },
	{ "/version", "<html>", NULL },
	{ "/a/b", "{\"a\":{\"b\":\"x\\u0000\"}}", NULL },
	{ "header:x-version", "", "7" },
	{ "header:x-none", "", NULL },
};

Test(health, reads_versions)
{
	struct text_pair pairs[] = { { "x-version", " 7\t" } };
	struct text_map headers = { pairs, 1 };

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct arena *arena = arena_new((size_t)1024 * 1024);
		struct health health = { .present = true, .version_from = versions[i].from };
		const char *version =
		        health_version(arena, &health, &headers, versions[i].body, strlen(versions[i].body));

		if (versions[i].version == NULL)
			cr_expect_null(version, "case %zu: %s", i, version);
		else
			cr_expect(version != NULL && strcmp(version, versions[i].version) == 0, "case %zu: %s", i,
			          version);
		arena_free(arena);
	}
}

Test(health, cuts_long_versions)
{
	struct arena *arena = arena_new((size_t)1024 * 1024);
	struct health health = { .present = true, .version_from = "body" };
	char body[512];

	memset(body, 'v', sizeof body);
	cr_expect_eq(strlen(health_version(arena, &health, NULL, body, sizeof body)), 80);
	arena_free(arena);
}
