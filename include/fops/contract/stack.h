/* Stack: a row of the stack catalogue, compiled in or added by the topology, with what is bound to it. */
#ifndef FOPS_CONTRACT_STACK_H
#define FOPS_CONTRACT_STACK_H

#include "fops/data/decode.h"

/* Execution substrates can have operations; integration endpoints have URL, auth and readiness and nothing else. */
enum stack_ownership {
	STACK_SUBSTRATE,
	STACK_INTEGRATION,
	STACK_OWNERSHIP_COUNT,
};

/* Both names as choices. */
#define STACK_OWNERSHIPS "execution-substrate|integration-endpoint"

/* "execution-substrate", "integration-endpoint". */
const char *stack_ownership_name(enum stack_ownership ownership);

/* Why an operation on an integration endpoint is refused: one sentence without a full stop. */
extern const char stack_integration_refused[];

/* A row of the compiled catalogue (stack map of 2026-05-10). */
struct catalogue_stack {
	const char *name;
	const char *primary_operation;
	const char *ownership_class; /* in the catalogue's own words: "GitOps substrate" */
	enum stack_ownership ownership;
};

/* The nineteen rows, sorted by name, ended by a row without a name. */
extern const struct catalogue_stack stack_catalogue[];

/* A measurement that belongs to a stack: one instant query whose worst sample is judged. */
struct stack_metric {
	const char *name;         /* "storage-used" */
	const char *endpoint;     /* id of an Endpoint of plane prometheus or mimir */
	const char *query;        /* PromQL */
	const char *tenant;       /* X-Scope-OrgID, or NULL */
	const char *unit;         /* for people: "percent", or NULL */
	const char *direction;    /* "above" or "below": on which side of the thresholds is bad; preset above */
	const struct value *warn; /* number, or NULL: degraded from here on */
	const struct value *fail; /* number, or NULL: down from here on */
};

struct stack {
	const char *name;
	const char *primary_operation; /* of a catalogue row: left out, or the same */
	const char *ownership_class;   /* likewise */
	const char *ownership;         /* of a new row: required; of a catalogue row: left out, or the same */
	const char *owner;             /* who answers for it, or NULL */
	const char *text;              /* what it is, one sentence, or NULL */
	struct text_list endpoints;    /* ids */
	struct text_list assets;       /* asset ids */
	struct text_list depends_on;   /* names of stacks */
	struct record_list metrics;    /* struct stack_metric */
};

/* A tenant of Mimir: at most 150 characters of A-Za-z0-9 ! - _ . * ' ( ), several joined by |, none of ".", ".." and
 * "__mimir_cluster". */
bool tenant_is_valid(const char *tenant);

extern const struct field stack_fields[];

/* The catalogue's row of that name, or NULL. */
const struct catalogue_stack *catalogue_stack_find(const char *name);

#endif
