/* A noun with three verbs, a plain command and a hidden one, with every kind of option and column. */
#include "sample_tree.h"

struct list_options {
	const char *kind;
	const char *wait;
	struct text_list labels;
	struct duration age;
	struct optional_int depth;
	bool cache;
	uint64_t loud;
	const char *shade;
	const char *secret;
};

#define OPTION(member) SLOT(struct list_options, member)

static const struct command_option list_options[] = {
	{ "kind", 'k', OPTION(kind), "KIND", NULL, "boxes of this kind", "lxc|kubernetes", VALUES_CHOICES, 0, 0 },
	{ "wait", 0, OPTION(wait), "COND", NULL, "return when COND holds", "|ok", VALUES_CHOICES, OPTION_VALUE_OPTIONAL,
	  0 },
	{ "label", 0, OPTION(labels), "KEY=VALUE", NULL, "boxes with this label", NULL, VALUES_NONE, 0, 0 },
	{ "age", 0, OPTION(age), "TIME", "5m", "count older data as unknown", NULL, VALUES_NONE, 0, 0 },
	{ "depth", 0, OPTION(depth), "COUNT", NULL, "go so deep", NULL, VALUES_NONE, 0, 0 },
	{ "disk-cache", 0, OPTION(cache), NULL, "yes", "use the copy on disk", NULL, VALUES_NONE, 0, 0 },
	{ "loud", 0, OPTION(loud), NULL, NULL, "say more", NULL, VALUES_NONE, 0, 0 },
	{ "shade", 0, OPTION(shade), "SHADE", NULL, "paint them", "anthracite|beige|carmine|denim|ebony|fuchsia",
	  VALUES_CHOICES, 0, 0 },
	{ "secret", 0, OPTION(secret), "WORD", NULL, "not for everybody", NULL, VALUES_NONE, OPTION_HIDDEN, 0 },
	{ 0 },
};

struct part {
	const char *url;
	int64_t port;
};

static const struct column part_columns[] = {
	{ "url", "URL", SLOT(struct part, url), 0, "where it is", NULL, NULL, 0 },
	{ "port", "PORT", SLOT(struct part, port), 0, "its port", NULL, NULL, 0 },
	{ 0 },
};

struct box {
	const char *name;
	const char *state;
	struct optional_int latency;
	struct duration limit;
	struct instant seen;
	struct text_list tags;
	struct text_map labels;
	bool good;
	struct optional_bool fresh;
	struct part part;
	struct record_list parts;
	const struct value *value;
	const char *last_words;
};

#define COLUMN(member) SLOT(struct box, member)

static const struct column columns[] = {
	{ "name", "NAME", COLUMN(name), COLUMN_KEEP, "name of the box", NULL, NULL, 0 },
	{ "state", "STATE", COLUMN(state), COLUMN_STATE, "the verdict", "ok|down", NULL, 0 },
	{ "latency_ms", "LATENCY", COLUMN(latency), 0, "time of the answer", NULL, NULL, 0 },
	{ "limit_ms", "LIMIT", COLUMN(limit), 0, "limit of the answer", NULL, NULL, 0 },
	{ "seen_at", "SEEN", COLUMN(seen), COLUMN_WIDE, "when it was seen", NULL, NULL, 0 },
	{ "tags", "TAGS", COLUMN(tags), 0, "its tags", NULL, NULL, 0 },
	{ "labels", "LABELS", COLUMN(labels), COLUMN_WIDE, "its labels", NULL, NULL, 0 },
	{ "good", "GOOD", COLUMN(good), 0, "whether it is good", NULL, NULL, 0 },
	{ "fresh", "FRESH", COLUMN(fresh), 0, "whether it is fresh", NULL, NULL, 0 },
	{ "part", "PART", SLOT_EMBEDDED(struct box, part), 0, "its main part", NULL, part_columns, 0 },
	{ "parts", "PARTS", COLUMN(parts), 0, "its parts", NULL, part_columns, sizeof(struct part) },
	{ "value", "VALUE", COLUMN(value), 0, "anything", NULL, NULL, 0 },
	{ "last_words", "LAST WORDS", COLUMN(last_words), COLUMN_UNTRUSTED, "what it said", NULL, NULL, 0 },
	{ 0 },
};

