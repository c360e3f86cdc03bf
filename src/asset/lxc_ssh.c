/* lxc/ssh: lxc-attach on another host through the OpenSSH client. */
#include <poll.h>

#include "fops/base/arena.h"
#include "inner_script.h"
#include "lxc_driver.h"
#include "lxc_session.h"
#include "ssh_link.h"

#define LONGEST_COMMAND ((size_t)1024 * 1024)
#define KILL_WAIT_MS    500
#define REPORT_WAIT_MS  1000  /* after a signal, for the wrapper's first report */
#define LIMIT_WAIT_MS   250   /* the same for SIGTERM, which also ends a command at its limit: that must stay near it */
#define LOGIN_MS        15000 /* from the connection to the first report */

/*
 * Runs over there, $0 is the mark. It tells its own process and group so that a second command can signal them; with
 * "m" in $1 it joins both streams, with "p" it forgets the environment of the login, with "e" it reads the environment
 * from its input; it outlives the signals that end lxc-attach, and tells the exact status, which ssh alone cannot (255
 * has four meanings). What this shell itself would say goes nowhere.
 */
#define OUTER_SCRIPT                                                                                                   \
	"case $1 in *m*) exec 2>&1;; esac\n"                                                                           \
	"exec 3>&2 2>/dev/null\n"                                                                                      \
	"trap : INT TERM HUP\n"                                                                                        \
	"group() { printf '%s pid %s %s\\n' \"$0\" \"$$\" \"$3\" >&3 || exit 125; }\n"                                 \
	"IFS= read -r line </proc/$$/stat; group ${line##*) }\n"                                                       \
	"case $1 in *p*) for name in $(export -p | sed -n 's/^[a-z]* *\\(-x "                                          \
	"*\\)*\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\2/p'); do\n"                                                           \
	"[ \"$name\" = PATH ] || unset \"$name\"; done;; esac\n"                                                       \
	"case $1 in *e*) " PREAMBLE_SCRIPT ";; esac\n"                                                                 \
	"shift; cd /; unset OLDPWD\n"                                                                                  \
	"\"$@\" 2>&3 3>&-\n"                                                                                           \
	"status=$?; printf '%s status %s\\n' \"$0\" \"$status\" >&3; exit \"$status\""

/*
 * The second command: $1 signal, $2 process of the script above, $3 its group. It signals the members of the group and
 * of the sessions below lxc-attach, but neither the script, its parent nor lxc-attach, which has to bring the status;
 * the last signal reaches lxc-attach too.
 */
#define SIGNAL_SCRIPT                                                                                                  \
	"signal=$1 self=$2 group=$3 attach= above= leaders=' '\n"                                                      \
	"each() { for file in /proc/[0-9]*/stat; do { IFS= read -r line <\"$file\"; } 2>/dev/null || continue\n"       \
	"pid=${file#/proc/}; pid=${pid%/stat}; \"$1\" \"$pid\" ${line##*) }; done; }\n"                                \
	"find() { if [ \"$3\" = \"$self\" ]; then attach=$1; fi; if [ \"$1\" = \"$self\" ]; then above=$3; fi; }\n"    \
	"lead() { if [ \"$3\" = \"$attach\" ]; then leaders=\"$leaders$1 \"; fi; }\n"                                  \
	"strike() { case $1 in \"$self\"|\"$above\") return;; esac\n"                                                  \
	"if [ \"$1\" = \"$attach\" ] && [ \"$signal\" != KILL ]; then return; fi\n"                                    \
	"if [ \"$4\" = \"$group\" ]; then kill -s \"$signal\" \"$1\" 2>/dev/null; return; fi\n"                        \
	"case $leaders in *\" $5 \"*) kill -s \"$signal\" \"$1\" 2>/dev/null;; esac; }\n"                              \
	"each find; [ -n \"$attach\" ] || exit 0; each lead; each strike; exit 0"

struct ssh_session {
	struct ssh_link link;
	struct child killer;        /* the second command */
	struct loop_timer patience; /* a signal waits for the report of what to signal */
	int pending;
};

static struct ssh_link *link_of(struct lxc_session *state)
{
	struct ssh_session *own = state->link;

