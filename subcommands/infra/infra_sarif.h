/* Findings as SARIF 2.1.0, for programs that show them beside the text. */
#ifndef FOPS_SUBCOMMANDS_INFRA_SARIF_H
#define FOPS_SUBCOMMANDS_INFRA_SARIF_H

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/error.h"

/* "R07", or "form" for what breaks the plain form of a document. Borrowed. */
const char *finding_rule(const struct finding *finding);

/* "error" or "warning". Borrowed. */
const char *finding_severity(const struct finding *finding);

/*
 * What a finding is known by although lines move: twelve hexadecimal digits of a digest over rule, file, path and
 * message without the positions that it names, and how many equal ones stand before it. In arena, one for each finding.
 */
const char **finding_ids(struct arena *arena, const struct finding *findings, size_t count);

/*
 * Append one SARIF log with one run and the final newline. Files below the working folder are relative to %SRCROOT%,
 * others have absolute URIs. Nothing in it depends on time or machine. ids are those of finding_ids.
 */
void sarif_write(struct arena *arena, struct buffer *out, const struct finding *findings, size_t count,
                 const char *const *ids);

#endif
