/* The command tree as constant records: from them come parsing, help, manual, completion and schema. */
#ifndef FOPS_CLI_COMMAND_H
#define FOPS_CLI_COMMAND_H

#include "fops/base/error.h"
#include "fops/data/slot.h"

struct call;

/* What a command promises; a global flag that needs another promise is a usage error. */
enum command_flag {
	COMMAND_ROWS = 1 << 0,         /* prints a list: all formats, --fields --filter --sort --limit --after */
	COMMAND_RECORD = 1 << 1,       /* prints one object: all formats, --fields */
	COMMAND_TOPOLOGY = 1 << 2,     /* reads the topology: --context --topology --cache */
	COMMAND_NETWORK = 1 << 3,      /* talks to a plane: --timeout --retries --ca */
	COMMAND_PARALLEL = 1 << 4,     /* works on many things at once: --parallel */
	COMMAND_VERDICT = 1 << 5,      /* exits 10–18 as an answer: --ok-on */
	COMMAND_PROGRESS = 1 << 6,     /* long work: --progress-fd */
	COMMAND_EVENTS = 1 << 7,       /* of the formats only json and jsonl have a meaning (run, request) */
	COMMAND_OWN_EXIT = 1 << 8,     /* passes a remote status through: failures before the start exit 125 */
	COMMAND_EXECUTES = 1 << 9,     /* effect "exec"; neither this nor WRITES: "read" */
	COMMAND_WRITES = 1 << 10,      /* effect "write" */
	COMMAND_HIDDEN = 1 << 11,      /* not listed in help */
	COMMAND_NO_DEADLINE = 1 << 12, /* no default limit for the whole command */
	COMMAND_SETTINGS = 1 << 13,    /* reads the configuration files; commands without it work whatever these hold */
};

/* Where completion finds values of an option or argument. */
enum value_source {
	VALUES_NONE,
	VALUES_FILES,
	VALUES_FOLDERS,
	VALUES_CHOICES, /* the row's own choices */
	VALUES_CONTEXTS,
	VALUES_ASSETS,
	VALUES_ENDPOINTS,
	VALUES_STACKS,
	VALUES_ROLES,
	VALUES_FIELDS, /* of the command's columns */
	VALUES_FORMATS,
	VALUES_COMMANDS,
	VALUES_TOPICS,
	VALUES_ERROR_CODES,
};

enum option_flag {
	OPTION_VALUE_OPTIONAL = 1 << 0, /* --wait or --wait=COND, never --wait COND */
	OPTION_HIDDEN = 1 << 1,
};

/*
 * One flag. bool: --name and --no-name; uint64_t without argument: counted (-vv); text_list: repeatable; struct
 * duration, numbers and text take an argument; text_map: repeatable NAME=VALUE. Tables end with a row without a name.
 */
struct command_option {
	const char *name;
	char letter; /* 0: none */
	struct slot slot;
	const char *argument; /* "NAME", NULL for bool and counted */
	const char *preset;   /* parsed like user input and shown in help; NULL: zero */
	const char *text;     /* one sentence without a full stop */
	const char *choices;  /* "a|b", or NULL */
	enum value_source values;
	unsigned flags;
	unsigned needs; /* global flags: any of these promises allows it; 0: always */
};

enum column_flag {
	COLUMN_WIDE = 1 << 0,      /* in tables only with -o wide; always in json and yaml */
	COLUMN_KEEP = 1 << 1,      /* never dropped from a narrow table */
	COLUMN_STATE = 1 << 2,     /* a state word: coloured on terminals */
	COLUMN_ASIDE = 1 << 4,     /* not shown when a verb's own flag widens the table */
	COLUMN_ASKED = 1 << 5,     /* in no format before a verb's own flag widens the output, or --fields names it */
	COLUMN_UNTRUSTED = 1 << 3, /* holds text that others wrote; listed in "untrusted" */
};

/* One output column. The first of a table is the row's name: key, cursor and -o name. Tables end with a row without a
 * key. */
struct column {
	const char *key;     /* snake_case JSON key */
	const char *heading; /* "ASSET ID" */
	struct slot slot;
	unsigned flags;
	const char *text;             /* one sentence without a full stop */
	const char *choices;          /* for enumerations, or NULL */
	const struct column *columns; /* members of SLOT_RECORD and SLOT_RECORDS */
	size_t record_size;           /* element size for SLOT_RECORDS */
};

/* A verb has run, a noun has verbs, never both. */
struct command {
	const char *name;
	const char *summary;   /* at most 60 columns, no full stop */
	const char *about;     /* paragraphs divided by "\n\n", for help and manual; NULL: none */
	const char *arguments; /* usage text of positional words, "[TOPIC...]", or NULL */
	size_t arguments_min, arguments_max;
	enum value_source argument_values;
	const char *rest; /* usage text of the words behind `--`, or NULL */
	size_t rest_min;
	const struct command_option *options;
	size_t options_size;
	const struct column *columns;
	size_t row_size;
	const char *item;            /* "runtime-asset": the KIND of -o name */
	const char *schema;          /* "fops.runtime-asset.list/1" */
	const char *counts;          /* "files|errors": what output_count tells in the envelope of a list, or NULL */
	const char *const *examples; /* NULL-terminated command lines */
	const int *exits;            /* further exit statuses shown in help, ended by -1 */
	const char *see;             /* "fops help contexts", or NULL */
	unsigned flags;
	bool (*run)(struct call *call, struct error *err);
	const struct command *const *verbs; /* NULL-terminated, in the order of help */
};

/* The direct verb of a noun by exact name, or NULL. */
const struct command *command_find(const struct command *noun, const char *name);

/* Visit every command below root, depth first, nouns before their verbs; path is "runtime-assets list", "" for root. */
void command_walk(struct arena *arena, const struct command *root,
                  void (*visit)(void *user, const struct command *command, const char *path), void *user);

/* Suggestions for a mistyped verb of noun, or NULL; and all its names "list, show and check". In arena. */
const char *command_suggest(struct arena *arena, const struct command *noun, const char *word);
const char *command_names(struct arena *arena, const struct command *noun);

/* "read", "write" or "exec". */
const char *command_effect(const struct command *command);

#endif
