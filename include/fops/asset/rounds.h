/* Looking at many things, again and again, until everything is well: assets, endpoints and stacks wait alike. */
#ifndef FOPS_ASSET_ROUNDS_H
#define FOPS_ASSET_ROUNDS_H

#include "fops/asset/driver.h"

/* What is looked at, and how. Rows are structs whose name and state stand at the given offsets. */
struct rounds {
	struct asset_context *context;
	size_t count;
	size_t row_size;
	size_t name_offset;  /* of a `const char *` */
	size_t state_offset; /* of a `const char *`, NULL before the first look */
	const char *what;    /* "assets were not ok": for the message at the limit */
	/*
	 * One look at everything: fill all rows. round is a copy of the context with an arena of its own; it ends early
	 * when *signal is not 0 or at its deadline, and its rows are then "unknown". false: err is filled
	 */
	bool (*look)(void *user, struct asset_context *round, const int *signal, void *rows, struct error *err);
	bool (*is_bad)(const void *row);
	/* copy what the row points to and what lives in the round's arena */
	void (*keep)(struct arena *arena, void *row);
	/* each round's rows; may be NULL */
	void (*on_round)(void *user, const void *rows);
	void *user;
};

/*
 * Repeat the look until no row is bad, with pauses of 250 ms that grow to 5 s. Returns at once when that already holds.
 * A row that a cut made unknown keeps what the round before saw of it. ret_rows is filled in any case but a failed
 * look. errors  TIMEOUT with the first ten that are bad; INTERRUPTED, TERMINATED; as look
 */
CHECKED bool rounds_wait(const struct rounds *rounds, void *ret_rows, struct error *err);

/* Note the first SIGINT, SIGTERM or SIGHUP from now on; *ret_signal is 0 before, and lives as long as the context's
 * arena. errors INTERNAL */
CHECKED bool rounds_catch_signals(struct asset_context *context, const int **ret_signal, struct error *err);

/* Fill err for that signal: "the check was interrupted". Returns false. */
bool rounds_interrupted(int signal, const char *what, struct error *err);

#endif
