/* One command on many assets: the whole, and the places of its window. */
#ifndef FOPS_ASSET_RUN_MANY_H
#define FOPS_ASSET_RUN_MANY_H

#include "run_private.h"

struct run_many;

/* A place in the window. */
struct run_place {
	struct run_many *many;
	struct run_place *next; /* among the free ones, or those that ended in this turn */
	struct asset_context context;
	struct session session;
	const struct asset_driver *driver;
	struct run_result *result;
	struct run_lines lines;
	struct run_stop stop;
	struct loop_timer limit, grace;
	int64_t started_us;
	bool running;
	bool paused[2];  /* streams that wait for the reader of ours */
	size_t last_len; /* bytes since it was told to stop */
};

struct run_many {
	struct asset_context *context;
	struct session_request request;
	const struct run_request *wanted;
	const struct run_listener *listener;
	const struct runtime_asset *assets;
	struct run_result *results;
	size_t count;
	size_t next; /* of the assets */
	struct run_place *places;
	size_t place_count;
	struct run_place *free;
	struct run_place *ended;
	size_t running;
	size_t failures;
	const char *last_failed; /* the asset that was one too many */
	const char *reason;      /* why the rest did not begin */
	struct loop_timer limit; /* of the whole */
	int signal;
	bool late;
	bool output_lost;
	bool full;   /* much waits for the reader of ours */
	bool paused; /* a place is, for that */
	int watched; /* the descriptor it waits for, -1 for none */
};

/* Begin on the asset of that index; a place that could not even start has ended at once. */
void run_place_start(struct run_place *place, size_t index);

/* A signal for a place that runs, with a harder end when it does nothing for that long. */
void run_place_stop(struct run_place *place, int number, int64_t grace_ms);

/* End what runs there hard; the other gives it up without waiting. Both take places that do not run, too. */
void run_place_kill(void *user);
void run_place_give_up(void *user);

/* The reader of ours takes output again. */
void run_place_resume(struct run_place *place);

/* Pass on what waits, and find out whether much is left. */
void run_many_relieve(struct run_many *many);

/* A result is complete: count it and hand it over. */
void run_many_deliver(struct run_many *many, const struct run_result *result);

#endif
