/* Help pages: order and width, topics, global flags, error codes. */
#include "fops/cli/help.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/settings.h"
#include "sample_tree.h"

#define LIMIT ((size_t)16 * 1024 * 1024)

/* What the pages of one test live in. */
static struct arena *arena;

static void start(void)
{
	arena = arena_new(LIMIT);
}

static void end(void)
{
	arena_free(arena);
}

TestSuite(help, .init = start, .fini = end);

/* The text in the arena; the buffer is freed. */
static const char *keep(struct buffer *out)
{
	const char *text = arena_text(arena, buffer_string(out), out->len);

	buffer_done(out);
	return text;
}

static const char *page(const char *program, const struct command *command, const char *path, bool full)
{
	struct buffer out = BUFFER(LIMIT);

	help_render(arena, &out, program, command, path, full);
	return keep(&out);
}

static const char *topic_page(const char *name)
{
	struct buffer out = BUFFER(LIMIT);

	cr_assert_not_null(help_topic_find(name), "%s", name);
	help_topic_render(arena, &out, help_topic_find(name));
	return keep(&out);
}

static void expect_narrow(const char *text, const char *what)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		cr_expect_leq(text_columns(text, len), 80, "%s: %.*s", what, (int)len, text);
		cr_expect(len == 0 || text[len - 1] != ' ', "%s ends with a blank: %.*s", what, (int)len, text);
		text += len + (text[len] == '\n' ? 1 : 0);
	}
}

static void expect_order(const char *text, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *at = strstr(text, parts[i]);

		cr_assert_not_null(at, "\"%s\" is missing or out of order in:\n%s", parts[i], text);
		text = at + strlen(parts[i]);
	}
}

#define EXPECT_ORDER(text, ...)                                                                                        \
	expect_order(text, (const char *const[]){ __VA_ARGS__ },                                                       \
	             sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

Test(help, page_of_a_verb_has_its_parts_in_order)
{
	const char *text = page("fops", &sample_list, "boxes list", true);

	cr_assert(text_starts(text,
	                      "List the boxes.\n\nUsage:  fops boxes list [flags]\n\nExamples:\n  fops boxes list\n"));
	EXPECT_ORDER(text, "Flags:\n", "  -k, --kind lxc|kubernetes  boxes of this kind\n", "      --wait[=ok]  ",
	             "(default 5m)", "--no-disk-cache        do not use the copy on disk\n", "Every box is listed",
	             "\nFields:  name state", "\nExit:    0 ok   12 check-failed   65 data",
	             "\nSee:     fops help output, fops help selection", "fops help exit-codes",
	             "fops help global-flags", "man fops-boxes-list\n");
}

Test(help, hides_what_is_hidden)
{
	cr_assert_null(strstr(page("fops", &sample_list, "boxes list", true), "--secret"));
	cr_assert_null(strstr(page("fops", &sample_root, "", true), "__secretly"));
	cr_assert_null(strstr(page("fops", &sample_root, "", false), "__secretly"));
}

Test(help, long_choices_move_into_the_text)
{
	EXPECT_ORDER(page("fops", &sample_list, "boxes list", true), "--shade SHADE ", "paint them; one of",
	             "anthracite|beige|carmine|denim|ebony|fuchsia");
}

Test(help, uses_the_name_the_program_was_called_by)
{
	const char *text = page("fractalops", &sample_list, "boxes list", true);

	EXPECT_ORDER(text, "Usage:  fractalops boxes list", "  fractalops boxes list\n", "fractalops help output",
	             "fractalops help exit-codes", "man fops-boxes-list");
	cr_assert_null(strstr(text, " fops "));
}

Test(help, usage_shows_arguments_and_what_stands_behind_the_dashes)
{
	cr_assert_not_null(strstr(page("fops", &sample_run, "boxes run", true),
	                          "Usage:  fops boxes run NAME [flags] -- COMMAND [ARGUMENT...]\n"));
	cr_assert_not_null(
	        strstr(page("fops", &sample_show, "boxes show", true), "Usage:  fops boxes show NAME [flags]\n"));
}

Test(help, page_of_a_noun_lists_verbs_in_their_order)
{
	const char *text = page("fops", sample_root.verbs[0], "boxes", true);

	EXPECT_ORDER(text, "Usage:  fops boxes COMMAND [flags]",
	             "Commands:\n  list  List the boxes\n  show  Show one box\n  run   ", "See:  ");
	cr_assert_null(strstr(text, "Exit:"));
}

Test(help, bare_noun_is_short)
{
	const char *text = page("fops", sample_root.verbs[0], "boxes", false);

	cr_assert_str_eq(text, "List, show and use boxes.\n\nUsage:  fops boxes COMMAND [flags]\n\nCommands:\n"
	                       "  list  List the boxes\n  show  Show one box\n  run   Run a command in a box\n\n"
	                       "See:     fops boxes --help\n");
}

Test(help, root_has_groups_and_topics)
{
	EXPECT_ORDER(page("fops", &sample_root, "", true), "Usage:  fops COMMAND [flags]", "\nCommands:\n  boxes ",
	             "\nShell and help:\n  pick ", "  help ", "\nTopics (fops help TOPIC):\n", "exit-codes",
	             "global-flags");
}

Test(help, every_page_fits_into_80_columns)
{
	expect_narrow(page("fractalops", &sample_list, "boxes list", true), "list");
	expect_narrow(page("fractalops", &sample_root, "", true), "root");
	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++)
		expect_narrow(topic_page(topic->name), topic->name);
}

