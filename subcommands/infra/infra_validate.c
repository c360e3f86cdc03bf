/* infra validate: every document, reference and rule of a topology, all findings in one run. */
#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "infra.h"
#include "infra_sarif.h"

#define SARIF_BYTES ((size_t)1 << 30)

struct validate_options {
	const char *sarif;
};

static const struct command_option options[] = {
	{ "sarif", 0, SLOT(struct validate_options, sarif), "FILE", NULL,
	  "write the findings as SARIF 2.1.0 as well; - prints them so instead of the list", NULL, VALUES_FILES, 0, 0 },
	{ 0 },
};

struct finding_row {
	const char *finding;
	const char *place;
	const char *file;
	uint64_t line;
	uint64_t column;
	const char *rule;
	const char *severity;
	const char *path;
	const char *message;
	const char *fix;
};

#define ROW(member) SLOT(struct finding_row, member)

static const struct column columns[] = {
	{ "finding", "FINDING", ROW(finding), COLUMN_WIDE, "what the finding is known by although lines move", NULL,
	  NULL, 0 },
	{ "place", "PLACE", ROW(place), COLUMN_KEEP, "FILE:LINE:COLUMN", NULL, NULL, 0 },
	{ "file", "FILE", ROW(file), COLUMN_WIDE, "the file", NULL, NULL, 0 },
	{ "line", "LINE", ROW(line), COLUMN_WIDE, "from 1; 0 when it is the file itself", NULL, NULL, 0 },
	{ "column", "COLUMN", ROW(column), COLUMN_WIDE, "from 1, in characters", NULL, NULL, 0 },
	{ "rule", "RULE", ROW(rule), COLUMN_KEEP, "R07 and so on; form for the plain form of a document", NULL, NULL,
	  0 },
	{ "severity", "SEVERITY", ROW(severity), COLUMN_WIDE, "does it make the topology invalid?", "error|warning",
	  NULL, 0 },
	{ "message", "MESSAGE", ROW(message), COLUMN_KEEP | COLUMN_UNTRUSTED, "what is wrong", NULL, NULL, 0 },
	{ "path", "PATH", ROW(path), 0, "the field, from the document's root", NULL, NULL, 0 },
	{ "fix", "FIX", ROW(fix), COLUMN_UNTRUSTED, "what helps", NULL, NULL, 0 },
	{ 0 },
};

/* What the findings come to. */
struct tally {
	size_t errors, warnings;
	size_t broken_files;
};

static struct tally count_findings(const struct findings *findings)
{
	struct tally tally = { 0 };
	const char *file = NULL;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		if (!text_equal(finding_severity(finding), "error")) {
			tally.warnings++;
			continue;
		}
		tally.errors++;
		/* they are sorted by file */
		tally.broken_files += text_equal(file, finding->file) ? 0 : 1;
		file = finding->file;
	}
	return tally;
}

static const char *plural(struct arena *arena, size_t count, const char *word)
{
	return arena_format(arena, "%zu %s%s", count, word, count == 1 ? "" : "s");
}

static const char *place_of(struct arena *arena, const struct finding *finding)
{
	if (finding->line == 0)
		return finding->file;
	return arena_format(arena, "%s:%llu:%llu", finding->file, (unsigned long long)finding->line,
	                    (unsigned long long)finding->column);
}

static void print_rows(struct call *call, const struct findings *findings, const char *const *ids)
{
	for (size_t i = 0; i < findings->count && !output_is_done(call->output); i++) {
		const struct finding *finding = &findings->items[i];
		struct arena_mark mark = arena_mark(call->arena);

		output_row(call->output,
		           &(struct finding_row){ ids[i], place_of(call->arena, finding), finding->file, finding->line,
		                                  finding->column, finding_rule(finding), finding_severity(finding),
		                                  finding->path, finding->message, finding->fix });
		/* sorting copies rows into this arena */
		if (call->globals.sort == NULL)
			arena_rewind(call->arena, mark);
	}
}

static bool write_sarif(struct call *call, const char *path, const struct findings *findings, const char *const *ids,
                        struct error *err)
{
	struct buffer text = BUFFER(SARIF_BYTES);
	bool good = true;

	sarif_write(call->arena, &text, findings->items, findings->count, ids);
	if (text.overflow) {
		good = fail(err, ERROR_IO_CREATE, "the findings are too long for one SARIF file");
		error_fix(err, "correct some of them first: fops infra validate");
	} else if (text_equal(path, "-")) {
		output_bytes(call->output, text.data, text.len);
	} else {
		good = file_write(path, text.data, text.len, 0644, false, err);
	}
	buffer_done(&text);
	return good;
}