	return &own->link;
}

static bool open_link(struct lxc_session *state, struct error *err)
{
	struct ssh_session *own = arena_alloc(state->arena, sizeof *own);

	if (!ssh_link_open(state->arena, &state->session->asset->lxc.ssh, &own->link, err))
		return false;
	state->link = own;
	return true;
}

static int64_t start_limit_ms(const struct lxc_session *state)
{
	return state->session->asset->lxc.ssh.connect_timeout.ms + LOGIN_MS;
}

static void close_link(struct lxc_session *state)
{
	struct ssh_session *own = state->link;

	if (own == NULL)
		return;
	loop_disarm(state->session->context->loop, &own->patience);
	child_stop(&own->killer);
	ssh_link_close(&own->link);
}

/* "sh -c SCRIPT MARK …" as one string for the login shell. */
static const char *quote_script(struct arena *arena, const char *script, const char *mark, const char *first,
                                const char *const *words)
{
	const char *head[] = { "sh", "-c", script, mark, first, NULL };
	struct buffer text = BUFFER(LONGEST_COMMAND);
	const char *command;

	buffer_text(&text, "exec ");
	shell_quote_words(&text, head);
	buffer_byte(&text, ' ');
	shell_quote_words(&text, words);
	command = arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return command;
}

static const char *const *wrap_words(struct lxc_session *state, const char *const *words, bool terminal,
                                     struct text_list *set)
{
	bool has_values = set->count > 0;
	const char *flags = arena_format(state->arena, "%s%s%s", has_values ? "e" : "", state->merged ? "m" : "",
	                                 state->command.lxc->proxmox.present ? "p" : "");
	const char *command = quote_script(state->arena, OUTER_SCRIPT, state->mark, flags, words);

	if (has_values)
		state->preamble = inner_preamble(state->arena, set, NULL);
	*set = (struct text_list){ 0 };
	return ssh_link_words(state->arena, link_of(state), command, terminal);
}

/* A pipe whose reader is gone: ssh then ends as if the link were lost. */
static bool reader_is_gone(const struct lxc_session *state)
{
	struct pollfd about = { .fd = state->session->request->direct_output };

	return about.fd >= 0 && poll(&about, 1, 0) == 1 && (about.revents & POLLERR) != 0;
}

static void judge_without_report(struct lxc_session *state)
{
	const char *asset_id = state->session->asset->asset_id;
	bool began = state->reports.has_group;

	if (began && state->stage == LXC_RUN && reader_is_gone(state)) {
		/* as on this machine, where the command itself would have died of SIGPIPE */
		state->carrier->kill(state);
		lxc_outcome_exited(state, 128 + SIGPIPE);
		state->outcome.derived = true;
		return;
	}
	state->outcome = (struct session_outcome){ .cause = began ? SESSION_LINK_LOST : SESSION_NOT_STARTED };
	ssh_link_failed(state->arena, link_of(state), asset_id, began, &state->outcome.error);
	if (!began)
		state->found = LXC_FOUND_UNREACHABLE;
}

static void judge(struct lxc_session *state, int status)
{
	const struct lxc_reports *reports = &state->reports;
	const char *complaints = buffer_string(&reports->complaints);

	(void)status; /* ssh's own says less than the reports */
	if (reports->status < 0) {
		judge_without_report(state);
		return;
	}
	if (state->stage == LXC_ASK_STATE)
		lxc_outcome_exited(state, reports->status);
	else if (reports->folder_missing)
		lxc_outcome_folder(state);
	else if (reports->exec_status >= 0)
		lxc_outcome_exec(state, reports->exec_status);
	else if (reports->started)
		lxc_outcome_exited(state, reports->status);
	else
		lxc_outcome_complaint(state, complaints, reports->complaints.len, reports->status);
}

static void killer_output(struct child *child, int stream, const char *data, size_t len)
{
	(void)child;
	(void)stream;
	(void)data;
	(void)len;
}

static void killer_ended(struct child *child, int status)
{
	(void)child;
	(void)status;
}

