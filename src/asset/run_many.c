/* One command on many assets: a window of sessions, each in memory of its own that the next one takes over. */
#include <sys/resource.h>

#include "fops/base/arena.h"
#include "run_many.h"

/* Long command lines are quoted in it several times over; what is usual takes a few KiB. */
#define SESSION_LIMIT ((size_t)256 * 1024 * 1024)
/* Pipes, pidfd, key, log and a second program of one session; and what the whole program keeps for itself. */
#define SESSION_DESCRIPTORS ((size_t)10)
#define OWN_DESCRIPTORS     ((size_t)64)
/* Output that waits for its reader: so much holds the commands back, and with so little they go on. */
#define FULL    ((size_t)128 * 1024)
#define DRAINED ((size_t)16 * 1024)
/* Where the reader cannot be watched. */
#define PATIENCE_MS 50

void run_many_deliver(struct run_many *many, const struct run_result *result)
{
	if (!run_ended_well(result))
		many->failures++;
	if (many->last_failed == NULL && many->wanted->most_failures > 0 &&
	    many->failures >= many->wanted->most_failures)
		many->last_failed = result->asset_id;
	if (!many->listener->on_result(many->listener->user, result))
		many->output_lost = true;
}

/* It only has to end the turn. */
static void room_again(void *user, int descriptor, unsigned events)
{
	(void)user;
	(void)descriptor;
	(void)events;
}

static void watch_reader(struct run_many *many, int descriptor)
{
	struct loop *loop = many->context->loop;
	struct error ignored;

	if (many->watched == descriptor)
		return;
	if (many->watched >= 0)
		loop_unwatch(loop, many->watched);
	if (descriptor >= 0 && !loop_watch(loop, descriptor, LOOP_WRITE, room_again, many, &ignored))
		descriptor = -1;
	many->watched = descriptor;
}

void run_many_relieve(struct run_many *many)
{
	struct run_backlog backlog = { 0, -1 };

	if (many->listener->pass_on == NULL)
		return;
	if (!many->listener->pass_on(many->listener->user, &backlog))
		many->output_lost = true;
	watch_reader(many, backlog.bytes > 0 ? backlog.descriptor : -1);
	many->full = backlog.bytes > (many->full ? DRAINED : FULL) && !many->output_lost;
}

/* Not from inside a driver's callback; in there it may have been found that little waits any more. */
static void let_go_on(struct run_many *many)
{
	run_many_relieve(many);
	if (many->full || !many->paused)
		return;
	many->paused = false;
	for (size_t i = 0; i < many->place_count; i++)
		run_place_resume(&many->places[i]);
}

static bool is_halted(const struct run_many *many)
{
	return many->signal != 0 || many->late || many->output_lost || many->last_failed != NULL;
}

/* Why nothing more begins. */
static enum error_id rest_reason(const struct run_many *many, const char **ret_text)
{
	if (many->signal != 0) {
		*ret_text = "a signal came before";
		return many->signal == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED;
	}
	if (many->output_lost) {
		*ret_text = "the output could not be written";
		return ERROR_IO_OUTPUT;
	}
	if (many->late) {
		*ret_text = "the deadline had passed";
		return ERROR_TIMEOUT;
	}
	*ret_text = arena_format(many->context->arena, "%s was failure number %zu", many->last_failed,
	                         many->wanted->most_failures);
	return ERROR_RUN_NOT_STARTED;
}

/* What never began is told as such, with the reason as its cause. */
static void drop_rest(struct run_many *many)
{
	enum error_id id;

	if (many->next == many->count)
		return;
	id = rest_reason(many, &many->reason);
	while (many->next < many->count) {
		struct run_result *result = &many->results[many->next++];
		struct error err;

		fail(&err, id, "not begun on %s: %s", result->asset_id, many->reason);
		err.exit_status = EXIT_NOT_STARTED;
		run_result_refuse(many->context->arena, &err, result);
		result->skipped = true;
		run_many_deliver(many, result);
	}
}

static void recycle(struct run_many *many)
{
	while (many->ended != NULL) {
		struct run_place *place = many->ended;

		many->ended = place->next;
		arena_rewind(place->context.arena, (struct arena_mark){ 0 });
		place->next = many->free;
		many->free = place;
	}
}

/* Nobody takes the output any more: the commands are told to stop, as one would be that writes into a closed pipe. */
static void stop_unheard(struct run_many *many)
{
	for (size_t i = 0; i < many->place_count; i++) {
		struct run_place *place = &many->places[i];

		if (!place->running || place->stop.limit || place->stop.signal != 0 || place->stop.output_errno != 0)
			continue;
		place->stop.output_errno = -1;
		run_place_stop(place, SIGTERM, RUN_STOP_MS);
	}
}

static void begin_more(struct run_many *many)
{
	while (!is_halted(many) && !many->full && many->next < many->count && many->free != NULL) {
		struct run_place *place = many->free;

		many->free = place->next;
		run_place_start(place, many->next++);
		/* what could not even start has ended already */
		recycle(many);
	}
	if (is_halted(many))
		drop_rest(many);
	if (many->output_lost)
		stop_unheard(many);
}

