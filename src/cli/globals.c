/* The global flags, one row each. */
#include "fops/cli/call.h"

#define FORMATS "table|wide|json|jsonl|yaml|name|tsv|compact|jsonpath=EXPR"
#define PRINTS  (COMMAND_ROWS | COMMAND_RECORD)
#define GLOBAL(member) SLOT(struct globals, member)

const struct command_option global_options[] = {
	{ "output", 'o', GLOBAL(format), "FORMAT", NULL, "print as " FORMATS " (default table)", NULL, VALUES_FORMATS, 0,
	  PRINTS | COMMAND_EVENTS },
	{ "json", 0, GLOBAL(json_fields), "FIELDS", NULL, "short for -o json; --json=a,b prints these fields only", NULL, VALUES_FIELDS,
	  OPTION_VALUE_OPTIONAL, PRINTS | COMMAND_EVENTS },
	{ "fields", 0, GLOBAL(fields), "FIELDS", NULL, "print only these fields, a,b.c; `help` lists them", NULL, VALUES_FIELDS, 0, PRINTS },
	{ "filter", 0, GLOBAL(filters), "FIELD=VALUE", NULL, "keep rows whose field has the value; FIELD!=VALUE drops them", NULL,
	  VALUES_FIELDS, 0, COMMAND_ROWS },
	{ "sort", 0, GLOBAL(sort), "FIELD", NULL, "sort by a field, -FIELD for descending (default: by name)", NULL, VALUES_FIELDS, 0,
	  COMMAND_ROWS },
	{ "limit", 0, GLOBAL(limit), "COUNT", NULL, "print at most COUNT rows and say how to get the rest", NULL, VALUES_NONE, 0, COMMAND_ROWS },
	{ "after", 0, GLOBAL(after), "NAME", NULL, "continue behind the row of that name", NULL, VALUES_NONE, 0, COMMAND_ROWS },
	{ "pretty", 0, GLOBAL(pretty), NULL, NULL, "indent JSON also when it goes to a file or pipe", NULL, VALUES_NONE, 0,
	  PRINTS | COMMAND_EVENTS },
	{ "headers", 0, GLOBAL(headers), NULL, "yes", "print the heading line of tables and tsv", NULL, VALUES_NONE, 0, PRINTS },
	{ "quiet", 'q', GLOBAL(quiet), NULL, NULL, "print identifiers only, and no notices", NULL, VALUES_NONE, 0, 0 },
	{ "verbose", 'v', GLOBAL(verbose), NULL, NULL, "say more on stderr; -vv adds the trace", NULL, VALUES_NONE, 0, 0 },
	{ "context", 0, GLOBAL(context), "NAME", NULL, "use this context of the configuration", NULL, VALUES_CONTEXTS, 0, 0 },
	{ "topology", 0, GLOBAL(topology), "PATH", NULL, "read the topology from a file or folder; repeatable", NULL, VALUES_FILES, 0,
	  0 },
	{ "cache", 0, GLOBAL(cache), NULL, "yes", "use the compiled topology of the cache folder", NULL, VALUES_NONE, 0, COMMAND_TOPOLOGY },
	{ "timeout", 0, GLOBAL(timeout), "TIME", NULL, "limit for the whole command, such as 30s or 5m", NULL, VALUES_NONE, 0,
	  COMMAND_NETWORK },
	{ "retries", 0, GLOBAL(retries), "COUNT", NULL, "repeat failed idempotent requests so often (default 2)", NULL, VALUES_NONE, 0,
	  COMMAND_NETWORK },
	{ "parallel", 0, GLOBAL(parallel), "COUNT", NULL, "work on so many things at once (default 16)", NULL, VALUES_NONE, 0,
	  COMMAND_PARALLEL },
	{ "ca", 0, GLOBAL(ca), "FILE", NULL, "trust the certificate authorities of FILE (PEM)", NULL, VALUES_FILES, 0, COMMAND_NETWORK },
	{ "ok-on", 0, GLOBAL(ok_on), "NAMES", NULL, "exit 0 for these verdicts, such as check-failed,pending", NULL, VALUES_NONE, 0,
	  COMMAND_VERDICT },
	{ "input", 0, GLOBAL(input), NULL, "yes", "ask questions on the terminal when something is missing", NULL, VALUES_NONE, 0, 0 },
	{ "yes", 'y', GLOBAL(yes), NULL, NULL, "answer questions with yes", NULL, VALUES_NONE, 0, 0 },
	{ "color", 0, GLOBAL(color), "WHEN", NULL, "colour states: auto, always or never", "auto|always|never", VALUES_CHOICES, 0, 0 },
	{ "pager", 0, GLOBAL(pager), NULL, "yes", "page long help on a terminal", NULL, VALUES_NONE, 0, 0 },
	{ "progress-fd", 0, GLOBAL(progress_fd), "FD", NULL, "write progress as JSON lines to this descriptor", NULL, VALUES_NONE, 0,
	  COMMAND_PROGRESS },
	{ "help", 'h', GLOBAL(help), NULL, NULL, "show help", NULL, VALUES_NONE, 0, 0 },
	{ "version", 0, GLOBAL(version), NULL, NULL, "show the version", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};
