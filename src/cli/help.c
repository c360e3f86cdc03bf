/* The help page of a command, of the global flags and of an error code, for the terminal. */
#include "fops/cli/help.h"

#include "fops/base/arena.h"
#include "fops/cli/option.h"
#include "help_text.h"

#define LABEL_COLUMN 9
#define WIDEST_NAME  24
#define MOST_GLOBALS 64

/* One page under way. */
struct page {
	struct arena *arena;
	struct buffer *out;
	const char *program;
	const struct command *command;
	const char *path;
};

static bool is_root(const struct page *page)
{
	return page->path[0] == '\0';
}

static void heading(const struct page *page, const char *title)
{
	buffer_format(page->out, "\n%s:\n", title);
}

static void put_usage(const struct page *page)
{
	const struct command *command = page->command;
	const char *line = arena_format(page->arena, "%s%s%s", page->program, is_root(page) ? "" : " ", page->path);

	if (command->verbs != NULL)
		line = arena_format(page->arena, "%s COMMAND", line);
	if (command->arguments != NULL)
		line = arena_format(page->arena, "%s %s", line, command->arguments);
	line = arena_format(page->arena, "%s [flags]", line);
	if (command->rest != NULL)
		line = arena_format(page->arena, "%s -- %s", line, command->rest);
	buffer_text(page->out, "\nUsage:  ");
	help_wrap(page->out, line, 8, 8 + strlen(page->program) + 1);
}

static void put_examples(const struct page *page)
{
	if (page->command->examples == NULL || page->command->examples[0] == NULL)
		return;
	heading(page, "Examples");
	for (size_t i = 0; page->command->examples[i] != NULL; i++) {
		buffer_text(page->out, "  ");
		help_wrap_command(page->out, help_as_called(page->arena, page->command->examples[i], page->program), 2,
		                  4);
	}
}

/* The groups of the root follow from the records: what works on the topology, other nouns, and the helpers. */
enum command_group {
	GROUP_WORK,
	GROUP_SETTINGS,
	GROUP_HELPERS,
	GROUP_COUNT,
};

static enum command_group group_of(const struct command *command)
{
	if (command->verbs == NULL)
		return (command->flags & COMMAND_TOPOLOGY) != 0 ? GROUP_WORK : GROUP_HELPERS;
	for (size_t i = 0; command->verbs[i] != NULL; i++) {
		if (group_of(command->verbs[i]) == GROUP_WORK)
			return GROUP_WORK;
	}
	return GROUP_SETTINGS;
}

static size_t name_column(const struct command *noun)
{
	size_t widest = 0;

	for (size_t i = 0; noun->verbs[i] != NULL; i++) {
		size_t width = strlen(noun->verbs[i]->name);

		if (width > widest && width <= WIDEST_NAME && (noun->verbs[i]->flags & COMMAND_HIDDEN) == 0)
			widest = width;
	}
	return widest + 4;
}

/* The verbs of one group under its title; group GROUP_COUNT: all of them. */
static void put_group(const struct page *page, const char *title, enum command_group group)
{
	bool any = false;

	for (size_t i = 0; page->command->verbs[i] != NULL; i++) {
		const struct command *verb = page->command->verbs[i];

		if ((verb->flags & COMMAND_HIDDEN) != 0 || (group != GROUP_COUNT && group_of(verb) != group))
			continue;
		if (!any)
			heading(page, title);
		any = true;
		help_row(page->out, verb->name, name_column(page->command), verb->summary);
	}
}

static void put_commands(const struct page *page)
{
	static const char *const titles[GROUP_COUNT] = { "Commands", "Configuration", "Shell and help" };

	if (page->command->verbs == NULL)
		return;
	if (!is_root(page)) {
		put_group(page, "Commands", GROUP_COUNT);
		return;
	}
	for (int group = 0; group < GROUP_COUNT; group++)
		put_group(page, titles[group], (enum command_group)group);
}

