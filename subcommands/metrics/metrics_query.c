/* metrics query: one PromQL query, at an instant or over a range, a row for each sample. */
#include <signal.h>

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/cli/output.h"
#include "fops/contract/stack.h"
#include "fops/data/instant.h"
#include "fops/plane/prometheus.h"
#include "metrics.h"

#define USUAL_POINTS 100

struct query_options {
	const char *endpoint;
	const char *tenant;
	const char *at;
	const char *from;
	const char *to;
	struct duration step;
};

static const struct command_option options[] = {
	{ "endpoint", 0, SLOT(struct query_options, endpoint), "ID", NULL, "endpoint of plane prometheus or mimir",
	  NULL, VALUES_ENDPOINTS, 0, 0 },
	{ "tenant", 0, SLOT(struct query_options, tenant), "TENANT", NULL,
	  "tenant to ask for (X-Scope-OrgID), or several: a|b", NULL, VALUES_NONE, 0, 0 },
	{ "at", 0, SLOT(struct query_options, at), "TIME", NULL, "instant of the query (default: the server's now)",
	  NULL, VALUES_NONE, 0, 0 },
	{ "from", 0, SLOT(struct query_options, from), "TIME", NULL,
	  "query a range that begins there: 2026-05-10T12:00:00Z, or an age such as 1h", NULL, VALUES_NONE, 0, 0 },
	{ "to", 0, SLOT(struct query_options, to), "TIME", NULL, "end of the range (default now)", NULL, VALUES_NONE, 0,
	  0 },
	{ "step", 0, SLOT(struct query_options, step), "TIME", NULL,
	  "time between two samples of a range (default: a hundredth of it, at least 1s)", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

struct sample_row {
	const char *id;
	const char *metric;
	struct text_map labels;
	const char *value;
	struct instant at;
};

#define ROW(member) SLOT(struct sample_row, member)

static const struct column columns[] = {
	{ "id", "ID", ROW(id), COLUMN_KEEP, "number of the series, of a range SERIES.SAMPLE", NULL, NULL, 0 },
	{ "metric", "METRIC", ROW(metric), COLUMN_UNTRUSTED, "name of the metric, where the series has one", NULL, NULL,
	  0 },
	{ "value", "VALUE", ROW(value), COLUMN_KEEP | COLUMN_UNTRUSTED,
	  "the number as text: digits, NaN, +Inf or -Inf; of a query for text the text", NULL, NULL, 0 },
	{ "at", "AT", ROW(at), 0, "instant of the sample", NULL, NULL, 0 },
	{ "labels", "LABELS", ROW(labels), COLUMN_UNTRUSTED, "the other labels of the series", NULL, NULL, 0 },
	{ 0 },
};

/* "2026-05-10T12:00:00Z", or an age: "1h" is an hour ago. */
static bool read_time(const char *flag, const char *text, struct instant *ret_time, struct error *err)
{
	int64_t age_ms;

	if (text == NULL)
		return true;
	if (parse_duration_ms(text, &age_ms)) {
		*ret_time = (struct instant){ clock_now().unix_ms - age_ms };
		return true;
	}
	if (instant_parse(text, ret_time) && ret_time->unix_ms > 0)
		return true;
	fail(err, ERROR_USAGE_BAD_VALUE, "%s takes a time such as 2026-05-10T12:00:00Z or an age such as 1h", flag);
	return false;
}

static bool read_range(const struct query_options *wanted, struct metric_query *query, struct error *err)
{
	if (wanted->at != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--at excludes --from, --to and --step");
	if (wanted->from == NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "--to and --step need --from");
	query->to = clock_now();
	if (!read_time("--from", wanted->from, &query->from, err) || !read_time("--to", wanted->to, &query->to, err))
		return false;
	if (query->from.unix_ms > query->to.unix_ms)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--from is behind --to");
	query->step = wanted->step;
	if (query->step.ms == 0)
		query->step.ms = (query->to.unix_ms - query->from.unix_ms) / USUAL_POINTS / 1000 * 1000;
	if (query->step.ms == 0)
		query->step.ms = 1000;
	return true;
}

static bool read_query(const struct call *call, struct metric_query *query, struct error *err)
{
	const struct query_options *wanted = call->options;
	const char *id = wanted->endpoint;

	if (id == NULL) {
		fail(err, ERROR_USAGE_MISSING_ARGUMENT, "--endpoint names the server to ask");
		error_fix(err, "%s endpoints list --plane prometheus", call->program);
		return false;
	}
	if (wanted->tenant != NULL && !tenant_is_valid(wanted->tenant))
		return fail(err, ERROR_USAGE_BAD_VALUE,
		            "--tenant takes at most 150 letters, digits and ! - _ . * ' ( ), several divided by |");
	query->endpoint = text_starts(id, "endpoint/") ? id + strlen("endpoint/") : id;
	query->tenant = wanted->tenant;
	query->query = call->arguments.items[0];
	if (wanted->from != NULL || wanted->to != NULL || wanted->step.ms > 0)
		return read_range(wanted, query, err);
	return read_time("--at", wanted->at, &query->at, err);
}

/* --- what the answer holds, in an order that does not depend on the server --- */

static int compare_pairs(const void *first, const void *second)
{
	return strcmp(((const struct text_pair *)first)->key, ((const struct text_pair *)second)->key);
}

static int compare_series(const void *first, const void *second)
{
	const struct text_map *a = &((const struct metric_series *)first)->labels;
	const struct text_map *b = &((const struct metric_series *)second)->labels;

	for (size_t i = 0; i < a->count && i < b->count; i++) {
		int compared = strcmp(a->items[i].key, b->items[i].key);

		if (compared == 0)
			compared = strcmp(a->items[i].value, b->items[i].value);
		if (compared != 0)
			return compared;
	}
	return a->count < b->count ? -1 : a->count > b->count;
}

static struct metric_series *sort_series(struct arena *arena, const struct metric_answer *answer)
{
	struct metric_series *series = arena_array(arena, answer->count + 1, sizeof *series);

	for (size_t i = 0; i < answer->count; i++) {
		series[i] = answer->series[i];
		/* a calculation may have no labels at all */
		if (series[i].labels.count > 1)
			qsort(series[i].labels.items, series[i].labels.count, sizeof *series[i].labels.items,
			      compare_pairs);
	}
	qsort(series, answer->count, sizeof *series, compare_series);
	return series;
}

/* The labels without the metric's name, which has a column of its own. */
static struct text_map other_labels(struct arena *arena, const struct text_map *labels)
{
	struct text_map others = { arena_array(arena, labels->count + 1, sizeof *others.items), 0 };

	for (size_t i = 0; i < labels->count; i++) {
		if (strcmp(labels->items[i].key, "__name__") != 0)
			others.items[others.count++] = labels->items[i];
	}
	return others;
}

static void print_series(struct call *call, const struct metric_series *series, size_t number, bool range)
{
	struct text_map others = other_labels(call->arena, &series->labels);
	struct arena_mark mark = arena_mark(call->arena);

	for (size_t i = 0; i < series->count && !output_is_done(call->output); i++) {
		output_row(call->output, &(struct sample_row){
		                                 .id = range ? arena_format(call->arena, "%zu.%zu", number, i + 1)
		                                             : arena_format(call->arena, "%zu", number),
		                                 .metric = text_map_get(&series->labels, "__name__"),
		                                 .labels = others,
		                                 .value = prometheus_number(call->arena, series->points[i].value),
		                                 .at = series->points[i].at,
		                         });
		/* with --sort the printer keeps rows in this arena */
		if (call->globals.sort == NULL)
			arena_rewind(call->arena, mark);
	}
}

static void print_answer(struct call *call, const struct metric_answer *answer)
{
	struct metric_series *series = sort_series(call->arena, answer);

	for (size_t i = 0; i < answer->warnings.count; i++)
		output_warning(call->output, "%s", answer->warnings.items[i]);
	output_list(call->output);
	if (answer->text != NULL)
		output_row(call->output, &(struct sample_row){ .id = "1", .value = answer->text });
	for (size_t i = 0; i < answer->count; i++)
		print_series(call, &series[i], i + 1, text_equal(answer->type, "matrix"));
}

/* --- asking --- */

struct waiting {
	bool done;
	int signal;
};

static void answered(struct metric_query *query)
{
	struct waiting *waiting = query->user;

	waiting->done = true;
}

static void signalled(void *user, int number)
{
	struct waiting *waiting = user;

	if (waiting->signal == 0 && number != SIGWINCH)
		waiting->signal = number;
}

static bool interrupted(int number, struct error *err)
{
	return fail(err, number == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED, "the query was interrupted");
}

static bool ask(struct asset_context *context, struct metric_query *query, struct error *err)
{
	struct waiting *waiting = arena_alloc(context->arena, sizeof *waiting);

	query->on_done = answered;
	query->user = waiting;
	if (!loop_catch_signals(context->loop, signalled, waiting, err) || !prometheus_query_start(context, query, err))
		return false;
	while (!waiting->done && waiting->signal == 0) {
		if (!loop_turn(context->loop, NO_DEADLINE, err))
			return false;
	}
	if (!waiting->done) {
		prometheus_query_cancel(query);
		return interrupted(waiting->signal, err);
	}
	if (query->failed)
		*err = query->error;
	return !query->failed;
}

static bool run_query(struct call *call, struct error *err)
{
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct metric_query *query = arena_alloc(call->arena, sizeof *query);
	struct asset_context context = { 0 };
	bool done;

	if (!read_query(call, query, err) || !call_topology(call, &topology, err))
		return false;
	done = asset_access_open(call, topology, &context, err) && ask(&context, query, err);
	if (done)
		print_answer(call, &query->answer);
	asset_access_close(&context);
	return done;
}

static const char *const examples[] = {
	"fops metrics query --endpoint prometheus up",
	"fops metrics query --endpoint mimir --tenant platform 'sum(rate(http_requests_total[5m]))'",
	"fops metrics query --endpoint prometheus --from 6h --step 5m process_resident_memory_bytes -o tsv",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_PLANE_UNAVAILABLE, EXIT_BUSY, EXIT_PROTOCOL,
	                     EXIT_AUTH, EXIT_CONFIG,    EXIT_TIMEOUT,           -1 };

const struct command metrics_query_command = {
	.name = "query",
	.summary = "Run one PromQL query and print its samples",
	.about =
	        "Asks for the value at an instant, or with --from for a range; one row a sample, series in the order "
	        "of "
	        "their labels. What the server warns of is printed as a warning. Only endpoints of plane prometheus or "
	        "mimir are asked. The endpoint's executorUrl is the whole base of the API: Mimir's ends with "
	        "/prometheus.",
	.arguments = "QUERY",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = options,
	.options_size = sizeof(struct query_options),
	.columns = columns,
	.row_size = sizeof(struct sample_row),
	.item = "sample",
	.schema = "fops.metric.query/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help topology",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_SETTINGS,
	.run = run_query,
};
