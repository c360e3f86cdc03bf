/* Detail and trace lines on stderr for -v and -vv; never secrets, never data. */
#ifndef FOPS_BASE_LOG_H
#define FOPS_BASE_LOG_H

#include "fops/base/compiler.h"

/* level 0 prints nothing, 1 what -v adds, 2 the trace. json silences it: stderr then holds at most the error line. */
struct log {
	int level;
	bool json;
	int descriptor;
};

/* One line "fops: …" when log (may be NULL) is at that level; control characters are shown escaped. */
void log_detail(const struct log *log, const char *format, ...) PRINTF(2, 3);
void log_trace(const struct log *log, const char *format, ...) PRINTF(2, 3);

#endif
