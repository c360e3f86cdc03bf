/* One configuration file: YAML with the keys of the settings table and `contexts`. */
#include <errno.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "settings_private.h"

#define FILE_LIMIT ((size_t)1 << 20)

/* A file under way. */
struct config_reader {
	struct collected *collected;
	const char *path;
	bool project;
	struct str text;
	size_t documents;
};

/* The line of the file that an error is about, for its cause. */
static const char *line_text(const struct config_reader *reader, uint32_t line)
{
	const char *at = reader->text.data;

	for (uint32_t i = 1; i < line && *at != '\0'; i++) {
		at += strcspn(at, "\n");
		at += *at == '\n' ? 1 : 0;
	}
	return arena_text(reader->collected->call->arena, at, strcspn(at, "\n"));
}

static bool invalid(const struct config_reader *reader, uint32_t line, uint32_t column, const char *message,
                    struct error *err)
{
	fail(err, ERROR_CONFIG_INVALID, "%s:%u:%u: %s", reader->path, line, column, message);
	error_cause(err, "%s", line_text(reader, line));
	error_fix(err, "correct the file, then: %s config show", reader->collected->call->program);
	return false;
}

/* The text form of a value as the settings table wants it; lists of paths are joined by colons. NULL: not a form it can
 * take. */
static const char *value_text(struct arena *arena, const struct config_reader *reader, const struct value *value,
                              enum setting_kind kind)
{
	const char *folder = path_folder(arena, reader->path);
	const char *joined = "";

	if (value->kind == VALUE_ARRAY && kind == SETTING_PATHS) {
		for (size_t i = 0; i < value->list.count; i++) {
			const struct value *item = &value->list.items[i];
			const char *path =
			        item->kind != VALUE_TEXT ? NULL : settings_place_path(arena, folder, item->text.data);

			if (path == NULL)
				return NULL;
			joined = arena_format(arena, "%s%s%s", joined, i == 0 ? "" : ":", path);
		}
		return joined;
	}
	/* lists are joined by colons, so a path cannot hold one */
	if (value->kind == VALUE_TEXT && kind == SETTING_PATHS)
		return settings_place_path(arena, folder, value->text.data);
	if (value->kind == VALUE_TEXT && kind == SETTING_PATH)
		return path_join(arena, folder, value->text.data);
	if (value->kind == VALUE_TEXT)
		return arena_copy(arena, value->text.data);
	if (value->kind == VALUE_INT && kind == SETTING_COUNT)
		return arena_format(arena, "%lld", (long long)value->integer);
	if (value->kind == VALUE_BOOL && kind == SETTING_BOOL)
		return value->boolean ? "true" : "false";
	return NULL;
}

static const char *place(const struct config_reader *reader, uint32_t line)
{
	return arena_format(reader->collected->call->arena, "%s:%u", reader->path, line);
}

static void warn_unknown(const struct config_reader *reader, const struct member *member)
{
	struct arena *arena = reader->collected->call->arena;
	const char *names[SETTING_COUNT_MOST + 1];
	size_t count = 0;
	const char *near;

	while (setting_rows[count].name != NULL) {
		names[count] = setting_rows[count].name;
		count++;
	}
	names[count++] = "contexts";
	near = text_suggest(arena, member->name, names, count);
	text_list_add(arena, &reader->collected->settings->warnings,
	              arena_format(arena, "%s: unknown setting \"%s\" is ignored%s%s%s", place(reader, member->line),
	                           member->name, near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
	                           near == NULL ? "" : "?"));
}

static bool read_git(const struct config_reader *reader, const struct value *object, struct context_row *row,
                     struct error *err)
{
	struct arena *arena = reader->collected->call->arena;
	struct findings findings = { .arena = arena, .limit = 1 };
	const struct finding *finding;

	if (object->kind != VALUE_OBJECT)
		return invalid(reader, object->line, object->column, "git is a mapping", err);
	if (settings_read_git(arena, reader->path, object, &row->git, &findings)) {
		row->git_settings = settings_describe_git(arena, &row->git);
		return true;
	}
	finding = &findings.items[0];
	(void)invalid(reader, (uint32_t)finding->line, (uint32_t)finding->column,
	              arena_format(arena, "%s: %s%s%s%s", finding->path, finding->message,
	                           finding->fix == NULL ? "" : " (", finding->fix == NULL ? "" : finding->fix,
	                           finding->fix == NULL ? "" : ")"),
	              err);
	error_cause(err, "the line is not shown because it may hold a secret");
	return false;
}

static bool read_context(const struct config_reader *reader, const struct member *member, struct context_row *row,
                         struct error *err)
{
	struct arena *arena = reader->collected->call->arena;

	*row = (struct context_row){ .name = arena_copy(arena, member->name), .file = place(reader, member->line) };
	if (!is_identifier(member->name))
		return invalid(reader, member->line, member->column, "a context's name is made of a-z 0-9 . _ -", err);
	if (member->value.kind != VALUE_OBJECT)
		return invalid(reader, member->line, member->column,
		               "a context is a mapping with topology, git and protected", err);
	for (size_t i = 0; i < member->value.list.count; i++) {
		const struct member *key = &member->value.list.members[i];

		if (strcmp(key->name, "topology") == 0) {
			const char *paths = value_text(arena, reader, &key->value, SETTING_PATHS);

			if (paths == NULL)
				return invalid(reader, key->value.line, key->value.column,
				               "topology is a path or a list of paths without colons", err);
			row->topology = settings_split_paths(arena, paths);
		} else if (strcmp(key->name, "git") == 0) {
			if (!read_git(reader, &key->value, row, err))
				return false;
		} else if (strcmp(key->name, "protected") == 0 && key->value.kind == VALUE_BOOL) {
			row->protected_context = key->value.boolean;
		} else if (strcmp(key->name, "protected") == 0) {
			return invalid(reader, key->value.line, key->value.column, "protected is true or false", err);
		} else {
			warn_unknown(reader, key);
		}
	}
	return true;
}