static bool run_nothing(struct call *call, struct error *err)
{
	(void)call;
	(void)err;
	return true;
}

static const char *const list_examples[] = {
	"fops boxes list",
	"fops boxes list --kind lxc --label tier=core --label place=berlin --age 15m --fields name,state,latency_ms",
	"fops boxes list --label 'note=a long text with blanks that must never be broken inside its quotes' -o json",
	NULL,
};

static const int list_exits[] = { EXIT_CHECK_FAILED, EXIT_DATA, EXIT_NOT_FOUND, EXIT_PLANE_UNAVAILABLE, EXIT_CONFIG,
	                          EXIT_TIMEOUT,      -1 };

const struct command sample_list = {
	.name = "list",
	.summary = "List the boxes",
	.about = "Every box is listed, sorted by name.\n\nA second paragraph is long enough to be wrapped at its words "
	         "more than once, because it "
	         "goes on for a while and then ends with a path: C:\\temp, a dash -- and \"quotes\".\n\n"
	         "  .kept line with a dot\n  and another",
	.options = list_options,
	.options_size = sizeof(struct list_options),
	.columns = columns,
	.row_size = sizeof(struct box),
	.item = "box",
	.schema = "fops.box.list/1",
	.examples = list_examples,
	.exits = list_exits,
	.see = "fops help output, fops help selection",
	.flags = COMMAND_ROWS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_VERDICT,
	.run = run_nothing,
};

static const char *const show_examples[] = { "fops boxes show a", NULL };

const struct command sample_show = {
	.name = "show",
	.summary = "Show one box",
	.arguments = "NAME",
	.arguments_min = 1,
	.arguments_max = 1,
	.argument_values = VALUES_ASSETS,
	.columns = columns,
	.row_size = sizeof(struct box),
	.item = "box",
	.schema = "fops.box.show/1",
	.examples = show_examples,
	.flags = COMMAND_RECORD | COMMAND_TOPOLOGY,
	.run = run_nothing,
};

static const char *const run_examples[] = { "fops boxes run a -- true", NULL };

const struct command sample_run = {
	.name = "run",
	.summary = "Run a command in a box",
	.arguments = "NAME",
	.arguments_max = 1,
	.argument_values = VALUES_ASSETS,
	.rest = "COMMAND [ARGUMENT...]",
	.rest_min = 1,
	.examples = run_examples,
	.flags = COMMAND_EVENTS | COMMAND_EXECUTES | COMMAND_TOPOLOGY,
	.run = run_nothing,
};

static const struct command *const boxes_verbs[] = { &sample_list, &sample_show, &sample_run, NULL };

static const struct command boxes = {
	.name = "boxes",
	.summary = "List, show and use boxes",
	.examples = list_examples,
	.verbs = boxes_verbs,
};

static const struct command pick = {
	.name = "pick",
	.summary = "Pick a thing",
	.arguments = "[boxes|contexts]",
	.arguments_max = 1,
	.argument_values = VALUES_CHOICES,
	.examples = show_examples,
	.run = run_nothing,
};

static const struct command help = {
	.name = "help",
	.summary = "Explain commands and topics",
	.arguments = "[TOPIC...]",
	.arguments_max = 3,
	.argument_values = VALUES_TOPICS,
	.examples = show_examples,
	.run = run_nothing,
};

static const struct command secretly = {
	.name = "__secretly",
	.summary = "Do hidden work",
	.examples = show_examples,
	.flags = COMMAND_HIDDEN,
	.run = run_nothing,
};

static const struct command *const root_verbs[] = { &boxes, &pick, &help, &secretly, NULL };

const struct command sample_root = {
	.name = "fops",
	.summary = "The sample program",
	.about = "It is used by tests.",
	.examples = list_examples,
	.verbs = root_verbs,
};
