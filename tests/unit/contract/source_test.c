/* Listing files: order, links, what is passed over, what is refused. */
#include "fops/contract/source.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

#include "fops/base/file.h"
#include "place.h"

struct listed {
	struct source_list list;
	struct findings findings;
	struct error err;
};

static bool list(const struct place *place, const struct text_list *sources, struct listed *ret_listed)
{
	*ret_listed = (struct listed){ .findings = { .arena = place->arena } };
	return source_list_files(place->arena, sources, &ret_listed->list, &ret_listed->findings, &ret_listed->err);
}

static struct listed list_place(const struct place *place)
{
	struct text_list sources = { 0 };
	struct listed listed;

	text_list_add(place->arena, &sources, place->sources);
	cr_assert(list(place, &sources, &listed), "%s: %s", listed.err.message, listed.err.cause);
	return listed;
}

/* The listed paths below the source, joined by blanks. */
static const char *names(const struct place *place, const struct source_list *files)
{
	const char *text = "";

	for (size_t i = 0; i < files->count; i++)
		text = arena_format(place->arena, "%s%s%s", text, i == 0 ? "" : " ",
		                    files->items[i].path + strlen(place->sources) + 1);
	return text;
}

static void link_to(const struct place *place, const char *target, const char *name)
{
	cr_assert_eq(symlink(target, path_join(place->arena, place->sources, name)), 0);
}

Test(source, lists_contracts_sorted_by_path)
{
	struct place place = place_new();
	struct listed listed;

	(void)place_write(&place, "b.yaml", "");
	(void)place_write(&place, "a/z.yml", "");
	(void)place_write(&place, "a-b.json", "");
	(void)place_write(&place, "a/b/c.yaml", "");
	(void)place_write(&place, "README.md", "");
	(void)place_write(&place, ".hidden.yaml", "");
	(void)place_write(&place, ".git/x.yaml", "");
	(void)place_write(&place, "upper.YAML", "");
	listed = list_place(&place);
	cr_assert_str_eq(names(&place, &listed.list), "a-b.json a/b/c.yaml a/z.yml b.yaml");
	cr_assert_eq(listed.findings.count, 0);
	cr_assert(listed.list.steady);
	place_done(&place);
}

Test(source, keeps_the_order_of_several_sources_and_lists_nothing_twice)
{
	struct place place = place_new();
	struct text_list sources = { 0 };
	struct listed listed;

	text_list_add(place.arena, &sources, place_write(&place, "z.yaml", ""));
	(void)place_write(&place, "a.yaml", "");
	text_list_add(place.arena, &sources, place.sources);
	text_list_add(place.arena, &sources, place.sources);
	cr_assert(list(&place, &sources, &listed));
	cr_assert_str_eq(names(&place, &listed.list), "z.yaml a.yaml");
	place_done(&place);
}

Test(source, takes_a_named_file_whatever_its_name)
{
	struct place place = place_new();
	struct text_list sources = { 0 };
	struct listed listed;

	text_list_add(place.arena, &sources, place_write(&place, "topology.txt", ""));
	cr_assert(list(&place, &sources, &listed));
	cr_assert_eq(listed.list.count, 1);
	place_done(&place);
}

Test(source, follows_links_inside_its_folder)
{
	struct place place = place_new();
	struct listed listed;

	(void)place_write(&place, ".data/a.yaml", "");
	(void)place_write(&place, "b.yaml", "");
	link_to(&place, ".data/a.yaml", "a.yaml");
	link_to(&place, "b.yaml", "z.yaml");
	link_to(&place, ".", "loop");
	link_to(&place, ".data", "data");
	listed = list_place(&place);
	cr_assert_eq(listed.findings.count, 0);
	cr_assert_str_eq(names(&place, &listed.list), "a.yaml b.yaml");
	place_done(&place);
}

Test(source, refuses_links_that_leave_or_lead_nowhere)
{
	struct place place = place_new();
	struct listed listed;
	const char *outside = path_join(place.arena, place.root, "sources-beside");

	cr_assert_eq(mkdir(outside, 0700), 0);
	(void)place_write(&place, "../sources-beside/x.yaml", "");
	link_to(&place, "../sources-beside/x.yaml", "file.yaml");
	link_to(&place, outside, "folder");
	link_to(&place, "nothing", "dangling.yaml");
	link_to(&place, "nothing", "dangling.txt");
	link_to(&place, "/etc/passwd", "passwd");
	listed = list_place(&place);
	findings_sort(&listed.findings);
	cr_assert_eq(listed.list.count, 0);
	cr_assert_eq(listed.findings.count, 3);
	cr_assert(text_ends(listed.findings.items[0].file, "/dangling.yaml"));
	cr_assert_not_null(strstr(listed.findings.items[0].message, "leads nowhere"));
	cr_assert(text_ends(listed.findings.items[1].file, "/file.yaml"));
	cr_assert_not_null(strstr(listed.findings.items[1].message, "leaves"));
	cr_assert(text_ends(listed.findings.items[2].file, "/folder"));
	place_done(&place);
}

