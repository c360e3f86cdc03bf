/* Reads a partial command line through the tree and offers what may stand at its end. */
#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "fops/cli/option.h"
#include "help_text.h"

#define VALUES_LIMIT_BYTES ((size_t)1 << 20)

/* The line so far: the command that its words lead to, and what the last word belongs to. */
struct line {
	struct arena *arena;
	const struct command *root;
	const struct command *command;
	struct text_list arguments;
	const struct command_option *pending; /* a flag whose argument the next word is */
	bool ended;                           /* `--` was seen */
	const char *word;                     /* the last, partial word */
	completion_values *values;
	void *user;
	struct buffer *out;
};

static const struct {
	const char *name;
	const char *text;
	bool event; /* has a meaning for commands that print events */
} formats[] = {
	{ "table", "for people", false },
	{ "wide", "the table with all columns", false },
	{ "json", "one document", true },
	{ "jsonl", "one event a line", true },
	{ "yaml", "the document as YAML", false },
	{ "name", "KIND/NAME a line", false },
	{ "tsv", "rows divided by tabs", false },
	{ "compact", "for language models", false },
	{ "jsonpath=", "values picked out of the document", false },
};

/* Offer head + value when the last word is a prefix of it. Text that could break the lines or pass for a directive is
 * left out. */
static void offer(const struct line *line, const char *head, const char *value, const char *text)
{
	size_t head_len = strlen(head);
	size_t word_len = strlen(line->word);

	for (const char *at = value; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			return;
	}
	if (value[0] == '\0' || (head_len == 0 && value[0] == ':') || word_len < head_len ||
	    strncmp(value, line->word + head_len, word_len - head_len) != 0)
		return;
	buffer_format(line->out, "%s%s", head, value);
	if (text != NULL && text[0] != '\0')
		buffer_format(line->out, "\t%s", text);
	buffer_byte(line->out, '\n');
}

static bool contains(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

/* Live values come from others: one "value\tdescription" a line. Assets may share a role, so a value is offered once.
 */
static void offer_live(const struct line *line, enum value_source source, const char *head)
{
	struct buffer lines = BUFFER(VALUES_LIMIT_BYTES);
	struct text_list seen = { 0 };
	char *at;

	if (line->values == NULL)
		return;
	line->values(line->user, source, &lines);
	at = lines.overflow ? NULL : lines.data;
	while (at != NULL && *at != '\0') {
		char *end = at + strcspn(at, "\n");
		char *next = *end == '\0' ? end : end + 1;
		char *tab;

		*end = '\0';
		tab = strchr(at, '\t');
		if (tab != NULL)
			*tab = '\0';
		for (char *sign = tab == NULL ? end : tab + 1; *sign != '\0'; sign++) {
			if ((unsigned char)*sign < 0x20 || *sign == 0x7F)
				*sign = ' ';
		}
		if (!contains(&seen, at))
			offer(line, head, at, tab == NULL ? NULL : tab + 1);
		text_list_add(line->arena, &seen, at);
		at = next;
	}
	buffer_done(&lines);
}

static void offer_choices(const struct line *line, const char *head, const char *choices)
{
	struct text_list names = text_split(line->arena, choices == NULL ? "" : choices, '|');

	for (size_t i = 0; i < names.count; i++)
		offer(line, head, names.items[i], NULL);
}

/* An argument's choices stand in its usage text: "bash|zsh|fish", "[a|b]", "[a|b...]". */
static void offer_argument_choices(const struct line *line)
{
	const char *text = line->command->arguments == NULL ? "" : line->command->arguments;
	char *plain = arena_text(line->arena, text, strlen(text));
	size_t len = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		if (strchr("[].", text[i]) == NULL)
			plain[len++] = text[i];
	}
	plain[len] = '\0';
	if (strchr(plain, '|') != NULL)
		offer_choices(line, "", plain);
}

/* --filter FIELD=VALUE: the field, then its choices. */
static void offer_filter(const struct line *line, const char *head)
{
	const char *typed = line->word + strlen(head);

	for (const struct column *column = line->command->columns; column->key != NULL; column++) {
		const char *lead = arena_format(line->arena, "%s=", column->key);

		if (text_starts(typed, lead))
			offer_choices(line, arena_format(line->arena, "%s%s", head, lead), column->choices);
		else
			offer(line, head, lead, column->text);
	}
}

