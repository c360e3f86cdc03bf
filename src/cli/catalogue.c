/* The machine-readable catalogue of the whole command line. */
#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "fops/cli/option.h"

struct listing {
	struct arena *arena;
	struct emitter *emitter;
};

static const char *slot_type(struct slot slot)
{
	switch (slot.kind) {
	case SLOT_BOOL:
	case SLOT_OPTIONAL_BOOL:
		return "boolean";
	case SLOT_INT:
	case SLOT_COUNT:
	case SLOT_OPTIONAL_INT:
		return "integer";
	case SLOT_TEXT:
		return "text";
	case SLOT_INSTANT:
		return "instant";
	case SLOT_DURATION:
		return "duration";
	case SLOT_TEXT_LIST:
		return "list";
	case SLOT_TEXT_MAP:
		return "map";
	case SLOT_VALUE:
		return "value";
	case SLOT_RECORD:
		return "object";
	case SLOT_RECORDS:
		return "objects";
	}
	return NULL;
}

static void emit_pair(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_text(emitter, text);
}

static void emit_flag(struct emitter *emitter, const char *key, bool value)
{
	emit_key(emitter, key);
	emit_bool(emitter, value);
}

/* "a|b" as a list, null when there are none. */
static void emit_choices(const struct listing *listing, const char *choices)
{
	struct text_list names;

	emit_key(listing->emitter, "choices");
	if (choices == NULL) {
		emit_null(listing->emitter);
		return;
	}
	names = text_split(listing->arena, choices, '|');
	emit_array(listing->emitter);
	for (size_t i = 0; i < names.count; i++)
		emit_text(listing->emitter, names.items[i]);
	emit_array_end(listing->emitter);
}

static void emit_option(const struct listing *listing, const struct command_option *option)
{
	struct emitter *emitter = listing->emitter;
	enum slot_kind kind = option->slot.kind;

	emit_object(emitter);
	emit_pair(emitter, "name", option->name);
	emit_pair(emitter, "letter", option->letter == 0 ? NULL : arena_format(listing->arena, "%c", option->letter));
	emit_pair(emitter, "type", slot_type(option->slot));
	emit_pair(emitter, "argument", option->argument);
	emit_flag(emitter, "argument_optional", (option->flags & OPTION_VALUE_OPTIONAL) != 0);
	emit_pair(emitter, "default", option->preset);
	emit_choices(listing, option->choices);
	emit_pair(emitter, "text", option->text);
	emit_flag(emitter, "repeatable",
	          kind == SLOT_TEXT_LIST || kind == SLOT_TEXT_MAP ||
	                  (kind == SLOT_COUNT && option_stands_alone(option)));
	emit_object_end(emitter);
}

static void emit_options(const struct listing *listing, const char *key, const struct command_option *options)
{
	emit_key(listing->emitter, key);
	emit_array(listing->emitter);
	for (; options != NULL && options->name != NULL; options++) {
		if ((options->flags & OPTION_HIDDEN) == 0)
			emit_option(listing, options);
	}
	emit_array_end(listing->emitter);
}

/* Which of the global flags the command takes, by name. */
static void emit_globals_taken(const struct listing *listing, const struct command *command)
{
	emit_key(listing->emitter, "global_flags");
	emit_array(listing->emitter);
	for (const struct command_option *option = global_options; option->name != NULL; option++) {
		if ((option->needs == 0 || (option->needs & command->flags) != 0) &&
		    (option->flags & OPTION_HIDDEN) == 0)
			emit_text(listing->emitter, option->name);
	}
	emit_array_end(listing->emitter);
}

