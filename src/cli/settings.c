/* Collects every setting from its sources, lowest first, and remembers where each came from. */
#include "fops/cli/settings.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "settings_private.h"

#define SYSTEM_FILE   "/etc/fops/config"
#define PROJECT_FILE  ".fops/config"
#define MOST_PARALLEL 512
#define MOST_RETRIES  10

/* more than an argument list can hold */
#define PATHS_LIMIT_BYTES ((size_t)16 << 20)

const struct setting_row setting_rows[] = {
	{ "context", "FOPS_CONTEXT", NULL, SETTING_TEXT, true, "the named topology with its defaults" },
	{ "topology", "FOPS_TOPOLOGY", NULL, SETTING_PATHS, false,
	  "files, folders and git revisions with the contracts" },
	{ "timeout", "FOPS_TIMEOUT", NULL, SETTING_DURATION, true,
	  "limit for a whole command; without it 60s for those that do not stream" },
	{ "retries", "FOPS_RETRIES", "2", SETTING_COUNT, true, "repetitions of failed idempotent requests" },
	{ "parallel", "FOPS_PARALLEL", "16", SETTING_COUNT, true, "things worked on at once" },
	{ "ca", "FOPS_CA", NULL, SETTING_PATH, false, "PEM file of trusted certificate authorities" },
	{ "color", NULL, "auto", SETTING_COLOR, false, "colour on terminals: auto, always or never" },
	{ "pager", "FOPS_PAGER", "less -FIRX", SETTING_TEXT, false,
	  "program for long help on a terminal; empty for none" },
	{ "cache", NULL, "yes", SETTING_BOOL, false, "keep and use compiled topologies" },
	{ "extensions", NULL, NULL, SETTING_PATHS, false, "folders in which fops-NAME extensions are found" },
	{ 0 },
};

size_t setting_index(const char *name)
{
	size_t index = 0;

	while (setting_rows[index].name != NULL && strcmp(setting_rows[index].name, name) != 0)
		index++;
	return index;
}

static const char *value_problem(const struct setting_row *row, const char *value)
{
	int64_t ms;
	uint64_t count;

	switch (row->kind) {
	case SETTING_DURATION:
		return parse_duration_ms(value, &ms) && ms > 0 ? NULL : "a time such as 30s or 5m";
	case SETTING_COUNT:
		if (!parse_count(value, &count))
			return "a whole number from 0";
		if (strcmp(row->name, "parallel") == 0 && (count == 0 || count > MOST_PARALLEL))
			return "a whole number from 1 to 512";
		return count > MOST_RETRIES && strcmp(row->name, "retries") == 0 ? "a whole number from 0 to 10" : NULL;
	case SETTING_BOOL:
		return text_in_choices("yes|no|true|false", value) ? NULL : "true or false";
	case SETTING_COLOR:
		return text_in_choices("auto|always|never", value) ? NULL : "auto, always or never";
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_PATHS:
		break;
	}
	return NULL;
}

bool setting_store(struct collected *collected, size_t index, const char *value, const char *origin, struct error *err)
{
	const struct setting_row *row = &setting_rows[index];
	const char *wanted = value_problem(row, value);

	if (wanted != NULL) {
		bool flag = text_starts(origin, "flag");

		fail(err, flag ? ERROR_USAGE_BAD_VALUE : ERROR_CONFIG_INVALID, "%s: %s does not accept \"%s\"", origin,
		     row->name, value);
		error_cause(err, "it takes %s", wanted);
		return false;
	}
	collected->values[index] = value;
	collected->origins[index] = origin;
	return true;
}

static bool store_presets(struct collected *collected, struct error *err)
{
	for (size_t i = 0; setting_rows[i].name != NULL; i++) {
		if (setting_rows[i].preset != NULL &&
		    !setting_store(collected, i, setting_rows[i].preset, "built-in", err))
			return false;
	}
	return true;
}

static bool store_environment(struct collected *collected, struct error *err)
{
	struct arena *arena = collected->call->arena;

	for (size_t i = 0; setting_rows[i].name != NULL; i++) {
		const char *variable = setting_rows[i].variable;
		const char *value = variable == NULL ? NULL : getenv(variable);

		/* an empty FOPS_PAGER means no pager; elsewhere empty means unset */
		if (value == NULL || (value[0] == '\0' && strcmp(setting_rows[i].name, "pager") != 0))
			continue;
		if (!setting_store(collected, i, value, arena_format(arena, "environment %s", variable), err))
			return false;
	}
	if (collected->origins[setting_index("pager")] != NULL &&
	    strcmp(collected->origins[setting_index("pager")], "built-in") == 0 && getenv("PAGER") != NULL)
		return setting_store(collected, setting_index("pager"), getenv("PAGER"), "environment PAGER", err);
	return true;
}

