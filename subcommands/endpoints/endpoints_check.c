/* endpoints check: is each endpoint reached, is its credential taken, and does it do its work. */
#include "../topology_access.h"
#include "endpoints.h"
#include "fops/base/arena.h"
#include "fops/cli/output.h"
#include "fops/cli/progress.h"
#include "fops/cli/watch.h"

/* A certificate that ends in fewer days is worth a warning. */
#define TLS_WARNING_DAYS 14
#define FACT             "yes|no|unknown"
#define MOST_ARGUMENTS   1000

struct check_options {
	struct endpoints_options selection;
	bool all;
	const char *wait;
	const char *watch;
	struct optional_int rounds;
};

static const struct command_option options[] = {
	ENDPOINTS_OPTIONS(struct check_options),
	{ "all", 0, SLOT(struct check_options, all), NULL, NULL, "every endpoint; so it is when none is named", NULL,
	  VALUES_NONE, 0, 0 },
	{ "wait", 0, SLOT(struct check_options, wait), "COND", NULL, "return when no endpoint is a finding", "ok",
	  VALUES_CHOICES, OPTION_VALUE_OPTIONAL, 0 },
	{ "watch", 0, SLOT(struct check_options, watch), "INTERVAL", NULL, "look again and again, every 5s", NULL,
	  VALUES_NONE, OPTION_VALUE_OPTIONAL, 0 },
	{ "count", 0, SLOT(struct check_options, rounds), "ROUNDS", NULL, "with --watch: end after so many rounds",
	  NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct endpoints_row, member)

const struct column endpoints_check_columns[] = {
	{ "id", "ID", ROW(result.id), COLUMN_KEEP, "identifier of the endpoint", NULL, NULL, 0 },
	{ "state", "STATE", ROW(result.state), COLUMN_KEEP | COLUMN_STATE, "the verdict", ENDPOINT_STATES, NULL, 0 },
	{ "reached", "REACHED", ROW(result.reached), COLUMN_STATE, "did its server answer?", FACT, NULL, 0 },
	{ "authorised", "AUTHORISED", ROW(result.authorised), COLUMN_STATE, "was the credential taken?", FACT, NULL,
	  0 },
	{ "ready", "READY", ROW(result.ready), COLUMN_STATE, "does it do its work?", FACT, NULL, 0 },
	{ "latency_ms", "LATENCY MS", ROW(result.latency_ms), 0, "time of the readiness request, else of liveness",
	  NULL, NULL, 0 },
	{ "version", "VERSION", ROW(result.version), COLUMN_UNTRUSTED, "version that its answer tells", NULL, NULL, 0 },
	{ "tls_days", "TLS DAYS", ROW(result.tls_days), 0, "days until its certificate expires", NULL, NULL, 0 },
	{ "warning", "WARNING", ROW(warning), 0, "what will be wrong soon", NULL, NULL, 0 },
	{ "cause", "CAUSE", ROW(result.cause), COLUMN_KEEP | COLUMN_UNTRUSTED, "why the verdict is not ok", NULL, NULL,
	  0 },
	{ "fix", "FIX", ROW(result.fix), 0, "what helps", NULL, NULL, 0 },
	{ "plane", "PLANE", ROW(result.plane), COLUMN_WIDE, "external system behind it", NULL, NULL, 0 },
	{ "tls_expires", "TLS EXPIRES", ROW(result.tls_expires), COLUMN_WIDE, "when its certificate expires", NULL,
	  NULL, 0 },
	{ "clock_skew_ms", "CLOCK SKEW MS", ROW(result.clock_skew_ms), COLUMN_WIDE,
	  "its clock minus this machine's, to the second", NULL, NULL, 0 },
	{ "checked_at", "CHECKED AT", ROW(result.checked_at), COLUMN_WIDE, "when the verdict was reached", NULL, NULL,
	  0 },
	{ 0 },
};

struct endpoints_row endpoints_row_of(struct arena *arena, const struct endpoint_result *result)
{
	struct endpoints_row row = { *result, NULL };
	int64_t days = result->tls_days.value;

	if (!result->tls_days.present || days >= TLS_WARNING_DAYS)
		return row;
	row.warning = days < 0    ? "certificate expired"
	              : days == 0 ? "certificate expires today"
	              : days == 1 ? "certificate expires in 1 day"
	                          : arena_format(arena, "certificate expires in %lld days", (long long)days);
	if (row.result.fix == NULL)
		row.result.fix = "Renew the server's certificate.";
	return row;
}

bool endpoints_row_is_bad(const struct endpoints_row *row)
{
	return endpoint_state_is_bad(row->result.state) ||
	       (row->result.tls_days.present && row->result.tls_days.value < 0);
}

size_t endpoints_count_good(const struct endpoint_result *results, size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++)
		good += endpoint_state_is_bad(results[i].state) ? 0 : 1;
	return good;
}

static void print_results(struct call *call, const struct endpoint_result *results, size_t count)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new((size_t)64 << 20);

	output_list(call->output);
	for (size_t i = 0; i < count; i++) {
		struct endpoints_row row = endpoints_row_of(scratch, &results[i]);

		output_row(call->output, &row);
		if (endpoints_row_is_bad(&row))
			call->verdict = EXIT_CHECK_FAILED;
		arena_rewind(scratch, (struct arena_mark){ 0 });
	}
}

struct counting {
	struct progress *progress;
	size_t done;
	size_t count;
};

static void count_result(void *user, size_t i, const struct endpoint_result *result)
{
	struct counting *counting = user;

	(void)i;
	(void)result;
	progress_report(counting->progress, ++counting->done, counting->count, "endpoints checked");
}

