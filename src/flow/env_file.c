/* Reads dotenv files the way their common readers agree on, and says nothing of what stands in them. */
#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/flow/env_check.h"

#define FILE_BYTES ((size_t)1024 * 1024)

struct reader {
	struct arena *arena;
	const char *path;
	const char *at;
	size_t line;
	struct env_surroundings found;
	size_t room;
};

static bool broken(const struct reader *reader, size_t line, const char *what, struct error *err)
{
	fail(err, ERROR_DATA, "%s:%zu: %s", reader->path, line, what);
	error_fix(err, "Write NAME=value, and quote a value that has blanks.");
	return false;
}

static void skip_blanks(struct reader *reader)
{
	while (*reader->at == ' ' || *reader->at == '\t' || (*reader->at == '\r' && reader->at[1] == '\n'))
		reader->at++;
}

/* Behind a value nothing but a comment may stand. */
static bool end_line(struct reader *reader, struct error *err)
{
	skip_blanks(reader);
	if (*reader->at == '#')
		reader->at = strchrnul(reader->at, '\n');
	if (*reader->at != '\n' && *reader->at != '\0')
		return broken(reader, reader->line, "something follows the closing quote", err);
	return true;
}

static size_t name_length(const char *at)
{
	size_t len = 0;

	while (isalpha((unsigned char)at[len]) || at[len] == '_' || (len > 0 && isdigit((unsigned char)at[len])))
		len++;
	return len;
}

/* The character behind a backslash in double quotes. */
static char unescape(char letter)
{
	switch (letter) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return letter;
	}
}

static bool read_quoted(struct reader *reader, const char **ret_value, struct error *err)
{
	size_t begun = reader->line;
	char quote = *reader->at++;
	char *value = arena_alloc(reader->arena, strlen(reader->at) + 1);
	size_t len = 0;

	for (; *reader->at != quote; reader->at++) {
		if (*reader->at == '\0')
			return broken(reader, begun, "the quote is not closed", err);
		if (*reader->at == '\n')
			reader->line++;
		if (quote == '"' && *reader->at == '\\' && reader->at[1] != '\0' && reader->at[1] != '\n')
			value[len++] = unescape(*++reader->at);
		else
			value[len++] = *reader->at;
	}
	reader->at++;
	*ret_value = value;
	return end_line(reader, err);
}

static const char *read_bare(struct reader *reader)
{
	const char *start = reader->at;
	const char *end = strchrnul(start, '\n');
	size_t len = (size_t)(end - start);

	for (size_t i = 0; i < len; i++) {
		if (start[i] == '#' && (i == 0 || start[i - 1] == ' ' || start[i - 1] == '\t'))
			len = i;
	}
	while (len > 0 && strchr(" \t\r", start[len - 1]) != NULL)
		len--;
	reader->at = end;
	return arena_text(reader->arena, start, len);
}

static void keep(struct reader *reader, const char *name, const char *value)
{
	struct env_surroundings *found = &reader->found;

	for (size_t i = 0; i < found->count; i++) {
		if (strcmp(found->items[i].name, name) == 0) {
			found->items[i].value = value;
			return;
		}
	}
	if (found->count == reader->room) {
		struct env_found *larger;

		reader->room = reader->room * 2 + 64;
		larger = arena_array(reader->arena, reader->room, sizeof *larger);
		if (found->count > 0)
			memcpy(larger, found->items, found->count * sizeof *larger);
		found->items = larger;
	}
	found->items[found->count++] = (struct env_found){ name, value };
}

static bool read_line(struct reader *reader, struct error *err)
{
	const char *name, *value;
	size_t len;

	skip_blanks(reader);
	if (*reader->at == '#')
		reader->at = strchrnul(reader->at, '\n');
	if (*reader->at == '\n' || *reader->at == '\0')
		return true;
	if (text_starts(reader->at, "export ") || text_starts(reader->at, "export\t")) {
		reader->at += sizeof "export";
		skip_blanks(reader);
	}
	len = name_length(reader->at);
	name = arena_text(reader->arena, reader->at, len);
	reader->at += len;
	skip_blanks(reader);
	if (len == 0 || *reader->at != '=')
		return broken(reader, reader->line, "this is no assignment to a variable", err);
	reader->at++;
	skip_blanks(reader);
	if (*reader->at != '\'' && *reader->at != '"')
		value = read_bare(reader);
	else if (!read_quoted(reader, &value, err))
		return false;
	keep(reader, name, value);
	return true;
}

bool env_surroundings_read(struct arena *arena, const char *path, struct env_surroundings *ret_surroundings,
                           struct error *err)
{
	struct reader reader = { .arena = arena, .path = path, .line = 1 };
	struct str text;

	if (!file_read(arena, path, FILE_BYTES, &text, err))
		return false;
	if (memchr(text.data, '\0', text.len) != NULL)
		return broken(&reader, 1, "the file has a NUL byte", err);
	reader.found.file = path;
	reader.at = text_starts(text.data, "\xEF\xBB\xBF") ? text.data + 3 : text.data;
	while (*reader.at != '\0') {
		if (!read_line(&reader, err))
			return false;
		if (*reader.at == '\n') {
			reader.at++;
			reader.line++;
		}
	}
	*ret_surroundings = reader.found;
	return true;
}

struct env_surroundings env_surroundings_own(struct arena *arena)
{
	struct env_surroundings found = { 0 };
	size_t count = 0;

	while (environ != NULL && environ[count] != NULL)
		count++;
	found.items = arena_array(arena, count, sizeof *found.items);
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(environ[i], '=');

		if (equals == NULL || equals == environ[i])
			continue;
		found.items[found.count++] =
		        (struct env_found){ arena_text(arena, environ[i], (size_t)(equals - environ[i])), equals + 1 };
	}
	return found;
}