static bool store_flag(struct collected *collected, const char *name, const char *value, struct error *err)
{
	if (value == NULL)
		return true;
	return setting_store(collected, setting_index(name), value,
	                     arena_format(collected->call->arena, "flag --%s", name), err);
}

static bool store_flag_number(struct collected *collected, const char *name, struct optional_int number,
                              struct error *err)
{
	const char *text =
	        number.present ? arena_format(collected->call->arena, "%lld", (long long)number.value) : NULL;

	return store_flag(collected, name, text, err);
}

static const char *join_paths(struct arena *arena, const struct text_list *paths)
{
	struct buffer joined = BUFFER(PATHS_LIMIT_BYTES);
	const char *text = NULL;

	for (size_t i = 0; i < paths->count; i++) {
		buffer_text(&joined, i == 0 ? "" : ":");
		buffer_text(&joined, paths->items[i]);
	}
	if (paths->count > 0)
		text = arena_copy(arena, buffer_string(&joined));
	buffer_done(&joined);
	return text;
}

static bool store_flags(struct collected *collected, struct error *err)
{
	const struct globals *globals = &collected->call->globals;

	return store_flag(collected, "context", globals->context, err) &&
	       store_flag(collected, "topology", join_paths(collected->call->arena, &globals->topology), err) &&
	       store_flag(collected, "timeout", globals->timeout, err) &&
	       store_flag_number(collected, "retries", globals->retries, err) &&
	       store_flag_number(collected, "parallel", globals->parallel, err) &&
	       store_flag(collected, "ca", globals->ca, err) && store_flag(collected, "color", globals->color, err) &&
	       (globals->cache || setting_store(collected, setting_index("cache"), "no", "flag --no-cache", err)) &&
	       (globals->pager || setting_store(collected, setting_index("pager"), "", "flag --no-pager", err));
}

/* The nearest .fops/config above the working folder, or NULL. */
static const char *find_project_file(struct arena *arena)
{
	char folder[4096];

	if (getcwd(folder, sizeof folder) == NULL)
		return NULL;
	for (;;) {
		const char *path = path_join(arena, folder, PROJECT_FILE);
		char *slash = strrchr(folder, '/');

		if (access(path, F_OK) == 0)
			return path;
		if (slash == NULL || folder[1] == '\0')
			return NULL;
		slash[slash == folder ? 1 : 0] = '\0';
	}
}

static bool read_files(struct collected *collected, struct error *err)
{
	struct arena *arena = collected->call->arena;
	const char *folder = user_config_folder(arena);
	const char *chosen = getenv("FOPS_CONFIG");
	const char *project = find_project_file(arena);

	if (chosen != NULL && chosen[0] != '\0')
		collected->settings->user_file = arena_copy(arena, chosen);
	else if (folder != NULL)
		collected->settings->user_file = path_join(arena, folder, "config");
	if (!settings_read_file(collected, SYSTEM_FILE, false, err))
		return false;
	if (collected->settings->user_file != NULL &&
	    !settings_read_file(collected, collected->settings->user_file, false, err))
		return false;
	return project == NULL || text_equal(project, collected->settings->user_file) ||
	       settings_read_file(collected, project, true, err);
}

static bool unknown_context(const struct call *call, const struct context_row *contexts, size_t count, const char *name,
                            struct error *err)
{
	const char **names = arena_array(call->arena, count + 1, sizeof *names);
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = contexts[i].name;
	near = text_suggest(call->arena, name, names, count);
	fail(err, ERROR_CONTEXT_NOT_FOUND, "no context \"%s\"", name);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	else if (count == 0)
		error_cause(err, "no configuration file defines a context");
	error_object(err, "context/%s", name);
	error_fix(err, "%s context list", call->program);
	return false;
}