/* FIELDS is a list with commas, FIELD one name that a minus may precede, FIELD=VALUE a filter. */
static void offer_fields(const struct line *line, const struct command_option *option, const char *head)
{
	const char *typed = line->word + strlen(head);
	const char *comma = strrchr(typed, ',');
	struct text_list given = { 0 };

	if (line->command->columns == NULL || strlen(line->word) < strlen(head))
		return;
	if (option != NULL && strchr(option->argument, '=') != NULL) {
		offer_filter(line, head);
		return;
	}
	if (option != NULL && text_equal(option->argument, "FIELD") && typed[0] == '-')
		head = arena_format(line->arena, "%s-", head);
	else if (comma != NULL) {
		const char *before = arena_text(line->arena, typed, (size_t)(comma - typed));

		given = text_split(line->arena, before, ',');
		head = arena_format(line->arena, "%s%s,", head, before);
	} else if (option != NULL && text_equal(option->name, "fields")) {
		offer(line, head, "help", "list the fields");
	}
	for (const struct column *column = line->command->columns; column->key != NULL; column++) {
		if (!contains(&given, column->key))
			offer(line, head, column->key, column->text);
	}
}

static void offer_formats(const struct line *line, const char *head)
{
	bool all = (line->command->flags & (COMMAND_ROWS | COMMAND_RECORD)) != 0;

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (all || formats[i].event)
			offer(line, head, formats[i].name, formats[i].text);
	}
}

static void offer_verbs(const struct line *line, const struct command *noun)
{
	for (size_t i = 0; noun->verbs != NULL && noun->verbs[i] != NULL; i++) {
		if ((noun->verbs[i]->flags & COMMAND_HIDDEN) == 0)
			offer(line, "", noun->verbs[i]->name, noun->verbs[i]->summary);
	}
	/* extensions */
	if (noun == line->root)
		offer_live(line, VALUES_COMMANDS, "");
}

/* The words of a command as arguments: `help runtime-assets run`. */
static void offer_commands(const struct line *line)
{
	const struct command *noun = line->root;

	for (size_t i = 0; i < line->arguments.count && noun != NULL; i++)
		noun = command_find(noun, line->arguments.items[i]);
	if (noun != NULL)
		offer_verbs(line, noun);
}

static void offer_error_codes(const struct line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(error_codes); i++)
		offer(line, "", error_codes[i].name, error_codes[i].cause);
}

/* help: a topic, a command's words, or `errors CODE`. */
static void offer_topics(const struct line *line)
{
	if (line->arguments.count > 0 && text_equal(line->arguments.items[0], "errors")) {
		if (line->arguments.count == 1)
			offer_error_codes(line);
		return;
	}
	for (const struct help_topic *topic = help_topics; line->arguments.count == 0 && topic->name != NULL; topic++)
		offer(line, "", topic->name, topic->summary);
	offer_commands(line);
}

/* What may stand for a flag's argument (option) or for a positional word (NULL). head is what the word has before it,
 * "--kind=". */
static void offer_values(const struct line *line, enum value_source source, const struct command_option *option,
                         const char *head)
{
	switch (source) {
	case VALUES_NONE:
		break;
	case VALUES_FILES:
		buffer_text(line->out, ":files\n");
		break;
	case VALUES_FOLDERS:
		buffer_text(line->out, ":folders\n");
		break;
	case VALUES_CHOICES:
		if (option == NULL)
			offer_argument_choices(line);
		else
			offer_choices(line, head, option->choices);
		break;
	case VALUES_CONTEXTS:
	case VALUES_ASSETS:
	case VALUES_ENDPOINTS:
	case VALUES_STACKS:
	case VALUES_ROLES:
		offer_live(line, source, head);
		break;
	case VALUES_FIELDS:
		offer_fields(line, option, head);
		break;
	case VALUES_FORMATS:
		offer_formats(line, head);
		break;
	case VALUES_COMMANDS:
		offer_commands(line);
		break;
	case VALUES_TOPICS:
		offer_topics(line);
		break;
	case VALUES_ERROR_CODES:
		offer_error_codes(line);
		break;
	}
}

static void offer_option_values(const struct line *line, const struct command_option *option, const char *head)
{
	/* choices are known even when the row names no source for them */
	bool choices = option->values == VALUES_NONE && option->choices != NULL;

	offer_values(line, choices ? VALUES_CHOICES : option->values, option, head);
}

static bool is_taken(const struct line *line, const struct command_option *option)
{
	return option->needs == 0 || (option->needs & line->command->flags) != 0;
}

static void offer_flag(const struct line *line, const struct command_option *option)
{
	const char *flag = option_flag(line->arena, option);
	const char *text = help_flag_text(line->arena, option, false);

	if ((option->flags & OPTION_HIDDEN) != 0)
		return;
	offer(line, "", flag, text);
	if ((option->flags & OPTION_VALUE_OPTIONAL) != 0)
		offer(line, "", arena_format(line->arena, "%s=", flag), text);
}

