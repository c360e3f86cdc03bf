/* From argv to a call: the command, its options, the global flags. */
#include "fops/cli/call.h"

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/option.h"

#define MOST_WORDS 100000

/* The state of one parse. */
struct parse {
	struct call *call;
	int argc;
	char **argv;
	int at;
	void *options;
	uint64_t globals_given; /* bit per row of global_options */
	bool json_bare;         /* --json without a value was the flag before */
};

static bool unknown_command(const struct parse *parse, const char *word, struct error *err)
{
	struct call *call = parse->call;
	const struct command *noun = call->command;
	bool is_root = noun == call->root;
	const char *near = command_suggest(call->arena, noun, word);

	call->unknown_at = parse->at;
	if (is_root)
		fail(err, ERROR_USAGE_UNKNOWN_COMMAND, "no command \"%s\"", word);
	else
		fail(err, ERROR_USAGE_UNKNOWN_COMMAND, "no command \"%s %s\"", call->path, word);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	else
		error_cause(err, "commands of %s are %s", is_root ? call->program : call->path,
		            command_names(call->arena, noun));
	if (near != NULL && strchr(near, ' ') == NULL)
		error_fix(err, "%s %s%s%s", call->program, call->path, is_root ? "" : " ", near);
	else
		error_fix(err, "%s %s%s--help", call->program, call->path, is_root ? "" : " ");
	return false;
}

static const char *suggest_flag(struct call *call, const char *name)
{
	const char *names[128];
	size_t count = 0;

	for (const struct command_option *row = call->command->options; row != NULL && row->name != NULL; row++)
		names[count++] = row->name;
	for (const struct command_option *row = global_options; row->name != NULL && count < ARRAY_LEN(names); row++) {
		if (row->needs == 0 || (row->needs & call->command->flags) != 0)
			names[count++] = row->name;
	}
	return text_suggest(call->arena, name, names, count);
}

static bool unknown_flag(struct call *call, const char *flag, const char *name, struct error *err)
{
	const char *near = suggest_flag(call, name);

	fail(err, ERROR_USAGE_UNKNOWN_FLAG, "%s%s%s has no flag %s", call->program, call->path[0] == '\0' ? "" : " ",
	     call->path, flag);
	if (near != NULL)
		error_cause(err, "did you mean --%s?", near);
	error_fix(err, "%s %s%s--help", call->program, call->path, call->path[0] == '\0' ? "" : " ");
	return false;
}

/* Store a flag's value in the command's options or in the globals. */
static bool store(struct parse *parse, const struct command_option *option, bool global, const char *value,
                  struct error *err)
{
	struct call *call = parse->call;

	if (global) {
		parse->globals_given |= (uint64_t)1 << (option - global_options);
		if (text_equal(option->name, "json")) {
			call->globals.json_given = true;
			parse->json_bare = value == NULL;
		}
		return option_store(call->arena, option, &call->globals, value, err);
	}
	return option_store(call->arena, option, parse->options, value, err);
}

/* The value of a flag: behind '=', or the next word. */
static bool take_value(struct parse *parse, const struct command_option *option, const char **value)
{
	if (*value != NULL || option_stands_alone(option) || (option->flags & OPTION_VALUE_OPTIONAL) != 0)
		return true;
	if (parse->at + 1 >= parse->argc)
		return false;
	*value = parse->argv[++parse->at];
	return true;
}

static const struct command_option *find_long(const struct call *call, const char *name, size_t len, bool *ret_global)
{
	const struct command_option *option = option_find(call->command->options, name, len);

	*ret_global = option == NULL;
	return option != NULL ? option : option_find(global_options, name, len);
}

static bool parse_long(struct parse *parse, struct error *err)
{
	struct call *call = parse->call;
	const char *name = parse->argv[parse->at] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	bool global;
	const struct command_option *option = find_long(call, name, len, &global);

	if (option == NULL && len > 3 && text_starts(name, "no-") && value == NULL) {
		option = find_long(call, name + 3, len - 3, &global);
		if (option != NULL && option->slot.kind == SLOT_BOOL)
			return store(parse, option, global, "no", err);
		if (option != NULL && text_equal(option->name, "retries"))
			return store(parse, option, global, "0", err);
		option = NULL;
	}
	if (option == NULL)
		return unknown_flag(call, arena_format(call->arena, "--%.*s", (int)len, name),
		                    arena_text(call->arena, name, len), err);
	if (value != NULL && option_stands_alone(option) && option->slot.kind == SLOT_COUNT && *value == '\0')
		return fail(err, ERROR_USAGE_BAD_VALUE, "--%s takes no value", option->name);
	if (!take_value(parse, option, &value))
		return fail(err, ERROR_USAGE_MISSING_ARGUMENT, "--%s needs %s", option->name, option->argument);
	return store(parse, option, global, value, err);
}

