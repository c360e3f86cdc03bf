/* help: pages of commands, topics and error codes. */
#include "help.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/cli/call.h"
#include "fops/cli/help.h"
#include "fops/cli/output.h"
#include "fops/cli/pager.h"

#define PAGE_LIMIT ((size_t)4 << 20)

static bool unknown_topic(const struct call *call, const char *word, struct error *err)
{
	const char *names[64];
	size_t count = 0;
	const char *near;

	for (const struct help_topic *topic = help_topics; topic->name != NULL && count < ARRAY_LEN(names); topic++)
		names[count++] = topic->name;
	near = text_suggest(call->arena, word, names, count);
	if (near == NULL)
		near = command_suggest(call->arena, call->root, word);
	fail(err, ERROR_NOT_FOUND, "no help on \"%s\"", word);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "%s help", call->program);
	return false;
}

static bool unknown_code(const struct call *call, const char *code, struct error *err)
{
	const char *names[ERROR_ID_COUNT];
	const char *near;

	for (size_t i = 0; i < ERROR_ID_COUNT; i++)
		names[i] = error_codes[i].name;
	near = text_suggest(call->arena, code, names, ERROR_ID_COUNT);
	fail(err, ERROR_NOT_FOUND, "no error code \"%s\"", code);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "%s help errors", call->program);
	return false;
}

static bool render(struct call *call, struct buffer *text, struct error *err)
{
	const struct text_list *words = &call->arguments;
	const struct command *command = call->root;
	const struct help_topic *topic;
	const char *path = "";

	if (words->count == 0) {
		help_render(call->arena, text, call->program, call->root, "", true);
		return true;
	}
	if (words->count == 2 && strcmp(words->items[0], "errors") == 0)
		return help_error_render(call->arena, text, words->items[1]) ||
		       unknown_code(call, words->items[1], err);
	topic = words->count == 1 ? help_topic_find(words->items[0]) : NULL;
	if (topic != NULL) {
		help_topic_render(call->arena, text, topic);
		return true;
	}
	for (size_t i = 0; i < words->count; i++) {
		command = command_find(command, words->items[i]);
		if (command == NULL)
			return unknown_topic(call, words->items[i], err);
		path = arena_format(call->arena, "%s%s%s", path, i == 0 ? "" : " ", words->items[i]);
	}
	help_render(call->arena, text, call->program, command, path, true);
	return true;
}

static bool show_help(struct call *call, struct error *err)
{
	struct buffer text = BUFFER(PAGE_LIMIT);
	bool found = render(call, &text, err);

	if (found)
		pager_print(call, buffer_string(&text), text.len);
	buffer_done(&text);
	return found;
}

static const char *const examples[] = {
	"fops help runtime-assets run",
	"fops help exit-codes",
	"fops help errors plane.unavailable",
	NULL,
};

static const int exits[] = { EXIT_NOT_FOUND, -1 };

const struct command help_command = {
	.name = "help",
	.summary = "Show help on a command, a topic or an error code",
	.arguments = "[COMMAND... | TOPIC | errors CODE]",
	.arguments_max = 4,
	.argument_values = VALUES_TOPICS,
	.examples = examples,
	.exits = exits,
	.run = show_help,
};