static void offer_flags(const struct line *line, bool globals)
{
	for (const struct command_option *row = line->command->options; row != NULL && row->name != NULL; row++)
		offer_flag(line, row);
	if (line->command->rest != NULL)
		offer(line, "", "--", "ends the flags; behind it stands what is run");
	for (const struct command_option *row = global_options; globals && row->name != NULL; row++) {
		if (is_taken(line, row))
			offer_flag(line, row);
	}
}

/* The row of "--name" or "--no-name", the command's own first. */
static const struct command_option *find_flag(const struct line *line, const char *name, size_t len)
{
	const struct command_option *option = option_find(line->command->options, name, len);

	return option != NULL ? option : option_find(global_options, name, len);
}

static const struct command_option *find_letter(const struct line *line, char letter)
{
	const struct command_option *option = option_find_letter(line->command->options, letter);

	return option != NULL ? option : option_find_letter(global_options, letter);
}

/* "-o" and "-tio" leave a value pending when the last letter wants one. */
static const struct command_option *pending_letter(const struct line *line, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		const struct command_option *option = find_letter(line, *letters);

		if (option == NULL)
			return NULL;
		if (!option_stands_alone(option))
			return letters[1] == '\0' && (option->flags & OPTION_VALUE_OPTIONAL) == 0 ? option : NULL;
	}
	return NULL;
}

/* Take one complete word. */
static void read_word(struct line *line, const char *word)
{
	if (line->pending != NULL) {
		line->pending = NULL;
	} else if (line->ended) {
		text_list_add(line->arena, &line->arguments, word);
	} else if (strcmp(word, "--") == 0) {
		line->ended = true;
	} else if (text_starts(word, "--")) {
		const struct command_option *option = find_flag(line, word + 2, strlen(word + 2));

		if (option != NULL && !option_stands_alone(option) && (option->flags & OPTION_VALUE_OPTIONAL) == 0)
			line->pending = option;
	} else if (word[0] == '-' && word[1] != '\0') {
		line->pending = pending_letter(line, word + 1);
	} else if (line->command->verbs != NULL) {
		const struct command *verb = command_find(line->command, word);

		/* behind a word that is no command nothing can be known */
		if (verb == NULL)
			line->ended = true;
		else
			line->command = verb;
	} else {
		text_list_add(line->arena, &line->arguments, word);
	}
}

/* "--kind=l" */
static void complete_assignment(const struct line *line, const char *equals)
{
	size_t name_len = (size_t)(equals - line->word) - 2;
	const struct command_option *option = find_flag(line, line->word + 2, name_len);

	if (option != NULL && !option_stands_alone(option))
		offer_option_values(line, option, arena_text(line->arena, line->word, name_len + 3));
}

/* "-oj", "-qo=j": a value attached to its letter; false when no letter of the word takes one */
static bool complete_attached(const struct line *line)
{
	size_t at = 1;
	const struct command_option *option = NULL;

	for (; line->word[at] != '\0'; at++) {
		option = find_letter(line, line->word[at]);
		if (option == NULL)
			return false;
		if (!option_stands_alone(option))
			break;
	}
	if (line->word[at] == '\0')
		return false;
	at += line->word[at + 1] == '=' ? 2 : 1;
	offer_option_values(line, option, arena_text(line->arena, line->word, at));
	return true;
}

static void complete_argument(const struct line *line)
{
	const struct command *command = line->command;

	if (line->arguments.count < command->arguments_max)
		offer_values(line, command->argument_values, NULL, "");
	else if (!line->ended && line->word[0] == '\0')
		offer_flags(line, false);
}

void completion_complete(struct arena *arena, const struct command *root, const char *const *words, size_t count,
                         completion_values *values, void *user, struct buffer *out)
{
	struct line line = {
		.arena = arena, .root = root, .command = root, .values = values, .user = user, .out = out
	};
	const char *equals;

	if (count == 0)
		return;
	for (size_t i = 0; i + 1 < count; i++)
		read_word(&line, words[i]);
	line.word = words[count - 1];
	equals = strchr(line.word, '=');
	if (line.pending != NULL)
		offer_option_values(&line, line.pending, "");
	else if (line.ended && line.command->rest != NULL)
		buffer_text(out, ":files\n");
	else if (!line.ended && text_starts(line.word, "--") && equals != NULL)
		complete_assignment(&line, equals);
	else if (!line.ended && line.word[0] == '-' && line.word[1] != '-' && complete_attached(&line))
		return;
	else if (!line.ended && line.word[0] == '-')
		offer_flags(&line, true);
	else if (line.command->verbs == NULL)
		complete_argument(&line);
	else if (!line.ended)
		offer_verbs(&line, line.command);
}
