/* The manual page of a command, in mdoc(7). */
#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "fops/cli/option.h"
#include "help_text.h"
#include "manual_text.h"

#define MOST_REFERENCES      64
#define EXAMPLES_LIMIT_BYTES ((size_t)64 * 1024)

/* One page under way. */
struct page {
	struct arena *arena;
	struct buffer *out;
	const struct command *root;
	const struct command *command;
	const char *path;
};

const char *manual_name(struct arena *arena, const char *path)
{
	char *name = arena_format(arena, "fops%s%s", path[0] == '\0' ? "" : "-", path);

	for (char *at = name; *at != '\0'; at++) {
		if (*at == ' ')
			*at = '-';
	}
	return name;
}

/* A macro line with one argument: ".Ar FILE". */
static void put_macro(const struct page *page, const char *macro, const char *argument)
{
	buffer_format(page->out, ".%s ", macro);
	manual_argument(page->out, argument);
	buffer_byte(page->out, '\n');
}

/* The flag behind ".Op" or ".It": "Fl o , Fl \-output Ar FORMAT". */
static void put_flag(const struct page *page, const struct command_option *option, bool with_letter)
{
	struct buffer *out = page->out;

	if (with_letter && option->letter != 0)
		buffer_format(out, "Fl \\&%c , ", option->letter);
	buffer_text(out, "Fl ");
	/* mdoc prints the first dash itself */
	manual_argument(out, option_flag(page->arena, option) + 1);
	if (!option_stands_alone(option)) {
		buffer_text(out, (option->flags & OPTION_VALUE_OPTIONAL) != 0 ? " Ns Oo Ns = Ns Ar " : " Ar ");
		manual_argument(out, help_flag_argument(option));
		if ((option->flags & OPTION_VALUE_OPTIONAL) != 0)
			buffer_text(out, " Oc");
	}
	buffer_byte(out, '\n');
}

static void put_synopsis(const struct page *page)
{
	const struct command *command = page->command;
	const struct command_option *const *flags = help_visible_flags(page->arena, command->options);

	buffer_text(page->out, ".Sh SYNOPSIS\n.Nm fops\n");
	if (page->path[0] != '\0')
		put_macro(page, "Cm", page->path);
	if (command->verbs != NULL)
		buffer_text(page->out, ".Ar command\n");
	if (command->arguments != NULL)
		put_macro(page, "Ar", command->arguments);
	for (size_t i = 0; flags != NULL && flags[i] != NULL; i++) {
		buffer_text(page->out, ".Op ");
		put_flag(page, flags[i], false);
	}
	buffer_text(page->out, ".Op Ar global\\-flags\n");
	if (command->rest != NULL) {
		buffer_text(page->out, ".Fl \\-\n");
		put_macro(page, "Ar", command->rest);
	}
}

static void put_commands(const struct page *page)
{
	if (page->command->verbs == NULL)
		return;
	buffer_text(page->out, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (size_t i = 0; page->command->verbs[i] != NULL; i++) {
		const struct command *verb = page->command->verbs[i];

		if ((verb->flags & COMMAND_HIDDEN) != 0)
			continue;
		buffer_text(page->out, ".It Cm ");
		manual_argument(page->out, verb->name);
		buffer_byte(page->out, '\n');
		manual_sentence(page->out, verb->summary);
	}
	buffer_text(page->out, ".El\n");
}

static void put_topics(const struct page *page)
{
	if (page->path[0] != '\0')
		return;
	buffer_text(page->out, ".Sh TOPICS\n.Bl -tag -width Ds\n");
	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++) {
		buffer_text(page->out, ".It Xr ");
		manual_argument(page->out, manual_name(page->arena, topic->name));
		buffer_text(page->out, " 7\n");
		manual_sentence(page->out, topic->summary);
	}
	buffer_text(page->out, ".El\n");
}

static void put_options(const struct page *page)
{
	const struct command_option *const *flags = help_visible_flags(page->arena, page->command->options);

	buffer_text(page->out, ".Sh OPTIONS\n");
	if (flags != NULL) {
		buffer_text(page->out, ".Bl -tag -width Ds\n");
		for (size_t i = 0; flags[i] != NULL; i++) {
			buffer_text(page->out, ".It ");
			put_flag(page, flags[i], true);
			manual_sentence(page->out, help_flag_text(page->arena, flags[i], true));
		}
		buffer_text(page->out, ".El\n.Pp\n");
	}
	buffer_text(page->out, "Global flags are described in\n.Xr fops\\-global\\-flags 7 .\n");
}

static void put_columns(const struct page *page, const struct column *columns, const char *prefix)
{
	for (const struct column *column = columns; column->key != NULL; column++) {
		const char *key = arena_format(page->arena, "%s%s", prefix, column->key);

		buffer_text(page->out, ".It Va ");
		manual_argument(page->out, key);
		buffer_byte(page->out, '\n');
		manual_sentence(page->out, column->choices == NULL ? column->text
		                                                   : arena_format(page->arena, "%s: %s", column->text,
		                                                                  column->choices));
		if (column->columns != NULL)
			put_columns(page, column->columns,
			            arena_format(page->arena, "%s%s.", key,
			                         column->slot.kind == SLOT_RECORDS ? "[]" : ""));
	}
}

