/* Candidates for partial command lines, and the scripts. */
#include "fops/cli/help.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "sample_tree.h"

#define LIMIT      ((size_t)16 * 1024 * 1024)
#define MOST_WORDS 16

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

TestSuite(completion, .init = start, .fini = end);

/* The text in the arena; the buffer is freed. */
static const char *keep(struct buffer *out)
{
	const char *text = arena_text(arena, buffer_string(out), out->len);

	buffer_done(out);
	return text;
}

static void live_values(void *user, enum value_source source, struct buffer *out)
{
	int *calls = user;

	(*calls)++;
	if (source == VALUES_ASSETS)
		buffer_text(out,
		            "alpha\tfirst "
		            "box\nbeta\tsecond\nalpha\tagain\n:files\tevil\nb\x1b[1mad\tevil\nodd\ta\x1b[0m\tb\nplain");
	if (source == VALUES_CONTEXTS)
		buffer_text(out, "core\tmain one\nedge\t\n");
	if (source == VALUES_COMMANDS)
		buffer_text(out, "hello\textension\n");
}

/* The answer for a line whose words are divided by one blank; a blank at the end starts a new word. */
static const char *answer(const char *text)
{
	struct buffer out = BUFFER(LIMIT);
	const char *words[MOST_WORDS];
	size_t count = 0;
	int calls = 0;

	for (;;) {
		size_t len = strcspn(text, " ");

		words[count++] = arena_text(arena, text, len);
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	completion_complete(arena, &sample_root, words, count, live_values, &calls, &out);
	return keep(&out);
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (; text != NULL && *text != '\0'; text = strchr(text, '\n') == NULL ? NULL : strchr(text, '\n') + 1) {
		if (strncmp(text, line, len) == 0 && (text[len] == '\t' || text[len] == '\n'))
			return true;
	}
	return false;
}

Test(completion, offers_commands_with_descriptions)
{
	cr_assert_str_eq(answer("bo"), "boxes\tList, show and use boxes\n");
	cr_assert_str_eq(answer("boxes "), "list\tList the boxes\nshow\tShow one box\nrun\tRun a command in a box\n");
	cr_assert_str_eq(answer("boxes sh"), "show\tShow one box\n");
}

Test(completion, offers_extensions_beside_commands)
{
	cr_assert(has_line(answer(""), "hello"));
	cr_assert_not(has_line(answer("boxes "), "hello"));
}

Test(completion, never_offers_what_is_hidden)
{
	cr_assert_not(has_line(answer(""), "__secretly"));
	cr_assert_str_eq(answer("__s"), "");
	cr_assert_str_eq(answer("boxes list --sec"), "");
}

Test(completion, offers_own_flags_and_those_global_ones_that_are_taken)
{
	const char *text = answer("boxes list --");

	cr_assert(has_line(text, "--kind"));
	cr_assert(has_line(text, "--filter"));
	cr_assert(has_line(text, "--no-disk-cache"));
	cr_assert(has_line(text, "--no-cache"));
	cr_assert(has_line(text, "--wait"));
	cr_assert(has_line(text, "--wait="));
	cr_assert_not(has_line(text, "--parallel"));
	cr_assert_not(has_line(answer("boxes show --"), "--filter"));
}

Test(completion, flags_before_the_command_are_understood)
{
	cr_assert_str_eq(answer("--context core -o json boxes sh"), "show\tShow one box\n");
	cr_assert_str_eq(answer("-qo json -v boxes sh"), "show\tShow one box\n");
	cr_assert_str_eq(answer("--context=core boxes sh"), "show\tShow one box\n");
	cr_assert_str_eq(answer("--json boxes sh"), "show\tShow one box\n");
	cr_assert_str_eq(answer("-ojson boxes sh"), "show\tShow one box\n");
}

Test(completion, a_value_may_be_attached_to_its_letter)
{
	cr_assert_str_eq(answer("boxes list -oy"), "-oyaml\tthe document as YAML\n");
	cr_assert_str_eq(answer("boxes list -qo=y"), "-qo=yaml\tthe document as YAML\n");
	cr_assert_str_eq(answer("boxes list -kl"), "-klxc\n");
	cr_assert_str_eq(answer("boxes list -ok"), "");
	cr_assert_str_eq(answer("boxes list -q"), "");
	cr_assert_str_eq(answer("boxes list -!o"), "");
}

Test(completion, offers_choices_as_words_and_behind_an_equals_sign)
{
	cr_assert_str_eq(answer("boxes list --kind "), "lxc\nkubernetes\n");
	cr_assert_str_eq(answer("boxes list -k l"), "lxc\n");
	cr_assert_str_eq(answer("boxes list --kind=k"), "--kind=kubernetes\n");
	cr_assert_str_eq(answer("boxes list --wait="), "--wait=ok\n");
	cr_assert_str_eq(answer("boxes list --nothing="), "");
	cr_assert_str_eq(answer("boxes list --loud="), "");
}

Test(completion, an_optional_value_is_never_the_next_word)
{
	cr_assert_not(has_line(answer("boxes list --wait o"), "ok"));
}

Test(completion, offers_formats_that_the_command_prints)
{
	cr_assert(has_line(answer("boxes list -o "), "table"));
	cr_assert(has_line(answer("boxes list -o "), "jsonpath="));
	cr_assert_str_eq(answer("boxes run -o "), "json\tone document\njsonl\tone event a line\n");
}

Test(completion, formats_are_those_of_the_flag)
{
	const char *text = global_options[0].text;
	const char *line = answer("boxes list -o ");

	cr_assert_str_eq(global_options[0].name, "output");
	while (*line != '\0') {
		char name[32] = { 0 };

		memcpy(name, line, strcspn(line, "\t"));
		cr_expect_not_null(strstr(text, name), "%s", name);
		line += strcspn(line, "\n") + 1;
	}
}

Test(completion, offers_fields_one_after_another)
{
	cr_assert(has_line(answer("boxes list --fields "), "help"));
	cr_assert(has_line(answer("boxes list --fields "), "latency_ms"));
	cr_assert_str_eq(answer("boxes list --fields name,st"), "name,state\tthe verdict\n");
	cr_assert_not(has_line(answer("boxes list --fields name,"), "name,name"));
	cr_assert(has_line(answer("boxes list --fields=name,"), "--fields=name,state"));
	cr_assert(has_line(answer("boxes list --json=na"), "--json=name"));
	cr_assert_str_eq(answer("boxes list --sort -sta"), "-state\tthe verdict\n");
}

Test(completion, offers_filters_with_their_values)
{
	cr_assert_str_eq(answer("boxes list --filter sta"), "state=\tthe verdict\n");
	cr_assert_str_eq(answer("boxes list --filter state=d"), "state=down\n");
	cr_assert_str_eq(answer("boxes list --filter=state=d"), "--filter=state=down\n");
	cr_assert_str_eq(answer("boxes list --filter name=x"), "");
}

Test(completion, offers_live_values_once_and_only_harmless_ones)
{
	cr_assert_str_eq(answer("boxes show "), "alpha\tfirst box\nbeta\tsecond\nodd\ta [0m b\nplain\n");
	cr_assert_str_eq(answer("--context e"), "edge\n");
}

Test(completion, works_without_a_source_of_values)
{
	struct buffer out = BUFFER(LIMIT);
	const char *const words[] = { "boxes", "show", "" };

	completion_complete(arena, &sample_root, words, 3, NULL, NULL, &out);
	cr_assert_eq(out.len, 0);
	completion_complete(arena, &sample_root, words, 0, NULL, NULL, &out);
	cr_assert_eq(out.len, 0);
}

Test(completion, asks_for_values_only_when_they_can_stand_there)
{
	struct buffer out = BUFFER(LIMIT);
	const char *const words[] = { "boxes", "list", "--kind", "l" };
	int calls = 0;

	completion_complete(arena, &sample_root, words, 4, live_values, &calls, &out);
	cr_assert_eq(calls, 0);
	buffer_done(&out);
}

Test(completion, offers_flags_when_no_argument_is_left)
{
	cr_assert(has_line(answer("boxes list "), "--kind"));
	cr_assert(has_line(answer("boxes run alpha "), "--"));
	cr_assert_str_eq(answer("boxes list x"), "");
}

Test(completion, words_behind_the_dashes_are_files)
{
	cr_assert_str_eq(answer("boxes run alpha -- "), ":files\n");
	cr_assert_str_eq(answer("boxes run alpha -- ls --ki"), ":files\n");
	cr_assert_str_eq(answer("--topology "), ":files\n");
	cr_assert_str_eq(answer("--topology=x"), ":files\n");
}

Test(completion, offers_choices_of_arguments)
{
	cr_assert_str_eq(answer("pick "), "boxes\ncontexts\n");
}

Test(completion, help_knows_topics_commands_and_error_codes)
{
	cr_assert(has_line(answer("help "), "exit-codes"));
	cr_assert(has_line(answer("help "), "boxes"));
	cr_assert_str_eq(answer("help boxes sh"), "show\tShow one box\n");
	cr_assert(has_line(answer("help errors plane."), "plane.tls"));
	cr_assert_not(has_line(answer("help errors "), "boxes"));
	cr_assert_str_eq(answer("help errors plane.tls "), "");
}

Test(completion, unknown_words_lead_nowhere)
{
	cr_assert_str_eq(answer("nothing "), "");
	cr_assert_str_eq(answer("nothing --k"), "");
	cr_assert_str_eq(answer("boxes list --limit "), "");
}

Test(completion, scripts_are_small_and_complete_both_names)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		const char *script = completion_script(shells[i]);

		cr_assert_not_null(script);
		cr_expect_lt(strlen(script), 4096);
		cr_expect_not_null(strstr(script, "__complete -- "), "%s", shells[i]);
		cr_expect_not_null(strstr(script, "fractalops"), "%s", shells[i]);
	}
	cr_assert_null(completion_script("tcsh"));
	cr_assert_null(completion_script(""));
}
