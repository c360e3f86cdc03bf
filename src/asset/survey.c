/* One list of distinct machines; drivers that share calls get all of theirs at once, the others take turns. */
#include "survey.h"

#include "fops/base/arena.h"

#define SCRATCH_LIMIT ((size_t)1024 * 1024 * 1024)
#define PLACE_LIMIT   ((size_t)256 * 1024 * 1024)

struct machine {
	struct survey *survey;
	const struct asset_driver *driver;
	struct glance *glance; /* NULL: looked at in a place, or not begun */
	size_t asset;          /* the first asset that it is behind */
	bool done;
	struct survey_view view;
};

/* Where one machine after the other is looked at, with memory that the next one takes over. */
struct place {
	struct place *next;
	struct asset_context context;
	struct machine *machine;
	struct observation observation;
	bool running;
};

struct survey {
	struct asset_context *context;
	survey_read *read;
	void *user;
	size_t count;
	struct machine *machines;
	size_t machine_count;
	uint32_t *machine_of; /* by asset */
	size_t open;
	size_t next; /* machine that may want a place */
	struct place *places;
	size_t place_count;
	struct place *idle;
	struct place *ended; /* not reused before the loop's next turn: their drivers may still be on the stack */
	struct loop_timer soon;
	const char *last_cause; /* many machines fail for the same reason */
};

const char *survey_fix_of(const struct error *err)
{
	return err->fix[0] == '\0' ? error_codes[err->id].fix : err->fix;
}

static const char *state_word(const struct observation *seen)
{
	switch (seen->result) {
	case OBSERVED_RUNNING:
		return "running";
	case OBSERVED_STOPPED:
		return "stopped";
	case OBSERVED_MISSING:
		return "missing";
	case OBSERVED_UNREACHABLE:
		return seen->error.id == ERROR_TIMEOUT ? "unknown" : "unreachable";
	case OBSERVED_REFUSED:
		return "refused";
	case OBSERVED_UNREADY:
		return "unready";
	case OBSERVED_LEAVING:
		return "leaving";
	case OBSERVED_UNKNOWN:
		break;
	}
	return "unknown";
}

static const char *keep_cause(struct survey *survey, const struct error *err)
{
	const char *cause = err->cause[0] == '\0' ? err->message : err->cause;

	if (!text_equal(survey->last_cause, cause))
		survey->last_cause = arena_copy(survey->context->arena, cause);
	return survey->last_cause;
}

static const char *keep_fix(struct survey *survey, const struct error *err)
{
	return err->fix[0] == '\0' ? error_codes[err->id].fix : arena_copy(survey->context->arena, err->fix);
}

static void end_machine(struct machine *machine, const struct observation *seen)
{
	struct survey *survey = machine->survey;
	struct survey_view *view = &machine->view;

	machine->done = true;
	survey->open--;
	*view = (struct survey_view){ .state = state_word(seen),
		                      .latency_us = seen->latency_us,
		                      .phase = arena_copy(survey->context->arena, seen->phase),
		                      .reason = arena_copy(survey->context->arena, seen->reason),
		                      .since = seen->since,
		                      .restarts = seen->restarts };
	view->asked = !text_in_choices("unreachable|unknown", view->state);
	if (text_equal(view->state, "running"))
		return;
	view->cause = keep_cause(survey, &seen->error);
	view->fix = keep_fix(survey, &seen->error);
}

static void refuse_machine(struct machine *machine, const struct error *err)
{
	end_machine(machine, &(struct observation){ .result = OBSERVED_UNKNOWN, .error = *err });
}

/* --- those that share calls --- */

static void glanced(struct glance *glance, const struct observation *seen)
{
	end_machine(glance->user, seen);
}

static void glance_at(struct machine *machine, const struct runtime_asset *asset)
{
	struct asset_context *context = machine->survey->context;
	struct error err;

	machine->glance = arena_alloc(context->arena, sizeof *machine->glance);
	*machine->glance =
	        (struct glance){ .context = context, .asset = asset, .on_glanced = glanced, .user = machine };
	if (machine->driver->glance(machine->glance, &err))
		return;
	machine->glance = NULL;
	refuse_machine(machine, &err);
}

/* --- the others --- */

static void fill_places(void *user);

static void observed(struct observation *observation)
{
	struct place *place = observation->user;
	struct survey *survey = place->machine->survey;

	place->running = false;
	end_machine(place->machine, observation);
	place->next = survey->ended;
	survey->ended = place;
	if (!survey->soon.armed)
		loop_arm(survey->context->loop, &survey->soon, 0, fill_places, survey);
}

static void observe_in(struct place *place, struct machine *machine)
{
	struct survey *survey = machine->survey;
	struct arena *arena = place->context.arena;
	struct runtime_asset *asset;
	struct error err;

	arena_rewind(arena, (struct arena_mark){ 0 });
	asset = arena_alloc(arena, sizeof *asset);
	place->machine = machine;
	place->observation = (struct observation){
		.context = &place->context, .asset = asset, .on_observed = observed, .user = place
	};
	place->running = survey->read(survey->user, machine->asset, arena, asset, &err) &&
	                 machine->driver->observe(&place->observation, &err);
	if (place->running)
		return;
	refuse_machine(machine, &err);
	place->next = survey->idle;
	survey->idle = place;
}

static void fill_places(void *user)
{
	struct survey *survey = user;

	while (survey->ended != NULL) {
		struct place *place = survey->ended;

		survey->ended = place->next;
		place->next = survey->idle;
		survey->idle = place;
	}
	while (survey->idle != NULL) {
		struct place *place = survey->idle;

		while (survey->next < survey->machine_count &&
		       (survey->machines[survey->next].done || survey->machines[survey->next].driver->glance != NULL))
			survey->next++;
		if (survey->next == survey->machine_count)
			return;
		survey->idle = place->next;
		observe_in(place, &survey->machines[survey->next++]);
	}
}

