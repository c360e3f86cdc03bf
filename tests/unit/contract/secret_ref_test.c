/* Secret references: the grammar, and that no text of a broken one is repeated. */
#include "fops/contract/secret_ref.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/text.h"

static bool parse(const char *text, struct secret_ref *ret_ref, struct error *err)
{
	static struct arena *arena;

	if (arena == NULL)
		arena = arena_new((size_t)1024 * 1024);
	return secret_ref_parse(arena, text, ret_ref, err);
}

Test(secret_ref, reads_a_variable)
{
	struct secret_ref ref;
	struct error err;

	cr_assert(parse("env://_Deploy_KEY2", &ref, &err));
	cr_assert_eq(ref.scheme, SECRET_ENV);
	cr_assert_str_eq(ref.name, "_Deploy_KEY2");
}

Test(secret_ref, reads_an_openbao_path_with_and_without_mount)
{
	struct secret_ref ref;
	struct error err;

	cr_assert(parse("openbao://kv/connectors/github/app#private_key", &ref, &err));
	cr_assert_eq(ref.scheme, SECRET_OPENBAO);
	cr_assert_str_eq(ref.mount, "kv");
	cr_assert_str_eq(ref.path, "connectors/github/app");
	cr_assert_str_eq(ref.field, "private_key");
	cr_assert(parse("openbao:///board#token", &ref, &err));
	cr_assert_str_eq(ref.mount, "");
	cr_assert_str_eq(ref.path, "board");
}

Test(secret_ref, refuses_everything_else_without_repeating_it)
{
	static const char *const bad[] = {
		"",
		"hunter2",
		"env:/HUNTER2",
		"env://",
		"env://2HUNTER",
		"env://HUNTER-2",
		"env://HUNTER2 ",
		"ENV://HUNTER2",
		"file:///etc/hunter2",
		"vault://kv/hunter2#x",
		"openbao:/kv/hunter2",
		"openbao://",
		"openbao://kv#hunter2",
		"openbao://kv/#hunter2",
		"openbao://kv/hunter2",
		"openbao://kv/hunter2#",
		"openbao://kv//hunter2#x",
		"openbao://kv/hunter2/#x",
		"openbao://kv/./hunter2#x",
		"openbao://kv/../hunter2#x",
		"openbao://../hunter2#x",
		"openbao://kv/hunter2.#x",
		"openbao://kv/hunter2?version=1#x",
		"openbao://kv/hunter2#x#y",
		"openbao://kv/hunter2#x/y",
		"openbao://kv/hunter 2#x",
		"openbao://kv/hunter2\n#x",
		"openbao://kv/hunter\xc3\xa4#x",
		"openbao://u:hunter2@host:8200/kv#x",
		"openbao://kv/%68unter2#x",
		"openbao://kv/hunter*#x",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct secret_ref ref;
		struct error err = { 0 };

		cr_expect_not(parse(bad[i], &ref, &err), "accepted: %s", bad[i]);
		cr_expect_eq(err.id, ERROR_SECRET_REF);
		cr_expect_null(strcasestr(err.message, "hunter"));
		cr_expect_null(strcasestr(err.cause, "hunter"));
		cr_expect_null(strcasestr(err.fix, "hunter"));
	}
}

Test(secret_ref, refuses_a_long_text)
{
	char text[2048];
	struct secret_ref ref;
	struct error err;

	memset(text, 'A', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memcpy(text, "env://", 6);
	cr_assert_not(parse(text, &ref, &err));
}

Test(secret_ref, reads_the_value_of_a_variable)
{
	struct arena *arena = arena_new((size_t)1024 * 1024);
	const char *value = NULL;
	struct error err;

	cr_assert_eq(setenv("FOPS_TEST_TOKEN", "t0ken", 1), 0);
	cr_assert(secret_ref_read(arena, "env://FOPS_TEST_TOKEN", &value, &err));
	cr_assert_str_eq(value, "t0ken");
	arena_free(arena);
}

Test(secret_ref, says_why_there_is_no_value)
{
	struct arena *arena = arena_new((size_t)1024 * 1024);
	const char *value = "untouched";
	struct error err;

	cr_assert_eq(unsetenv("FOPS_TEST_TOKEN"), 0);
	cr_assert_not(secret_ref_read(arena, "env://FOPS_TEST_TOKEN", &value, &err));
	cr_assert_eq(err.id, ERROR_SECRET_UNRESOLVED);
	cr_assert_not_null(strstr(err.cause, "FOPS_TEST_TOKEN is not set"));
	cr_assert_eq(setenv("FOPS_TEST_TOKEN", "", 1), 0);
	cr_assert_not(secret_ref_read(arena, "env://FOPS_TEST_TOKEN", &value, &err));
	cr_assert_not_null(strstr(err.cause, "is empty"));
	cr_assert_not(secret_ref_read(arena, "openbao:///board#token", &value, &err));
	cr_assert_eq(err.id, ERROR_SECRET_UNRESOLVED);
	cr_assert_not(secret_ref_read(arena, "plain", &value, &err));
	cr_assert_eq(err.id, ERROR_SECRET_REF);
	cr_assert_str_eq(value, "untouched");
	arena_free(arena);
}

Test(secret_ref, refuses_a_humans_token_and_does_not_repeat_it)
{
	static const char *const tokens[] = { "ghp_canary", " github_pat_canary", "\"ghp_canarycanarycanary\"",
		                              "token gho_canarycanarycanary" };

	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		struct error err = { 0 };

		cr_expect_not(secret_allowed(tokens[i], "the file token", &err), "%s", tokens[i]);
		cr_expect_eq(err.id, ERROR_SECRET_REFUSED);
		cr_expect_eq(err.exit_status, EXIT_AUTH);
		cr_expect_not_null(strstr(err.message, "(R08: "), "%s", err.message);
		cr_expect_str_eq(err.cause, "the file token holds one");
		cr_expect_null(strstr(err.message, "canary"));
		cr_expect_null(strstr(err.cause, "canary"));
	}
}

Test(secret_ref, allows_other_secrets)
{
	static const char *const tokens[] = { "ghs_0123456789abcdefghij", "v1.0123456789abcdef", "hunter2", "" };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
		cr_expect(secret_allowed(tokens[i], "it", &err), "%s", tokens[i]);
}
