/* One look for the pod of one asset, and whether it may be used. */
#include "fops/base/arena.h"
#include "kubernetes_pods.h"

struct look_state {
	struct pod_want want; /* first: its address is the state's */
	struct pod_look *look;
};

static void answered(struct pod_want *want, const struct pod_answer *answer)
{
	struct pod_look *look = ((struct look_state *)(void *)want)->look;

	look->failed = answer->error != NULL;
	if (look->failed) {
		look->error = arena_alloc(look->context->arena, sizeof *look->error);
		*look->error = *answer->error;
		error_object(look->error, "runtime-asset/%s", look->asset->asset_id);
	} else {
		look->pod = pod_copy(look->context->arena, answer->pod);
	}
	look->access = answer->access;
	look->latency_us = answer->latency_us;
	look->on_pod(look);
}

bool pod_look_start(struct pod_look *look, struct error *err)
{
	struct look_state *state = arena_alloc(look->context->arena, sizeof *state);

	state->look = look;
	pod_want_fill(&state->want, look->asset);
	state->want.on_answer = answered;
	look->state = state;
	if (pod_want_start(look->context, look->asset, &state->want, err))
		return true;
	look->state = NULL;
	return false;
}

void pod_look_stop(struct pod_look *look)
{
	struct look_state *state = look->state;

	if (state != NULL)
		pod_want_stop(&state->want);
	look->state = NULL;
}

static bool several_containers(const char *asset_id, struct error *err)
{
	fail(err, ERROR_CONTRACT_INVALID, "%s does not say which container is meant", asset_id);
	error_cause(err, "its pod has several, and none is marked as the default");
	error_fix(err, "Set kubernetes.container in the asset's contract.");
	return false;
}

static bool no_pod(const struct pod *pod, const char *asset_id, struct error *err)
{
	fail(err, ERROR_ASSET_NOT_RUNNING, "%s has no pod", asset_id);
	error_cause(err, "%s", pod->detail != NULL ? pod->detail : "no pod matches its contract");
	error_fix(err, "Start the workload, or correct namespace and selector of the contract.");
	return false;
}

static bool unready(const struct pod *pod, const char *asset_id, struct error *err)
{
	fail(err, ERROR_ASSET_NOT_RUNNING, "the pod of %s is not ready", asset_id);
	error_cause(err, "%s", pod->detail);
	error_fix(err, "Wait until it is ready, or set kubernetes.readyOnly to false to use it all the same.");
	return false;
}

bool pod_judge(const struct runtime_asset *asset, const struct pod *pod, bool for_command, struct error *err)
{
	const char *id = asset->asset_id;

	switch (pod->state) {
	case POD_READY:
		break;
	case POD_UNREADY:
		if (asset->kubernetes.ready_only)
			return unready(pod, id, err);
		break;
	case POD_NOT_RUNNING:
		fail(err, ERROR_ASSET_NOT_RUNNING, "the pod of %s does not run", id);
		error_cause(err, "%s", pod->detail);
		error_fix(err,
		          text_equal(pod->detail, POD_NO_CONTAINER)
		                  ? "Correct kubernetes.container in the asset's contract."
		                  : "Look at the workload with the tool that owns it; check tells when it runs again.");
		return false;
	case POD_LEAVING:
		fail(err, ERROR_ASSET_NOT_RUNNING, "the pod of %s is being deleted", id);
		error_cause(err, "no other pod matches its contract");
		error_fix(err, "Wait for the pod that takes its place.");
		return false;
	case POD_NONE:
		return no_pod(pod, id, err);
	}
	return !for_command || pod->container != NULL || several_containers(id, err);
}

bool pod_usable(const struct pod_look *look, struct error *err)
{
	if (pod_judge(look->asset, &look->pod, true, err))
		return true;
	error_object(err, "runtime-asset/%s", look->asset->asset_id);
	return false;
}