static void emit_fields(const struct listing *listing, const struct column *columns)
{
	struct emitter *emitter = listing->emitter;

	emit_key(emitter, "fields");
	emit_array(emitter);
	for (; columns != NULL && columns->key != NULL; columns++) {
		emit_object(emitter);
		emit_pair(emitter, "key", columns->key);
		emit_pair(emitter, "type", slot_type(columns->slot));
		emit_pair(emitter, "text", columns->text);
		emit_choices(listing, columns->choices);
		emit_flag(emitter, "default", (columns->flags & COLUMN_WIDE) == 0);
		emit_flag(emitter, "untrusted", (columns->flags & COLUMN_UNTRUSTED) != 0);
		if (columns->columns != NULL)
			emit_fields(listing, columns->columns);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

static void emit_texts(struct emitter *emitter, const char *key, const char *const *texts)
{
	emit_key(emitter, key);
	emit_array(emitter);
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		emit_text(emitter, texts[i]);
	emit_array_end(emitter);
}

static void emit_exit(struct emitter *emitter, int status)
{
	emit_object(emitter);
	emit_key(emitter, "status");
	emit_int(emitter, status);
	emit_pair(emitter, "name", exit_name(status));
	emit_object_end(emitter);
}

static void emit_exits(struct emitter *emitter, const int *statuses)
{
	emit_key(emitter, "exits");
	emit_array(emitter);
	emit_exit(emitter, EXIT_OK);
	for (; statuses != NULL && *statuses >= 0; statuses++)
		emit_exit(emitter, *statuses);
	emit_array_end(emitter);
}

static void emit_command(void *user, const struct command *command, const char *path)
{
	const struct listing *listing = user;
	struct emitter *emitter = listing->emitter;

	if (path[0] == '\0')
		return;
	emit_object(emitter);
	emit_pair(emitter, "path", path);
	emit_pair(emitter, "summary", command->summary);
	emit_pair(emitter, "about", command->about);
	emit_flag(emitter, "runs", command->verbs == NULL);
	emit_pair(emitter, "effect", command_effect(command));
	emit_flag(emitter, "hidden", (command->flags & COMMAND_HIDDEN) != 0);
	emit_pair(emitter, "arguments", command->arguments);
	emit_pair(emitter, "rest", command->rest);
	emit_options(listing, "options", command->options);
	emit_globals_taken(listing, command);
	emit_fields(listing, command->columns);
	emit_pair(emitter, "schema", command->schema);
	emit_texts(emitter, "examples", command->examples);
	emit_exits(emitter, command->exits);
	emit_object_end(emitter);
}

static void emit_exit_codes(struct emitter *emitter)
{
	emit_key(emitter, "exit_codes");
	emit_array(emitter);
	for (const struct exit_row *row = exit_rows; row->name != NULL; row++) {
		emit_object(emitter);
		emit_key(emitter, "status");
		emit_int(emitter, row->status);
		emit_pair(emitter, "name", row->name);
		emit_pair(emitter, "meaning", row->meaning);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

static void emit_error_codes(struct emitter *emitter)
{
	emit_key(emitter, "error_codes");
	emit_array(emitter);
	for (size_t i = 0; i < ARRAY_LEN(error_codes); i++) {
		emit_object(emitter);
		emit_pair(emitter, "code", error_codes[i].name);
		emit_key(emitter, "exit");
		emit_int(emitter, error_codes[i].status);
		emit_flag(emitter, "retryable", error_codes[i].retryable);
		emit_pair(emitter, "cause", error_codes[i].cause);
		emit_pair(emitter, "example", error_codes[i].example);
		emit_pair(emitter, "fix", error_codes[i].fix);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

static void emit_topics(struct emitter *emitter)
{
	emit_key(emitter, "topics");
	emit_array(emitter);
	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++) {
		emit_object(emitter);
		emit_pair(emitter, "name", topic->name);
		emit_pair(emitter, "summary", topic->summary);
		emit_object_end(emitter);
	}
	emit_array_end(emitter);
}

void catalogue_emit(struct arena *arena, struct emitter *emitter, const struct command *root)
{
	struct listing listing = { arena, emitter };

	emit_object(emitter);
	emit_pair(emitter, "schema", "fops.catalogue/1");
	emit_pair(emitter, "program", "fops");
	emit_pair(emitter, "version", FOPS_VERSION);
	emit_key(emitter, "commands");
	emit_array(emitter);
	command_walk(arena, root, emit_command, &listing);
	emit_array_end(emitter);
	emit_options(&listing, "global_flags", global_options);
	emit_exit_codes(emitter);
	emit_error_codes(emitter);
	emit_topics(emitter);
	emit_object_end(emitter);
}
