/* Every error code of the program, once: `fops help errors CODE`, the exit codes and the tests read this table. */
#ifndef FOPS_BASE_ERROR_CODE_H
#define FOPS_BASE_ERROR_CODE_H

#include "fops/base/compiler.h"

/* Exit statuses; the numbers are a public contract and none is ever reused. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DRIFT = 10,
	EXIT_PROOF_OPEN = 11,
	EXIT_CHECK_FAILED = 12,
	EXIT_PROPOSAL_REQUIRED = 13,
	EXIT_PROPOSAL_DENIED = 14,
	EXIT_PENDING = 15,
	EXIT_PARTIAL = 16,
	EXIT_DECLINED = 17,
	EXIT_STALE = 18,
	EXIT_DATA = 65,
	EXIT_NOT_FOUND = 66,
	EXIT_PLANE_UNAVAILABLE = 69,
	EXIT_INTERNAL = 70,
	EXIT_CANNOT_CREATE = 73,
	EXIT_IO = 74,
	EXIT_BUSY = 75,
	EXIT_PROTOCOL = 76,
	EXIT_AUTH = 77,
	EXIT_CONFIG = 78,
	EXIT_TIMEOUT = 124,
	EXIT_NOT_STARTED = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_COMMAND_NOT_FOUND = 127,
	EXIT_INTERRUPTED = 130,
	EXIT_TERMINATED = 143,
	EXIT_LINK_LOST = 255,
};

/* One row of the exit-code table; verdicts are answers, the rest are errors or outcomes of `run`. */
struct exit_row {
	int status;
	const char *name;
	const char *meaning;
};

/* The table in ascending order, ended by a row without a name. */
extern const struct exit_row exit_rows[];

/* The row's name for a status ("usage", "plane-unavailable"), NULL for one that fops never uses itself. */
const char *exit_name(int status);

enum error_id {
#define ERROR(identifier, name, status, retryable, cause, example, fix) ERROR_##identifier,
#include "fops/base/error_table.h"
#undef ERROR
	ERROR_ID_COUNT,
};

struct error_code {
	const char *name;    /* "plane.unavailable": lower case, dots and dashes */
	int status;          /* an exit_status */
	bool retryable;      /* the same command may succeed later without a change */
	const char *cause;   /* a sentence: what usually leads here */
	const char *example; /* a command line that shows it */
	const char *fix;     /* a sentence: what to do */
};

/* Indexed by enum error_id. */
extern const struct error_code error_codes[ERROR_ID_COUNT];

#endif
