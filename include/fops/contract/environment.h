/* The environment of the call against the constitution. */
#ifndef FOPS_CONTRACT_ENVIRONMENT_H
#define FOPS_CONTRACT_ENVIRONMENT_H

#include "fops/contract/topology.h"

/* What findings of the environment have for a file; their path is the variable's name. */
extern const char environment_place[];

/*
 * Rules that need no topology: no public URL that leads to a raw address (R07), no human's token, by its name or its
 * value (R08). Values are never part of a finding.
 *
 * variables  "NAME=VALUE" as in environ, ended by NULL; entries without a sign are passed over
 */
void environment_check(struct arena *arena, const char *const *variables, struct findings *findings);

/*
 * Variables of the topology's EnvContracts that hold another URL of their endpoint than the kind asked for (R12).
 * errors those of topology_read_env_contract
 */
CHECKED bool environment_check_urls(struct arena *arena, const char *const *variables, const struct topology *topology,
                                    struct findings *findings, struct error *err);

#endif
