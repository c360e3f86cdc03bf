/* What a session in a container came to, in our words. */
#include "lxc_session.h"

#include "fops/base/arena.h"
#include "outcome.h"

void lxc_outcome_exited(struct lxc_session *state, int status)
{
	state->outcome = outcome_exited(status);
}

void lxc_outcome_exec(struct lxc_session *state, int status)
{
	state->outcome = outcome_no_program(state->session, status);
}

void lxc_outcome_folder(struct lxc_session *state)
{
	state->outcome = outcome_no_folder(state->session);
}

void lxc_outcome_failed(struct lxc_session *state, enum error_id id, const char *cause)
{
	state->outcome = outcome_not_started(state->session, id, cause);
}

void lxc_outcome_complaint(struct lxc_session *state, const char *text, size_t len, int status)
{
	/* where the inner script reports, a command that ran was reported as started */
	bool ran = !state->wrapped || state->reports.started;
	const char *first = NULL;

	switch (lxc_complaint_read(state->arena, text, len, &first)) {
	case LXC_NO_COMPLAINT:
		if (ran)
			lxc_outcome_exited(state, status);
		else if (status == 127)
			lxc_outcome_failed(state, ERROR_ASSET_DRIVER, "its host has no lxc-attach");
		else
			lxc_outcome_failed(state, ERROR_RUN_NOT_STARTED,
			                   arena_format(state->arena, "lxc-attach ended with status %d", status));
		return;
	case LXC_EXEC_FAILED:
		if (!state->wrapped)
			lxc_outcome_exec(state, status);
		else
			lxc_outcome_failed(state, ERROR_RUN_NOT_STARTED,
			                   "the container has no shell \"sh\", which this needs");
		return;
	case LXC_NOT_RUNNING:
		lxc_outcome_failed(state, ERROR_ASSET_NOT_RUNNING, "its container does not run");
		state->found = LXC_FOUND_STOPPED;
		return;
	case LXC_FORBIDDEN:
		lxc_outcome_failed(state, ERROR_ASSET_DRIVER, first);
		return;
	case LXC_ATTACH_FAILED:
		/* it has one status for all failures of its own; any other is the command's */
		if (status == 1 || !ran)
			lxc_outcome_failed(state, ERROR_RUN_NOT_STARTED, first);
		else
			lxc_outcome_exited(state, status);
		return;
	}
}
