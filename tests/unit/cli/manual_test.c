/* Manual pages: names, sections, escaping. */
#include "fops/cli/help.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "sample_tree.h"

#define LIMIT ((size_t)16 * 1024 * 1024)
#define DATE  "2026-11-05"

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

TestSuite(manual, .init = start, .fini = end);

/* The text in the arena; the buffer is freed. */
static const char *keep(struct buffer *out)
{
	const char *text = arena_text(arena, buffer_string(out), out->len);

	buffer_done(out);
	return text;
}

static const char *page(const struct command *command, const char *path)
{
	struct buffer out = BUFFER(LIMIT);

	manual_render(arena, &out, &sample_root, command, path, DATE);
	return keep(&out);
}

static const char *topic_page(const struct help_topic *topic)
{
	struct buffer out = BUFFER(LIMIT);

	manual_render_topic(arena, &out, topic, DATE);
	return keep(&out);
}

/* Every line that starts with a dot is a macro that the pages use; none starts with an apostrophe. */
static void expect_known_macros(const char *text, const char *what)
{
	static const char macros[] = "Dd|Dt|Os|Sh|Nm|Nd|Cm|Ar|Op|Fl|Bl|It|El|Pp|Bd|Ed|Xr";

	while (*text != '\0') {
		char macro[3] = { 0 };

		cr_expect_neq(*text, '\'', "%s: %.40s", what, text);
		if (*text == '.') {
			memcpy(macro, text + 1, 2);
			cr_expect(text_in_choices(macros, macro) && strchr(" \n", text[3]) != NULL, "%s: %.40s", what,
			          text);
		}
		text += strcspn(text, "\n");
		text += *text == '\n' ? 1 : 0;
	}
}

Test(manual, names_follow_the_path)
{
	cr_assert_str_eq(manual_name(arena, ""), "fops");
	cr_assert_str_eq(manual_name(arena, "boxes"), "fops-boxes");
	cr_assert_str_eq(manual_name(arena, "boxes list"), "fops-boxes-list");
}

Test(manual, head_has_date_title_and_purpose)
{
	cr_assert(text_starts(page(&sample_list, "boxes list"),
	                      ".Dd November 5, 2026\n.Dt FOPS-BOXES-LIST 1\n.Os fops\n.Sh NAME\n"
	                      ".Nm fops\\-boxes\\-list\n.Nd list the boxes\n.Sh SYNOPSIS\n.Nm fops\n"));
}

Test(manual, sections_stand_in_order)
{
	static const char *const sections[] = { "NAME",   "SYNOPSIS",    "DESCRIPTION", "OPTIONS",
		                                "FIELDS", "EXIT STATUS", "EXAMPLES",    "SEE ALSO" };
	const char *at = page(&sample_list, "boxes list");

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		char line[32];

		(void)snprintf(line, sizeof line, ".Sh %s\n", sections[i]);
		at = strstr(at, line);
		cr_assert_not_null(at, "%s", sections[i]);
	}
}

Test(manual, options_are_escaped_and_hidden_ones_left_out)
{
	const char *text = page(&sample_list, "boxes list");

	cr_assert_not_null(strstr(text, ".It Fl \\&k , Fl \\-kind Ar lxc|kubernetes\nboxes of this kind.\n"));
	cr_assert_not_null(strstr(text, ".It Fl \\-wait Ns Oo Ns = Ns Ar \\&ok Oc\n"));
	cr_assert_not_null(strstr(text, ".It Fl \\-no\\-disk\\-cache\ndo not use the copy on disk.\n"));
	cr_assert_not_null(strstr(text, "Global flags are described in\n.Xr fops\\-global\\-flags 7 .\n"));
	cr_assert_null(strstr(text, "secret"));
}

Test(manual, text_cannot_become_a_macro)
{
	const char *text = page(&sample_list, "boxes list");

	cr_assert_not_null(strstr(text, "C:\\etemp, a dash \\-\\- and \\(dqquotes\\(dq."));
	cr_assert_not_null(strstr(text, ".Bd -literal\n  .kept line with a dot\n  and another\n.Ed\n"));
	expect_known_macros(text, "boxes list");
	expect_known_macros(page(&sample_root, ""), "root");
	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++)
		expect_known_macros(topic_page(topic), topic->name);
}

