/* Words, quoting and complaints of the LXC drivers. */
#include "lxc_command.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

static struct arena *arena;

static void make_arena(void)
{
	arena = arena_new((size_t)1 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(lxc_command, .init = make_arena, .fini = free_arena);

static const char *join(const char *const *words)
{
	struct buffer text = BUFFER((size_t)65536);
	const char *joined;

	for (size_t i = 0; words[i] != NULL; i++)
		buffer_format(&text, "%s%s", i == 0 ? "" : "|", words[i]);
	joined = arena_copy(arena, buffer_string(&text));
	buffer_done(&text);
	return joined;
}

Test(lxc_command, puts_everything_before_the_dashes)
{
	static const char *const argv[] = { "printf", "", "-n", NULL };
	struct lxc_block lxc = { .container = "box", .path = "/p" };
	struct lxc_command command = {
		.lxc = &lxc, .argv = argv, .log_path = "/log", .user = { "1000", "1001", "me", "/home/me" }
	};
	struct text_list set;

	cr_assert_str_eq(
	        join(lxc_attach_words(arena, &command, &set)),
	        "lxc-attach|-P|/p|-n|box|-o|/log|-l|ERROR|--clear-env|-v|HOME=/home/me|-v|USER=me|-u|1000|-g|1001|--"
	        "|printf||-n");
	cr_assert_eq(set.count, 0);
}

Test(lxc_command, keeps_values_out_of_the_words)
{
	static const char *const argv[] = { "true", NULL };
	static const char *const entries[] = { "TOKEN=secret", "LD_PRELOAD=x", "PATH=/x", "HOME=/h" };
	struct lxc_block lxc = { .container = "box" };
	struct lxc_command command = { .lxc = &lxc, .argv = argv, .user = { NULL, NULL, NULL, "/root" } };
	struct text_list set;
	const char *words;

	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		text_list_add(arena, &command.environment, entries[i]);
	words = join(lxc_attach_words(arena, &command, &set));
	cr_assert_str_eq(
	        words, "lxc-attach|-n|box|--clear-env|--keep-var|TOKEN|-v|LD_PRELOAD=x|-v|PATH=/x|-v|HOME=/h|--|true");
	cr_assert_eq(set.count, 1);
	cr_assert_str_eq(set.items[0], "TOKEN=secret");
}

Test(lxc_command, quotes_for_a_posix_shell)
{
	static const char *const words[] = { "a b", "", "it's", "$x`y`\\*\n", "-n", NULL };
	struct buffer text = BUFFER((size_t)4096);

	shell_quote_words(&text, words);
	cr_assert_str_eq(buffer_string(&text), "'a b' '' 'it'\\''s' '$x`y`\\*\n' '-n'");
	buffer_clear(&text);
	shell_octal(&text, "a'\n\xc3\\");
	cr_assert_str_eq(buffer_string(&text), "a\\0047\\0012\\0303\\0134");
	buffer_done(&text);
}

Test(lxc_command, reads_complaints_of_logs_and_of_stderr)
{
	static const struct {
		const char *text;
		enum lxc_complaint complaint;
		const char *first;
	} rows[] = {
		{ "", LXC_NO_COMPLAINT, NULL },
		{ "lxc-attach one 20261121031820.509 ERROR    attach - ../src/lxc/attach.c:lxc_attach_run_command:1841 "
		  "- No such "
		  "file or directory - Failed to exec \"nonesuch\"\n",
		  LXC_EXEC_FAILED, "No such file or directory - Failed to exec \"nonesuch\"" },
		{ "lxc-attach parked 2026 ERROR    attach - ../src/lxc/attach.c:get_attach_context:406 - Connection "
		  "refused - "
		  "Failed to get init pid\nlxc-attach parked 2026 ERROR attach - ../src/lxc/attach.c:lxc_attach:1470 - "
		  "Connection "
		  "refused - Failed to get attach context\n",
		  LXC_NOT_RUNNING, "Connection refused - Failed to get init pid" },
		{ "../src/lxc/attach.c: get_attach_context: 406 Connection refused - Failed to get init pid\n",
		  LXC_NOT_RUNNING, "Connection refused - Failed to get init pid" },
		{ "x ERROR lxc_attach - ../src/lxc/tools/lxc_attach.c:main:12 - You lack access to /p\n", LXC_FORBIDDEN,
		  "You lack access to /p" },
		{ "something new\n", LXC_ATTACH_FAILED, "something new" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *first = NULL;

		cr_assert_eq(lxc_complaint_read(arena, rows[i].text, strlen(rows[i].text), &first), rows[i].complaint,
		             "row %zu", i);
		if (rows[i].first != NULL)
			cr_assert_str_eq(first, rows[i].first);
	}
}

Test(lxc_command, takes_users_by_number_and_names_for_a_look_up)
{
	struct lxc_user user;
	struct error err;
	const char *name;

	cr_assert(lxc_user_parse(arena, NULL, &user, &name, &err));
	cr_assert_null(user.uid);
	cr_assert_str_eq(user.home, "/root");
	cr_assert(lxc_user_parse(arena, "1000:5", &user, &name, &err));
	cr_assert_str_eq(user.uid, "1000");
	cr_assert_str_eq(user.gid, "5");
	cr_assert_null(name);
	cr_assert(lxc_user_parse(arena, "operator", &user, &name, &err));
	cr_assert_str_eq(name, "operator");
}

Test(lxc_command, refuses_users_that_could_mean_something_else)
{
	static const char *const bad[] = { "",   "-u",  "a b",   "root;id",    "1000:",
		                           ":5", "a:b", "$(id)", "4294967295", "x\ny" };
	struct lxc_user user;
	struct error err;
	const char *name;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cr_assert_not(lxc_user_parse(arena, bad[i], &user, &name, &err), "\"%s\" was taken", bad[i]);
		cr_assert_eq(err.id, ERROR_USAGE_BAD_VALUE);
	}
}

Test(lxc_command, reads_what_the_look_up_prints)
{
	struct lxc_user user;

	cr_assert(lxc_user_read(arena, "1000 1001 /home/me\n", "me", &user));
	cr_assert_str_eq(user.home, "/home/me");
	cr_assert_not(lxc_user_read(arena, "id: me: no such user\n", "me", &user));
	cr_assert_not(lxc_user_read(arena, "", "me", &user));
}

Test(lxc_command, refuses_container_names_that_are_paths_or_options)
{
	static const char *const bad[] = { "", "-P", "../x", "a/b", "." };
	struct error err;

	cr_assert(lxc_name_check(&(struct lxc_block){ .container = "daytona-01" }, &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_not(lxc_name_check(&(struct lxc_block){ .container = bad[i] }, &err), "%s", bad[i]);
}
