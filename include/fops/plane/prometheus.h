/* Read-only queries of Prometheus and Mimir (HTTP API v1). */
#ifndef FOPS_PLANE_PROMETHEUS_H
#define FOPS_PLANE_PROMETHEUS_H

#include "fops/asset/driver.h"

/* One sample of the answer: a series' labels and a value. NaN and infinities are values. */
struct metric_point {
	struct instant at;
	double value;
};

struct metric_series {
	struct text_map labels;            /* "__name__" among them */
	const struct metric_point *points; /* one for an instant query, in time order for a range */
	size_t count;
};

struct metric_answer {
	const char *type;                   /* "vector", "matrix", "scalar", "string" */
	const char *text;                   /* of "string", else NULL; text of a remote */
	const struct metric_series *series; /* scalar: one without labels */
	size_t count;
	struct text_list warnings; /* warnings and infos of the server; text of a remote */
};

/* One query on the loop; the caller keeps it until on_done. */
struct metric_query {
	const char *endpoint;    /* id of an Endpoint of plane prometheus or mimir (R14) */
	const char *query;       /* PromQL */
	const char *tenant;      /* X-Scope-OrgID, or NULL; checked by tenant_is_valid */
	struct instant at;       /* instant query; absent: the server's now */
	struct instant from, to; /* range query when step is set */
	struct duration step;
	struct duration timeout; /* sent and kept; 0: 10s */
	void (*on_done)(struct metric_query *query);
	void *user;
	/* results, in the context's arena */
	bool failed;
	struct error error; /* PLANE_*, SECRET_*, CONTRACT_INVALID for another plane, DATA for a bad query */
	struct metric_answer answer;
	int64_t latency_us;
	void *state; /* the client's own */
};

/* Start; sent as POST with a form body, below the endpoint's executorUrl + "/api/v1/". errors as access_open */
CHECKED bool prometheus_query_start(struct asset_context *context, struct metric_query *query, struct error *err);

/* Give up: no on_done follows. */
void prometheus_query_cancel(struct metric_query *query);

/* A value as the API writes it: the shortest digits that read back as the same number, "NaN", "+Inf", "-Inf". In arena.
 */
const char *prometheus_number(struct arena *arena, double value);

#endif