static void tell_counts(struct call *call, const struct topology_counts *counts, const struct tally *tally)
{
	const char *warnings = tally->warnings > 0 ? plural(call->arena, tally->warnings, "warning") : "";

	output_count(call->output, "documents", counts->documents);
	output_count(call->output, "files", counts->files);
	output_count(call->output, "errors", tally->errors);
	output_count(call->output, "warnings", tally->warnings);
	if (tally->errors > 0)
		output_note(call->output, "%s in %zu of %s%s%s", plural(call->arena, tally->errors, "error"),
		            tally->broken_files, plural(call->arena, counts->files, "file"),
		            tally->warnings > 0 ? ", and " : "", warnings);
	else
		output_note(call->output, "%s in %s %s valid%s%s", plural(call->arena, counts->documents, "document"),
		            plural(call->arena, counts->files, "file"), counts->documents == 1 ? "is" : "are",
		            tally->warnings > 0 ? ", with " : "", warnings);
}

static bool read_sources(struct call *call, struct text_list *ret_sources, struct error *err)
{
	const struct validate_options *wanted = call->options;

	if (text_equal(wanted->sarif, "-") && (call->globals.format != NULL || call->globals.json_given)) {
		fail(err, ERROR_USAGE_CONFLICT, "--sarif - and -o exclude each other");
		error_fix(err, "%s infra validate --sarif FILE -o json", call->program);
		return false;
	}
	*ret_sources = call->arguments.count > 0 ? call->arguments : call->settings->topology;
	if (ret_sources->count > 0)
		return true;
	fail(err, ERROR_CONFIG_MISSING, "no topology is named");
	error_fix(err, "%s infra validate PATH", call->program);
	return false;
}

static bool validate(struct call *call, struct error *err)
{
	const struct validate_options *wanted = call->options;
	struct topology_request request = call_topology_request(call);
	struct findings findings = { .arena = call->arena };
	struct topology_counts counts;
	struct tally tally;
	const char **ids;

	if (!read_sources(call, &request.sources, err))
		return false;
	if (!topology_validate(call->arena, &request, &findings, &counts, err)) {
		if (call->arguments.count > 0 && err->id == ERROR_CONTRACT_NOT_FOUND)
			error_fix(err, "check the path that was given");
		return false;
	}
	call_revisions(call, counts.revisions, counts.revision_count);
	tally = count_findings(&findings);
	ids = finding_ids(call->arena, findings.items, findings.count);
	if (wanted->sarif != NULL && !write_sarif(call, wanted->sarif, &findings, ids, err))
		return false;
	tell_counts(call, &counts, &tally);
	if (!text_equal(wanted->sarif, "-")) {
		output_list(call->output);
		print_rows(call, &findings, ids);
	}
	/* what was asked for is the list: that it is not empty is an answer, no failure */
	call->verdict = tally.errors > 0 ? EXIT_DATA : EXIT_OK;
	return true;
}

static const char *const examples[] = {
	"fops infra validate",
	"fops infra validate topology/ -o json",
	"fops infra validate --sarif findings.sarif topology/",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, EXIT_CANNOT_CREATE, EXIT_IO, -1 };

const struct command infra_validate_command = {
	.name = "validate",
	.summary = "Check every document, reference and rule",
	.about =
	        "Reads the files anew, without the cache, and lists everything that is wrong with them in one run, "
	        "sorted "
	        "by file and place. PATH is a file, a folder or a revision in git, as --topology takes them; without "
	        "one "
	        "the call's topology is checked.\n\n"
	        "Any error ends with exit 65. Warnings alone end with 0: the topology can be used. A finding keeps its "
	        "name when lines above it move, so the names of two runs tell what is new. --sarif is for programs "
	        "that "
	        "show findings beside the text, such as code hosts and editors.",
	.arguments = "[PATH...]",
	.arguments_max = INFRA_MOST_PATHS,
	.argument_values = VALUES_FILES,
	.options = options,
	.options_size = sizeof(struct validate_options),
	.columns = columns,
	.row_size = sizeof(struct finding_row),
	.item = "finding",
	.schema = "fops.infra.validate/1",
	.counts = "documents|files|errors|warnings",
	.examples = examples,
	.exits = exits,
	.see = "fops rules list, fops infra fmt",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = validate,
};
