/* Builds the call, dispatches, and maps failure to the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/base/sanitizer.h"
#include "fops/cli/call.h"
#include "fops/cli/extension.h"
#include "fops/cli/help.h"
#include "fops/cli/output.h"
#include "fops/cli/pager.h"
#include "fops/cli/report.h"
#include "fops/cli/settings.h"
#include "root.h"

#define ARENA_LIMIT         ((size_t)2 << 30)
#define DEFAULT_DEADLINE_MS 60000

/* A closed standard stream must not become the next file that is opened; writing to the stand-in fails as it should. */
static void hold_standard_streams(void)
{
	for (int descriptor = 0; descriptor <= 2; descriptor++) {
		if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", O_RDONLY) < 0)
			return;
	}
}

/* A gone reader and a file size limit are write errors like others; programs that are started get the defaults back. */
static void ignore_write_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

static const char *program_name(const char *word)
{
	return word != NULL && strcmp(path_name(word), "fractalops") == 0 ? "fractalops" : "fops";
}

/* `run` may end with any status of the remote command, so its own failures before the start have one of their own. */
static int exit_status_of(const struct call *call, const struct error *err)
{
	static const int kept[] = { EXIT_PROPOSAL_REQUIRED, EXIT_TIMEOUT,     EXIT_NOT_STARTED, EXIT_NOT_EXECUTABLE,
		                    EXIT_COMMAND_NOT_FOUND, EXIT_INTERRUPTED, EXIT_TERMINATED,  EXIT_LINK_LOST };

	if (call->command == NULL || (call->command->flags & COMMAND_OWN_EXIT) == 0 || call->answered)
		return err->exit_status;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (kept[i] == err->exit_status)
			return err->exit_status;
	}
	return EXIT_NOT_STARTED;
}

static int failed(const struct call *call, const struct error *err)
{
	int status = exit_status_of(call, err);

	report_error(call, err, status);
	return status;
}

/* A bare noun: its short help, on stderr because nothing was answered. */
static int bare_noun(const struct call *call)
{
	struct buffer text = BUFFER((size_t)1 << 20);
	struct error err;
	ssize_t written;

	if (report_as_json(call)) {
		fail(&err, ERROR_USAGE_MISSING_ARGUMENT, "%s needs a command: %s",
		     call->path[0] == '\0' ? call->program : call->path, command_names(call->arena, call->command));
		return failed(call, &err);
	}
	help_render(call->arena, &text, call->program, call->command, call->path, false);
	written = write(STDERR_FILENO, buffer_string(&text), text.len);
	buffer_done(&text);
	return written < 0 ? EXIT_IO : EXIT_USAGE;
}

/* Whoever should have read the answer is gone, but the change was made. */
static void say_done(const struct call *call)
{
	const char *line = arena_format(call->arena, "%s: warning: the change was made, but nobody read the answer\n",
	                                call->program);
	ssize_t written = report_as_json(call) ? 0 : write(STDERR_FILENO, line, strlen(line));

	(void)written; /* there is no third place to say it */
}

static int finish(struct call *call, struct error *err)
{
	bool reader_gone = false;
	int status = EXIT_OK;

	if (!call_exit_status(call, &status, err) || !output_finish(call->output, status, &reader_gone, err))
		return failed(call, err);
	/* a reader that has seen enough is success for what only reads; a verb that acted has a verdict to keep */
	if (reader_gone && (call->command->flags & (COMMAND_WRITES | COMMAND_EXECUTES)) == 0)
		return EXIT_OK;
	if (reader_gone && (call->command->flags & COMMAND_WRITES) != 0 && !call->changed_nothing)
		say_done(call);
	return status;
}

static int show_help(struct call *call, struct error *err)
{
	struct buffer text = BUFFER((size_t)1 << 20);

	help_render(call->arena, &text, call->program, call->command, call->path, true);
	pager_print(call, buffer_string(&text), text.len);
	buffer_done(&text);
	return finish(call, err);
}

static bool prepare(struct call *call, struct error *err)
{
	int status;

	/* a wrong --ok-on must be noticed before anything is done */
	if (!call_exit_status(call, &status, err))
		return false;
	if ((call->command->flags & COMMAND_SETTINGS) != 0 && !settings_load(call, err))
		return false;
	call->deadline = NO_DEADLINE;
	if (call->settings != NULL && call->settings->timeout_ms > 0)
		call->deadline = deadline_after(call->settings->timeout_ms);
	else if ((call->command->flags & (COMMAND_NETWORK | COMMAND_NO_DEADLINE)) == COMMAND_NETWORK)
		call->deadline = deadline_after(DEFAULT_DEADLINE_MS);
	if (!output_open(call, err))
		return false;
	for (size_t i = 0; call->settings != NULL && i < call->settings->warnings.count; i++)
		output_warning(call->output, "%s", call->settings->warnings.items[i]);
	if (call->settings != NULL)
		output_context(call->output, call->settings->context);
	return true;
}

/* The answer of a verb that failed after it had one: a partial document, or the body of a refusal. */
static int finish_failed(struct call *call, struct error *err)
{
	bool reader_gone = false;
	struct error lost;

	if (!call->answered)
		return failed(call, err);
	/* the verb itself knows better what was done when the output was lost under its hands */
	if (!output_finish(call->output, exit_status_of(call, err), &reader_gone, &lost))
		return failed(call, err->id == ERROR_IO_OUTPUT ? err : &lost);
	return reader_gone && err->id == ERROR_IO_OUTPUT ? EXIT_OK : failed(call, err);
}

static int run_command(struct call *call, struct error *err)
{
	if (!prepare(call, err))
		return failed(call, err);
	if (!output_listed_fields(call->output) && !call->command->run(call, err))
		return finish_failed(call, err);
	return finish(call, err);
}

/* An unknown first word may be an extension; it gets every word behind its name. */
static bool run_extension(struct call *call, int argc, char **argv, struct error *err)
{
	const char *path;
	struct error settings_error;
	int at = call->unknown_at;

	if (!settings_load(call, &settings_error)) {
		/* where extensions are looked for is itself a setting: nothing can be said of the word */
		*err = settings_error;
		return false;
	}
	if (!extension_find(call, argv[at], &path))
		return false;
	return !extension_run(call, path, argc - at - 1, argv + at + 1, err);
}

static int dispatch(struct call *call, int argc, char **argv)
{
	struct error err = { 0 };

	if (!call_parse(call, argc, argv, &err)) {
		if (err.id == ERROR_USAGE_UNKNOWN_COMMAND && call->command == call->root)
			(void)run_extension(call, argc, argv, &err);
		return failed(call, &err);
	}
	call->log = (struct log){ (int)(call->globals.verbose > 2 ? 2 : call->globals.verbose), report_as_json(call),
		                  STDERR_FILENO };
	if (call->globals.version) {
		call->command = command_find(call->root, "version");
		call->path = "version";
	}
	if (call->globals.help) {
		if (!output_open(call, &err))
			return failed(call, &err);
		return show_help(call, &err);
	}
	if (call->command->verbs != NULL)
		return bare_noun(call);
	return run_command(call, &err);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new(ARENA_LIMIT);
	struct call call = { .arena = arena,
		             .program = program_name(argc > 0 ? argv[0] : NULL),
		             .root = &root_command };
	int status;

	hold_standard_streams();
	ignore_write_signals();
	status = dispatch(&call, argc, argv);
	output_close(call.output);
	/* the kernel gives memory back faster than libraries that take each piece apart */
	if (!ADDRESS_SANITIZER)
		_exit(status);
	arena_free(arena);
	return status;
}
