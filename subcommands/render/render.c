/* __render: writes manual pages, completions, contracts and the catalogue below a folder. */
#include "render.h"

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/cli/call.h"
#include "fops/cli/help.h"
#include "fops/cli/output.h"
#include "fops/contract/schema.h"

#define TEXT_LIMIT ((size_t)16 << 20)

/* The date of the manual pages: part of the release, so that rendering gives the same bytes everywhere. */
#define MANUAL_DATE "2026-11-21"

/* One rendering under way; the first failure stops it. */
struct rendering {
	struct call *call;
	const char *folder;
	struct error *err;
	bool failed;
};

static void write_file(struct rendering *rendering, const char *name, struct buffer *text)
{
	struct arena *arena = rendering->call->arena;
	const char *path = path_join(arena, rendering->folder, name);

	if (!rendering->failed && text->overflow) {
		fail(rendering->err, ERROR_INTERNAL, "%s is too large", name);
		rendering->failed = true;
	}
	if (!rendering->failed && (!file_make_folders(path_folder(arena, path), rendering->err) ||
	                           !file_write(path, buffer_string(text), text->len, 0644, false, rendering->err)))
		rendering->failed = true;
	buffer_done(text);
}

static void render_command_page(void *user, const struct command *command, const char *path)
{
	struct rendering *rendering = user;
	struct call *call = rendering->call;
	struct buffer text = BUFFER(TEXT_LIMIT);

	if ((command->flags & COMMAND_HIDDEN) != 0)
		return;
	manual_render(call->arena, &text, call->root, command, path, MANUAL_DATE);
	write_file(rendering, arena_format(call->arena, "man/%s.1", manual_name(call->arena, path)), &text);
	if (command->columns == NULL)
		return;
	text = BUFFER(TEXT_LIMIT);
	{
		struct emitter emitter;

		emit_start(&emitter, EMIT_JSON_PRETTY, buffer_sink(&text));
		command_schema_emit(call->arena, &emitter, command, path);
		(void)emit_finish(&emitter, true);
	}
	write_file(rendering,
	           arena_format(call->arena, "contracts/output/%s.schema.json", manual_name(call->arena, path)), &text);
}

static void render_topics(struct rendering *rendering)
{
	struct arena *arena = rendering->call->arena;

	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++) {
		struct buffer text = BUFFER(TEXT_LIMIT);

		manual_render_topic(arena, &text, topic, MANUAL_DATE);
		write_file(rendering, arena_format(arena, "man/fops-%s.7", topic->name), &text);
	}
}

static void render_completions(struct rendering *rendering)
{
	static const struct {
		const char *shell;
		const char *file;
	} rows[] = { { "bash", "completions/fops.bash" },
		     { "zsh", "completions/_fops" },
		     { "fish", "completions/fops.fish" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer text = BUFFER(TEXT_LIMIT);

		buffer_text(&text, completion_script(rows[i].shell));
		write_file(rendering, rows[i].file, &text);
	}
}

static void render_contracts(struct rendering *rendering)
{
	struct arena *arena = rendering->call->arena;
	struct buffer text = BUFFER(TEXT_LIMIT);

	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++) {
		struct buffer schema = BUFFER(TEXT_LIMIT);
		struct emitter emitter;

		emit_start(&emitter, EMIT_JSON_PRETTY, buffer_sink(&schema));
		contract_schema_emit(&emitter, (enum contract_kind)i);
		(void)emit_finish(&emitter, true);
		write_file(rendering, arena_format(arena, "contracts/%s.schema.json", contract_kinds[i].name), &schema);
	}
	(void)contract_reference(&text);
	write_file(rendering, "docs/contracts.md", &text);
}

static void render_catalogue(struct rendering *rendering)
{
	struct buffer text = BUFFER(TEXT_LIMIT);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON_PRETTY, buffer_sink(&text));
	catalogue_emit(rendering->call->arena, &emitter, rendering->call->root);
	(void)emit_finish(&emitter, true);
	write_file(rendering, "tests/cli/surface.json", &text);
}

static bool render_all(struct call *call, struct error *err)
{
	struct rendering rendering = { call, call->arguments.items[0], err, false };

	command_walk(call->arena, call->root, render_command_page, &rendering);
	render_topics(&rendering);
	render_completions(&rendering);
	render_contracts(&rendering);
	render_catalogue(&rendering);
	return !rendering.failed;
}

const struct command render_command = {
	.name = "__render",
	.summary = "Write everything that is generated",
	.arguments = "FOLDER",
	.arguments_min = 1,
	.arguments_max = 1,
	.flags = COMMAND_HIDDEN,
	.run = render_all,
};