/* A link as the source itself is the operator's choice. */
Test(source, follows_a_link_that_was_named)
{
	struct place place = place_new();
	struct text_list sources = { 0 };
	struct listed listed;
	const char *link = path_join(place.arena, place.root, "link");

	(void)place_write(&place, "a.yaml", "");
	cr_assert_eq(symlink(place.sources, link), 0);
	text_list_add(place.arena, &sources, link);
	cr_assert(list(&place, &sources, &listed));
	cr_assert_eq(listed.list.count, 1);
	cr_assert_eq(listed.findings.count, 0);
	cr_assert_str_eq(listed.list.items[0].path, arena_format(place.arena, "%s/a.yaml", link));
	place_done(&place);
}

Test(source, refuses_pipes_in_folders_without_opening_them)
{
	struct place place = place_new();
	struct listed listed;

	cr_assert_eq(mkfifo(path_join(place.arena, place.sources, "p.yaml"), 0600), 0);
	listed = list_place(&place);
	cr_assert_eq(listed.findings.count, 1);
	cr_assert_not_null(strstr(listed.findings.items[0].message, "not a regular file"));
	place_done(&place);
}

Test(source, says_that_a_named_pipe_is_not_steady)
{
	struct place place = place_new();
	struct text_list sources = { 0 };
	struct listed listed;
	const char *pipe_path = path_join(place.arena, place.root, "pipe");

	cr_assert_eq(mkfifo(pipe_path, 0600), 0);
	text_list_add(place.arena, &sources, pipe_path);
	cr_assert(list(&place, &sources, &listed));
	cr_assert_eq(listed.list.count, 1);
	cr_assert_not(listed.list.steady);
	place_done(&place);
}

Test(source, fails_for_what_is_not_there)
{
	struct place place = place_new();
	struct text_list sources = { 0 };
	struct listed listed;

	text_list_add(place.arena, &sources, path_join(place.arena, place.sources, "nowhere"));
	cr_assert_not(list(&place, &sources, &listed));
	cr_assert_eq(listed.err.id, ERROR_CONTRACT_NOT_FOUND);
	sources = (struct text_list){ 0 };
	text_list_add(place.arena, &sources, arena_format(place.arena, "%s/below", place_write(&place, "a.yaml", "")));
	cr_assert_not(list(&place, &sources, &listed));
	cr_assert_eq(listed.err.id, ERROR_CONTRACT_NOT_FOUND);
	place_done(&place);
}

Test(source, fails_for_a_folder_that_cannot_be_read)
{
	struct place place;
	struct text_list sources = { 0 };
	struct listed listed;

	if (geteuid() == 0)
		cr_skip("root may read everything");
	place = place_new();
	(void)place_write(&place, "closed/a.yaml", "");
	cr_assert_eq(chmod(path_join(place.arena, place.sources, "closed"), 0), 0);
	text_list_add(place.arena, &sources, place.sources);
	cr_assert_not(list(&place, &sources, &listed));
	cr_assert_eq(listed.err.id, ERROR_CONTRACT_UNREADABLE);
	cr_assert_eq(chmod(path_join(place.arena, place.sources, "closed"), 0700), 0);
	place_done(&place);
}

Test(source, fails_for_folders_that_are_too_deep)
{
	struct place place = place_new();
	struct text_list sources = { 0 };
	struct listed listed;
	const char *name = "d";

	for (size_t i = 0; i < 40; i++)
		name = arena_format(place.arena, "%s/d", name);
	(void)place_write(&place, arena_format(place.arena, "%s/a.yaml", name), "");
	text_list_add(place.arena, &sources, place.sources);
	cr_assert_not(list(&place, &sources, &listed));
	cr_assert_eq(listed.err.id, ERROR_CONTRACT_UNREADABLE);
	place_done(&place);
}

Test(source, names_the_library_of_git_revisions)
{
	struct arena *arena = arena_new(4096);

	cr_assert_not_null(strchr(source_git_version(arena), '.'));
	arena_free(arena);
}
