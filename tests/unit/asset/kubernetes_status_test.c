/* Status objects, and the errors that refusals of an API server become. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "kubernetes.h"

static struct arena *arena;
static const struct runtime_asset asset = { .asset_id = "board-01" };

static void make_arena(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(kubernetes_status, .init = make_arena, .fini = free_arena);

static bool read_status(const char *text, struct kubernetes_status *ret_status)
{
	return kubernetes_status_read(arena, text, strlen(text), ret_status);
}

Test(kubernetes_status, reads_what_an_api_server_answers)
{
	struct kubernetes_status status;

	cr_assert(read_status("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
	                      "\"message\":\"pods \\\"x\\\" not found\",\"reason\":\"NotFound\","
	                      "\"details\":{\"name\":\"x\",\"kind\":\"pods\"},\"code\":404}",
	                      &status));
	cr_assert(!status.success);
	cr_assert(status.typed);
	cr_assert_eq(status.code, 404);
	cr_assert_str_eq(status.reason, "NotFound");
	cr_assert_str_eq(status.message, "pods \"x\" not found");
	cr_assert_eq(status.exit_code, -1);
}

Test(kubernetes_status, reads_the_last_message_of_an_exec)
{
	struct kubernetes_status status;

	cr_assert(read_status("{\"metadata\":{},\"status\":\"Success\"}", &status));
	cr_assert(status.success);
	cr_assert(!status.typed);
	cr_assert_eq(status.code, 0);
	cr_assert_str_eq(status.reason, "");
	cr_assert(read_status(
	        "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit "
	        "code\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"Other\","
	        "\"message\":\"9\"},{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}",
	        &status));
	cr_assert(!status.success);
	cr_assert_eq(status.exit_code, 3);
}

Test(kubernetes_status, believes_an_exit_code_only_when_it_is_one)
{
	static const char *const wrong[] = { "256", "-1", "", "three", "3 ", "99999999999999999999" };
	struct kubernetes_status status;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		cr_assert(
		        read_status(arena_format(arena,
		                                 "{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{"
		                                 "\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"%s\"}]}}",
		                                 wrong[i]),
		                    &status));
		cr_assert_eq(status.exit_code, -1, "%s", wrong[i]);
	}
	cr_assert(
	        read_status("{\"status\":\"Failure\",\"reason\":\"InternalError\",\"details\":{\"causes\":[{\"reason\":"
	                    "\"ExitCode\",\"message\":\"3\"}]}}",
	                    &status));
	cr_assert_eq(status.exit_code, -1);
}

Test(kubernetes_status, refuses_everything_else)
{
	static const char *const others[] = {
		"",
		"{",
		"[]",
		"{}",
		"null",
		"\"Failure\"",
		"<html>",
		"{\"status\":\"ok\"}",
		"{\"status\":{\"phase\":1}}",
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"status\":\"Failure\"}",
		"{\"status\":\"Failure\",\"code\":1000}",
		"{\"status\":\"Failure\"} {}",
	};
	struct kubernetes_status status;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_assert(!read_status(others[i], &status), "%s", others[i]);
}

struct refusal_case {
	int status;
	const char *body;
	enum error_id id;
	int exit_status;
	const char *message; /* a part */
	const char *cause;   /* all of it */
	const char *fix;     /* a part, NULL: none of its own */
};

#define FORBIDDEN(resource, verb)                                                                                      \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Forbidden\",\"code\":403,"     \
	"\"message\":\"x is forbidden: User \\\"u\\\" cannot " verb " resource \\\"" resource "\\\" in API group\"}"
#define FORBIDDEN_CAUSE(resource, verb)                                                                                \
	"it answered 403: x is forbidden: User \"u\" cannot " verb " resource \"" resource "\" in API group"