static const char *signal_name(int number)
{
	switch (number) {
	case SIGINT:
		return "INT";
	case SIGTERM:
		return "TERM";
	case SIGHUP:
		return "HUP";
	case SIGKILL:
		return "KILL";
	default:
		return "TERM";
	}
}

/* A second command that signals what the first one started. */
static void send_signal(struct lxc_session *state, int number)
{
	struct ssh_session *own = state->link;
	struct child_request program = { 0 };
	struct error err;
	const char *words[3] = {
		arena_format(state->arena, "%llu", (unsigned long long)state->reports.pid),
		arena_format(state->arena, "%llu", (unsigned long long)state->reports.group),
		NULL,
	};

	program.argv =
	        ssh_link_words(state->arena, &own->link,
	                       quote_script(state->arena, SIGNAL_SCRIPT, "sh", signal_name(number), words), false);
	child_stop(&own->killer);
	own->killer = (struct child){ .loop = state->session->context->loop,
		                      .on_output = killer_output,
		                      .on_ended = killer_ended };
	if (!child_start(&own->killer, state->arena, &program, &err))
		log_detail(state->session->context->log, "cannot signal the command: %s", err.message);
}

/* Still no report: the login hangs, or takes longer than anyone waits. */
static void give_up_waiting(void *user)
{
	struct lxc_session *state = user;
	struct ssh_session *own = state->link;

	if (state->reports.has_group)
		send_signal(state, own->pending);
	else
		process_signal(&state->child.process, SIGTERM);
}

static void signal_command(struct lxc_session *state, int number)
{
	struct ssh_session *own = state->link;

	if (state->reports.started && state->reports.has_group) {
		send_signal(state, number);
		return;
	}
	/* cutting the link now could leave a command behind that starts this very moment: its report is awaited */
	own->pending = number;
	if (number == SIGKILL)
		process_signal(&state->child.process, SIGKILL);
	else
		loop_arm(state->session->context->loop, &own->patience,
		         number == SIGTERM ? LIMIT_WAIT_MS : REPORT_WAIT_MS, give_up_waiting, state);
}

/* The command runs: a signal that came before can be delivered. */
static void reported(struct lxc_session *state)
{
	struct ssh_session *own = state->link;
	int number = own->pending;

	own->pending = 0;
	loop_disarm(state->session->context->loop, &own->patience);
	if (number != 0)
		signal_command(state, number);
}

static void kill_command(struct lxc_session *state)
{
	struct ssh_session *own = state->link;
	struct pollfd ended;

	signal_command(state, SIGKILL);
	/* the second command needs a moment to get there; the loop must not turn meanwhile */
	ended = (struct pollfd){ .fd = own->killer.alive ? own->killer.process.descriptor : -1, .events = POLLIN };
	if (ended.fd >= 0)
		(void)poll(&ended, 1, KILL_WAIT_MS);
}

const struct lxc_carrier lxc_ssh_carrier = {
	.wraps = true,
	.terminal_words = true,
	.start_limit_ms = start_limit_ms,
	.open = open_link,
	.wrap = wrap_words,
	.judge = judge,
	.signal = signal_command,
	.reported = reported,
	.kill = kill_command,
	.close = close_link,
};

static const char *identity(struct arena *arena, const struct runtime_asset *asset)
{
	return arena_format(arena, "lxc/ssh %s %s %s", ssh_link_identity(arena, &asset->lxc.ssh),
	                    asset->lxc.path == NULL ? "" : asset->lxc.path, asset->lxc.container);
}

const struct asset_driver lxc_ssh_driver = {
	.name = "lxc/ssh",
	.text = "A container of another host, through ssh and lxc-attach there.",
	.abilities = ASSET_INPUT | ASSET_HALF_CLOSE | ASSET_TERMINAL | ASSET_SIGNALS | ASSET_USER | ASSET_WORKDIR |
	             ASSET_ENVIRONMENT | ASSET_STREAMING,
	.start = lxc_start,
	.write = lxc_write,
	.close_input = lxc_close_input,
	.pause_output = lxc_pause_output,
	.signal = lxc_signal,
	.resize = lxc_resize,
	.stop = lxc_stop,
	.observe = lxc_observe,
	.stop_observing = lxc_stop_observing,
	.identity = identity,
};
