/* Starts the pager with a pipe, and falls back to plain output. */
#include "fops/cli/pager.h"

#include "fops/base/arena.h"
#include "fops/base/process.h"
#include "fops/base/terminal.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

static size_t count_lines(const char *text, size_t len)
{
	size_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* FOPS_PAGER and PAGER hold a command line: words divided by blanks, no shell. NULL: no pager. */
static const char *const *pager_words(struct call *call)
{
	const char *line = getenv("FOPS_PAGER");
	struct error ignored;
	struct text_list words;

	if (line == NULL)
		line = getenv("PAGER");
	/* help must work whatever the configuration files hold, so a mistake in them only leaves their pager out */
	if ((call->settings != NULL || settings_load(call, &ignored)) && call->settings->pager != NULL)
		line = call->settings->pager;
	words = text_split(call->arena, line == NULL ? "less -FIRX" : line, ' ');
	if (words.count == 0 || !call->globals.pager || call_by_machine())
		return NULL;
	text_list_add(call->arena, &words, NULL);
	return words.items;
}

static void write_whole(int descriptor, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(descriptor, text, len);

		if (put <= 0)
			return; /* the reader has seen enough */
		text += put;
		len -= (size_t)put;
	}
}

static bool page(struct call *call, const char *const *words, const char *text, size_t len)
{
	struct process_request request = {
		.argv = words, .output = STDOUT_FILENO, .errors = STDERR_FILENO, .keep_group = true
	};
	struct process process;
	struct error ignored;
	int ends[2];
	int status;

	if (!process_pipe(ends, &ignored))
		return false;
	request.input = ends[0];
	if (!process_start(call->arena, &request, &process, &ignored)) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return false;
	}
	(void)close(ends[0]);
	write_whole(ends[1], text, len);
	(void)close(ends[1]);
	(void)process_collect(&process, true, &status);
	return true;
}

/* Ctrl-C goes to everybody in front of the terminal: pagers read on or end as they like, and are waited for. */
static bool page_undisturbed(struct call *call, const char *const *words, const char *text, size_t len)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	bool shown;

	(void)sigaction(SIGINT, &ignore, &interrupt);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	shown = page(call, words, text, len);
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	return shown;
}

void pager_print(struct call *call, const char *text, size_t len)
{
	struct terminal_size size = { 0 };
	const char *const *words;

	if (terminal_is(STDOUT_FILENO) && terminal_read_size(STDOUT_FILENO, &size) &&
	    count_lines(text, len) >= size.rows && (words = pager_words(call)) != NULL &&
	    page_undisturbed(call, words, text, len))
		return;
	output_bytes(call->output, text, len);
}
