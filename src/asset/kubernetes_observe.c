/* What the state of a pod means for the asset that it stands for. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

/* What a glance keeps: the want comes first, its address is the state's. */
struct glance_state {
	struct pod_want want;
	struct glance *glance;
	const char *asset_id;
	bool ready_only;
};

static enum observation_state state_of(const struct pod *pod)
{
	switch (pod->state) {
	case POD_READY:
		return OBSERVED_RUNNING;
	case POD_UNREADY:
		return OBSERVED_UNREADY;
	case POD_NOT_RUNNING:
		return OBSERVED_STOPPED;
	case POD_LEAVING:
		return OBSERVED_LEAVING;
	case POD_NONE:
		break;
	}
	return OBSERVED_MISSING;
}

static enum observation_state state_of_failure(const struct error *error)
{
	switch (error->id) {
	case ERROR_PLANE_UNAVAILABLE:
	case ERROR_PLANE_TLS:
	case ERROR_TIMEOUT:
		return OBSERVED_UNREACHABLE;
	default:
		return OBSERVED_UNKNOWN;
	}
}

/* A look says what is wrong even where the contract takes the pod all the same. */
static void judge(struct observation *seen, const struct runtime_asset *asset, const struct pod *pod)
{
	seen->result = state_of(pod);
	seen->phase = pod->phase;
	seen->reason = pod->detail;
	if (pod->state != POD_NONE) {
		seen->since = pod->started;
		seen->restarts = (struct optional_int){ pod->restarts, true };
	}
	if (pod_judge(asset, pod, true, &seen->error)) {
		if (pod->state != POD_UNREADY)
			return;
		fail(&seen->error, ERROR_ASSET_NOT_RUNNING, "the pod of %s is not ready", asset->asset_id);
		error_cause(&seen->error, "%s", pod->detail);
		error_fix(&seen->error, "Find out why it is not ready; its contract uses it all the same.");
	} else if (pod->state == POD_READY) {
		/* it runs, and no command could be started in it */
		seen->result = OBSERVED_REFUSED;
	}
}

static void answered(struct pod_want *want, const struct pod_answer *answer)
{
	struct glance_state *state = (struct glance_state *)(void *)want;
	struct observation seen = { .latency_us = answer->latency_us };
	struct runtime_asset asset = { .asset_id = state->asset_id };

	asset.kubernetes.ready_only = state->ready_only;
	if (answer->error != NULL) {
		seen.result = state_of_failure(answer->error);
		seen.error = *answer->error;
	} else {
		judge(&seen, &asset, answer->pod);
	}
	error_object(&seen.error, "runtime-asset/%s", state->asset_id);
	state->glance->on_glanced(state->glance, &seen);
}

/* The asset's texts are copied, because nobody keeps 5,000 assets in memory for a list. */
static void keep_wants(struct arena *arena, struct pod_want *want)
{
	const struct text_map labels = want->selector.labels;

	want->selector.labels.items = arena_array(arena, labels.count, sizeof *labels.items);
	for (size_t i = 0; i < labels.count; i++)
		want->selector.labels.items[i] = (struct text_pair){ arena_copy(arena, labels.items[i].key),
			                                             arena_copy(arena, labels.items[i].value) };
	want->selector.name = arena_copy(arena, want->selector.name);
	want->workload = arena_copy(arena, want->workload);
	want->container = arena_copy(arena, want->container);
	want->port = NULL;
}

bool kubernetes_glance(struct glance *glance, struct error *err)
{
	struct arena *arena = glance->context->arena;
	struct glance_state *state = arena_alloc(arena, sizeof *state);

	state->glance = glance;
	state->asset_id = arena_copy(arena, glance->asset->asset_id);
	state->ready_only = glance->asset->kubernetes.ready_only;
	pod_want_fill(&state->want, glance->asset);
	keep_wants(arena, &state->want);
	state->want.on_answer = answered;
	glance->state = state;
	return pod_want_start(glance->context, glance->asset, &state->want, err);
}

void kubernetes_stop_glancing(struct glance *glance)
{
	struct glance_state *state = glance->state;

	pod_want_stop(&state->want);
}

/* An observation is a glance whose result is kept. */
static void observed(struct glance *glance, const struct observation *seen)
{
	struct observation *observation = glance->user;
	struct arena *arena = observation->context->arena;

	observation->result = seen->result;
	observation->error = seen->error;
	observation->latency_us = seen->latency_us;
	observation->phase = arena_copy(arena, seen->phase);
	observation->reason = arena_copy(arena, seen->reason);
	observation->since = seen->since;
	observation->restarts = seen->restarts;
	observation->on_observed(observation);
}

bool kubernetes_observe(struct observation *observation, struct error *err)
{
	struct glance *glance = arena_alloc(observation->context->arena, sizeof *glance);

	*glance = (struct glance){ .context = observation->context,
		                   .asset = observation->asset,
		                   .on_glanced = observed,
		                   .user = observation };
	observation->state = glance;
	return kubernetes_glance(glance, err);
}

void kubernetes_stop_observing(struct observation *observation)
{
	kubernetes_stop_glancing(observation->state);
}
