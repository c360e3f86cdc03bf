/* lxc/local: lxc-attach on this machine. */
#include "fops/base/arena.h"
#include "lxc_driver.h"
#include "lxc_session.h"
#include "process_family.h"

static bool open_log(struct lxc_session *state, struct error *err)
{
	if (!scratch_new(state->arena, NULL, 0, &state->log, err))
		return false;
	state->command.log_path = state->log.path;
	return true;
}

static const char *const *keep_words(struct lxc_session *state, const char *const *words, bool terminal,
                                     struct text_list *set)
{
	(void)state;
	(void)terminal;
	(void)set;
	return words;
}

/* The log is empty unless lxc-attach itself failed: then, and only then, the status is not the command's. */
static void judge(struct lxc_session *state, int status)
{
	struct str log = scratch_read(state->arena, &state->log);

	if (state->stage == LXC_ASK_STATE)
		lxc_outcome_exited(state, status);
	else if (state->reports.folder_missing)
		lxc_outcome_folder(state);
	else if (state->reports.exec_status >= 0)
		lxc_outcome_exec(state, state->reports.exec_status);
	else
		lxc_outcome_complaint(state, log.data, log.len, status);
}

static void signal_command(struct lxc_session *state, int number)
{
	(void)family_signal(state->child.process.pid, number);
	/* lxc-attach ignores SIGINT and dies of the others without telling the command's status: it gets none but the
	 * last */
	if (number == SIGKILL)
		process_signal(&state->child.process, SIGKILL);
}

static void kill_command(struct lxc_session *state)
{
	signal_command(state, SIGKILL);
}

static void close_nothing(struct lxc_session *state)
{
	(void)state;
}

const struct lxc_carrier lxc_local_carrier = {
	.log_file = true,
	.open = open_log,
	.wrap = keep_words,
	.judge = judge,
	.signal = signal_command,
	.kill = kill_command,
	.close = close_nothing,
};

static const char *identity(struct arena *arena, const struct runtime_asset *asset)
{
	return arena_format(arena, "lxc/local %s %s", asset->lxc.path == NULL ? "" : asset->lxc.path,
	                    asset->lxc.container);
}

const struct asset_driver lxc_local_driver = {
	.name = "lxc/local",
	.text = "A container of this machine, through lxc-attach.",
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
