/* What the parts of `doctor` share: the rows so far, and what was learned on the way. */
#ifndef FOPS_SUBCOMMANDS_DOCTOR_H
#define FOPS_SUBCOMMANDS_DOCTOR_H

#include "fops/cli/call.h"
#include "fops/contract/topology.h"

extern const struct command doctor_command;

/* The parts in the order in which they are printed; the names of their rows begin with them. */
#define DOCTOR_GROUPS  "settings|environment|cache|topology|programs|ca|endpoint|tls|clock|dns|asset"

#define DOCTOR_OK      "ok"
#define DOCTOR_WARNING "warning"
#define DOCTOR_BAD     "bad"
#define DOCTOR_SKIPPED "skipped"

/* Days before its end from which a certificate is worth a warning. */
#define DOCTOR_EXPIRY_DAYS 14

/* One check. */
struct doctor_row {
	const char *check; /* "endpoint/openbao" */
	const char *state;
	const char *code; /* a stable word, "tls.expires-soon"; "ok" when there is nothing to say */
	struct optional_int time_ms;
	const char *found; /* what was seen */
	const char *cause;
	const char *fix;
};

/* For time_ms: no time of its own is known. */
#define DOCTOR_NO_TIME ((struct optional_int){ -1, false })

struct doctor_item;

struct doctor {
	struct call *call;
	struct text_list wanted; /* names of rows, groups or ids; none: everything */
	bool *met;               /* which of them named something */
	struct doctor_item *first, *last;
	struct text_list names;    /* of all rows, printed or not, for suggestions */
	int64_t since_us;          /* when the previous row was made */
	struct topology *topology; /* NULL: there is none */
	const char *no_topology;   /* why */
	bool cut;                  /* a signal or the limit ended it; error says which */
	struct error error;
};

/* Is a row of that name asked for? The name becomes known either way. */
bool doctor_wants(struct doctor *doctor, const char *check);

/*
 * Add a row, if it is wanted. Its texts live as long as the call; time_ms zeroed: the time since the row before is
 * taken.
 */
void doctor_add(struct doctor *doctor, struct doctor_row row);

/* A name in the call's arena: "tls/openbao". */
const char *doctor_name(const struct doctor *doctor, const char *group, const char *id);

/* The text of an error in one sentence; its fix or its code's. In the call's arena. */
const char *doctor_cause(const struct doctor *doctor, const struct error *err);
const char *doctor_fix(const struct doctor *doctor, const struct error *err);

/* The parts. errors: only what makes the call itself wrong, such as a flag's value */
CHECKED bool doctor_settings(struct doctor *doctor, struct error *err);
void doctor_environment(struct doctor *doctor);
void doctor_cache(struct doctor *doctor);
void doctor_topology(struct doctor *doctor);
CHECKED bool doctor_programs(struct doctor *doctor, struct error *err);
CHECKED bool doctor_authorities(struct doctor *doctor, struct error *err);
CHECKED bool doctor_reach(struct doctor *doctor, struct error *err);

#endif
