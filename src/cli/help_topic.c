/* The table of help topics, and the topics that are rendered from other tables. */
#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "fops/cli/settings.h"
#include "help_text.h"
#include "help_topic_text.h"

/* Variables that are no settings: read by fops itself or by what it stands on. */
static const struct {
	const char *name;
	const char *text;
} fixed_variables[] = {
	{ "FOPS_CONFIG", "the user's configuration file instead of $XDG_CONFIG_HOME/fops/config" },
	{ "FOPS_OUTPUT", "output format when -o is not given; for launchers" },
	{ "FOPS_CALLER", "human or machine: whether questions, animation and pager are welcome" },
	{ "FOPS_SPINNER", "0: no progress on standard error" },
	{ "FOPS_TOKEN", "never passed on to programs that fops starts" },
	{ "CI, AI_AGENT", "set: an automation is calling; no questions, animation and pager" },
	{ "PAGER", "program for long help when FOPS_PAGER is not set" },
	{ "NO_COLOR", "not empty: no colour" },
	{ "CLICOLOR", "0: no colour" },
	{ "CLICOLOR_FORCE", "neither empty nor 0: colour also without a terminal" },
	{ "TERM", "dumb: no colour" },
	{ "COLUMNS", "width of tables when the terminal does not tell; else 80" },
	{ "LC_ALL, LC_CTYPE, LANG", "signs beyond ASCII are used only when the locale names UTF-8" },
	{ "SSL_CERT_FILE", "PEM file of trusted certificate authorities when --ca is not given" },
	{ "HTTPS_PROXY, http_proxy, ALL_PROXY",
	  "proxy for requests to such URLs, unless the endpoint has a proxyUrl or is on this machine" },
	{ "NO_PROXY", "hosts that are reached without the proxy of these variables" },
	{ "KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT",
	  "the API server, for endpoints with auth mode in-cluster" },
	{ "HOME", "where the folders below stand when their variables are not set; may be missing" },
	{ "XDG_CONFIG_HOME", "folder of fops/config (default ~/.config)" },
	{ "XDG_CACHE_HOME", "folder of the compiled topology and of fetched commits (default ~/.cache)" },
	{ "XDG_DATA_HOME", "folder of extensions (default ~/.local/share)" },
	{ "XDG_RUNTIME_DIR", "folder of sockets, such as reused SSH connections (default below /tmp)" },
	{ "TMPDIR",
	  "where commits are fetched to when there is no cache, for as long as the command runs (default /tmp)" },
	{ "PATH", "where programs are found: ssh, lxc-attach, extensions, the pager" },
};

#define VARIABLE_COLUMN 20

static void render_environment(struct arena *arena, struct buffer *out)
{
	help_paragraphs(out, "A flag comes before the variable, the variable before configuration files. An empty "
	                     "variable counts as not "
	                     "set, except FOPS_PAGER, where it means no pager.");
	buffer_text(out, "\nSettings:\n");
	for (const struct setting_row *row = setting_rows; row->name != NULL; row++) {
		const char *text = row->text;

		if (row->variable == NULL)
			continue;
		if (row->preset != NULL)
			text = arena_format(arena, "%s (default %s)", text, row->preset);
		help_row(out, row->variable, VARIABLE_COLUMN, text);
	}
	buffer_text(out, "\nOther variables:\n");
	for (size_t i = 0; i < ARRAY_LEN(fixed_variables); i++)
		help_row(out, fixed_variables[i].name, VARIABLE_COLUMN, fixed_variables[i].text);
}

static void render_exit_codes(struct arena *arena, struct buffer *out)
{
	help_paragraphs(out, "10 to 18 are verdicts: fops worked, and the answer is not \"fine\". 64 to 78 are errors. "
	                     "runtime-assets run "
	                     "passes the status of the remote command through; its own are 124 to 127 and 255.");
	buffer_byte(out, '\n');
	for (const struct exit_row *row = exit_rows; row->name != NULL; row++)
		help_row(out, arena_format(arena, "%3d  %s", row->status, row->name), 28, row->meaning);
	buffer_byte(out, '\n');
	help_paragraphs(out, "--ok-on NAME[,NAME...] makes the command exit 0 on these verdicts. No number is ever "
	                     "given a new meaning.");
}

static void render_errors(struct arena *arena, struct buffer *out)
{
	help_paragraphs(out, "An error is printed as the code in brackets, what failed, its cause, its effect and a "
	                     "fix. fops help errors "
	                     "CODE explains one code with an example.");
	buffer_byte(out, '\n');
	for (size_t i = 0; i < ARRAY_LEN(error_codes); i++)
		help_row(out, arena_format(arena, "%-26s %3d", error_codes[i].name, error_codes[i].status), 34,
		         error_codes[i].cause);
}

const struct help_topic help_topics[] = {
	{ "cache", "The compiled topology, and when it is used", topic_text_cache, NULL },
	{ "contexts", "Named topologies and the order of settings", topic_text_contexts, NULL },
	{ "environment", "Variables that fops reads", NULL, render_environment },
	{ "errors", "All error codes", NULL, render_errors },
	{ "exit-codes", "All exit codes", NULL, render_exit_codes },
	{ "extensions", "Commands of your own", topic_text_extensions, NULL },
	{ "global-flags", "Flags that many commands take", NULL, help_render_globals },
	{ "health", "Health contracts, states and --watch", topic_text_health, NULL },
	{ "jsonpath", "The language of -o jsonpath", topic_text_jsonpath, NULL },
	{ "output", "Formats, fields and the promise of JSON", topic_text_output, NULL },
	{ "planes", "Planes, endpoints and their URLs", topic_text_planes, NULL },
	{ "proposals", "Actions that need approval", topic_text_proposals, NULL },
	{ "run", "Streams, signals and exit codes of run", topic_text_run, NULL },
	{ "scripting", "Use in scripts, make and by agents", topic_text_scripting, NULL },
	{ "secrets", "References to secrets, and where values go", topic_text_secrets, NULL },
	{ "selection", "How assets are chosen", topic_text_selection, NULL },
	{ "topology", "The contract, and how to write one", topic_text_topology, NULL },
	{ 0 },
};

const struct help_topic *help_topic_find(const char *name)
{
	for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++) {
		if (text_equal(topic->name, name))
			return topic;
	}
	return NULL;
}

void help_topic_render(struct arena *arena, struct buffer *out, const struct help_topic *topic)
{
	buffer_format(out, "%s.\n\n", topic->summary);
	if (topic->render != NULL)
		topic->render(arena, out);
	else
		help_paragraphs(out, topic->text);
}