static void put_flags(const struct page *page)
{
	const struct command_option *const *flags = help_visible_flags(page->arena, page->command->options);

	if (flags == NULL)
		return;
	heading(page, "Flags");
	help_flag_rows(page->arena, page->out, flags);
}

/* "Label:   text", wrapped behind the label. */
static void put_labelled(const struct page *page, const char *label, const char *text)
{
	buffer_format(page->out, "%-*s", LABEL_COLUMN, label);
	help_wrap(page->out, text, LABEL_COLUMN, LABEL_COLUMN);
}

static void put_fields(const struct page *page)
{
	const char *names = "";

	if (page->command->columns == NULL)
		return;
	for (const struct column *column = page->command->columns; column->key != NULL; column++)
		names = arena_format(page->arena, "%s%s%s", names, names[0] == '\0' ? "" : " ", column->key);
	put_labelled(page, "Fields:", names);
}

/* "Label:   item, item": only between two items may a line end. */
static void put_items(const struct page *page, const char *label, const struct text_list *items, const char *separator)
{
	size_t gap = strlen(separator);
	size_t at = LABEL_COLUMN;

	buffer_format(page->out, "%-*s", LABEL_COLUMN, label);
	for (size_t i = 0; i < items->count; i++) {
		size_t len = strlen(items->items[i]);

		if (i > 0 && at + gap + len + gap <= HELP_COLUMNS) {
			buffer_text(page->out, separator);
			at += gap;
		} else if (i > 0) {
			/* a separator of blanks alone leaves none at the end of the line */
			buffer_append(page->out, separator, strcspn(separator, " "));
			buffer_format(page->out, "\n%*s", LABEL_COLUMN, "");
			at = LABEL_COLUMN;
		}
		buffer_text(page->out, items->items[i]);
		at += len;
	}
	buffer_byte(page->out, '\n');
}

static void put_exits(const struct page *page)
{
	struct text_list items = { 0 };

	text_list_add(page->arena, &items, "0 ok");
	for (const int *status = page->command->exits; status != NULL && *status >= 0; status++) {
		const char *name = exit_name(*status);

		text_list_add(page->arena, &items,
		              arena_format(page->arena, "%d%s%s", *status, name == NULL ? "" : " ",
		                           name == NULL ? "" : name));
	}
	put_items(page, "Exit:", &items, "   ");
}

static bool is_listed(const struct text_list *items, const char *text)
{
	for (size_t i = 0; i < items->count; i++) {
		if (strcmp(items->items[i], text) == 0)
			return true;
	}
	return false;
}

/* What the record names, then the pages that every command shares, each once and with the program's name as called. */
static void put_see(const struct page *page)
{
	static const char shared[] = "fops help exit-codes,fops help global-flags";
	const char *see = page->command->see == NULL ? "" : page->command->see;
	struct text_list parts = text_split(page->arena, arena_format(page->arena, "%s,%s", see, shared), ',');
	struct text_list items = { 0 };

	for (size_t i = 0; i < parts.count; i++) {
		const char *part = parts.items[i] + strspn(parts.items[i], " ");
		const char *item = help_as_called(page->arena, part, page->program);

		if (!is_listed(&items, item))
			text_list_add(page->arena, &items, item);
	}
	text_list_add(page->arena, &items, arena_format(page->arena, "man %s", manual_name(page->arena, page->path)));
	put_items(page, "See:", &items, ", ");
}

static void put_topics(const struct page *page)
{
	const char *names = "";

	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++)
		names = arena_format(page->arena, "%s%s%s", names, names[0] == '\0' ? "" : ", ", topic->name);
	heading(page, arena_format(page->arena, "Topics (%s help TOPIC)", page->program));
	buffer_text(page->out, "  ");
	help_wrap(page->out, names, 2, 2);
}

