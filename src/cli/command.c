/* Looking through the command tree. */
#include "fops/cli/command.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"

#define MOST_NAMES 64

const struct command *command_find(const struct command *noun, const char *name)
{
	for (size_t i = 0; noun->verbs != NULL && noun->verbs[i] != NULL; i++) {
		if (text_equal(noun->verbs[i]->name, name))
			return noun->verbs[i];
	}
	return NULL;
}

static void walk(struct arena *arena, const struct command *command, const char *path,
                 void (*visit)(void *user, const struct command *command, const char *path), void *user)
{
	visit(user, command, path);
	for (size_t i = 0; command->verbs != NULL && command->verbs[i] != NULL; i++) {
		const struct command *verb = command->verbs[i];
		const char *below = arena_format(arena, "%s%s%s", path, path[0] == '\0' ? "" : " ", verb->name);

		walk(arena, verb, below, visit, user);
	}
}

void command_walk(struct arena *arena, const struct command *root,
                  void (*visit)(void *user, const struct command *command, const char *path), void *user)
{
	walk(arena, root, "", visit, user);
}

static size_t shown_names(const struct command *noun, const char *names[MOST_NAMES])
{
	size_t count = 0;

	for (size_t i = 0; noun->verbs != NULL && noun->verbs[i] != NULL && count < MOST_NAMES; i++) {
		if ((noun->verbs[i]->flags & COMMAND_HIDDEN) == 0)
			names[count++] = noun->verbs[i]->name;
	}
	return count;
}

const char *command_suggest(struct arena *arena, const struct command *noun, const char *word)
{
	const char *names[MOST_NAMES];

	return text_suggest(arena, word, names, shown_names(noun, names));
}

const char *command_names(struct arena *arena, const struct command *noun)
{
	const char *names[MOST_NAMES];
	size_t count = shown_names(noun, names);
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_format(arena, "%s%s%s", text, i == 0 ? "" : i + 1 == count ? " and " : ", ", names[i]);
	return text;
}

const char *command_effect(const struct command *command)
{
	if ((command->flags & COMMAND_WRITES) != 0)
		return "write";
	return (command->flags & COMMAND_EXECUTES) != 0 ? "exec" : "read";
}