/* -v, -vv, -o json, -ojson, -it */
static bool parse_short(struct parse *parse, struct error *err)
{
	struct call *call = parse->call;

	for (const char *letter = parse->argv[parse->at] + 1; *letter != '\0'; letter++) {
		const struct command_option *option = option_find_letter(call->command->options, *letter);
		bool global = option == NULL;
		const char *value = NULL;

		if (global)
			option = option_find_letter(global_options, *letter);
		if (option == NULL) {
			char name[2] = { *letter, '\0' };

			return unknown_flag(call, arena_format(call->arena, "-%c", *letter), name, err);
		}
		if (!option_stands_alone(option) && letter[1] != '\0')
			value = letter + (letter[1] == '=' ? 2 : 1);
		if (!take_value(parse, option, &value))
			return fail(err, ERROR_USAGE_MISSING_ARGUMENT, "-%c needs %s", *letter, option->argument);
		if (!store(parse, option, global, value, err))
			return false;
		if (value != NULL)
			break;
	}
	return true;
}

static bool enter_command(struct parse *parse, const struct command *command, struct error *err)
{
	struct call *call = parse->call;

	call->path = call->command == call->root ? command->name
	                                         : arena_format(call->arena, "%s %s", call->path, command->name);
	call->command = command;
	if (command->options == NULL)
		return true;
	parse->options = arena_alloc(call->arena, command->options_size);
	call->options = parse->options;
	return option_apply_presets(call->arena, command->options, parse->options, err);
}

/* The habit of other programs: --json a,b with a blank. */
static bool is_field_list(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-./,")] == '\0';
}

static bool unexpected_argument(struct parse *parse, const char *word, struct error *err)
{
	struct call *call = parse->call;

	fail(err, ERROR_USAGE_UNEXPECTED_ARGUMENT, "unexpected argument \"%s\"", word);
	if (parse->json_bare)
		error_fix(err, "%s %s --json=%s", call->program, call->path, is_field_list(word) ? word : "FIELDS");
	else if (is_identifier(word) && option_find(call->command->options, "asset-id", strlen("asset-id")) != NULL)
		error_fix(err, "%s %s --asset-id %s%s", call->program, call->path, word,
		          call->command->rest == NULL ? "" : " -- COMMAND");
	else if (call->command->rest != NULL)
		error_fix(err, "%s %s … -- %s", call->program, call->path, is_identifier(word) ? word : "COMMAND");
	else
		error_fix(err, "%s %s --help", call->program, call->path);
	return false;
}

static bool parse_word(struct parse *parse, const char *word, struct error *err)
{
	struct call *call = parse->call;

	if (call->command->verbs != NULL) {
		const struct command *verb = command_find(call->command, word);

		if (verb == NULL)
			return unknown_command(parse, word, err);
		return enter_command(parse, verb, err);
	}
	if (call->arguments.count >= call->command->arguments_max)
		return unexpected_argument(parse, word, err);
	text_list_add(call->arena, &call->arguments, word);
	return true;
}

/* The words behind `--`: the rest of run, plain arguments elsewhere. */
static bool parse_rest(struct parse *parse, struct error *err)
{
	struct call *call = parse->call;
	size_t count = (size_t)(parse->argc - parse->at);
	const char **rest;

	if (call->command->rest == NULL) {
		for (; parse->at < parse->argc; parse->at++) {
			if (!parse_word(parse, parse->argv[parse->at], err))
				return false;
		}
		return true;
	}
	rest = arena_array(call->arena, count + 1, sizeof *rest);
	for (size_t i = 0; i < count; i++)
		rest[i] = parse->argv[parse->at + (int)i];
	call->rest = rest;
	parse->at = parse->argc;
	return true;
}

