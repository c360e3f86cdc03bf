/* Stages of one command in a container: look the user up, run, and after a failure ask for the state. */
#include "lxc_session.h"

#include "fops/base/arena.h"

#define LONGEST_ANSWER    ((size_t)4096)
#define LONGEST_COMPLAINT ((size_t)4096)
/* Behind the reported status nothing can follow in the same stream; another one may be behind by a stall of the link.
 */
#define LINGER_MS       200
#define LINGER_APART_MS 2000

static bool start_stage(struct lxc_session *state, enum lxc_stage stage, struct error *err);
static void child_ended(struct child *child, int status);
static void linger(struct lxc_session *state);

static struct lxc_session *state_of(struct session *session)
{
	return session->state;
}

static void announce(struct lxc_session *state)
{
	if (state->announced || state->stage != LXC_RUN)
		return;
	state->announced = true;
	if (state->session->on_started != NULL)
		state->session->on_started(state->session);
}

static void take_text(void *user, int stream, const char *data, size_t len)
{
	struct lxc_session *state = user;

	if (state->stage != LXC_RUN) {
		if (stream == 1)
			buffer_append(&state->answer, data, len);
		return;
	}
	if (!state->wrapped)
		announce(state);
	state->session->on_output(state->session, stream, data, len);
}

/* The command ended, the program that carried it did not: something that it left behind holds a stream. */
static void linger_expired(void *user)
{
	struct lxc_session *state = user;

	if (state->child.paused[0] || state->child.paused[1]) {
		linger(state);
		return;
	}
	/* output that goes to the caller directly still finds its way; what we relay was silent for long enough */
	if (state->session->request->direct_output >= 0 && !state->merged)
		child_abandon(&state->child);
	else
		child_stop(&state->child);
	child_ended(&state->child, state->reports.status);
}

static void linger(struct lxc_session *state)
{
	bool apart = state->report_stream == 2 && state->session->request->direct_output < 0;

	loop_arm(state->session->context->loop, &state->soon, apart ? LINGER_APART_MS : LINGER_MS, linger_expired,
	         state);
}

/* " pid 12 34", " started", " exec 127", " folder", " status 3"; anything else is a message of a shell. */
static void take_report(struct lxc_session *state, const char *text)
{
	struct lxc_reports *reports = &state->reports;
	struct text_list parts = text_split(state->arena, text, ' ');
	const char *word = parts.count > 0 ? parts.items[0] : "";
	int64_t number = -1;

	if (parts.count == 2 && (!parse_int(parts.items[1], &number) || number < 0 || number > 255))
		number = -1;
	if (text_equal(word, "started")) {
		reports->started = true;
		state->filter.active[1] = false;
		announce(state);
		if (state->carrier->reported != NULL)
			state->carrier->reported(state);
	} else if (text_equal(word, "folder")) {
		reports->folder_missing = true;
	} else if (text_equal(word, "exec") && number >= 0) {
		reports->exec_status = (int)number;
	} else if (text_equal(word, "status") && number >= 0) {
		reports->status = (int)number;
		linger(state);
	} else if (text_equal(word, "pid") && parts.count == 3) {
		loop_disarm(state->session->context->loop, &state->limit);
		reports->has_group = parse_count(parts.items[1], &reports->pid) &&
		                     parse_count(parts.items[2], &reports->group) && reports->pid > 1 &&
		                     reports->group > 1;
	}
}

static void take_note(void *user, size_t prefix, const char *text, size_t len)
{
	struct lxc_session *state = user;

	if (prefix == 0 && len > 0 && text[0] == ' ') {
		take_report(state, arena_text(state->arena, text, len));
		return;
	}
	buffer_append(&state->reports.complaints, text, len);
	buffer_byte(&state->reports.complaints, '\n');
}

static void child_output(struct child *child, int stream, const char *data, size_t len)
{
	struct lxc_session *state = child->user;

	if (state->reports.status >= 0)
		linger(state);
	if (stream != state->report_stream) {
		take_text(state, stream, data, len);
		return;
	}
	if (state->carrier->log_file)
		state->filter.active[1] = !scratch_is_empty(&state->log);
	note_filter_feed(&state->filter, stream, data, len);
}

static void release(struct lxc_session *state)
{
	loop_disarm(state->session->context->loop, &state->soon);
	loop_disarm(state->session->context->loop, &state->limit);
	state->carrier->close(state);
	scratch_done(&state->log);
	buffer_done(&state->answer);
	buffer_done(&state->reports.complaints);
}

static void end_session(struct lxc_session *state)
{
	struct error *err = &state->outcome.error;

	if (state->outcome.cause == SESSION_EXITED)
		announce(state);
	else
		error_object(err, "runtime-asset/%s", state->session->asset->asset_id);
	release(state);
	state->session->on_ended(state->session, &state->outcome);
}

