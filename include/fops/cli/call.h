/* One invocation: everything a verb gets. */
#ifndef FOPS_CLI_CALL_H
#define FOPS_CLI_CALL_H

#include "fops/base/log.h"
#include "fops/cli/command.h"

struct output;
struct settings;

/* Values of the global flags; the table is global_options. */
struct globals {
	const char *format; /* -o; NULL: FOPS_OUTPUT, then table */
	bool json_given;    /* --json or --json=a,b */
	const char *json_fields;
	const char *fields;
	struct text_list filters;
	const char *sort;
	struct optional_int limit;
	const char *after;
	bool pretty;
	bool headers;
	uint64_t quiet;
	uint64_t verbose;
	const char *context;
	struct text_list topology;
	bool cache;
	const char *timeout; /* a duration; NULL: settings */
	struct optional_int retries;
	struct optional_int parallel;
	const char *ca;
	const char *ok_on;
	bool input;
	const char *color;
	bool pager;
	struct optional_int progress_fd;
	bool help;
	bool version;
};

extern const struct command_option global_options[];

struct call {
	struct arena *arena;
	const char *program; /* "fops" or "fractalops", as it was called */
	int argc;            /* the words of the command line, as they were given */
	char *const *argv;
	int unknown_at; /* index of the word that is no command, when parsing failed because of it */
	const struct command *root;
	const struct command *command;
	const char *path;    /* "runtime-assets list" */
	const void *options; /* the command's own struct, filled */
	struct text_list arguments;
	const char *const *rest; /* NULL-terminated words behind `--`; NULL when there was none */
	struct globals globals;
	const struct settings *settings;
	struct output *output;
	struct log log;
	struct deadline deadline; /* of the whole command */
	int verdict;              /* exit status when run returned true; 0 unless a verb sets a verdict */
	bool changed_nothing;     /* set by a verb of COMMAND_WRITES whose options let this call write no file */
	bool answered; /* set by a verb whose answer stands although it fails: it is printed, then the error, and `run`
	                  keeps its status */
};

/*
 * Parse argv into a call: finds the command, fills options and globals. Flags may stand before or after the subcommand;
 * `--` ends them.
 * `-h`, `--help` and a bare noun still yield the command (call->command) with globals.help set, or no run.
 * On failure call->globals.format/json_given are as far as they were read, so that the error is printed in the right
 * form. errors  USAGE_*
 */
CHECKED bool call_parse(struct call *call, int argc, char **argv, struct error *err);

/* The status to exit with for a verdict, after --ok-on. errors USAGE_BAD_VALUE */
CHECKED bool call_exit_status(const struct call *call, int *ret_status, struct error *err);

/* May the program ask? stdin and stderr terminals, no --no-input, no CI, no machine format, not called by a machine. */
bool call_may_ask(const struct call *call);

/* Is a machine calling (FOPS_CALLER, CI, AI_AGENT …)? Only prompts, animation and pager depend on it. */
bool call_by_machine(void);

#endif