void help_render(struct arena *arena, struct buffer *out, const char *program, const struct command *command,
                 const char *path, bool full)
{
	struct page page = { arena, out, program, command, path };

	help_wrap(out, arena_format(arena, "%s.", command->summary), 0, 0);
	put_usage(&page);
	if (command->verbs != NULL && !full) {
		put_commands(&page);
		buffer_byte(out, '\n');
		put_labelled(&page,
		             "See:", arena_format(arena, "%s%s%s --help", program, is_root(&page) ? "" : " ", path));
		return;
	}
	put_examples(&page);
	put_commands(&page);
	if (is_root(&page))
		put_topics(&page);
	put_flags(&page);
	if (command->about != NULL) {
		buffer_byte(out, '\n');
		help_paragraphs(out, command->about);
	}
	buffer_byte(out, '\n');
	put_fields(&page);
	if (command->verbs == NULL)
		put_exits(&page);
	put_see(&page);
}

/* Which commands take the global flags that need these promises. */
static const char *promise_title(struct arena *arena, unsigned needs)
{
	static const struct {
		unsigned promise;
		const char *text;
	} promises[] = {
		{ COMMAND_ROWS, "print a list" },
		{ COMMAND_RECORD, "print one object" },
		{ COMMAND_EVENTS, "print events" },
		{ COMMAND_TOPOLOGY, "read the topology" },
		{ COMMAND_NETWORK, "talk to machines or servers" },
		{ COMMAND_PARALLEL, "work on many things at once" },
		{ COMMAND_VERDICT, "answer with a verdict" },
		{ COMMAND_PROGRESS, "work for long" },
	};
	struct text_list texts = { 0 };
	const char *title = "";

	if (needs == 0)
		return "Every command takes";
	for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
		if ((needs & promises[i].promise) != 0)
			text_list_add(arena, &texts, promises[i].text);
	}
	for (size_t i = 0; i < texts.count; i++)
		title = arena_format(arena, "%s%s%s", title,
		                     i == 0                ? ""
		                     : i + 1 < texts.count ? ", "
		                                           : " or ",
		                     texts.items[i]);
	return arena_format(arena, "Commands that %s take", title);
}

static bool is_first_with(const struct command_option *option)
{
	for (const struct command_option *before = global_options; before != option; before++) {
		if (before->needs == option->needs)
			return false;
	}
	return true;
}

void help_render_globals(struct arena *arena, struct buffer *out)
{
	help_paragraphs(out,
	                "Global flags may stand before or after the command. Each command takes those that have a "
	                "meaning for it; "
	                "another one is a usage error (2). --flag=no and --no-flag switch off what stands alone.\n");
	for (const struct command_option *option = global_options; option->name != NULL; option++) {
		const struct command_option *rows[MOST_GLOBALS + 1] = { NULL };
		size_t count = 0;

		if (!is_first_with(option))
			continue;
		for (const struct command_option *row = option; row->name != NULL && count < MOST_GLOBALS; row++) {
			if (row->needs == option->needs && (row->flags & OPTION_HIDDEN) == 0)
				rows[count++] = row;
		}
		buffer_format(out, "\n%s:\n", promise_title(arena, option->needs));
		help_flag_rows(arena, out, rows);
	}
}

bool help_error_render(struct arena *arena, struct buffer *out, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(error_codes); i++) {
		const struct error_code *code = &error_codes[i];

		if (!text_equal(code->name, name))
			continue;
		buffer_format(out, "%s\n\n", code->name);
		help_row(out, "exit:", 12, arena_format(arena, "%d %s", code->status, exit_name(code->status)));
		help_row(out, "cause:", 12, code->cause);
		help_row(out, "fix:", 12, code->fix);
		help_row(out, "repeat:", 12,
		         code->retryable ? "the same command may succeed later"
		                         : "the same command fails again unless something changes");
		buffer_text(out, "  example:  ");
		help_wrap_command(out, code->example, 12, 16);
		return true;
	}
	return false;
}
