/* Changes the chosen context in the user's configuration file and nothing else in it. */
#include <limits.h>
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "settings_private.h"

#define FILE_LIMIT_BYTES ((size_t)1 << 20)
#define NEW_FILE_MODE    0600

/* Where things stand in the file, as its parser saw them. */
struct layout {
	bool has_root;
	uint32_t root_line, root_column;
	bool has_context;
	uint32_t context_line, context_column; /* of the value */
	const char *context;                   /* the value as text, NULL for another kind */
	size_t members;
	struct arena *arena;
};

static bool note_layout(void *user, struct value *document, struct error *err)
{
	struct layout *layout = user;

	(void)err;
	if (document->kind != VALUE_OBJECT)
		return true;
	layout->has_root = true;
	layout->root_line = document->line;
	layout->root_column = document->column;
	layout->members = document->list.count;
	for (size_t i = 0; i < document->list.count; i++) {
		const struct member *member = &document->list.members[i];

		if (strcmp(member->name, "context") != 0)
			continue;
		layout->has_context = true;
		layout->context_line = member->value.line;
		layout->context_column = member->value.column;
		if (member->value.kind == VALUE_TEXT)
			layout->context = arena_copy(layout->arena, member->value.text.data);
	}
	return true;
}

/* false when the text is no configuration file. */
static bool read_layout(struct arena *arena, const char *path, const char *text, size_t len, struct layout *ret_layout)
{
	struct layout layout = { .arena = arena };
	struct findings findings = { .arena = arena, .limit = 1 };
	struct arena *scratch = arena_new((size_t)64 << 20);
	struct error ignored;
	bool good = yaml_parse(scratch, path, text, len, &document_default_limits, &findings, note_layout, &layout,
	                       &ignored);

	arena_free(scratch);
	*ret_layout = layout;
	return good && findings.count == 0;
}

/* The byte at a line and a column in characters, both from 1. */
static size_t offset_of(const char *text, uint32_t line, uint32_t column)
{
	const char *at = text;

	for (uint32_t i = 1; i < line && *at != '\0'; i++) {
		at += strcspn(at, "\n");
		at += *at == '\n' ? 1 : 0;
	}
	for (uint32_t i = 1; i < column && *at != '\0' && *at != '\n'; i++) {
		do
			at++;
		while (((unsigned char)*at & 0xC0) == 0x80);
	}
	return (size_t)(at - text);
}

/* Bytes of a one-line scalar: quoted to its closing quote, plain up to a comment, the end of a flow or of the line. */
static size_t scalar_len(const char *at, bool flow)
{
	size_t len = 0;

	if (*at == '\'' || *at == '"') {
		len = 1 + strcspn(at + 1, *at == '"' ? "\"\n" : "'\n");
		return at[len] == *at ? len + 1 : len;
	}
	while (at[len] != '\0' && at[len] != '\n' && at[len] != '\r' && !(flow && strchr(",}", at[len]) != NULL) &&
	       !(at[len] == '#' && len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')))
		len++;
	while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	return len;
}

/* The text with a new value behind `context:`, or with that line where the settings begin. */
static void replace_context(struct buffer *out, const char *text, const struct layout *layout, const char *name)
{
	size_t root = layout->has_root ? offset_of(text, layout->root_line, layout->root_column) : strlen(text);
	bool flow = layout->has_root && text[root] == '{';
	size_t at = layout->has_context ? offset_of(text, layout->context_line, layout->context_column) : root;
	size_t skipped = layout->has_context ? scalar_len(text + at, flow) : 0;

	if (!layout->has_context && flow)
		at++;
	buffer_append(out, text, at);
	if (layout->has_context)
		buffer_text(out, name);
	else if (flow)
		buffer_format(out, layout->members > 0 ? "context: %s, " : "context: %s", name);
	else
		buffer_format(out, "%scontext: %s\n", at > 0 && text[at - 1] != '\n' ? "\n" : "", name);
	buffer_text(out, text + at + skipped);
}

/* Is the changed text still a configuration file that says the same, but for the context? */
static bool is_good(struct arena *arena, const char *path, const struct buffer *text, const struct layout *before,
                    const char *name)
{
	struct layout after;

	return read_layout(arena, path, buffer_string(text), text->len, &after) && text_equal(after.context, name) &&
	       after.members == before->members + (before->has_context ? 0 : 1);
}

static bool write_context(struct arena *arena, const char *path, const char *name, struct error *err)
{
	struct buffer text = BUFFER(FILE_LIMIT_BYTES * 2);
	struct str old = { "", 0 };
	struct layout layout;
	struct stat about;
	mode_t mode = NEW_FILE_MODE;
	bool written = false;

	if (stat(path, &about) == 0) {
		mode = about.st_mode & 07777;
		if (!file_read(arena, path, FILE_LIMIT_BYTES, &old, err))
			return false;
	}
	/* settings_load has read the file, so it has a layout */
	(void)read_layout(arena, path, old.data, old.len, &layout);
	replace_context(&text, old.data, &layout, name);
	if (!is_good(arena, path, &text, &layout, name)) {
		/* a name such as "no" or "17" is a text only in quotes */
		buffer_clear(&text);
		replace_context(&text, old.data, &layout, arena_format(arena, "\"%s\"", name));
	}
	if (!is_good(arena, path, &text, &layout, name)) {
		fail(err, ERROR_CONFIG_INVALID, "the context in %s cannot be replaced in the form it is written in",
		     path);
		error_fix(err, "write this line into the file by hand: context: %s", name);
	} else {
		written = file_make_folders(path_folder(arena, path), err) &&
		          file_write(path, buffer_string(&text), text.len, mode, true, err);
	}
	buffer_done(&text);
	return written;
}

bool settings_use_context(const struct call *call, const char *name, struct error *err)
{
	const struct settings *settings = call->settings;
	char resolved[PATH_MAX];
	bool known = false;

	for (size_t i = 0; i < settings->context_count; i++)
		known = known || strcmp(settings->contexts[i].name, name) == 0;
	if (!known)
		return settings_context_missing(call, name, err);
	if (settings->user_file == NULL) {
		fail(err, ERROR_CONFIG_MISSING, "there is no place for the user's configuration");
		error_cause(err, "neither HOME nor XDG_CONFIG_HOME nor FOPS_CONFIG is set");
		return false;
	}
	/* a link to a file that is kept elsewhere stays a link */
	return write_context(call->arena,
	                     realpath(settings->user_file, resolved) != NULL ? resolved : settings->user_file, name,
	                     err);
}
