/* A plan's digest says what would be done and nothing else; its diff and print keep secrets and control characters out.
 */
#include "fops/flow/plan.h"

#include <criterion/criterion.h>

#include "../contract/place.h"
#include "fops/base/arena.h"
#include "fops/flow/plan_print.h"
#include "plan_diff.h"

static struct arena *arena;
static struct buffer out;
static struct error err;

static void make(void)
{
	arena = arena_new((size_t)1 << 28);
	out = BUFFER((size_t)1 << 24);
}

static void done(void)
{
	buffer_done(&out);
	arena_free(arena);
}

TestSuite(plan, .init = make, .fini = done);

static const struct value *json(const char *text)
{
	struct value *value = arena_alloc(arena, sizeof *value);

	cr_assert(json_parse(arena, "t", text, strlen(text), NULL, value, &err), "%s", err.message);
	return value;
}

static struct plan_step step;

static struct plan plan_of(enum plan_action action, const char *before, const char *after)
{
	step = (struct plan_step){ .action = action,
		                   .object = "object/a",
		                   .before = before == NULL ? NULL : json(before),
		                   .after = after == NULL ? NULL : json(after) };
	return (struct plan){
		.action = "infra apply-ssot", .topology = "0123456789abcdef", .steps = &step, .count = 1
	};
}

static const char *digest_of_plan(const struct plan *plan)
{
	char *text = arena_alloc(arena, DIGEST_TEXT);
	struct digest digest;

	cr_assert(plan_digest(arena, plan, &digest, &err), "%s", err.message);
	digest_text(&digest, text);
	return text;
}

Test(plan, its_digest_is_that_of_its_canonical_text)
{
	struct plan plan = plan_of(PLAN_ADD, NULL, "{\"b\": 1, \"a\": \"x\"}");
	struct plan same = plan_of(PLAN_ADD, NULL, "{\"a\": \"x\", \"b\": 1}");
	static const char canonical[] =
	        "{\"action\":\"infra apply-ssot\",\"arguments\":[],\"findings\":[],\"schema\":\"fops.plan/1\","
	        "\"sources\":[],\"steps\":[{\"action\":\"add\",\"after\":{\"a\":\"x\",\"b\":1},\"before\":null,"
	        "\"destructive\":false,\"object\":\"object/a\",\"reason\":null,\"secrets\":[]}],\"summary\":{\"add\":1,"
	        "\"change\":0,\"delete\":0,\"none\":0,\"read\":0,\"replace\":0},\"topology\":\"0123456789abcdef\"}";
	struct digest digest = digest_of(canonical, sizeof canonical - 1);
	char text[DIGEST_TEXT];

	digest_text(&digest, text);
	cr_expect_str_eq(digest_of_plan(&same), text);
	cr_expect_str_eq(digest_of_plan(&plan), text);
	plan.topology = "1123456789abcdef";
	cr_expect_str_neq(digest_of_plan(&plan), text);
}

static bool read_back(const char *text, struct plan_file *ret_file)
{
	struct place place = place_new();
	bool good = plan_read(arena, place_write(&place, "plan", text), ret_file, &err);

	place_done(&place);
	return good;
}

Test(plan, reads_back_what_it_wrote_and_nothing_else)
{
	struct plan plan = plan_of(PLAN_CHANGE, "{\"a\": 1}", "{\"a\": 2}");
	struct plan_file file;
	char *text, *at;

	text_list_add(arena, &plan.arguments, "portal");
	for (int pretty = 0; pretty < 2; pretty++) {
		buffer_clear(&out);
		cr_assert(plan_write(arena, &plan, pretty == 1, &out, &err));
		cr_assert(read_back(buffer_string(&out), &file), "%s", err.message);
		cr_expect_str_eq(file.digest, digest_of_plan(&plan));
		cr_expect_str_eq(file.arguments.items[0], "portal");
		cr_expect_str_eq(file.action, "infra apply-ssot");
	}
	text = arena_text(arena, out.data, out.len);
	at = strstr(text, "object/a");
	cr_assert_not_null(at);
	at[7] = 'b';
	cr_expect(!read_back(text, &file));
	cr_expect_eq(err.id, ERROR_DATA);
	cr_expect_not_null(strstr(err.cause, "changed"));
	at[7] = 'a';
	at = strstr(text, "fops.plan/1");
	at[10] = '2';
	cr_expect(!read_back(text, &file));
	cr_expect(!read_back("{}", &file));
	cr_expect(!read_back("[]", &file));
	cr_expect(!read_back("{\"schema\":\"fops.plan/1\"}", &file));
	cr_expect(!read_back("{", &file));
}

