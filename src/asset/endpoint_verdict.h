/* What the answers to both questions of an endpoint come to. */
#ifndef FOPS_ASSET_ENDPOINT_VERDICT_H
#define FOPS_ASSET_ENDPOINT_VERDICT_H

#include "fops/asset/endpoint_survey.h"
#include "health_probe.h"

/*
 * Fill state, facts, cause and the rest of ret_result; id, plane and checked_at stay as they are. liveness or readiness
 * may be NULL, not both; one probe that is both answers both questions.
 */
void endpoint_verdict(struct arena *arena, const struct health_probe *liveness, const struct health_probe *readiness,
                      struct endpoint_result *ret_result);

/* An endpoint of which nothing was asked: state "none" or "unknown". */
void endpoint_unasked(const char *state, const char *cause, const char *fix, struct endpoint_result *ret_result);

#endif
