/* The one place where failures become text. */
#ifndef FOPS_CLI_REPORT_H
#define FOPS_CLI_REPORT_H

#include "fops/cli/call.h"

/* Does the call want its error as one JSON line (-o json, -o jsonl, --json)? Also true while parsing failed half-way.
 */
bool report_as_json(const struct call *call);

/* Print err on stderr: the six-line form for people, with findings below; or one JSON line (schema fops.error/1).
 * exit_status is what the program ends with. */
void report_error(const struct call *call, const struct error *err, int exit_status);

#endif