static bool read_contexts(const struct config_reader *reader, const struct value *object, struct error *err)
{
	struct collected *collected = reader->collected;
	size_t most = collected->context_count;
	struct context_row *rows;

	if (object->kind != VALUE_OBJECT)
		return invalid(reader, object->line, object->column, "contexts is a mapping of names", err);
	rows = arena_array(collected->call->arena, most + object->list.count + 1, sizeof *rows);
	if (most > 0)
		memcpy(rows, collected->contexts, most * sizeof *rows);
	for (size_t i = 0; i < object->list.count; i++) {
		const struct member *member = &object->list.members[i];
		size_t at = 0;

		while (at < most && strcmp(rows[at].name, member->name) != 0)
			at++;
		if (!read_context(reader, member, &rows[at], err))
			return false;
		most += at == most ? 1 : 0;
	}
	collected->contexts = rows;
	collected->context_count = most;
	return true;
}

static bool forbidden(const struct config_reader *reader, const struct member *member, struct error *err)
{
	fail(err, ERROR_CONFIG_FORBIDDEN, "%s:%u:%u: a project file may not set %s", reader->path, member->line,
	     member->column, member->name);
	error_cause(err, "it would let a folder that you enter choose servers or programs");
	error_fix(err, "set it in %s",
	          reader->collected->settings->user_file == NULL ? "the user's configuration file"
	                                                         : reader->collected->settings->user_file);
	return false;
}

static bool read_member(const struct config_reader *reader, const struct member *member, struct error *err)
{
	struct collected *collected = reader->collected;
	size_t index = setting_index(member->name);
	const struct setting_row *row = &setting_rows[index];
	const char *text;

	if (strcmp(member->name, "contexts") == 0)
		return reader->project ? forbidden(reader, member, err) : read_contexts(reader, &member->value, err);
	if (row->name == NULL) {
		warn_unknown(reader, member);
		return true;
	}
	if (reader->project && !row->in_project)
		return forbidden(reader, member, err);
	text = value_text(collected->call->arena, reader, &member->value, row->kind);
	if (text == NULL)
		return invalid(reader, member->value.line, member->value.column,
		               row->kind == SETTING_PATHS
		                       ? arena_format(collected->call->arena,
		                                      "%s is a path or a list of paths without colons", row->name)
		                       : arena_format(collected->call->arena, "%s cannot be %s", row->name,
		                                      value_kind_name(member->value.kind)),
		               err);
	if (!setting_store(collected, index, text, place(reader, member->line), err)) {
		char cause[sizeof err->cause];

		memcpy(cause, err->cause, sizeof cause);
		return invalid(reader, member->value.line, member->value.column,
		               arena_format(collected->call->arena, "%s does not accept \"%s\": %s", row->name, text,
		                            cause),
		               err);
	}
	if (reader->project && strcmp(row->name, "context") == 0)
		collected->project_context = text;
	return true;
}

static bool read_document(void *user, struct value *document, struct error *err)
{
	struct config_reader *reader = user;

	if (++reader->documents > 1)
		return invalid(reader, document->line, document->column, "a configuration file holds one document",
		               err);
	if (document->kind == VALUE_NULL)
		return true;
	if (document->kind != VALUE_OBJECT)
		return invalid(reader, document->line, document->column,
		               "a configuration file is a mapping of settings", err);
	for (size_t i = 0; i < document->list.count; i++) {
		if (!read_member(reader, &document->list.members[i], err))
			return false;
	}
	return true;
}

bool settings_read_file(struct collected *collected, const char *path, bool project, struct error *err)
{
	struct arena *arena = collected->call->arena;
	struct config_reader reader = { .collected = collected, .path = path, .project = project };
	struct findings findings = { .arena = arena, .limit = 1 };
	struct arena *scratch;
	bool good;

	/* whatever else keeps a file from being read must not look as if nothing had been set */
	if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (!file_read(arena, path, FILE_LIMIT, &reader.text, err)) {
		err->id = ERROR_CONFIG_INVALID;
		err->exit_status = EXIT_CONFIG;
		return false;
	}
	text_list_add(arena, &collected->settings->files, path);
	scratch = arena_new((size_t)64 << 20);
	good = yaml_parse(scratch, path, reader.text.data, reader.text.len, &document_default_limits, &findings,
	                  read_document, &reader, err);
	arena_free(scratch);
	if (!good)
		return false;
	if (findings.count > 0)
		return invalid(&reader, (uint32_t)findings.items[0].line, (uint32_t)findings.items[0].column,
		               findings.items[0].fix == NULL ? findings.items[0].message
		                                             : arena_format(arena, "%s (%s)", findings.items[0].message,
		                                                            findings.items[0].fix),
		               err);
	return true;
}
