/* doctor: everything that can be wrong between a person and the planes, one row for each check. */
#include "doctor.h"

#include "fops/base/arena.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

#define MOST_ARGUMENTS 1000

struct doctor_options {
	struct text_list only;
};

static const struct command_option options[] = {
	{ "only", 0, SLOT(struct doctor_options, only), "GROUP", NULL, "checks of this group; repeatable",
	  DOCTOR_GROUPS, VALUES_CHOICES, 0, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct doctor_row, member)

static const struct column columns[] = {
	{ "check", "CHECK", ROW(check), COLUMN_KEEP, "group and name of the check", NULL, NULL, 0 },
	{ "state", "STATE", ROW(state), COLUMN_KEEP | COLUMN_STATE, "the verdict", "ok|warning|bad|skipped", NULL, 0 },
	{ "code", "CODE", ROW(code), 0, "a word that stays the same, for programs", NULL, NULL, 0 },
	{ "time_ms", "TIME MS", ROW(time_ms), 0, "what the check took", NULL, NULL, 0 },
	{ "cause", "CAUSE", ROW(cause), COLUMN_KEEP | COLUMN_UNTRUSTED, "why the verdict is not ok", NULL, NULL, 0 },
	{ "fix", "FIX", ROW(fix), 0, "what helps", NULL, NULL, 0 },
	{ "found", "FOUND", ROW(found), COLUMN_WIDE, "what was seen", NULL, NULL, 0 },
	{ 0 },
};

struct doctor_item {
	struct doctor_item *next;
	struct doctor_row row;
};

/* A word names a row, the group that its name begins with, or the id that it ends with. */
static bool names(const char *word, const char *check)
{
	static const char kind[] = "check/";
	const char *slash = strchr(check, '/');
	size_t len;

	/* as -o name prints it */
	if (text_starts(word, kind))
		word += sizeof kind - 1;
	len = strlen(word);
	return strcmp(word, check) == 0 || (strncmp(check, word, len) == 0 && check[len] == '/') ||
	       (slash != NULL && strcmp(slash + 1, word) == 0);
}

bool doctor_wants(struct doctor *doctor, const char *check)
{
	const struct doctor_options *chosen = doctor->call->options;
	bool in_group = chosen->only.count == 0;
	bool named = doctor->wanted.count == 0;

	text_list_add(doctor->call->arena, &doctor->names, check);
	for (size_t i = 0; i < chosen->only.count; i++)
		in_group = in_group || names(chosen->only.items[i], check);
	for (size_t i = 0; i < doctor->wanted.count; i++) {
		if (!names(doctor->wanted.items[i], check))
			continue;
		doctor->met[i] = true;
		named = true;
	}
	return named && in_group;
}

void doctor_add(struct doctor *doctor, struct doctor_row row)
{
	struct doctor_item *item;
	int64_t now_us = clock_monotonic_us();

	if (!row.time_ms.present && row.time_ms.value == 0 && !text_equal(row.state, DOCTOR_SKIPPED))
		row.time_ms = (struct optional_int){ (now_us - doctor->since_us) / 1000, true };
	doctor->since_us = now_us;
	if (!doctor_wants(doctor, row.check))
		return;
	item = arena_alloc(doctor->call->arena, sizeof *item);
	item->row = row;
	if (doctor->last == NULL)
		doctor->first = item;
	else
		doctor->last->next = item;
	doctor->last = item;
}

const char *doctor_name(const struct doctor *doctor, const char *group, const char *id)
{
	return arena_format(doctor->call->arena, "%s/%s", group, id);
}

const char *doctor_cause(const struct doctor *doctor, const struct error *err)
{
	if (err->cause[0] == '\0')
		return arena_copy(doctor->call->arena, err->message);
	return arena_format(doctor->call->arena, "%s: %s", err->message, err->cause);
}

const char *doctor_fix(const struct doctor *doctor, const struct error *err)
{
	return err->fix[0] == '\0' ? error_codes[err->id].fix : arena_copy(doctor->call->arena, err->fix);
}

/* --- what is asked for --- */

static bool check_words(struct doctor *doctor, struct error *err)
{
	const struct doctor_options *chosen = doctor->call->options;

	for (size_t i = 0; i < chosen->only.count; i++) {
		if (text_in_choices(DOCTOR_GROUPS, chosen->only.items[i]))
			continue;
		fail(err, ERROR_USAGE_BAD_VALUE, "--only does not accept \"%s\"", chosen->only.items[i]);
		error_cause(err, "groups are %s", DOCTOR_GROUPS);
		return false;
	}
	doctor->wanted = doctor->call->arguments;
	doctor->met = arena_array(doctor->call->arena, doctor->wanted.count + 1, sizeof *doctor->met);
	return true;
}

/* A word that named nothing is a mistake, and silence would look like health. */
static bool check_met(struct doctor *doctor, struct error *err)
{
	struct arena *arena = doctor->call->arena;

	for (size_t i = 0; i < doctor->wanted.count; i++) {
		const char *near;

		if (doctor->met[i])
			continue;
		near = text_suggest(arena, doctor->wanted.items[i], doctor->names.items, doctor->names.count);
		fail(err, ERROR_NOT_FOUND, "no check has the name \"%s\"", doctor->wanted.items[i]);
		if (near != NULL)
			error_cause(err, "did you mean %s?", near);
		else if (doctor->no_topology != NULL)
			error_cause(err, "%s", doctor->no_topology);
		error_fix(err, "%s doctor --fields check", doctor->call->program);
		return false;
	}
	return true;
}

/* --- the verb --- */

static void print_rows(struct doctor *doctor)
{
	struct output *output = doctor->call->output;

	output_list(output);
	for (const struct doctor_item *item = doctor->first; item != NULL; item = item->next) {
		output_row(output, &item->row);
		if (text_equal(item->row.state, DOCTOR_BAD))
			doctor->call->verdict = EXIT_CHECK_FAILED;
	}
}

static bool examine(struct doctor *doctor, struct error *err)
{
	if (!check_words(doctor, err) || !doctor_settings(doctor, err))
		return false;
	doctor_environment(doctor);
	doctor_cache(doctor);
	doctor_topology(doctor);
	return doctor_programs(doctor, err) && doctor_authorities(doctor, err) && doctor_reach(doctor, err);
}

static bool diagnose(struct call *call, struct error *err)
{
	struct doctor doctor = { .call = call, .since_us = clock_monotonic_us() };
	bool done = examine(&doctor, err);

	topology_cleanup(&doctor.topology);
	if (!done || !check_met(&doctor, err))
		return false;
	if (doctor.cut)
		output_partial(call->output);
	print_rows(&doctor);
	call->answered = true;
	if (doctor.cut)
		*err = doctor.error;
	return !doctor.cut;
}

static const char *const examples[] = {
	"fops doctor",
	"fops doctor --only settings --only environment",
	"fops doctor endpoint/langboard-executor",
	"fops doctor -o json --filter state=bad",
	NULL,
};

static const int exits[] = { EXIT_CHECK_FAILED, EXIT_NOT_FOUND, EXIT_TIMEOUT, -1 };

const struct command doctor_command = {
	.name = "doctor",
	.summary = "Look for what is wrong, from settings to every server",
	.about = "Checks the configuration files and their permissions, the environment, the cache, the topology, the "
	         "programs that its assets need, certificate authorities, and then every endpoint and every asset, "
	         "all side by side under one deadline: reached, ready, certificates, clocks, names. What cannot be "
	         "checked is skipped with the reason; without any topology or home folder the rest still is.\n\n"
	         "A NAME is a check, such as endpoint/openbao, a group, such as tls, or the id of an endpoint or "
	         "asset.\n\n"
	         "A certificate that expires in fewer than 14 days and a clock that differs by more than 2 seconds are "
	         "warnings; an expired one and more than 30 seconds are bad. The exit status is 12 when a check is "
	         "bad, else 0. Rows come in the order of the checks.\n\n"
	         "The code is ok, the code of an error (fops help errors), or one of: asset.degraded asset.down "
	         "asset.unknown ca.empty ca.expired ca.expires-soon ca.unreadable cache.foreign cache.no-folder "
	         "cache.no-home cache.off cache.permissions cache.read-only clock.skew dns.proxy dns.unknown "
	         "dns.unresolved endpoint.degraded endpoint.down endpoint.nothing-to-ask endpoint.unauthorised "
	         "endpoint.unknown environment.descriptors environment.home environment.no-home "
	         "environment.no-terminal environment.proxy-ignored environment.term program.missing "
	         "program.not-needed settings.no-file settings.permissions settings.unknown-key tls.expired "
	         "tls.expires-soon topology.no-settings topology.none topology.stale.",
	.arguments = "[NAME...]",
	.arguments_max = MOST_ARGUMENTS,
	.argument_values = VALUES_ENDPOINTS,
	.options = options,
	.options_size = sizeof(struct doctor_options),
	.columns = columns,
	.row_size = sizeof(struct doctor_row),
	.item = "check",
	.schema = "fops.check.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help health, fops help environment, fops help cache",
	/* no COMMAND_SETTINGS: a broken configuration file is a finding here */
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_VERDICT |
	         COMMAND_PROGRESS,
	.run = diagnose,
};
