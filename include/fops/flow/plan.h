/* What a change would do, step by step, as one document with a digest: what is approved is what is applied. */
#ifndef FOPS_FLOW_PLAN_H
#define FOPS_FLOW_PLAN_H

#include "fops/base/buffer.h"
#include "fops/base/text.h"
#include "fops/data/digest.h"
#include "fops/data/document.h"

#define PLAN_SCHEMA "fops.plan/1"

enum plan_action {
	PLAN_ADD,
	PLAN_CHANGE,
	PLAN_REPLACE, /* deleted and made anew, because it cannot change in place */
	PLAN_DELETE,
	PLAN_READ,
	PLAN_NONE, /* as it should be */
	PLAN_ACTION_COUNT,
};

/* What stands in the first three columns of a plan: "  +", "-/+". */
const char *plan_action_symbol(enum plan_action action);

/*
 * One step. before and after are objects of the owned fields alone, NULL when there is none; texts of several lines are
 * shown as a difference of lines. A secret is never a value in them: secrets lists the pointers (RFC 6901) of members
 * of after that hold a reference instead.
 */
struct plan_step {
	enum plan_action action;
	const char *object; /* "env-file/.env.portal" */
	const struct value *before;
	const struct value *after;
	bool destructive;   /* something is lost that this plan does not put back */
	const char *reason; /* one sentence beside the object, or NULL */
	struct text_list secrets;
};

/* What kept a part of the world from being observed; the plan says nothing of that part. */
struct plan_finding {
	const char *object;
	const char *message;
	const char *fix;
};

struct plan {
	const char *action;         /* "infra apply-ssot" */
	struct text_list arguments; /* what it was made for, in order: the consumers */
	const char *topology;       /* digest of the topology, 64 hexadecimal digits */
	struct text_list sources;   /* "SOURCE at COMMIT" when the topology comes from revisions */
	struct plan_step *steps;    /* in the order of applying */
	size_t count;
	struct plan_finding *findings;
	size_t finding_count;
};

/* How many steps do each action. */
void plan_count(const struct plan *plan, size_t ret_counts[PLAN_ACTION_COUNT]);

/* Would anything change? */
bool plan_changes(const struct plan *plan);

/*
 * The digest: SHA-256 of the canonical JSON (RFC 8785) of the plan document without its digest. Nothing of clock, host
 * or chance is in it. errors  DATA larger than 16 MiB
 */
CHECKED bool plan_digest(struct arena *arena, const struct plan *plan, struct digest *ret_digest, struct error *err);

/* Append the document fops.plan/1 with its digest; pretty: over several lines. errors as plan_digest */
CHECKED bool plan_write(struct arena *arena, const struct plan *plan, bool pretty, struct buffer *out,
                        struct error *err);

/* What a plan file says of itself. */
struct plan_file {
	const char *digest; /* 64 hexadecimal digits, recomputed and equal */
	const char *action;
	struct text_list arguments;
};

/*
 * Read a plan document ("-" is standard input) and check its digest.
 * errors  INPUT_NOT_FOUND, IO_READ; DATA no plan, another major version, or a digest that is not that of the rest
 */
CHECKED bool plan_read(struct arena *arena, const char *path, struct plan_file *ret_file, struct error *err);

#endif
