/* rules check: the call's topology and environment against every rule that a reader of both can judge. */
#include <unistd.h>

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"
#include "fops/contract/environment.h"
#include "rules.h"

#define FORM_ROW   "form"
#define MOST_NOTES 200

struct finding_part {
	const char *file;
	uint64_t line;
	uint64_t column;
	const char *path;
	const char *message;
	const char *fix;
};

struct check_row {
	const char *id;
	const char *state;
	uint64_t findings;
	const char *severity;
	const char *text;
	struct record_list details;
};

#define PART(member) SLOT(struct finding_part, member)
#define ROW(member)  SLOT(struct check_row, member)

static const struct column finding_columns[] = {
	{ "file", "FILE", PART(file), 0, "the document's file, or environment", NULL, NULL, 0 },
	{ "line", "LINE", PART(line), 0, "from 1; 0: the file itself, or the environment", NULL, NULL, 0 },
	{ "column", "COLUMN", PART(column), 0, "from 1, in characters", NULL, NULL, 0 },
	{ "path", "PATH", PART(path), 0, "the field, or the variable", NULL, NULL, 0 },
	{ "message", "MESSAGE", PART(message), COLUMN_UNTRUSTED, "what is wrong", NULL, NULL, 0 },
	{ "fix", "FIX", PART(fix), COLUMN_UNTRUSTED, "what helps", NULL, NULL, 0 },
	{ 0 },
};

static const struct column columns[] = {
	{ "id", "RULE", ROW(id), COLUMN_KEEP, "id of the rule; form: the plain form of documents", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE,
	  "is it kept here? elsewhere: other commands enforce it when they act", "ok|broken|pending|elsewhere", NULL,
	  0 },
	{ "findings", "FINDINGS", ROW(findings), COLUMN_KEEP, "how often it is broken", NULL, NULL, 0 },
	{ "severity", "SEVERITY", ROW(severity), COLUMN_WIDE, "what breaking it is", "error|warning", NULL, 0 },
	{ "text", "SENTENCE", ROW(text), COLUMN_KEEP, "what it says", NULL, NULL, 0 },
	{ "details", "DETAILS", ROW(details), COLUMN_WIDE | COLUMN_UNTRUSTED, "where it is broken", NULL,
	  finding_columns, sizeof(struct finding_part) },
	{ 0 },
};

/* The findings of one rule (NULL: those of none), in their order. */
static struct record_list details_of(struct arena *arena, const struct findings *findings, const char *rule)
{
	struct finding_part *parts;
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += text_equal(findings->items[i].rule, rule) ? 1 : 0;
	parts = arena_array(arena, count + 1, sizeof *parts);
	count = 0;
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		if (text_equal(finding->rule, rule))
			parts[count++] = (struct finding_part){ finding->file, finding->line,    finding->column,
				                                finding->path, finding->message, finding->fix };
	}
	return (struct record_list){ parts, count };
}

static bool is_checked_here(const struct rule_row *row)
{
	return row->commands != NULL && text_in_choices(row->commands, "rules check");
}

static const char *state_of(const struct rule_row *row, size_t findings)
{
	if (findings > 0)
		return "broken";
	if (row->state == RULE_PENDING)
		return "pending";
	return is_checked_here(row) ? "ok" : "elsewhere";
}

static void print_rows(struct call *call, const struct findings *findings)
{
	struct check_row form = { .id = FORM_ROW,
		                  .severity = "error",
		                  .text = "each document has the form of its kind" };

	output_list(call->output);
	for (size_t i = RULE_FORM + 1; i < RULE_COUNT; i++) {
		const struct rule_row *rule = &rule_rows[i];
		struct check_row row = { .id = rule->id, .severity = rule->severity, .text = rule->text };

		row.details = details_of(call->arena, findings, rule->id);
		row.findings = row.details.count;
		row.state = state_of(rule, row.findings);
		output_row(call->output, &row);
	}
	form.details = details_of(call->arena, findings, NULL);
	form.findings = form.details.count;
	form.state = form.findings > 0 ? "broken" : "ok";
	output_row(call->output, &form);
}

/* For people, behind the table: where, what, and what helps. */
static void note_findings(struct call *call, const struct findings *findings)
{
	for (size_t i = 0; i < findings->count && i < MOST_NOTES; i++) {
		const struct finding *finding = &findings->items[i];
		const char *place = finding->file;

		if (finding->line > 0)
			place = arena_format(call->arena, "%s:%llu:%llu", finding->file,
			                     (unsigned long long)finding->line, (unsigned long long)finding->column);
		output_note(call->output, "%s: %s%s%s%s%s%s", place, finding->path == NULL ? "" : finding->path,
		            finding->path == NULL ? "" : ": ", finding->message, finding->fix == NULL ? "" : " (",
		            finding->fix == NULL ? "" : finding->fix, finding->fix == NULL ? "" : ")");
	}
	if (findings->count > MOST_NOTES)
		output_note(call->output, "and %zu more; -o json lists all", findings->count - MOST_NOTES);
}

/* Which URL a variable should hold is only known of a topology without findings. */
static bool check_topology(struct call *call, struct findings *findings, struct error *err)
{
	struct topology_request request = call_topology_request(call);
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct topology_counts counts;

	if (request.sources.count == 0) {
		fail(err, ERROR_CONFIG_MISSING, "no topology is named");
		error_fix(err, "%s --topology PATH rules check", call->program);
		return false;
	}
	if (!topology_validate(call->arena, &request, findings, &counts, err))
		return false;
	output_count(call->output, "documents", counts.documents);
	output_count(call->output, "files", counts.files);
	if (findings->count > 0) {
		call_revisions(call, counts.revisions, counts.revision_count);
		return true;
	}
	return call_topology(call, &topology, err) &&
	       environment_check_urls(call->arena, (const char *const *)environ, topology, findings, err);
}

static bool check_rules(struct call *call, struct error *err)
{
	struct findings findings = { .arena = call->arena };

	if (!check_topology(call, &findings, err))
		return false;
	environment_check(call->arena, (const char *const *)environ, &findings);
	output_count(call->output, "findings", findings.count);
	print_rows(call, &findings);
	note_findings(call, &findings);
	if (findings.count > 0)
		call->verdict = EXIT_CHECK_FAILED;
	return true;
}

static const char *const examples[] = {
	"fops rules check",
	"fops rules check -o json",
	"fops rules check --filter state=broken",
	NULL,
};

static const int exits[] = { EXIT_CHECK_FAILED, EXIT_NOT_FOUND, EXIT_CONFIG, EXIT_IO, -1 };

const struct command rules_check_command = {
	.name = "check",
	.summary = "Hold topology and environment against the rules",
	.about = "Reads the topology anew, without the cache, and the environment of the call. A broken document is a "
	         "finding here and no error: any finding ends with exit 12. Values of the environment are never "
	         "printed.\n\n"
	         "A rule whose state is elsewhere is enforced by other commands when they act; rules show tells which.",
	.columns = columns,
	.row_size = sizeof(struct check_row),
	.item = "rule",
	.schema = "fops.rule.check/1",
	.counts = "documents|files|findings",
	.examples = examples,
	.exits = exits,
	.see = "fops infra validate, fops infra env-check",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_VERDICT | COMMAND_SETTINGS,
	.run = check_rules,
};