Test(manual, text_with_dots_in_front_is_protected)
{
	static const char *const examples[] = { ".so /etc/passwd", "'br", NULL };
	const struct command command = {
		.name = "x", .summary = "Be odd", .about = ".Sh EVIL\n\n'in 4", .examples = examples
	};
	const char *text = page(&command, "x");

	cr_assert_not_null(strstr(text, "\n\\&.Sh EVIL\n"));
	cr_assert_not_null(strstr(text, "\n\\&\\(aqin 4\n"));
	cr_assert_not_null(strstr(text, "\n\\&.so /etc/passwd\n"));
	expect_known_macros(text, "x");
}

Test(manual, characters_beyond_ascii_are_written_by_number)
{
	const struct command command = { .name = "x",
		                         .summary = "Be odd",
		                         .about = "10\xE2\x80\x93"
		                                  "18 \xE2\x80\xA6 \xF0\x9F\x98\x80 caf\xC3\xA9" };

	cr_assert_not_null(strstr(page(&command, "x"), "10\\[u2013]18 \\[u2026] \\[u1F600] caf\\[u00E9]\n"));
}

Test(manual, nested_fields_have_dotted_names)
{
	const char *text = page(&sample_list, "boxes list");

	cr_assert_not_null(strstr(text, ".It Va part.url\nwhere it is.\n"));
	cr_assert_not_null(strstr(text, ".It Va parts[].port\n"));
	cr_assert_not_null(strstr(text, ".It Va state\nthe verdict: ok|down.\n"));
}

Test(manual, exit_status_names_the_codes)
{
	const char *text = page(&sample_list, "boxes list");

	cr_assert_not_null(strstr(text, ".It 0\nok: "));
	cr_assert_not_null(strstr(text, ".It 124\ntimeout: "));
	cr_assert_not_null(strstr(text, ".Xr fops\\-exit\\-codes 7 .\n"));
}

Test(manual, see_also_is_sorted_by_section_and_name_without_itself)
{
	const char *text = page(&sample_list, "boxes list");

	cr_assert(text_ends(text, ".Sh SEE ALSO\n.Xr fops 1 ,\n.Xr fops\\-boxes 1 ,\n.Xr fops\\-exit\\-codes 7 ,\n"
	                          ".Xr fops\\-global\\-flags 7 ,\n.Xr fops\\-output 7 ,\n.Xr fops\\-selection 7\n"));
	text = page(sample_root.verbs[0], "boxes");
	cr_assert_not_null(strstr(text, ".Xr fops 1 ,\n.Xr fops\\-boxes\\-list 1 ,\n.Xr fops\\-boxes\\-run 1 ,\n.Xr "
	                                "fops\\-boxes\\-show 1 ,\n"));
	cr_assert_null(strstr(page(&sample_root, ""), ".Xr fops 1"));
}

Test(manual, nouns_list_their_commands)
{
	const char *text = page(sample_root.verbs[0], "boxes");

	cr_assert_not_null(strstr(text, ".Sh COMMANDS\n.Bl -tag -width Ds\n.It Cm list\nList the boxes.\n"));
	cr_assert_null(strstr(text, ".Sh FIELDS"));
	cr_assert_null(strstr(page(&sample_root, ""), "secretly"));
}

Test(manual, is_the_same_each_time)
{
	cr_assert_str_eq(page(&sample_list, "boxes list"), page(&sample_list, "boxes list"));
	cr_assert_str_eq(page(&sample_root, ""), page(&sample_root, ""));
}

Test(manual, topics_are_section_seven)
{
	cr_assert(text_starts(
	        topic_page(help_topic_find("exit-codes")),
	        ".Dd November 5, 2026\n.Dt FOPS-EXIT-CODES 7\n.Os fops\n.Sh NAME\n.Nm fops\\-exit\\-codes\n"));
	cr_assert(text_ends(topic_page(help_topic_find("run")), ".Sh SEE ALSO\n.Xr fops 1\n"));
}
