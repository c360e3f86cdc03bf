/* A health contract as the verbs `show` print it, presets expanded. */
#ifndef FOPS_SUBCOMMANDS_HEALTH_PART_H
#define FOPS_SUBCOMMANDS_HEALTH_PART_H

#include "fops/cli/command.h"
#include "fops/contract/health.h"

struct health_part {
	const char *protocol;
	const char *method;
	const char *path;
	struct text_map query;
	struct optional_int status;
	const char *pointer;
	const struct value *value;
	const char *body;
	const char *body_starts;
	struct optional_int timeout_ms;
	struct optional_int max_latency_ms;
	const char *version_from;
};

/* The columns of it. */
extern const struct column health_part_columns[];

/* What is asked, without members that the protocol has no use for; all absent for a contract that is not there. Borrows
 * from health. */
struct health_part health_part_of(const struct health *health);

#endif
