/* Fills outcomes: one wording for one kind of end, whatever the driver. */
#include "outcome.h"

struct session_outcome outcome_exited(int status)
{
	return (struct session_outcome){ .cause = SESSION_EXITED, .exit_status = status };
}

struct session_outcome outcome_not_started(const struct session *session, enum error_id id, const char *cause)
{
	struct session_outcome outcome = { .cause = SESSION_NOT_STARTED };

	fail(&outcome.error, id, "the command was not started on %s", session->asset->asset_id);
	error_cause(&outcome.error, "%s", cause);
	error_effect(&outcome.error, "nothing ran");
	error_object(&outcome.error, "runtime-asset/%s", session->asset->asset_id);
	return outcome;
}

struct session_outcome outcome_no_program(const struct session *session, int status)
{
	bool missing = status == EXIT_COMMAND_NOT_FOUND;
	struct session_outcome outcome = {
		.cause = missing ? SESSION_NOT_FOUND : SESSION_NOT_EXECUTABLE,
		.derived = true,
	};

	fail(&outcome.error, missing ? ERROR_RUN_COMMAND_NOT_FOUND : ERROR_RUN_NOT_EXECUTABLE,
	     missing ? "%s has no program \"%s\"" : "%s cannot execute \"%s\"", session->asset->asset_id,
	     session->request->argv[0]);
	error_effect(&outcome.error, "nothing ran");
	return outcome;
}

struct session_outcome outcome_no_folder(const struct session *session)
{
	struct session_outcome outcome = outcome_not_started(session, ERROR_RUN_NOT_STARTED, "");

	error_cause(&outcome.error, "the folder %s cannot be entered there", session->request->workdir);
	return outcome;
}

struct session_outcome outcome_lost(const struct session *session, const char *cause)
{
	struct session_outcome outcome = { .cause = SESSION_LINK_LOST };

	fail(&outcome.error, ERROR_RUN_LINK_LOST, "the link to %s was lost after the start", session->asset->asset_id);
	error_cause(&outcome.error, "%s", cause);
	error_effect(&outcome.error, "the command may still run");
	error_object(&outcome.error, "runtime-asset/%s", session->asset->asset_id);
	return outcome;
}