static const struct refusal_case refusals[] = {
	{ 400, "what?", ERROR_PLANE_REJECTED, EXIT_FAILED, "does not accept the request for the pods",
	  "it answered 400: what?", NULL },
	{ 401, "{\"status\":\"Failure\",\"message\":\"Unauthorized\"}", ERROR_PLANE_AUTH, EXIT_AUTH,
	  "refuses the credential", "it answered 401: Unauthorized", "Check the secret" },
	{ 403, FORBIDDEN("pods", "list"), ERROR_PLANE_AUTH, EXIT_AUTH, "forbids the pods",
	  FORBIDDEN_CAUSE("pods", "list"), "get and list on pods" },
	{ 403, FORBIDDEN("pods/exec", "create"), ERROR_PLANE_AUTH, EXIT_AUTH, "forbids",
	  FORBIDDEN_CAUSE("pods/exec", "create"), "get and create on pods/exec" },
	{ 403, FORBIDDEN("services/proxy", "update"), ERROR_PLANE_AUTH, EXIT_AUTH, "forbids",
	  FORBIDDEN_CAUSE("services/proxy", "update"), "Grant update on services/proxy" },
	{ 403, FORBIDDEN("deployments", "get"), ERROR_PLANE_AUTH, EXIT_AUTH, "forbids",
	  FORBIDDEN_CAUSE("deployments", "get"), "Grant get on deployments.apps" },
	{ 403, FORBIDDEN("$(reboot)", "run"), ERROR_PLANE_AUTH, EXIT_AUTH, "forbids",
	  FORBIDDEN_CAUSE("$(reboot)", "run"), "Grant the missing right" },
	{ 404, "", ERROR_PLANE_NOT_FOUND, EXIT_NOT_FOUND, "does not have", "it answered 404", "Check namespace" },
	{ 409, "one\ntwo", ERROR_PLANE_CONFLICT, EXIT_STALE, "conflict", "it answered 409: one", NULL },
	{ 410, "", ERROR_PLANE_CONFLICT, EXIT_STALE, "moved on", "it answered 410", "Repeat" },
	{ 429, "", ERROR_PLANE_BUSY, EXIT_BUSY, "too busy", "it answered 429", "Wait 2s and repeat." },
	{ 500, "\xff\xfe", ERROR_PLANE_UNAVAILABLE, EXIT_PLANE_UNAVAILABLE, "failed to answer", "it answered 500",
	  "Check the state" },
	{ 503, "", ERROR_PLANE_UNAVAILABLE, EXIT_PLANE_UNAVAILABLE, "failed to answer", "it answered 503",
	  "Check the state" },
	{ 301, "", ERROR_PLANE_REDIRECT, EXIT_PROTOCOL, "redirects", "it answered 301", "executorUrl" },
	{ 418, "", ERROR_PLANE_REJECTED, EXIT_FAILED, "does not accept", "it answered 418", NULL },
};

Test(kubernetes_status, becomes_an_error_with_cause_and_fix)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal_case *expected = &refusals[i];
		struct error err;

		kubernetes_refused(arena, &asset, NULL, "the pods", expected->status, expected->body,
		                   strlen(expected->body), expected->status == 429 ? 2000 : -1, &err);
		cr_assert_eq(err.id, expected->id, "%d", expected->status);
		cr_assert_eq(err.exit_status, expected->exit_status);
		cr_assert_not_null(strstr(err.message, expected->message), "%s", err.message);
		cr_assert_str_eq(err.cause, expected->cause);
		cr_assert_str_eq(err.object, "runtime-asset/board-01");
		if (expected->fix == NULL)
			cr_assert_str_eq(err.fix, "");
		else
			cr_assert_not_null(strstr(err.fix, expected->fix), "%s", err.fix);
	}
}

Test(kubernetes_status, masks_the_token_before_it_cuts_the_message)
{
	static const char token[] = "token-of-forty-characters-0123456789abcd";
	struct access access = { .token = secret_new(token, sizeof token - 1) };
	char body[400];
	struct error err;

	memset(body, 'x', sizeof body);
	for (size_t i = 0; token[i] != '\0'; i++)
		body[280 + i] = token[i];
	kubernetes_refused(arena, &asset, &access, "the pods", 500, body, sizeof body, -1, &err);
	cr_assert_null(strstr(err.cause, "token-of"));
	cr_assert_not_null(strstr(err.cause, "(secret)"));
	cr_assert_leq(strlen(err.cause), 330);
	secret_free(access.token);
}

Test(kubernetes_status, cuts_a_message_between_characters)
{
	char body[400];
	struct error err;

	for (size_t i = 0; i < sizeof body; i++)
		body[i] = i % 2 == 0 ? '\xc3' : '\xa4';
	body[0] = 'a';
	body[1] = 'b';
	memmove(body + 1, body, sizeof body - 1);
	body[0] = 'c';
	body[sizeof body - 1] = 'd';
	kubernetes_refused(arena, &asset, NULL, "the pods", 500, body, sizeof body, -1, &err);
	cr_assert(is_utf8(err.cause, strlen(err.cause), NULL));
	cr_assert_gt(strlen(err.cause), 290);
}
