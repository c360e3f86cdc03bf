/* One metric of a stack: asked by its query, judged by its thresholds. */
#ifndef FOPS_FLOW_STACK_METRIC_H
#define FOPS_FLOW_STACK_METRIC_H

#include "fops/flow/stack_check.h"
#include "fops/plane/prometheus.h"

struct stack_gauge {
	const struct stack_metric *metric;
	struct metric_query query;
	size_t *open; /* counted down at the end */
	bool running;
	struct asset_context *context;
	struct stack_member member; /* the verdict */
};

/* Begin to ask; what cannot be asked has its verdict at once. */
void stack_metric_start(struct asset_context *context, const struct stack_metric *metric, size_t *open,
                        struct stack_gauge *ret_gauge);

/* Give up what is open: "unknown" for that cause and fix. */
void stack_metric_end(struct stack_gauge *gauge, const char *cause, const char *fix);

/* The verdict on an answer; the context's arena keeps its texts. */
struct stack_member stack_metric_judge(struct arena *arena, const struct stack_metric *metric,
                                       const struct metric_answer *answer);

#endif
