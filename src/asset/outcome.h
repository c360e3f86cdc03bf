/* What a session came to, in the words that all drivers share. */
#ifndef FOPS_ASSET_OUTCOME_H
#define FOPS_ASSET_OUTCOME_H

#include "fops/asset/driver.h"

/* The command's own status. */
struct session_outcome outcome_exited(int status);

/* Nothing ran, for that cause. */
struct session_outcome outcome_not_started(const struct session *session, enum error_id id, const char *cause);

/* The asset has no such program (127), or cannot execute it (126); concluded from a message or a reserved status. */
struct session_outcome outcome_no_program(const struct session *session, int status);

/* The folder of --workdir cannot be entered there. */
struct session_outcome outcome_no_folder(const struct session *session);

/* It started, and nobody knows how it ended. */
struct session_outcome outcome_lost(const struct session *session, const char *cause);

#endif
