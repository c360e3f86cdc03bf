/* Every file of the corpus of broken contracts is refused where and as its first line says. */
#include <criterion/criterion.h>
#include <dirent.h>

#include "fops/base/file.h"
#include "place.h"

#define CORPUS      FIXTURES "/bad-yaml/contract"
#define LEAST_FILES 60

static const char prefix[] = "# expect: ";

/* "12:7: part" -> line, column and part. */
static void read_expectation(const char *text, uint64_t *ret_line, uint64_t *ret_column, const char **ret_part)
{
	char *end;

	cr_assert(text_starts(text, prefix), "%.40s", text);
	*ret_line = strtoull(text + sizeof prefix - 1, &end, 10);
	cr_assert_eq(*end, ':');
	*ret_column = strtoull(end + 1, &end, 10);
	cr_assert(text_starts(end, ": "));
	*ret_part = end + 2;
	cr_assert_neq(**ret_part, '\0');
}

static bool is_found(const struct error *err, uint64_t line, uint64_t column, const char *part)
{
	for (size_t i = 0; i < err->finding_count; i++) {
		const struct finding *finding = &err->findings[i];

		if (finding->line == line && finding->column == column && strstr(finding->message, part) != NULL)
			return true;
	}
	return false;
}

static void check_file(const struct place *place, const char *path)
{
	struct topology_request request = { 0 };
	struct topology *topology = NULL;
	struct error err = { 0 };
	struct str data = place_read(place, path);
	uint64_t line, column;
	const char *part;

	read_expectation(arena_text(place->arena, data.data, strcspn(data.data, "\n")), &line, &column, &part);
	text_list_add(place->arena, &request.sources, path);
	cr_expect_not(topology_open(place->arena, &request, &topology, &err), "accepted: %s", path);
	cr_expect_eq(err.id, ERROR_CONTRACT_INVALID, "%s: %s", path, err.message);
	if (is_found(&err, line, column, part))
		return;
	cr_expect(false, "%s: expected %d:%d: %s", path_name(path), (int)line, (int)column, part);
	for (size_t i = 0; i < err.finding_count; i++)
		fprintf(stderr, "    found %d:%d: %s\n", (int)err.findings[i].line, (int)err.findings[i].column,
		        err.findings[i].message);
}

Test(corpus, is_refused_at_the_right_places)
{
	struct place place = place_new();
	DIR *folder = opendir(CORPUS);
	const struct dirent *entry;
	size_t count = 0;

	cr_assert_not_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		check_file(&place, path_join(place.arena, CORPUS, arena_copy(place.arena, entry->d_name)));
		count++;
	}
	(void)closedir(folder);
	cr_assert_geq(count, LEAST_FILES);
	place_done(&place);
}

/* Values that could be secrets never come back in a finding. */
Test(corpus, repeats_no_secret)
{
	static const char *const names[] = { "public-url-user-info.yaml", "secret-ref-plain.yaml",
		                             "tls-ca-private-key.yaml" };
	struct place place = place_new();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct topology_request request = { 0 };
		struct topology *topology = NULL;
		struct error err = { 0 };

		text_list_add(place.arena, &request.sources, path_join(place.arena, CORPUS, names[i]));
		cr_assert_not(topology_open(place.arena, &request, &topology, &err));
		cr_assert_eq(err.finding_count, 1);
		cr_expect_null(strstr(err.findings[0].message, "hunter2"));
		cr_expect_null(strstr(err.findings[0].message, "MC4C"));
	}
	place_done(&place);
}