Test(help, examples_are_broken_outside_quotes_only)
{
	cr_assert_not_null(
	        strstr(page("fops", &sample_list, "boxes list", true),
	               "\n    'note=a long text with blanks that must never be broken inside its quotes' \\\n"));
}

Test(help, about_keeps_lines_that_start_with_a_blank)
{
	cr_assert_not_null(
	        strstr(page("fops", &sample_list, "boxes list", true), "\n\n  .kept line with a dot\n  and another\n"));
}

Test(help, topics_are_those_that_are_promised)
{
	static const char *const names[] = { "environment", "output",       "exit-codes", "contexts",
		                             "planes",      "proposals",    "secrets",    "scripting",
		                             "errors",      "topology",     "run",        "selection",
		                             "cache",       "global-flags", "jsonpath",   "extensions" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		cr_expect_not_null(help_topic_find(names[i]), "%s", names[i]);
	cr_assert_null(help_topic_find("nothing"));
	cr_assert_null(help_topic_find(""));
}

Test(help, topics_are_sorted_and_have_a_summary_and_one_source)
{
	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++) {
		cr_expect_leq(strlen(topic->summary), 60, "%s", topic->name);
		cr_expect_not(text_ends(topic->summary, "."), "%s", topic->name);
		cr_expect_neq(topic->text == NULL, topic->render == NULL, "%s", topic->name);
		if (topic != help_topics)
			cr_expect_lt(strcmp(topic[-1].name, topic->name), 0, "%s", topic->name);
	}
}

Test(help, exit_codes_show_the_whole_table)
{
	const char *text = topic_page("exit-codes");

	for (const struct exit_row *row = exit_rows; row->name != NULL; row++) {
		char line[64];

		(void)snprintf(line, sizeof line, "%3d  %s ", row->status, row->name);
		cr_expect_not_null(strstr(text, line), "%s", line);
	}
}

Test(help, environment_shows_every_variable_of_the_settings)
{
	const char *text = topic_page("environment");

	for (const struct setting_row *row = setting_rows; row->name != NULL; row++)
		cr_expect(row->variable == NULL || strstr(text, row->variable) != NULL, "%s", row->name);
	EXPECT_ORDER(text, "FOPS_CONFIG", "FOPS_OUTPUT", "FOPS_CALLER", "NO_COLOR", "CLICOLOR", "COLUMNS",
	             "SSL_CERT_FILE", "XDG_CONFIG_HOME");
}

Test(help, global_flags_show_each_row_once)
{
	struct buffer out = BUFFER(LIMIT);
	const char *text;

	help_render_globals(arena, &out);
	text = buffer_string(&out);
	for (const struct command_option *row = global_options; row->name != NULL; row++) {
		bool negated = row->slot.kind == SLOT_BOOL && text_equal(row->preset, "yes");
		const char *flag = arena_format(arena, "%s --%s%s", row->letter != 0 ? "," : "   ",
		                                negated ? "no-" : "", row->name);
		const char *at = text;
		int count = 0;

		for (at = strstr(at, flag); at != NULL; at = strstr(at + 1, flag))
			count += strchr(" [\n", at[strlen(flag)]) != NULL;
		cr_expect_eq(count, 1, "%s stands %d times", flag, count);
	}
	buffer_done(&out);
}

Test(help, each_error_code_is_explained)
{
	for (size_t i = 0; i < ARRAY_LEN(error_codes); i++) {
		struct buffer out = BUFFER(LIMIT);

		cr_assert(help_error_render(arena, &out, error_codes[i].name));
		EXPECT_ORDER(buffer_string(&out), error_codes[i].name, "exit:", "cause:", "fix:", "example:");
		expect_narrow(buffer_string(&out), error_codes[i].name);
		buffer_done(&out);
	}
}

Test(help, unknown_error_code_renders_nothing)
{
	struct buffer out = BUFFER(LIMIT);

	cr_assert_not(help_error_render(arena, &out, "no.such-code"));
	cr_assert_not(help_error_render(arena, &out, ""));
	cr_assert_eq(out.len, 0);
}