static void deadline_reached(void *user)
{
	struct run_many *many = user;

	many->late = many->signal == 0;
}

static void signalled(void *user, int number)
{
	struct run_many *many = user;
	bool second = many->signal != 0;

	if (number == SIGWINCH)
		return;
	if (!second)
		many->signal = number;
	for (size_t i = 0; i < many->place_count; i++) {
		struct run_place *place = &many->places[i];

		if (!place->running)
			continue;
		if (second) {
			run_place_kill(place);
			continue;
		}
		place->stop.signal = number;
		run_place_stop(place, number, RUN_GRACE_MS);
	}
}

static size_t window_size(const struct run_many *many)
{
	size_t most = many->context->most_parallel == 0 ? 1 : many->context->most_parallel;
	struct rlimit limit;
	size_t room;

	most = most < many->count ? most : many->count;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / SESSION_DESCRIPTORS >= most + OWN_DESCRIPTORS)
		return most;
	room = limit.rlim_cur > OWN_DESCRIPTORS ? ((size_t)limit.rlim_cur - OWN_DESCRIPTORS) / SESSION_DESCRIPTORS : 0;
	room = room == 0 ? 1 : room;
	if (room >= most)
		return most;
	log_detail(many->context->log, "the limit on open files leaves room for %zu assets at a time", room);
	return room;
}

static void open_places(struct run_many *many)
{
	many->place_count = window_size(many);
	many->places = arena_array(many->context->arena, many->place_count, sizeof *many->places);
	for (size_t i = many->place_count; i > 0; i--) {
		struct run_place *place = &many->places[i - 1];

		place->many = many;
		place->context.arena = arena_new(SESSION_LIMIT);
		place->context.loop = many->context->loop;
		place->next = many->free;
		many->free = place;
	}
}

static void close_places(struct run_many *many)
{
	for (size_t i = 0; i < many->place_count; i++)
		arena_free(many->places[i].context.arena);
}

static bool prepare(struct run_many *many, struct error *err)
{
	const struct run_request *wanted = many->wanted;
	const struct asset_driver *driver = NULL;

	if (wanted->input || wanted->terminal)
		return fail(err, ERROR_USAGE_CONFLICT, "--stdin and --tty need one asset, not several");
	for (size_t i = 0; i < many->count; i++) {
		const struct asset_driver *before = driver;

		if (!asset_driver_of(&many->assets[i], &driver, err))
			return false;
		if (before == NULL && !run_prepare(many->context->arena, driver, wanted, &many->request, err))
			return false;
		if (before != driver && !run_check_driver(driver, wanted, err))
			return false;
		run_result_begin(many->context->arena, &many->assets[i], &many->results[i]);
	}
	return true;
}

/* Until nothing is under way and nothing is left to begin. */
static bool serve(struct run_many *many, struct error *err)
{
	begin_more(many);
	while (many->running > 0 || many->next < many->count) {
		bool unwatched = many->full && many->watched < 0;

		if (!loop_turn(many->context->loop, unwatched ? deadline_after(PATIENCE_MS) : NO_DEADLINE, err))
			return false;
		recycle(many);
		let_go_on(many);
		begin_more(many);
	}
	return true;
}

static void summarize(const struct run_many *many, struct run_summary *summary)
{
	run_result_count(many->results, many->count, summary);
	summary->output_lost = many->output_lost;
	summary->reason = many->reason;
	if (!summary->cut && many->signal != 0) {
		summary->cut = true;
		if (many->signal == SIGINT)
			fail(&summary->error, ERROR_INTERRUPTED, "interrupted by Ctrl-C");
		else
			fail(&summary->error, ERROR_TERMINATED, "ended by a signal");
	} else if (!summary->cut && many->late) {
		summary->cut = true;
		fail(&summary->error, ERROR_TIMEOUT, "the deadline of the whole run passed");
	}
	if (summary->cut)
		error_effect(&summary->error, "%zu ok, %zu failed, %zu not started", summary->ok, summary->failed,
		             summary->not_started);
}

bool run_on_assets(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                   const struct run_request *request, const struct run_listener *listener,
                   struct run_result *ret_results, struct run_summary *ret_summary, struct error *err)
{
	struct run_many many = {
		.context = context,
		.wanted = request,
		.listener = listener,
		.assets = assets,
		.results = ret_results,
		.count = count,
		.watched = -1,
	};
	struct run_summary summary = { 0 };
	int left = deadline_left_ms(context->deadline);

	if (!prepare(&many, err) || !loop_catch_signals(context->loop, signalled, &many, err))
		return false;
	if (left >= 0)
		loop_arm(context->loop, &many.limit, left, deadline_reached, &many);
	open_places(&many);
	summary.cut = !serve(&many, &summary.error);
	loop_disarm(context->loop, &many.limit);
	watch_reader(&many, -1);
	if (summary.cut) {
		/* without a loop nothing can be waited for */
		many.late = true;
		for (size_t i = 0; i < many.place_count; i++)
			run_place_give_up(&many.places[i]);
		drop_rest(&many);
	}
	close_places(&many);
	summarize(&many, &summary);
	*ret_summary = summary;
	return true;
}
