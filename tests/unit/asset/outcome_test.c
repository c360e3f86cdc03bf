/* Every end has its cause, and says whether anything ran. */
#include "outcome.h"

#include <criterion/criterion.h>

static const char *const argv[] = { "tool", NULL };
static const struct runtime_asset asset = { .asset_id = "board-01" };
static const struct session_request request = { .argv = argv, .workdir = "/srv/boards" };
static const struct session session = { .asset = &asset, .request = &request };

Test(outcome, an_end_is_the_commands_own)
{
	struct session_outcome outcome = outcome_exited(255);

	cr_assert_eq(outcome.cause, SESSION_EXITED);
	cr_assert_eq(outcome.exit_status, 255);
}

Test(outcome, nothing_ran_for_a_cause)
{
	struct session_outcome outcome = outcome_not_started(&session, ERROR_ASSET_NOT_RUNNING, "100% stopped: %s");

	cr_assert_eq(outcome.cause, SESSION_NOT_STARTED);
	cr_assert_eq(outcome.error.id, ERROR_ASSET_NOT_RUNNING);
	cr_assert_str_eq(outcome.error.cause, "100% stopped: %s");
	cr_assert_str_eq(outcome.error.effect, "nothing ran");
	cr_assert_str_eq(outcome.error.object, "runtime-asset/board-01");
}

Test(outcome, a_missing_program_is_not_one_that_may_not_run)
{
	struct session_outcome missing = outcome_no_program(&session, 127);
	struct session_outcome forbidden = outcome_no_program(&session, 126);

	cr_assert_eq(missing.cause, SESSION_NOT_FOUND);
	cr_assert_eq(missing.error.id, ERROR_RUN_COMMAND_NOT_FOUND);
	cr_assert_str_eq(missing.error.message, "board-01 has no program \"tool\"");
	cr_assert_eq(forbidden.cause, SESSION_NOT_EXECUTABLE);
	cr_assert_eq(forbidden.error.id, ERROR_RUN_NOT_EXECUTABLE);
	cr_assert(missing.derived && forbidden.derived);
	cr_assert_str_eq(forbidden.error.effect, "nothing ran");
}

Test(outcome, a_folder_is_named)
{
	struct session_outcome outcome = outcome_no_folder(&session);

	cr_assert_eq(outcome.cause, SESSION_NOT_STARTED);
	cr_assert_str_eq(outcome.error.cause, "the folder /srv/boards cannot be entered there");
	cr_assert_str_eq(outcome.error.effect, "nothing ran");
}

Test(outcome, a_lost_link_promises_nothing)
{
	struct session_outcome outcome = outcome_lost(&session, "cut");

	cr_assert_eq(outcome.cause, SESSION_LINK_LOST);
	cr_assert_eq(outcome.error.id, ERROR_RUN_LINK_LOST);
	cr_assert_str_eq(outcome.error.cause, "cut");
	cr_assert_str_eq(outcome.error.effect, "the command may still run");
}
