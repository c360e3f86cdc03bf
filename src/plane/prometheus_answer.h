/* What the query API of Prometheus answers, read strictly. */
#ifndef FOPS_PLANE_PROMETHEUS_ANSWER_H
#define FOPS_PLANE_PROMETHEUS_ANSWER_H

#include "fops/plane/prometheus.h"

/*
 * Read the body of an answer with that status into arena. endpoint is its id, for messages.
 * errors  DATA a bad query; PLANE_REJECTED it cannot be computed; PLANE_UNAVAILABLE; PLANE_NOT_FOUND; PLANE_BUSY;
 * PLANE_PROTOCOL it is no answer of that API
 */
CHECKED bool prometheus_read_answer(struct arena *arena, const char *endpoint, int status, const char *body, size_t len,
                                    struct metric_answer *ret_answer, struct error *err);

/* Is the body a JSON object with a status, as this API answers also its refusals? */
bool prometheus_is_answer(struct arena *arena, const char *body, size_t len);

#endif