static void end_look_up(struct lxc_session *state)
{
	struct error err;

	if (state->outcome.cause == SESSION_EXITED && state->outcome.exit_status == 0 &&
	    lxc_user_read(state->arena, buffer_string(&state->answer), state->user_name, &state->command.user)) {
		if (!start_stage(state, LXC_RUN, &err)) {
			state->outcome = (struct session_outcome){ .cause = SESSION_NOT_STARTED, .error = err };
			end_session(state);
		}
		return;
	}
	if (state->outcome.cause == SESSION_EXITED)
		lxc_outcome_failed(state, ERROR_RUN_NOT_STARTED,
		                   arena_format(state->arena, "it has no user \"%s\"", state->user_name));
	end_session(state);
}

/* Ask whether a container that does not run exists; without an answer "stopped" stands. */
static bool ask_state(struct lxc_session *state)
{
	struct session_outcome before = state->outcome;
	struct error ignored;

	if (state->outcome.cause != SESSION_NOT_STARTED || state->found != LXC_FOUND_STOPPED || state->cancelled)
		return false;
	if (!start_stage(state, LXC_ASK_STATE, &ignored))
		return false;
	state->outcome = before;
	return true;
}

static void end_ask(struct lxc_session *state, int status)
{
	struct session_outcome before = state->outcome;

	state->carrier->judge(state, status);
	if (state->outcome.cause == SESSION_EXITED && state->outcome.exit_status != 0) {
		state->found = LXC_FOUND_MISSING;
		error_cause(&before.error, "its container does not exist");
	} else if (state->outcome.cause == SESSION_EXITED) {
		error_cause(&before.error, "its container does not run (state %.*s)",
		            (int)strcspn(buffer_string(&state->answer), "\r\n"), buffer_string(&state->answer));
		state->found = LXC_FOUND_STOPPED;
	}
	state->outcome = before;
	end_session(state);
}

static void child_ended(struct child *child, int status)
{
	struct lxc_session *state = child->user;

	loop_disarm(child->loop, &state->soon);
	loop_disarm(child->loop, &state->limit);
	note_filter_finish(&state->filter, state->report_stream);
	if (state->stage == LXC_ASK_STATE) {
		end_ask(state, status);
		return;
	}
	state->carrier->judge(state, status);
	if (state->cancelled)
		lxc_outcome_failed(state, ERROR_RUN_NOT_STARTED, "a signal came before the start");
	if (ask_state(state))
		return;
	if (state->stage == LXC_LOOK_UP_USER)
		end_look_up(state);
	else
		end_session(state);
}

static void child_room(struct child *child)
{
	struct lxc_session *state = child->user;

	if (state->stage != LXC_RUN)
		return;
	if (state->preamble.len > 0) {
		size_t put = child_write(child, state->preamble.data, state->preamble.len);

		state->preamble.data += put;
		state->preamble.len -= put;
		if (state->preamble.len > 0)
			return;
	}
	if (state->close_wanted || !state->session->request->want_input) {
		child_close_input(child);
		return;
	}
	state->input_wanted = true;
	if (state->session->on_input_room != NULL)
		state->session->on_input_room(state->session);
}

static void give_room(void *user)
{
	struct lxc_session *state = user;

	child_room(&state->child);
}

/* The link stalls before anything was reported: ssh itself would wait for ever once it is connected. */
static void start_expired(void *user)
{
	struct lxc_session *state = user;

	child_stop(&state->child);
	child_ended(&state->child, EXIT_LINK_LOST);
}

/* stderr always comes through a pipe: lxc-attach itself writes to it, and so do our scripts. */
static void choose_streams(struct lxc_session *state, struct child_request *program)
{
	const struct session_request *request = state->session->request;

	program->output = program->errors = CHILD_PIPE;
	program->input = state->preamble.len > 0 ? CHILD_PIPE : CHILD_NULL;
	state->report_stream = 2;
	if (state->stage != LXC_RUN)
		return;
	program->terminal = request->terminal;
	program->size = request->size;
	program->merge_errors = state->merged;
	/* a terminal, or one pipe for both, has no second stream */
	state->report_stream = request->terminal || state->merged ? 1 : 2;
	if (request->direct_output >= 0 && !state->merged) {
		program->output = CHILD_DIRECT;
		program->direct_output = request->direct_output;
	}
	if (request->want_input && request->direct_input >= 0 && program->input == CHILD_NULL) {
		program->input = CHILD_DIRECT;
		program->direct_input = request->direct_input;
	} else if (request->want_input) {
		program->input = CHILD_PIPE;
	}
}

static void reset_stage(struct lxc_session *state, enum lxc_stage stage)
{
	state->stage = stage;
	scratch_clear(&state->log);
	buffer_clear(&state->answer);
	buffer_clear(&state->reports.complaints);
	state->reports =
	        (struct lxc_reports){ .exec_status = -1, .status = -1, .complaints = state->reports.complaints };
	state->filter = (struct note_filter){
		.prefixes = { state->mark, state->own_prefix },
		.active = { true, !state->carrier->log_file },
		.on_note = take_note,
		.on_text = take_text,
		.user = state,
	};
}