static bool look_once(struct call *call, struct asset_context *context, const struct endpoint *endpoints, size_t count,
                      struct endpoint_result *results, struct error *err)
{
	struct counting counting = { progress_start(call), 0, count };
	bool done = endpoint_survey_run(context, endpoints, count, count_result, &counting, results, err);

	progress_end(counting.progress);
	return done;
}

struct chosen {
	const struct endpoint *endpoints;
	size_t count;
	int64_t interval_ms; /* of --watch */
};

static bool check_chosen(struct call *call, struct asset_context *context, void *user, struct error *err)
{
	const struct check_options *wanted = call->options;
	const struct chosen *chosen = user;
	struct endpoint_result *results = arena_array(call->arena, chosen->count + 1, sizeof *results);
	bool done;

	if (wanted->watch != NULL)
		return endpoints_watch(call, context, chosen->endpoints, chosen->count, chosen->interval_ms,
		                       (uint64_t)wanted->rounds.value, err);
	done = wanted->wait != NULL ? endpoints_wait(call, context, chosen->endpoints, chosen->count, results, err)
	                            : look_once(call, context, chosen->endpoints, chosen->count, results, err);

	if (!asset_look_leaves_rows(call, done, err))
		return false;
	print_results(call, results, chosen->count);
	return done;
}

/* --- what is checked --- */

static bool mark_named(struct call *call, const struct topology *topology, bool *wanted, struct error *err)
{
	for (size_t i = 0; i < call->arguments.count; i++) {
		size_t index;

		if (!endpoints_find(call, topology, call->arguments.items[i], &index, err))
			return false;
		wanted[index] = true;
	}
	return true;
}

static bool choose(struct call *call, const struct topology *topology, struct chosen *ret_chosen, struct error *err)
{
	const struct check_options *given = call->options;
	size_t all = topology_count(topology, KIND_ENDPOINT);
	struct endpoint *endpoints = arena_array(call->arena, all + 1, sizeof *endpoints);
	bool *wanted = arena_array(call->arena, all + 1, sizeof *wanted);
	size_t count = 0;

	if (!mark_named(call, topology, wanted, err))
		return false;
	for (size_t i = 0; i < all; i++) {
		if (call->arguments.count > 0 && !wanted[i])
			continue;
		if (!topology_read_endpoint(topology, i, call->arena, &endpoints[count], err))
			return false;
		count += endpoints_match(&given->selection, &endpoints[count]) ? 1 : 0;
	}
	if (count == 0 && all > 0) {
		fail(err, ERROR_NOT_FOUND, "no endpoint matches the selection");
		error_fix(err, "%s endpoints list", call->program);
		return false;
	}
	ret_chosen->endpoints = endpoints;
	ret_chosen->count = count;
	return true;
}

static bool check_flags(const struct call *call, int64_t *ret_interval_ms, struct error *err)
{
	const struct check_options *wanted = call->options;

	if (wanted->all && call->arguments.count > 0)
		return fail(err, ERROR_USAGE_CONFLICT, "--all and names of endpoints exclude each other");
	if (wanted->wait != NULL && wanted->watch != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--wait and --watch exclude each other");
	if (wanted->rounds.present && wanted->watch == NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--count needs --watch");
	if (wanted->rounds.present && wanted->rounds.value == 0)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--count needs a number above 0");
	if (wanted->watch != NULL &&
	    (!watch_read_interval(wanted->watch, ret_interval_ms, err) || !watch_check(call, err)))
		return false;
	return endpoints_options_check(&wanted->selection, err);
}

static bool check(struct call *call, struct error *err)
{
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct chosen chosen = { 0 };

	return check_flags(call, &chosen.interval_ms, err) && call_topology(call, &topology, err) &&
	       choose(call, topology, &chosen, err) && asset_access_use(call, topology, check_chosen, &chosen, err);
}

static const char *const examples[] = {
	"fops endpoints check",
	"fops endpoints check langboard-executor --wait --timeout 2m",
	"fops endpoints check --plane langboard --fields id,state,cause",
	"fops endpoints check --watch=10s",
	"fops endpoints check --watch --count 3 -o jsonl",
	NULL,
};

static const int exits[] = { EXIT_CHECK_FAILED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, EXIT_TIMEOUT, -1 };

const struct command endpoints_check_command = {
	.name = "check",
	.summary = "Check that endpoints are reached, authorised and ready",
	.about =
	        "Asks each executor URL what its health contract says, all at once under one deadline. Three facts are "
	        "told apart: whether the server is reached, whether the credential is taken, and whether it does its "
	        "work. Without names every endpoint is checked.\n\n"
	        "The verdict is the exit status: 0 when no endpoint is degraded, down or unknown, else 12. A "
	        "certificate that expires in fewer than 14 days is a warning; an expired one is a finding.\n\n"
	        "--wait repeats until nothing is found or --timeout runs out. --watch goes on until q, Ctrl-C (130) or "
	        "--count: on a terminal a table that changes in place, otherwise jsonl with one event for each row "
	        "that is new or changed; --timeout is then the limit of one round, and the status that of the last "
	        "one.",
	.arguments = "[ID...]",
	.arguments_max = MOST_ARGUMENTS,
	.argument_values = VALUES_ENDPOINTS,
	.options = options,
	.options_size = sizeof(struct check_options),
	.columns = endpoints_check_columns,
	.row_size = sizeof(struct endpoints_row),
	.item = "endpoint",
	.schema = "fops.endpoint.check/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help health, fops help exit-codes",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_PARALLEL | COMMAND_VERDICT |
	         COMMAND_PROGRESS | COMMAND_SETTINGS,
	.run = check,
};
