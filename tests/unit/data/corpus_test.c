/* Every file of the corpora of broken documents is refused where and as it says. */
#include <criterion/criterion.h>
#include <dirent.h>

#include "fops/base/file.h"
#include "reading.h"

#define YAML_FOLDER FIXTURES "/bad-yaml/syntax"
#define JSON_FOLDER FIXTURES "/bad-json"
#define LEAST_YAML  100
#define LEAST_JSON  40
#define MOST_BYTES  ((size_t)1024 * 1024)

static const char prefix[] = "# expect: ";

static struct str read_file(struct arena *arena, const char *path)
{
	struct str data = { 0 };
	struct error err = { 0 };

	cr_assert(file_read(arena, path, MOST_BYTES, &data, &err), "%s: %s", path, err.message);
	return data;
}

/* The first line of the file itself, or the file NAME.expect beside it: "12:7: part". */
static const char *read_expectation(struct arena *arena, const char *path, struct str data)
{
	size_t stem = strlen(path) - strlen(".yaml");
	struct str text;

	if (data.len > sizeof prefix && memcmp(data.data, prefix, sizeof prefix - 1) == 0)
		return arena_text(arena, data.data + sizeof prefix - 1, strcspn(data.data, "\n") - (sizeof prefix - 1));
	text = read_file(arena, arena_format(arena, "%.*s.expect", (int)stem, path));
	return arena_text(arena, text.data, strcspn(text.data, "\n"));
}

static void expect_finding(const char *path, const char *expectation, const struct findings *findings)
{
	uint64_t line, column;
	char *end;

	line = strtoull(expectation, &end, 10);
	cr_assert_eq(*end, ':', "%s", path);
	column = strtoull(end + 1, &end, 10);
	cr_assert(text_starts(end, ": ") && end[2] != '\0', "%s", path);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		if (finding->line == line && finding->column == column && strstr(finding->message, end + 2) != NULL)
			return;
	}
	cr_expect(false, "%s: expected %s", path_name(path), expectation);
	for (size_t i = 0; i < findings->count; i++)
		fprintf(stderr, "    found %d:%d: %s\n", (int)findings->items[i].line, (int)findings->items[i].column,
		        findings->items[i].message);
}

static bool ignore(void *user, struct value *document, struct error *err)
{
	(void)user;
	(void)document;
	(void)err;
	return true;
}

static void check_yaml(struct reading *reading, const char *path)
{
	struct str data = read_file(reading->arena, path);

	reading->findings = (struct findings){ .arena = reading->arena };
	cr_assert(yaml_parse(reading->scratch, path, data.data, data.len, NULL, &reading->findings, ignore, NULL,
	                     &reading->err));
	expect_finding(path, read_expectation(reading->arena, path, data), &reading->findings);
}

static void check_json(struct reading *reading, const char *path)
{
	struct str data = read_file(reading->arena, path);
	struct findings findings = { 0 };
	struct finding finding;
	struct value value;

	cr_assert_not(json_parse(reading->arena, "j", data.data, data.len, NULL, &value, &reading->err), "%s", path);
	cr_assert_eq(reading->err.id, ERROR_DATA, "%s: %s", path, reading->err.message);
	cr_assert_eq(reading->err.finding_count, 1);
	finding = reading->err.findings[0];
	findings.items = &finding;
	findings.count = 1;
	expect_finding(path, read_expectation(reading->arena, path, (struct str){ 0 }), &findings);
}

static size_t check_folder(const char *folder, const char *suffix, void (*check)(struct reading *, const char *))
{
	struct reading reading = reading_new();
	DIR *listing = opendir(folder);
	const struct dirent *entry;
	size_t count = 0;

	cr_assert_not_null(listing);
	while ((entry = readdir(listing)) != NULL) {
		if (!text_ends(entry->d_name, suffix))
			continue;
		check(&reading, path_join(reading.arena, folder, entry->d_name));
		count++;
	}
	(void)closedir(listing);
	reading_done(&reading);
	return count;
}

Test(corpus, of_broken_yaml_is_refused_at_the_right_places)
{
	cr_assert_geq(check_folder(YAML_FOLDER, ".yaml", check_yaml), LEAST_YAML);
}

Test(corpus, of_broken_json_is_refused_at_the_right_places)
{
	cr_assert_geq(check_folder(JSON_FOLDER, ".json", check_json), LEAST_JSON);
}