static const char *const *stage_words(struct lxc_session *state, struct text_list *ret_set)
{
	struct lxc_command command = state->command;

	*ret_set = (struct text_list){ 0 };
	state->wrapped = false;
	if (state->stage == LXC_ASK_STATE)
		return lxc_info_words(state->arena, command.lxc);
	if (state->stage == LXC_LOOK_UP_USER) {
		command = (struct lxc_command){ .lxc = command.lxc,
			                        .argv = lxc_user_words(state->arena, state->user_name),
			                        .log_path = command.log_path };
		if (state->carrier->wraps)
			command.mark = state->mark;
	}
	state->wrapped = command.mark != NULL;
	return lxc_attach_words(state->arena, &command, ret_set);
}

static bool start_stage(struct lxc_session *state, enum lxc_stage stage, struct error *err)
{
	struct child_request program = { 0 };
	bool terminal = stage == LXC_RUN && state->session->request->terminal;
	const char *const *words;

	reset_stage(state, stage);
	state->merged = stage == LXC_RUN && !terminal && session_joins_streams(state->session->request);
	words = stage_words(state, &program.set);
	state->preamble = (struct str){ NULL, 0 };
	program.argv = state->carrier->wrap(state, words, terminal, &program.set);
	choose_streams(state, &program);
	state->child.loop = state->session->context->loop;
	state->child.on_output = child_output;
	state->child.on_room = child_room;
	state->child.on_ended = child_ended;
	state->child.user = state;
	log_trace(state->session->context->log, "starting %s", program.argv[0]);
	if (!child_start(&state->child, state->arena, &program, err))
		return false;
	if (state->carrier->start_limit_ms != NULL)
		loop_arm(state->child.loop, &state->limit, state->carrier->start_limit_ms(state), start_expired, state);
	if (program.input == CHILD_PIPE || program.terminal)
		loop_arm(state->child.loop, &state->soon, 0, give_room, state);
	return true;
}

/* What the command line of lxc-attach is made of. */
static bool prepare(struct lxc_session *state, struct error *err)
{
	const struct session_request *request = state->session->request;
	struct lxc_command *command = &state->command;
	const char *terminal_name = getenv("TERM");

	if (!lxc_name_check(&state->session->asset->lxc, err) ||
	    !lxc_user_parse(state->arena, request->user, &command->user, &state->user_name, err))
		return false;
	command->lxc = &state->session->asset->lxc;
	command->argv = request->argv;
	command->environment = request->environment;
	command->workdir = request->workdir;
	command->values_in_words = request->terminal && state->carrier->terminal_words;
	if (request->terminal)
		command->terminal_name = terminal_name == NULL ? "xterm" : terminal_name;
	state->own_prefix = arena_format(state->arena, "lxc-attach: %s: ", command->lxc->container);
	if (state->carrier->wraps || request->workdir != NULL)
		state->mark = note_mark(state->arena);
	command->mark = state->mark;
	return state->carrier->open(state, err);
}

bool lxc_start(struct session *session, struct error *err)
{
	struct lxc_session *state = arena_alloc(session->context->arena, sizeof *state);

	state->session = session;
	state->arena = session->context->arena;
	state->carrier = text_equal(session->asset->lxc.driver, "ssh") ? &lxc_ssh_carrier : &lxc_local_carrier;
	state->answer = BUFFER(LONGEST_ANSWER);
	state->reports.complaints = BUFFER(LONGEST_COMPLAINT);
	session->state = state;
	if (!prepare(state, err) || !start_stage(state, state->user_name != NULL ? LXC_LOOK_UP_USER : LXC_RUN, err)) {
		release(state);
		return false;
	}
	return true;
}

size_t lxc_write(struct session *session, const char *data, size_t len)
{
	struct lxc_session *state = state_of(session);

	return state->input_wanted ? child_write(&state->child, data, len) : 0;
}

void lxc_close_input(struct session *session)
{
	struct lxc_session *state = state_of(session);

	state->close_wanted = true;
	if (state->input_wanted)
		child_close_input(&state->child);
}

void lxc_pause_output(struct session *session, int stream, bool pause)
{
	child_pause(&state_of(session)->child, stream, pause);
}

void lxc_signal(struct session *session, int number)
{
	struct lxc_session *state = state_of(session);

	if (state->stage == LXC_RUN) {
		state->carrier->signal(state, number);
		return;
	}
	state->cancelled = true;
	process_signal(&state->child.process, SIGKILL);
}

void lxc_resize(struct session *session, struct terminal_size size)
{
	child_resize(&state_of(session)->child, size);
}

void lxc_stop(struct session *session)
{
	struct lxc_session *state = state_of(session);

	if (state->stage == LXC_RUN)
		state->carrier->kill(state);
	child_stop(&state->child);
	release(state);
}