static bool check_counts(const struct call *call, struct error *err)
{
	const struct command *command = call->command;
	size_t rest = 0;

	while (call->rest != NULL && call->rest[rest] != NULL)
		rest++;
	if (call->arguments.count < command->arguments_min)
		fail(err, ERROR_USAGE_MISSING_ARGUMENT, "%s needs %s", call->path, command->arguments);
	else if (rest < command->rest_min)
		fail(err, ERROR_USAGE_MISSING_ARGUMENT, "%s needs a command: -- %s", call->path, command->rest);
	else
		return true;
	if (command->examples != NULL && command->examples[0] != NULL)
		error_fix(err, "%s", command->examples[0]);
	return false;
}

static bool check_promises(const struct parse *parse, struct error *err)
{
	const struct call *call = parse->call;

	for (size_t i = 0; global_options[i].name != NULL; i++) {
		unsigned needs = global_options[i].needs;

		if ((parse->globals_given >> i & 1) == 0 || needs == 0 || (needs & call->command->flags) != 0)
			continue;
		fail(err, ERROR_USAGE_UNKNOWN_FLAG, "%s %s does not take --%s", call->program, call->path,
		     global_options[i].name);
		error_fix(err, "%s %s --help", call->program, call->path);
		return false;
	}
	return true;
}

static bool parse_words(struct parse *parse, struct error *err)
{
	for (parse->at = 1; parse->at < parse->argc; parse->at++) {
		const char *word = parse->argv[parse->at];
		bool good;

		if (strcmp(word, "--") == 0) {
			parse->at++;
			return parse_rest(parse, err);
		}
		if (word[0] == '-' && word[1] == '-')
			good = parse_long(parse, err);
		else if (word[0] == '-' && word[1] != '\0')
			good = parse_short(parse, err);
		else
			good = parse_word(parse, word, err);
		if (!good)
			return false;
	}
	return true;
}

bool call_parse(struct call *call, int argc, char **argv, struct error *err)
{
	struct parse parse = { .call = call, .argc = argc, .argv = argv };

	call->command = call->root;
	call->path = "";
	call->argc = argc;
	call->argv = argv;
	if (argc > MOST_WORDS)
		return fail(err, ERROR_USAGE_BAD_VALUE, "more than %d words on the command line", MOST_WORDS);
	if (!option_apply_presets(call->arena, global_options, &call->globals, err) || !parse_words(&parse, err))
		return false;
	if (call->globals.help || call->globals.version || call->command->verbs != NULL)
		return true;
	return check_promises(&parse, err) && check_counts(call, err);
}

bool call_exit_status(const struct call *call, int *ret_status, struct error *err)
{
	struct text_list names = { 0 };

	*ret_status = call->verdict;
	if (call->globals.ok_on == NULL)
		return true;
	names = text_split(call->arena, call->globals.ok_on, ',');
	for (size_t i = 0; i < names.count; i++) {
		bool known = false;

		for (const struct exit_row *row = exit_rows; row->name != NULL; row++) {
			if (row->status < EXIT_DRIFT || row->status > EXIT_STALE ||
			    strcmp(row->name, names.items[i]) != 0)
				continue;
			known = true;
			if (row->status == call->verdict)
				*ret_status = EXIT_OK;
		}
		if (!known) {
			fail(err, ERROR_USAGE_BAD_VALUE, "--ok-on does not know the verdict \"%s\"", names.items[i]);
			error_fix(err, "%s help exit-codes", call->program);
			return false;
		}
	}
	return true;
}

bool call_by_machine(void)
{
	static const char *const markers[] = { "CI", "AI_AGENT" };
	const char *caller = getenv("FOPS_CALLER");

	if (caller != NULL && caller[0] != '\0')
		return strcmp(caller, "machine") == 0;
	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		const char *value = getenv(markers[i]);

		if (value != NULL && value[0] != '\0')
			return true;
	}
	return false;
}

bool call_may_ask(const struct call *call)
{
	const char *format = call->globals.format;

	return call->globals.input && !call->globals.json_given && (format == NULL || !text_starts(format, "json")) &&
	       !call_by_machine() && terminal_is(STDIN_FILENO) && terminal_is(STDERR_FILENO);
}