static void make_places(struct survey *survey, size_t wanted)
{
	struct asset_context *context = survey->context;
	size_t most = context->most_parallel == 0 ? 1 : context->most_parallel;

	survey->place_count = wanted < most ? wanted : most;
	survey->places = arena_array(context->arena, survey->place_count, sizeof *survey->places);
	for (size_t i = 0; i < survey->place_count; i++) {
		struct place *place = &survey->places[i];

		place->context = *context;
		place->context.owner = context;
		place->context.arena = arena_new(PLACE_LIMIT);
		place->next = survey->idle;
		survey->idle = place;
	}
}

/* --- which machines there are --- */

struct candidate {
	const char *identity;
	const struct asset_driver *driver;
	size_t asset;
};

static int compare_candidates(const void *first, const void *second)
{
	const struct candidate *a = first;
	const struct candidate *b = second;
	int compared = strcmp(a->identity, b->identity);

	if (compared != 0)
		return compared;
	return a->asset < b->asset ? -1 : a->asset > b->asset;
}

static bool read_candidates(struct survey *survey, struct arena *arena, struct candidate *candidates, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_LIMIT);

	for (size_t i = 0; i < survey->count; i++) {
		struct arena_mark mark = arena_mark(scratch);
		struct runtime_asset asset;

		if (!survey->read(survey->user, i, scratch, &asset, err) ||
		    !asset_driver_of(&asset, &candidates[i].driver, err))
			return false;
		candidates[i].identity = arena_copy(arena, candidates[i].driver->identity(scratch, &asset));
		candidates[i].asset = i;
		arena_rewind(scratch, mark);
	}
	return true;
}

/* One machine for each distinct identity. */
static bool find_machines(struct survey *survey, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_LIMIT);
	struct candidate *candidates = arena_array(scratch, survey->count + 1, sizeof *candidates);
	size_t distinct = 0;

	if (!read_candidates(survey, scratch, candidates, err))
		return false;
	qsort(candidates, survey->count, sizeof *candidates, compare_candidates);
	for (size_t i = 0; i < survey->count; i++)
		distinct += i == 0 || !text_equal(candidates[i].identity, candidates[i - 1].identity) ? 1 : 0;
	survey->machines = arena_array(survey->context->arena, distinct + 1, sizeof *survey->machines);
	for (size_t i = 0; i < survey->count; i++) {
		if (i == 0 || !text_equal(candidates[i].identity, candidates[i - 1].identity))
			survey->machines[survey->machine_count++] = (struct machine){ .survey = survey,
				                                                      .driver = candidates[i].driver,
				                                                      .asset = candidates[i].asset };
		survey->machine_of[candidates[i].asset] = (uint32_t)(survey->machine_count - 1);
	}
	return true;
}

/* Glances begin in one turn, so that they share all they can. */
static bool begin(struct survey *survey, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_LIMIT);
	size_t others = 0;

	for (size_t i = 0; i < survey->machine_count; i++) {
		struct machine *machine = &survey->machines[i];
		struct arena_mark mark = arena_mark(scratch);
		struct runtime_asset asset;

		if (machine->driver->glance == NULL) {
			others++;
			continue;
		}
		if (!survey->read(survey->user, machine->asset, scratch, &asset, err))
			return false;
		glance_at(machine, &asset);
		arena_rewind(scratch, mark);
	}
	if (others > 0) {
		make_places(survey, others);
		fill_places(survey);
	}
	return true;
}

bool survey_start(struct asset_context *context, size_t count, survey_read *read, void *user,
                  struct survey **ret_survey, struct error *err)
{
	struct survey *survey = arena_alloc(context->arena, sizeof *survey);

	survey->context = context;
	survey->read = read;
	survey->user = user;
	survey->count = count;
	survey->machine_of = arena_array(context->arena, count + 1, sizeof *survey->machine_of);
	if (!find_machines(survey, err))
		return false;
	survey->open = survey->machine_count;
	if (!begin(survey, err)) {
		survey_end(survey, "", "");
		return false;
	}
	*ret_survey = survey;
	return true;
}

bool survey_is_open(const struct survey *survey)
{
	return survey->open > 0;
}

bool survey_has_seen(const struct survey *survey, size_t i)
{
	return survey->machines[survey->machine_of[i]].done;
}

void survey_end(struct survey *survey, const char *cause, const char *fix)
{
	loop_disarm(survey->context->loop, &survey->soon);
	for (size_t i = 0; i < survey->place_count; i++) {
		struct place *place = &survey->places[i];

		if (place->running)
			place->machine->driver->stop_observing(&place->observation);
		arena_free(place->context.arena);
	}
	survey->place_count = 0;
	for (size_t i = 0; i < survey->machine_count; i++) {
		struct machine *machine = &survey->machines[i];

		if (machine->done)
			continue;
		if (machine->glance != NULL)
			machine->driver->stop_glancing(machine->glance);
		machine->done = true;
		machine->view = (struct survey_view){ .state = "unknown", .cause = cause, .fix = fix };
	}
	survey->open = 0;
}

const struct survey_view *survey_view_of(const struct survey *survey, size_t i)
{
	return &survey->machines[survey->machine_of[i]].view;
}

const struct asset_driver *survey_driver_of(const struct survey *survey, size_t i)
{
	return survey->machines[survey->machine_of[i]].driver;
}
