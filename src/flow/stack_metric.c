/* The worst sample counts: the highest where above is bad, the lowest where below is. */
#include "stack_metric.h"

#include <math.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"

#define LONGEST_FIX ((size_t)4096)

static bool is_below(const struct stack_metric *metric)
{
	return text_equal(metric->direction, "below");
}

/* A command that shows what the metric is made of. */
static const char *query_command(struct arena *arena, const struct stack_metric *metric)
{
	struct buffer text = BUFFER(LONGEST_FIX);
	const char *command;

	buffer_format(&text, "fops metrics query --endpoint %s ", metric->endpoint);
	if (metric->tenant != NULL) {
		buffer_text(&text, "--tenant ");
		buffer_quote(&text, metric->tenant);
		buffer_byte(&text, ' ');
	}
	buffer_quote(&text, metric->query);
	command = text.overflow ? "fops metrics query --help" : arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return command;
}

static struct stack_member member_of(const struct stack_metric *metric)
{
	return (struct stack_member){ .kind = "metric", .name = metric->name, .unit = metric->unit };
}

static struct stack_member unknown(struct arena *arena, const struct stack_metric *metric, const char *cause)
{
	struct stack_member member = member_of(metric);

	member.state = "unknown";
	member.cause = cause;
	member.fix = query_command(arena, metric);
	return member;
}

static bool find_worst(const struct stack_metric *metric, const struct metric_answer *answer, double *ret_worst)
{
	bool found = false;

	for (size_t i = 0; i < answer->count; i++) {
		for (size_t k = 0; k < answer->series[i].count; k++) {
			double value = answer->series[i].points[k].value;

			if (isnan(value))
				continue;
			if (!found || (is_below(metric) ? value < *ret_worst : value > *ret_worst))
				*ret_worst = value;
			found = true;
		}
	}
	return found;
}

/* Is value at or beyond a threshold, on its bad side? */
static bool is_beyond(const struct stack_metric *metric, const struct value *threshold, double value)
{
	double limit;

	if (threshold == NULL || (threshold->kind != VALUE_INT && threshold->kind != VALUE_REAL))
		return false;
	limit = threshold->kind == VALUE_INT ? (double)threshold->integer : threshold->real;
	return is_below(metric) ? value <= limit : value >= limit;
}

static const char *threshold_text(struct arena *arena, const struct value *threshold)
{
	return prometheus_number(arena, threshold->kind == VALUE_INT ? (double)threshold->integer : threshold->real);
}

struct stack_member stack_metric_judge(struct arena *arena, const struct stack_metric *metric,
                                       const struct metric_answer *answer)
{
	struct stack_member member = member_of(metric);
	const struct value *passed = NULL;
	double worst = 0;

	if (answer->text != NULL)
		return unknown(arena, metric, "the query answers a text and no number");
	if (answer->count == 0)
		return unknown(arena, metric, "the query finds no series");
	if (!find_worst(metric, answer, &worst))
		return unknown(arena, metric, "the query gives no number (NaN)");
	member.state = "ok";
	member.value = prometheus_number(arena, worst);
	if (is_beyond(metric, metric->fail, worst)) {
		member.state = "down";
		passed = metric->fail;
	} else if (is_beyond(metric, metric->warn, worst)) {
		member.state = "degraded";
		passed = metric->warn;
	}
	if (passed == NULL)
		return member;
	member.cause = arena_format(arena, "%s%s%s, and the %s begins at %s", member.value,
	                            metric->unit == NULL ? "" : " ", metric->unit == NULL ? "" : metric->unit,
	                            passed == metric->fail ? "limit" : "warning", threshold_text(arena, passed));
	member.fix = query_command(arena, metric);
	return member;
}

static void judge_failure(struct stack_gauge *gauge, const struct error *err)
{
	struct arena *arena = gauge->context->arena;
	const char *cause = err->cause[0] == '\0' ? arena_copy(arena, err->message)
	                                          : arena_format(arena, "%s: %s", err->message, err->cause);

	gauge->member = unknown(arena, gauge->metric, cause);
	gauge->member.fix = err->fix[0] == '\0' ? error_codes[err->id].fix : arena_copy(arena, err->fix);
}

static void answered(struct metric_query *query)
{
	struct stack_gauge *gauge = query->user;

	gauge->running = false;
	(*gauge->open)--;
	if (query->failed)
		judge_failure(gauge, &query->error);
	else
		gauge->member = stack_metric_judge(gauge->context->arena, gauge->metric, &query->answer);
	gauge->member.latency_ms = (struct optional_int){ query->latency_us / 1000, query->latency_us > 0 };
}

void stack_metric_start(struct asset_context *context, const struct stack_metric *metric, size_t *open,
                        struct stack_gauge *ret_gauge)
{
	struct error err;

	*ret_gauge = (struct stack_gauge){ .metric = metric, .open = open, .context = context };
	ret_gauge->query = (struct metric_query){ .endpoint = metric->endpoint,
		                                  .query = metric->query,
		                                  .tenant = metric->tenant,
		                                  .on_done = answered,
		                                  .user = ret_gauge };
	if (!prometheus_query_start(context, &ret_gauge->query, &err)) {
		judge_failure(ret_gauge, &err);
		return;
	}
	ret_gauge->running = true;
	(*open)++;
}

void stack_metric_end(struct stack_gauge *gauge, const char *cause, const char *fix)
{
	if (!gauge->running)
		return;
	prometheus_query_cancel(&gauge->query);
	gauge->running = false;
	(*gauge->open)--;
	gauge->member = unknown(gauge->context->arena, gauge->metric, cause);
	gauge->member.fix = fix;
}