static void put_fields(const struct page *page)
{
	if (page->command->columns == NULL)
		return;
	buffer_text(page->out, ".Sh FIELDS\n.Bl -tag -width Ds\n");
	put_columns(page, page->command->columns, "");
	buffer_text(page->out, ".El\n");
}

static void put_exit(const struct page *page, int status)
{
	for (const struct exit_row *row = exit_rows; row->name != NULL; row++) {
		if (row->status != status)
			continue;
		buffer_format(page->out, ".It %d\n", status);
		manual_sentence(page->out, arena_format(page->arena, "%s: %s", row->name, row->meaning));
	}
}

static void put_exits(const struct page *page)
{
	buffer_text(page->out, ".Sh EXIT STATUS\n");
	if (page->command->verbs == NULL) {
		buffer_text(page->out, ".Bl -tag -width Ds\n");
		put_exit(page, EXIT_OK);
		for (const int *status = page->command->exits; status != NULL && *status >= 0; status++)
			put_exit(page, *status);
		buffer_text(page->out, ".El\n.Pp\n");
	}
	buffer_text(page->out, "All exit codes are listed in\n.Xr fops\\-exit\\-codes 7 .\n");
}

static void put_examples(const struct page *page)
{
	struct buffer lines = BUFFER(EXAMPLES_LIMIT_BYTES);

	if (page->command->examples == NULL || page->command->examples[0] == NULL)
		return;
	for (size_t i = 0; page->command->examples[i] != NULL; i++)
		help_wrap_command(&lines, page->command->examples[i], 0, 4);
	buffer_text(page->out, ".Sh EXAMPLES\n.Bd -literal\n");
	for (const char *at = buffer_string(&lines); *at != '\0'; at += strcspn(at, "\n") + 1)
		manual_line(page->out, at, strcspn(at, "\n"));
	buffer_text(page->out, ".Ed\n");
	buffer_done(&lines);
}

/* The pages to see, "fops-run 7": by section, then by name, each once. */
struct references {
	const char *items[MOST_REFERENCES];
	size_t count;
};

static int compare_references(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	int order = strcmp(strrchr(left, ' '), strrchr(right, ' '));

	return order != 0 ? order : strcmp(left, right);
}

static void add_reference(const struct page *page, struct references *references, const char *path, int section)
{
	const char *item = arena_format(page->arena, "%s %d", manual_name(page->arena, path), section);

	if (references->count == MOST_REFERENCES || (section == 1 && strcmp(path, page->path) == 0))
		return;
	for (size_t i = 0; i < references->count; i++) {
		if (strcmp(references->items[i], item) == 0)
			return;
	}
	references->items[references->count++] = item;
}

/* The noun above and the verbs below. */
static void add_relatives(const struct page *page, struct references *references)
{
	const char *blank = strrchr(page->path, ' ');

	add_reference(page, references, "", 1);
	if (blank != NULL)
		add_reference(page, references, arena_text(page->arena, page->path, (size_t)(blank - page->path)), 1);
	for (size_t i = 0; page->command->verbs != NULL && page->command->verbs[i] != NULL; i++) {
		const struct command *verb = page->command->verbs[i];

		if ((verb->flags & COMMAND_HIDDEN) == 0)
			add_reference(page, references,
			              arena_format(page->arena, "%s%s%s", page->path, page->path[0] == '\0' ? "" : " ",
			                           verb->name),
			              1);
	}
}

/* "fops help run, fops help selection" names topics; anything else of it is for the terminal only. */
static void add_topics(const struct page *page, struct references *references)
{
	static const char lead[] = "fops help ";
	const char *see = page->command->see == NULL ? "" : page->command->see;

	add_reference(page, references, "exit-codes", 7);
	add_reference(page, references, "global-flags", 7);
	for (see = strstr(see, lead); see != NULL; see = strstr(see, lead)) {
		const char *name;

		see += strlen(lead);
		name = arena_text(page->arena, see, strcspn(see, ", "));
		if (help_topic_find(name) != NULL)
			add_reference(page, references, name, 7);
	}
}

static void put_see_also(const struct page *page)
{
	struct references references = { .count = 0 };

	add_relatives(page, &references);
	add_topics(page, &references);
	qsort(references.items, references.count, sizeof references.items[0], compare_references);
	buffer_text(page->out, ".Sh SEE ALSO\n");
	for (size_t i = 0; i < references.count; i++) {
		buffer_text(page->out, ".Xr ");
		manual_escape(page->out, references.items[i], strlen(references.items[i]));
		buffer_text(page->out, i + 1 < references.count ? " ,\n" : "\n");
	}
}

void manual_render(struct arena *arena, struct buffer *out, const struct command *root, const struct command *command,
                   const char *path, const char *date)
{
	struct page page = { arena, out, root, command, path };

	manual_head(out, manual_name(arena, path), 1, date, command->summary);
	put_synopsis(&page);
	buffer_text(out, ".Sh DESCRIPTION\n");
	if (command->about != NULL)
		manual_paragraphs(out, command->about);
	else
		manual_sentence(out, command->summary);
	put_commands(&page);
	put_topics(&page);
	put_options(&page);
	put_fields(&page);
	put_exits(&page);
	put_examples(&page);
	put_see_also(&page);
}
