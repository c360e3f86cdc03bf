/* Effective settings: flag over environment over project file over user file over system file over built-in, each with
 * its origin. */
#ifndef FOPS_CLI_SETTINGS_H
#define FOPS_CLI_SETTINGS_H

#include "fops/base/clock.h"
#include "fops/cli/call.h"

/* A value with the place it came from, "flag --timeout", "environment FOPS_TIMEOUT", "/home/u/.config/fops/config:3",
 * "built-in". */
struct setting {
	const char *name;  /* "timeout" */
	const char *value; /* text form; NULL: not set */
	const char *origin;
	const char *text; /* what it is for */
};

/* How the repositories of a context are reached: its git block. */
struct context_git {
	bool present;
	struct text_list host_keys;
	const char *ca;
	const char *user;
	const char *identity_ref, *token_ref, *password_ref; /* secret references */
	struct duration refresh;
};

struct context_row {
	const char *name;
	bool current;
	struct text_list topology;
	bool protected_context;
	const char *file; /* where it is defined, "path:line" */
	struct context_git git;
	struct text_map git_settings; /* the same as names and values */
};

struct settings {
	const char *context;                   /* name, NULL when none is chosen */
	const struct context_row *context_row; /* the chosen one, NULL when none is */
	const struct context_row *contexts;
	size_t context_count;
	struct text_list topology; /* paths, from flag, environment or context; may be empty */
	int64_t timeout_ms;        /* of the whole command; -1: not set */
	uint64_t retries;
	uint64_t parallel;
	const char *ca;
	const char *color;
	const char *pager; /* command line of the pager, "" for none */
	bool cache;
	struct text_list extensions; /* folders */
	const struct setting *rows;  /* all of the above for `config show` */
	size_t row_count;
	const char *user_file;     /* where `context use` writes; NULL without HOME */
	struct text_list files;    /* configuration files that were read, in order of precedence */
	struct text_list warnings; /* unknown keys: "file:line: …" */
};

/*
 * Read the files and the environment for a parsed call and set call->settings. Never touches the network; missing files
 * are fine; HOME may be unset. errors  CONFIG_INVALID with file:line:column and the line shown, CONFIG_FORBIDDEN,
 * CONFIG_CLASH, CONTEXT_NOT_FOUND
 */
CHECKED bool settings_load(struct call *call, struct error *err);

/* Fill err with CONTEXT_NOT_FOUND and suggestions; returns false. */
bool settings_context_missing(const struct call *call, const char *name, struct error *err);

/* Write `context: name` into the user file, keeping the rest of it byte for byte. errors CONTEXT_NOT_FOUND, IO_CREATE,
 * CONFIG_MISSING without HOME */
CHECKED bool settings_use_context(const struct call *call, const char *name, struct error *err);

enum setting_kind {
	SETTING_TEXT,
	SETTING_DURATION,
	SETTING_COUNT,
	SETTING_BOOL,
	SETTING_COLOR, /* auto, always, never */
	SETTING_PATH,
	SETTING_PATHS, /* a list; joined by colons in the environment */
};

/* The setting names of the table, for completion and documentation; ended by a row without a name. */
struct setting_row {
	const char *name;
	const char *variable; /* FOPS_…, or NULL */
	const char *preset;   /* or NULL */
	enum setting_kind kind;
	bool in_project; /* may a project file set it? */
	const char *text;
};
extern const struct setting_row setting_rows[];

#endif