/* The chosen context must exist and agree with the project's; it supplies the topology unless something nearer did. */
static bool apply_context(struct collected *collected, struct error *err)
{
	size_t context = setting_index("context");
	size_t topology = setting_index("topology");
	const char *name = collected->values[context];
	const char *topology_origin = collected->origins[topology];
	bool named_by_flag = name != NULL && text_starts(collected->origins[context], "flag");

	if (name == NULL)
		return true;
	if (collected->project_context != NULL && strcmp(collected->project_context, name) != 0) {
		fail(err, ERROR_CONFIG_CLASH, "the project pins context \"%s\", but %s asks for \"%s\"",
		     collected->project_context, collected->origins[context], name);
		error_fix(err, "%s --context %s %s", collected->call->program, collected->project_context,
		          collected->call->path);
		return false;
	}
	for (size_t i = 0; i < collected->context_count; i++) {
		struct context_row *row = &collected->contexts[i];

		row->current = strcmp(row->name, name) == 0;
		if (!row->current)
			continue;
		if (row->topology.count > 0 &&
		    (topology_origin == NULL || (!text_starts(topology_origin, "flag") &&
		                                 (named_by_flag || !text_starts(topology_origin, "environment"))))) {
			collected->values[topology] = join_paths(collected->call->arena, &row->topology);
			collected->origins[topology] = row->file;
		}
		collected->settings->context = row->name;
		return true;
	}
	/* the listing and completion must work, so that the mistake can be found and mended */
	if (text_starts(collected->call->path, "context") || text_starts(collected->call->path, "config") ||
	    (collected->call->command->flags & COMMAND_HIDDEN) != 0)
		return true;
	return unknown_context(collected->call, collected->contexts, collected->context_count, name, err);
}

static int compare_contexts(const void *a, const void *b)
{
	return strcmp(((const struct context_row *)a)->name, ((const struct context_row *)b)->name);
}

static void convert(struct collected *collected)
{
	struct settings *settings = collected->settings;
	struct arena *arena = collected->call->arena;
	struct setting *rows = arena_array(arena, SETTING_COUNT_MOST, sizeof *rows);
	const char *const *values = collected->values;

	for (size_t i = 0; setting_rows[i].name != NULL; i++)
		rows[settings->row_count++] =
		        (struct setting){ setting_rows[i].name, values[i],
			                  collected->origins[i] == NULL ? "not set" : collected->origins[i],
			                  setting_rows[i].text };
	settings->rows = rows;
	if (collected->context_count > 0)
		qsort(collected->contexts, collected->context_count, sizeof *collected->contexts, compare_contexts);
	settings->contexts = collected->contexts;
	settings->context_count = collected->context_count;
	for (size_t i = 0; i < settings->context_count; i++) {
		if (collected->contexts[i].current)
			settings->context_row = &collected->contexts[i];
	}
	/* flags take one path each, so these may hold colons */
	if (collected->call->globals.topology.count > 0)
		settings->topology = collected->call->globals.topology;
	else if (values[setting_index("topology")] != NULL)
		settings->topology = settings_split_paths(arena, values[setting_index("topology")]);
	if (values[setting_index("extensions")] != NULL)
		settings->extensions = text_split(arena, values[setting_index("extensions")], ':');
	settings->timeout_ms = -1;
	/* setting_store has checked every value, so these cannot fail */
	if (values[setting_index("timeout")] != NULL &&
	    !parse_duration_ms(values[setting_index("timeout")], &settings->timeout_ms))
		settings->timeout_ms = -1;
	if (!parse_count(values[setting_index("retries")], &settings->retries))
		settings->retries = 0;
	if (!parse_count(values[setting_index("parallel")], &settings->parallel))
		settings->parallel = 1;
	settings->ca = values[setting_index("ca")];
	settings->color = values[setting_index("color")];
	settings->pager = values[setting_index("pager")];
	settings->cache = text_in_choices("yes|true", values[setting_index("cache")]);
}

bool settings_load(struct call *call, struct error *err)
{
	struct settings *settings = arena_alloc(call->arena, sizeof *settings);
	struct collected collected = { .call = call, .settings = settings };

	if (!store_presets(&collected, err) || !read_files(&collected, err) || !store_environment(&collected, err) ||
	    !store_flags(&collected, err) || !apply_context(&collected, err))
		return false;
	convert(&collected);
	call->settings = settings;
	return true;
}

bool settings_context_missing(const struct call *call, const char *name, struct error *err)
{
	return unknown_context(call, call->settings->contexts, call->settings->context_count, name, err);
}
