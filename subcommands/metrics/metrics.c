/* metrics: what Prometheus and Mimir have measured, read only. */
#include "metrics.h"

static const struct command *const verbs[] = { &metrics_query_command, NULL };

static const char *const examples[] = {
	"fops metrics query --endpoint mimir --tenant platform up",
	"fops metrics query --endpoint prometheus --from 1h 'rate(http_requests_total[5m])'",
	NULL,
};

const struct command metrics_command = {
	.name = "metrics",
	.summary = "Query what Prometheus and Mimir have measured",
	.about = "Reads metrics from endpoints of plane prometheus or mimir, as stacks check does for the metrics that "
	         "are bound to a stack.",
	.examples = examples,
	.see = "fops help topology",
	.verbs = verbs,
};
