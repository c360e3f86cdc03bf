/* Turns a run request into what a driver takes. */
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "run_private.h"

#define LONGEST_SHELL_LINE ((size_t)1024 * 1024)

static const char *const *shell_words(struct arena *arena, const char *const *argv)
{
	struct buffer line = BUFFER(LONGEST_SHELL_LINE);
	const char **words = arena_array(arena, 4, sizeof *words);

	for (size_t i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			buffer_byte(&line, ' ');
		buffer_text(&line, argv[i]);
	}
	words[0] = "sh";
	words[1] = "-c";
	words[2] = arena_text(arena, buffer_string(&line), line.len);
	buffer_done(&line);
	return words;
}

static bool is_variable_name(const char *text, size_t len)
{
	if (len == 0 || isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	}
	return true;
}

/* "NAME=value" as it stands, "NAME" with the caller's value; a value never appears in a message. */
static bool add_variable(struct arena *arena, const char *entry, struct text_list *list, struct error *err)
{
	size_t name = strcspn(entry, "=");
	const char *value;

	if (!is_variable_name(entry, name)) {
		fail(err, ERROR_USAGE_BAD_VALUE, "--env takes NAME=VALUE or NAME");
		error_cause(err, "a name has letters, digits and underscores, and starts with no digit");
		return false;
	}
	if (entry[name] == '=') {
		text_list_add(arena, list, entry);
		return true;
	}
	value = getenv(entry);
	if (value == NULL)
		return fail(err, ERROR_USAGE_BAD_VALUE, "--env %s: the variable is not set here", entry);
	text_list_add(arena, list, arena_format(arena, "%s=%s", entry, value));
	return true;
}

/* Later settings of a name replace earlier ones. */
static struct text_list keep_last(struct arena *arena, const struct text_list *list)
{
	struct text_list kept = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		size_t name = strcspn(list->items[i], "=") + 1;
		bool replaced = false;

		for (size_t later = i + 1; later < list->count && !replaced; later++)
			replaced = strncmp(list->items[i], list->items[later], name) == 0;
		if (!replaced)
			text_list_add(arena, &kept, list->items[i]);
	}
	return kept;
}

bool run_check_driver(const struct asset_driver *driver, const struct run_request *request, struct error *err)
{
	const struct {
		bool wanted;
		unsigned ability;
		const char *flag;
	} rows[] = {
		{ request->input, ASSET_INPUT, "--stdin" },
		{ request->terminal, ASSET_TERMINAL, "--tty" },
		{ request->user != NULL, ASSET_USER, "--user" },
		{ request->workdir != NULL, ASSET_WORKDIR, "--workdir" },
		{ request->environment.count > 0, ASSET_ENVIRONMENT, "--env" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].wanted && (driver->abilities & rows[i].ability) == 0)
			return fail(err, ERROR_USAGE_CONFLICT, "the driver %s has no %s", driver->name, rows[i].flag);
	}
	return true;
}

bool run_prepare(struct arena *arena, const struct asset_driver *driver, const struct run_request *request,
                 struct session_request *ret_request, struct error *err)
{
	struct session_request prepared = { .direct_input = -1, .direct_output = -1, .direct_errors = -1 };

	if (request->argv == NULL || request->argv[0] == NULL || request->argv[0][0] == '\0')
		return fail(err, ERROR_USAGE_MISSING_ARGUMENT, "there is no command to run behind --");
	if (request->workdir != NULL && request->workdir[0] != '/')
		return fail(err, ERROR_USAGE_BAD_VALUE, "--workdir takes an absolute path");
	if (!run_check_driver(driver, request, err))
		return false;
	for (size_t i = 0; i < request->environment.count; i++) {
		if (!add_variable(arena, request->environment.items[i], &prepared.environment, err))
			return false;
	}
	prepared.environment = keep_last(arena, &prepared.environment);
	prepared.argv = request->shell ? shell_words(arena, request->argv) : request->argv;
	prepared.workdir = request->workdir;
	prepared.user = request->user;
	*ret_request = prepared;
	return true;
}
