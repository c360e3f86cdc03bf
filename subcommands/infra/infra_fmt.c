/* infra fmt: the YAML documents of a topology in their canonical form, comments in their places. */
#include <limits.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/base/terminal.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "fops/contract/kind.h"
#include "fops/contract/source.h"
#include "fops/data/format.h"
#include "fops/data/line_diff.h"
#include "infra.h"

#define MOST_FINDINGS 200
#define DIFF_BYTES    ((size_t)256 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)4 << 30)

struct fmt_options {
	bool check;
	bool diff;
};

static const struct command_option options[] = {
	{ "check", 0, SLOT(struct fmt_options, check), NULL, NULL,
	  "write nothing; list the files that would change and exit 12 when there are any", NULL, VALUES_NONE, 0, 0 },
	{ "diff", 0, SLOT(struct fmt_options, diff), NULL, NULL,
	  "write nothing; show what would change as a unified diff", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

struct fmt_row {
	const char *file;
	const char *state;
	uint64_t documents;
	uint64_t left;
	const char *diff;
};

#define ROW(member) SLOT(struct fmt_row, member)

static const struct column columns[] = {
	{ "file", "FILE", ROW(file), COLUMN_KEEP, "path of the file as it was found", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP, "was it written, or would it be?", "formatted|unformatted", NULL,
	  0 },
	{ "documents", "DOCUMENTS", ROW(documents), COLUMN_WIDE, "documents in the file", NULL, NULL, 0 },
	{ "left", "LEFT", ROW(left), COLUMN_WIDE, "documents that stay byte for byte", NULL, NULL, 0 },
	{ "diff", "DIFF", ROW(diff), COLUMN_ASKED | COLUMN_UNTRUSTED, "with --diff: what changes, as a unified diff",
	  NULL, NULL, 0 },
	{ 0 },
};

/* One run over the files. */
struct formatter {
	struct call *call;
	bool check, diff, write;
	struct arena *scratch; /* one file at a time */
	struct findings findings;
	struct fmt_row *rows; /* of files that change */
	size_t count;
	size_t broken;
};

/* What a file is called in rows and warnings: nothing that could steer a terminal or break a line. */
static const char *shown_name(struct arena *arena, const char *path)
{
	struct buffer safe = BUFFER((size_t)PATH_MAX * 8);
	const char *name;

	terminal_escape(&safe, path, strlen(path));
	name = arena_copy(arena, buffer_string(&safe));
	buffer_done(&safe);
	return name;
}

static const char *diff_of(struct formatter *formatter, const char *name, struct str before, struct str after)
{
	struct buffer text = BUFFER(DIFF_BYTES);
	const char *diff;

	line_diff(&text, name, name, before, after);
	diff = arena_copy(formatter->call->arena, buffer_string(&text));
	buffer_done(&text);
	return diff;
}

/* Lay one text out; true when it changes, with its row added. */
static bool format_text(struct formatter *formatter, const char *path, struct str before, struct formatted *ret_after)
{
	struct call *call = formatter->call;
	const char *name = shown_name(call->arena, path);
	struct format_kind kinds[CONTRACT_KIND_COUNT];
	struct format_rules rules = { "fractalops/v1", kinds, CONTRACT_KIND_COUNT };
	struct fmt_row *row;

	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++)
		kinds[i] = (struct format_kind){ contract_kinds[i].name, contract_kinds[i].fields };
	if (!format_yaml(formatter->scratch, path, before, &rules, &formatter->findings, ret_after)) {
		formatter->broken++;
		return false;
	}
	for (size_t i = 0; i < ret_after->note_count; i++)
		output_warning(call->output, "%s:%zu: the document is left as it is: %s", name,
		               ret_after->notes[i].line, ret_after->notes[i].reason);
	if (before.len == ret_after->text.len && memcmp(before.data, ret_after->text.data, before.len) == 0)
		return false;
	row = &formatter->rows[formatter->count++];
	*row = (struct fmt_row){ name, formatter->write ? "formatted" : "unformatted", ret_after->documents,
		                 ret_after->note_count, NULL };
	if (formatter->diff)
		row->diff = diff_of(formatter, name, before, ret_after->text);
	return true;
}

static bool cannot_write(const struct formatter *formatter, struct error *err)
{
	/* the file at hand is the last row */
	error_effect(err, "%zu files were written before", formatter->count - 1);
	return false;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The file behind the path, also through a link that stays in its folder, and only as it was read. */
static bool write_file(const struct formatter *formatter, const char *path, const struct stat *was, struct str text,
                       struct error *err)
{
	char target[PATH_MAX];
	struct stat about;

	if (realpath(path, target) == NULL || stat(target, &about) != 0 || !is_same_file(was, &about)) {
		fail(err, ERROR_IO_CREATE, "cannot write %s", path);
		error_cause(err, "it changed while it was formatted");
		error_fix(err, "repeat the command");
		return cannot_write(formatter, err);
	}
	return file_write(target, text.data, text.len, was->st_mode & 07777, true, err) || cannot_write(formatter, err);
}

static bool format_file(struct formatter *formatter, const struct source_file *file, struct error *err)
{
	struct formatted after;
	struct stat about;
	struct str before;

	if (stat(file->path, &about) != 0 || !S_ISREG(about.st_mode) || about.st_dev != file->device ||
	    about.st_ino != file->inode) {
		fail(err, ERROR_IO_READ, "%s is no regular file", file->path);
		error_fix(err, "fops infra fmt - <FILE");
		return false;
	}
	return file_read(formatter->scratch, file->path, document_default_limits.bytes, &before, err) &&
	       (!format_text(formatter, file->path, before, &after) || !formatter->write ||
	        write_file(formatter, file->path, &about, after.text, err));
}

static bool format_files(struct formatter *formatter, const struct text_list *sources, struct error *err)
{
	struct call *call = formatter->call;
	struct source_list files;

	for (size_t i = 0; i < sources->count; i++) {
		if (!text_starts(sources->items[i], "git+"))
			continue;
		fail(err, ERROR_USAGE_BAD_VALUE, "a revision in git cannot be formatted: %s", sources->items[i]);
		error_fix(err, "check it out and name its files");
		return false;
	}
	if (!source_list_files(call->arena, sources, &files, &formatter->findings, err))
		return false;
	/* links that lead nowhere or out of their folder */
	formatter->broken = formatter->findings.count;
	formatter->rows = arena_array(call->arena, files.count, sizeof *formatter->rows);
	for (size_t i = 0; i < files.count; i++) {
		struct arena_mark mark = arena_mark(formatter->scratch);

		if (text_ends(files.items[i].path, ".json"))
			continue;
		if (!format_file(formatter, &files.items[i], err))
			return false;
		arena_rewind(formatter->scratch, mark);
	}
	return true;
}

static bool format_stream(struct formatter *formatter, struct error *err)
{
	struct call *call = formatter->call;
	struct formatted after;
	struct str before;

	if (!formatter->check && !formatter->diff && (call->globals.format != NULL || call->globals.json_given)) {
		fail(err, ERROR_USAGE_CONFLICT, "the formatted text of standard input takes no -o");
		error_fix(err, "fops infra fmt --check -o json -");
		return false;
	}
	if (!file_read(call->arena, "-", document_default_limits.bytes, &before, err))
		return false;
	formatter->rows = arena_alloc(call->arena, sizeof *formatter->rows);
	(void)format_text(formatter, "-", before, &after);
	if (!formatter->check && !formatter->diff && formatter->broken == 0)
		output_bytes(call->output, after.text.data, after.text.len);
	return true;
}

/* A diff for people and patch(1); rows in every other format. */
static void print_rows(const struct formatter *formatter)
{
	struct call *call = formatter->call;
	enum output_format format = output_format(call->output);
	bool plain = formatter->diff && call->globals.fields == NULL &&
	             (format == OUTPUT_TABLE || format == OUTPUT_WIDE || format == OUTPUT_TSV);

	if (!plain)
		output_list(call->output);
	if (formatter->diff)
		output_widen(call->output);
	for (size_t i = 0; i < formatter->count; i++) {
		if (plain)
			output_text(call->output, formatter->rows[i].diff);
		else
			output_row(call->output, &formatter->rows[i]);
	}
}

static bool refuse_broken(struct formatter *formatter, struct error *err)
{
	struct findings *findings = &formatter->findings;

	findings_sort(findings);
	fail(err, ERROR_CONTRACT_INVALID, "%zu file%s cannot be formatted", formatter->broken,
	     formatter->broken == 1 ? "" : "s");
	if (findings->dropped > 0)
		error_cause(err, "the first %zu findings are listed", findings->count);
	if (formatter->write && formatter->count > 0)
		error_effect(err, "%zu other file%s written", formatter->count,
		             formatter->count == 1 ? " was" : "s were");
	err->findings = findings->items;
	err->finding_count = findings->count;
	formatter->call->answered = true;
	return false;
}

static bool format_sources(struct call *call, struct error *err)
{
	const struct fmt_options *wanted = call->options;
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	bool stream = call->arguments.count == 1 && text_equal(call->arguments.items[0], "-");
	const struct text_list *sources = call->arguments.count > 0 ? &call->arguments : &call->settings->topology;
	struct formatter formatter = {
		.call = call,
		.check = wanted->check,
		.diff = wanted->diff,
		.write = !wanted->check && !wanted->diff && !stream,
		.scratch = scratch,
		.findings = { .arena = call->arena, .limit = MOST_FINDINGS },
	};

	if (sources->count == 0) {
		fail(err, ERROR_USAGE_MISSING_ARGUMENT, "infra fmt needs a PATH, or a topology");
		error_fix(err, "fops infra fmt topology/");
		return false;
	}
	call->changed_nothing = !formatter.write;
	if (stream ? !format_stream(&formatter, err) : !format_files(&formatter, sources, err))
		return false;
	if (!stream || wanted->check || wanted->diff)
		print_rows(&formatter);
	if (formatter.findings.count > 0)
		return refuse_broken(&formatter, err);
	if (wanted->check && formatter.count > 0)
		call->verdict = EXIT_CHECK_FAILED;
	return true;
}

static const char *const examples[] = {
	"fops infra fmt topology/",
	"fops infra fmt --check --diff topology/",
	"fops infra import-kubeconfig ~/.kube/config | fops infra fmt -",
	NULL,
};

static const int exits[] = { EXIT_CHECK_FAILED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_CANNOT_CREATE, EXIT_IO, -1 };

const struct command infra_fmt_command = {
	.name = "fmt",
	.summary = "Write YAML documents in canonical form",
	.about =
	        "Rewrites files in place: members in the order of the contract, two blanks a level, quotes only where "
	        "a "
	        "text needs them. Comments keep their places, what the documents say does not change, and a second run "
	        "changes nothing. Brackets stay when they fit 120 columns and hold no comment.\n\n"
	        "PATH is a file or folder, - standard input; without one the call's topology is formatted. A document "
	        "with anchors, tags or directives, or of another apiVersion, stays byte for byte, and a warning says "
	        "so. "
	        "JSON files are left alone. A file with errors in its syntax is refused and the others are written.",
	.arguments = "[PATH...]",
	.arguments_max = INFRA_MOST_PATHS,
	.argument_values = VALUES_FILES,
	.options = options,
	.options_size = sizeof(struct fmt_options),
	.columns = columns,
	.row_size = sizeof(struct fmt_row),
	.item = "file",
	.schema = "fops.infra.fmt/1",
	.examples = examples,
	.exits = exits,
	.see = "fops infra validate, fops help topology",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_SETTINGS | COMMAND_WRITES | COMMAND_VERDICT,
	.run = format_sources,
};