static void expect_print(const struct plan *plan, const char *wanted)
{
	struct digest digest;

	buffer_clear(&out);
	cr_assert(plan_digest(arena, plan, &digest, &err));
	plan_print(arena, plan, &digest, NULL, &out);
	cr_expect_not_null(strstr(buffer_string(&out), wanted), "%s", buffer_string(&out));
}

Test(plan, prints_symbols_fields_and_summary)
{
	struct plan plan = plan_of(PLAN_CHANGE, "{\"data\": {\"A\": \"1\", \"B\": \"2\", \"C\": \"3\"}}",
	                           "{\"data\": {\"A\": \"1\", \"B\": \"two\", \"D\": \"\"}}");

	expect_print(&plan, "  ~ object/a\n"
	                    "      data.B         2 -> two\n"
	                    "      data.C         3 -> (removed)\n"
	                    "      data.D         \"\"\n"
	                    "\n"
	                    "Summary: 0 add, 1 change, 0 replace, 0 delete, 0 unchanged\n");
	plan = plan_of(PLAN_DELETE, "{\"a\": \"x\"}", NULL);
	step.reason = "no reason";
	expect_print(&plan, "  - object/a  no reason\n      a              x\n");
	plan = plan_of(PLAN_REPLACE, "{\"a\": 1}", "{\"a\": true}");
	expect_print(&plan, "-/+ object/a\n      a              1 -> true\n");
	plan = plan_of(PLAN_NONE, "{\"a\": 1}", "{\"a\": 1}");
	expect_print(&plan, "\n\nSummary: 0 add, 0 change, 0 replace, 0 delete, 1 unchanged\n");
	cr_expect(!plan_changes(&plan));
}

Test(plan, prints_a_secret_as_its_reference_and_no_control_characters)
{
	struct plan plan =
	        plan_of(PLAN_ADD, NULL, "{\"data\": {\"T/K\": \"openbao://kv/a#b\", \"U\": \"\\u001b[2J\"}}");

	text_list_add(arena, &step.secrets, "/data/T~1K");
	expect_print(&plan, "      data.T/K       (secret, openbao://kv/a#b)\n      data.U         \\x1B[2J\n");
}

Test(plan, names_the_commit_that_it_was_made_from)
{
	struct plan plan = plan_of(PLAN_NONE, NULL, NULL);

	expect_print(&plan, "   topology 01234567\n");
	text_list_add(arena, &plan.sources, "git+file:///a?ref=main at 2e8dc10588c7d4852a106a683855ce441c989b02");
	expect_print(&plan, "   source 2e8dc10\n");
}

Test(plan, prints_what_could_not_be_observed)
{
	struct plan_finding finding = { "kubernetes/c/n/externalsecret/x", "unknown kind", "install it" };
	struct plan plan = plan_of(PLAN_NONE, "{}", "{}");

	plan.findings = &finding;
	plan.finding_count = 1;
	expect_print(&plan, "  ! kubernetes/c/n/externalsecret/x\n      unknown kind\n      install it\n\n");
	expect_print(&plan, "1 unchanged, 1 not observed\n");
}

static void expect_diff(const char *before, const char *after, const char *wanted)
{
	buffer_clear(&out);
	plan_diff(arena, before, after, "", &out);
	cr_expect_str_eq(buffer_string(&out), wanted, "%s", buffer_string(&out));
}

Test(plan, shows_lines_with_two_of_context)
{
	expect_diff("a\nb\n", "a\nb\n", "");
	expect_diff("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
	expect_diff("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
	expect_diff("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nX\n5\n6\n7\n", "@@ -2,5 +2,5 @@\n 2\n 3\n-4\n+X\n 5\n 6\n");
	expect_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n",
	            "@@ -1,2 +1,3 @@\n+0\n 1\n 2\n@@ -7,3 +8,2 @@\n 7\n 8\n-9\n");
	expect_diff("a\nb\nc", "a\nc\nd", "@@ -1,3 +1,3 @@\n a\n-b\n c\n+d\n");
	expect_diff("a\x1b\n", "a\n", "@@ -1,1 +1,1 @@\n-a\\x1B\n+a\n");
}

Test(plan, shows_long_texts_as_replaced_whole)
{
	struct buffer a = BUFFER((size_t)1 << 20), b = BUFFER((size_t)1 << 20);

	for (int i = 0; i < 3000; i++) {
		buffer_format(&a, "a%d\n", i);
		buffer_format(&b, "b%d\n", i);
	}
	buffer_clear(&out);
	plan_diff(arena, buffer_string(&a), buffer_string(&b), "", &out);
	cr_expect(text_starts(buffer_string(&out), "@@ -1,3000 +1,3000 @@\n-a0\n-a1\n"));
	cr_expect(text_ends(buffer_string(&out), "+b2999\n"));
	buffer_done(&a);
	buffer_done(&b);
}
