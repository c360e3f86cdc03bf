/* Does an environment, of this process or in a file, hold what the contract of its consumer says? */
#ifndef FOPS_FLOW_ENV_CHECK_H
#define FOPS_FLOW_ENV_CHECK_H

#include "fops/flow/env_value.h"

/* One variable that was found. */
struct env_found {
	const char *name;
	const char *value;
};

/* What is judged. In a file that names a variable twice the last one counts, as for every reader of such files. */
struct env_surroundings {
	struct env_found *items;
	size_t count;
	const char *file; /* NULL: the environment of this process */
};

/* The environment of this process: borrowed names are copied into arena, values are not. */
struct env_surroundings env_surroundings_own(struct arena *arena);

/*
 * Read a dotenv file ("-" is standard input) of at most 1 MiB: NAME=value with an optional "export", values bare or in
 * single or double quotes, also over several lines, comments. No value is replaced or expanded.
 * errors  INPUT_NOT_FOUND, IO_READ; DATA "FILE:LINE: …", without the line's text, which may be a secret
 */
CHECKED bool env_surroundings_read(struct arena *arena, const char *path, struct env_surroundings *ret_surroundings,
                                   struct error *err);

/* One row; texts in an arena. Values of secrets, and texts that hold one, are never in it. */
struct env_check_row {
	const char *variable;
	const char *state;    /* "ok", "missing", "extra", "wrong-url-kind", "raw-address", "drift", "secret-in-file" */
	const char *expected; /* of a secret "set" or "not in the file"; NULL: nothing */
	const char *found;    /* of a secret and an extra variable "set" or "not set" */
	const char *rule;     /* "R12" when an article of the constitution is broken, else NULL */
	const char *fix;      /* NULL when ok */
};

#define ENV_CHECK_STATES "ok|missing|extra|wrong-url-kind|raw-address|drift|secret-in-file"

struct env_check {
	struct env_check_row *rows; /* sorted by variable */
	size_t count;
	bool findings; /* a row is neither ok nor drift */
	bool drift;    /* a row is drift */
};

/*
 * Judge the surroundings. Extra variables are those with the consumer's name or the first word of one of its
 * endpoint's, asset's or secret's variables in front ("PORTAL_…", "LANGBOARD_…"); strict: all in a file, and in an
 * environment all but those of the system and the shell.
 */
void env_check(struct arena *arena, const struct env_values *values, const struct env_surroundings *surroundings,
               bool strict, struct env_check *ret_check);

#endif
