/* config show: each effective value and where it came from. */
#include "config.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

struct show_options {
	bool origin;
};

static const struct command_option options[] = {
	{ "origin", 0, SLOT(struct show_options, origin), NULL, NULL, "show the place each value came from", NULL,
	  VALUES_NONE, 0, 0 },
	{ 0 },
};

struct setting_record {
	const char *name;
	const char *value;
	const char *origin;
	const char *text;
};

static const struct column columns[] = {
	{ "name", "NAME", SLOT(struct setting_record, name), COLUMN_KEEP, "name of the setting", NULL, NULL, 0 },
	{ "value", "VALUE", SLOT(struct setting_record, value), COLUMN_KEEP, "effective value", NULL, NULL, 0 },
	{ "origin", "ORIGIN", SLOT(struct setting_record, origin), COLUMN_WIDE,
	  "flag, variable, file and line, or built-in", NULL, NULL, 0 },
	{ "text", "MEANING", SLOT(struct setting_record, text), COLUMN_WIDE | COLUMN_ASIDE, "what it is for", NULL,
	  NULL, 0 },
	{ 0 },
};

static bool show_settings(struct call *call, struct error *err)
{
	const struct show_options *wanted = call->options;
	const struct settings *settings = call->settings;

	(void)err;
	if (wanted->origin)
		output_widen(call->output);
	output_list(call->output);
	for (size_t i = 0; i < settings->row_count; i++) {
		const struct setting *row = &settings->rows[i];

		output_row(call->output, &(struct setting_record){ row->name, row->value, row->origin, row->text });
	}
	for (size_t i = 0; i < settings->files.count; i++)
		log_detail(&call->log, "read %s", settings->files.items[i]);
	return true;
}

static const char *const examples[] = {
	"fops config show --origin",
	"fops config show -o json",
	"fops config show --fields name,value",
	NULL,
};

static const int exits[] = { EXIT_CONFIG, -1 };

const struct command config_show_command = {
	.name = "show",
	.summary = "Show each setting and its origin",
	.about = "A flag beats the environment, which beats the project file (.fops/config in the nearest parent "
	         "folder), the user file, the system file "
	         "and the built-in value.",
	.options = options,
	.options_size = sizeof(struct show_options),
	.columns = columns,
	.row_size = sizeof(struct setting_record),
	.item = "setting",
	.schema = "fops.setting.list/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help environment",
	.flags = COMMAND_ROWS | COMMAND_SETTINGS,
	.run = show_settings,
};
