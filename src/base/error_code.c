/* The two tables of exits and error codes. */
#include "fops/base/error_code.h"

const struct exit_row exit_rows[] = {
	{ EXIT_OK, "ok", "done, or nothing to do, or an empty list" },
	{ EXIT_FAILED, "failed", "a failure with no better code" },
	{ EXIT_USAGE, "usage", "unknown command or flag, bad or missing argument" },
	{ EXIT_DRIFT, "drift", "desired and live state differ" },
	{ EXIT_PROOF_OPEN, "proof-open", "evidence is missing" },
	{ EXIT_CHECK_FAILED, "check-failed", "at least one check is bad" },
	{ EXIT_PROPOSAL_REQUIRED, "proposal-required", "the action needs an approved proposal; nothing was changed" },
	{ EXIT_PROPOSAL_DENIED, "proposal-denied", "the proposal was refused, withdrawn or has expired" },
	{ EXIT_PENDING, "pending", "not decided or not finished; ask again" },
	{ EXIT_PARTIAL, "partial", "some items done, some not; the document lists each" },
	{ EXIT_DECLINED, "declined", "the operator answered no, or a confirmation did not match" },
	{ EXIT_STALE, "stale", "plan, revision or precondition no longer matches; nothing was changed" },
	{ EXIT_DATA, "data", "an input document is malformed or fails its schema" },
	{ EXIT_NOT_FOUND, "not-found", "a named thing does not exist, or the input file is missing" },
	{ EXIT_PLANE_UNAVAILABLE, "plane-unavailable",
	  "cannot resolve or connect, or the plane answers 5xx after retries" },
	{ EXIT_INTERNAL, "internal", "an invariant of fops broke" },
	{ EXIT_CANNOT_CREATE, "cannot-create", "an output file cannot be written" },
	{ EXIT_IO, "io", "read or write error, standard output lost" },
	{ EXIT_BUSY, "busy", "lock held or rate limited; retry later" },
	{ EXIT_PROTOCOL, "protocol", "the reply is not understood" },
	{ EXIT_AUTH, "auth", "not signed in, expired, or not allowed" },
	{ EXIT_CONFIG, "config", "configuration missing, invalid or contradictory" },
	{ EXIT_TIMEOUT, "timeout", "the --timeout or wait limit ran out" },
	{ EXIT_NOT_STARTED, "not-started", "run: fops failed or refused before the command started; nothing ran" },
	{ EXIT_NOT_EXECUTABLE, "not-executable", "run: the program may not be executed" },
	{ EXIT_COMMAND_NOT_FOUND, "command-not-found", "run: no such program on the asset" },
	{ EXIT_INTERRUPTED, "interrupted", "SIGINT" },
	{ EXIT_TERMINATED, "terminated", "SIGTERM" },
	{ EXIT_LINK_LOST, "link-lost", "run: link lost after the start; outcome unknown" },
	{ 0 },
};

const char *exit_name(int status)
{
	for (const struct exit_row *row = exit_rows; row->name != NULL; row++) {
		if (row->status == status)
			return row->name;
	}
	return NULL;
}

const struct error_code error_codes[ERROR_ID_COUNT] = {
#define ERROR(identifier, name, status, retryable, cause, example, fix)                                                \
	[ERROR_##identifier] = { name, status, retryable, cause, example, fix },
#include "fops/base/error_table.h"
#undef ERROR
};
