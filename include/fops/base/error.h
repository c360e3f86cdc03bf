/* Failures as values: filled once where they happen, printed once by main. */
#ifndef FOPS_BASE_ERROR_H
#define FOPS_BASE_ERROR_H

#include "fops/base/compiler.h"
#include "fops/base/error_code.h"

/* One position in an input that is wrong; lines and columns start at 1, 0 means unknown. */
struct finding {
	const char *file;
	uint64_t line;
	uint64_t column;
	const char *path;    /* the field, "spec.health.path", or NULL */
	const char *message; /* one sentence without a full stop */
	const char *fix;     /* a suggestion such as "did you mean role?", or NULL */
	const char *rule;    /* "R07" when an article of the constitution is broken, else NULL */
};

/*
 * An error on the caller's stack. Texts are UTF-8, cut at their size on a character border. findings live in the
 * arena of whoever filled them and outlive the command.
 */
struct error {
	enum error_id id;
	int exit_status;
	char message[512];
	char cause[768];
	char effect[192];
	char fix[384];
	char object[160];
	char request_id[64];
	int64_t retry_after_ms; /* below 0: unknown */
	const struct finding *findings;
	size_t finding_count;
};

/* Fill err and return false, so that `return fail(err, ...)` reads well. Everything set before is forgotten. */
bool fail(struct error *err, enum error_id id, const char *format, ...) PRINTF(3, 4);

/* The deepest reason that helps; left out in print when it repeats the message. */
void error_cause(struct error *err, const char *format, ...) PRINTF(2, 3);

/* What changed: "nothing changed" is what print assumes when this is never called. */
void error_effect(struct error *err, const char *format, ...) PRINTF(2, 3);

/* One command line or sentence that helps. Never put text of a remote here. */
void error_fix(struct error *err, const char *format, ...) PRINTF(2, 3);

/* The object concerned, "runtime-asset/daytona-01". */
void error_object(struct error *err, const char *format, ...) PRINTF(2, 3);

/* A sentence for an errno value, thread-safe, in a static text of the C library. */
const char *errno_text(int number);

#endif
