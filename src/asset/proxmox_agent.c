/* lxc/proxmox-agent: execute, then ask until the result is there; all output comes at once, and can be asked for once.
 */
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/document.h"
#include "fops/data/emit.h"
#include "inner_script.h"
#include "proxmox_session.h"
#include "proxmox_task.h"
#include "script_notes.h"
#include "word_script.h"

#define MOST_INPUT     ((size_t)65536)
#define LONGEST_BODY   ((size_t)8 * 1024 * 1024)
#define LONGEST_ANSWER ((size_t)256 * 1024 * 1024)
#define RESULT_LIMIT   ((size_t)1024 * 1024 * 1024)
#define FIRST_PAUSE_MS 100
#define MOST_PAUSE_MS  1000

/* What exec-status tells (qemu-guest-agent protocol, guest-exec-status). */
struct agent_result {
	int64_t exited; /* the API writes booleans as 0 and 1 */
	struct optional_int exit_status;
	struct optional_int signal;
	const struct value *out, *err;
	int64_t out_truncated, err_truncated;
};

struct agent_session {
	struct session *session;
	struct arena *arena;
	struct proxmox_look look;
	struct proxmox_inquiry inquiry;
	struct http_exchange exchange; /* exec, then exec-status */
	struct http_exchange killing;
	bool asking;
	bool kill_asking;
	bool found;
	bool close_wanted;
	bool repeated; /* a lost reply was asked for again */
	bool begun;    /* the exec call is on its way or done */
	int signal;
	int64_t pid;
	int64_t pause_ms;
	struct buffer input;
	bool input_long;
	bool scripted; /* with --workdir a small script enters the folder and reports */
	struct script_notes notes;
	struct session_outcome outcome;
	struct loop_timer soon;
};

static const struct field started_fields[] = {
	{ "pid", SLOT(struct agent_session, pid), .text = "the process in the guest" },
	{ 0 },
};

static const struct field result_fields[] = {
	{ "exited", SLOT(struct agent_result, exited), .text = "1 once it has ended" },
	{ "exitcode", SLOT(struct agent_result, exit_status), .text = "its status" },
	{ "signal", SLOT(struct agent_result, signal), .text = "the signal that ended it" },
	{ "out-data", SLOT(struct agent_result, out), .text = "its output" },
	{ "err-data", SLOT(struct agent_result, err), .text = "its errors" },
	{ "out-truncated", SLOT(struct agent_result, out_truncated), .text = "1 when output is missing" },
	{ "err-truncated", SLOT(struct agent_result, err_truncated), .text = "1 when errors are missing" },
	{ 0 },
};

static void clean_up(struct agent_session *state)
{
	loop_disarm(state->session->context->loop, &state->soon);
	proxmox_look_stop(&state->look);
	proxmox_inquiry_stop(&state->inquiry);
	if (state->asking)
		http_cancel(state->look.http, &state->exchange);
	if (state->kill_asking)
		http_cancel(state->look.http, &state->killing);
	state->asking = false;
	state->kill_asking = false;
	buffer_done(&state->input);
}

static void end_with(struct agent_session *state, struct session_outcome outcome)
{
	state->outcome = outcome;
	clean_up(state);
	state->session->on_ended(state->session, &state->outcome);
}

static void explained(struct proxmox_inquiry *inquiry)
{
	struct agent_session *state = inquiry->user;

	end_with(state, state->outcome);
}

/* The guest cannot be used: say which task holds it or broke it, then end. */
static void explain(struct agent_session *state, struct session_outcome outcome, bool away)
{
	state->outcome = outcome;
	state->inquiry = (struct proxmox_inquiry){
		.look = &state->look,
		.away = away,
		.err = &state->outcome.error,
		.on_done = explained,
		.user = state,
	};
	proxmox_inquiry_start(&state->inquiry);
}

static void fail_before_start(struct agent_session *state, const struct error *err)
{
	struct session_outcome outcome = { .cause = SESSION_NOT_STARTED, .error = *err };
	/* only an answer of the cluster itself has to do with the guest */
	bool answered = state->found && state->exchange.status == 500;

	error_effect(&outcome.error, "nothing ran");
	error_object(&outcome.error, "runtime-asset/%s", state->session->asset->asset_id);
	if (state->look.gone)
		explain(state, outcome, true);
	else if (answered && (state->look.guest.lock != NULL || text_starts(err->cause, "VM ")))
		explain(state, outcome, false);
	else
		end_with(state, outcome);
}

static const char *agent_path(struct agent_session *state, const char *more)
{
	return proxmox_guest_path(state->arena, &state->look.guest, arena_format(state->arena, "/agent/%s", more));
}

static void emit_bytes(struct emitter *emitter, struct arena *arena, const char *data, size_t len)
{
	struct str text = proxmox_encode_bytes(arena, data, len);

	emit_text_len(emitter, text.data, text.len);
}

/* The body of an exec call: words, and input when there is some. */
static struct str exec_body(struct arena *arena, const char *const *head, const char *const *argv,
                            const struct buffer *input)
{
	struct buffer body = BUFFER(LONGEST_BODY);
	struct emitter emitter;
	struct str text;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&body));
	emit_object(&emitter);
	emit_key(&emitter, "command");
	emit_array(&emitter);
	for (; head != NULL && *head != NULL; head++)
		emit_bytes(&emitter, arena, *head, strlen(*head));
	for (; *argv != NULL; argv++)
		emit_bytes(&emitter, arena, *argv, strlen(*argv));
	emit_array_end(&emitter);
	if (input != NULL && input->len > 0) {
		emit_key(&emitter, "input-data");
		emit_bytes(&emitter, arena, input->data, input->len);
	}
	emit_object_end(&emitter);
	text.len = emit_finish(&emitter, false) ? body.len : 0;
	text.data = arena_text(arena, buffer_string(&body), text.len);
	buffer_done(&body);
	return text;
}

static bool post(struct agent_session *state, struct str body, struct http_exchange *exchange,
                 void (*on_done)(struct http_exchange *exchange), struct error *err)
{
	proxmox_prepare(state->session->context, state->look.access, "POST", agent_path(state, "exec"), LONGEST_BODY,
	                exchange);
	exchange->data = body.data;
	exchange->data_len = body.len;
	exchange->tries = HTTP_TRIES_NEVER;
	exchange->deadline = NO_DEADLINE;
	exchange->on_done = on_done;
	exchange->user = state;
	text_list_add(state->arena, &exchange->headers, "Content-Type: application/json");
	return http_start(state->look.http, state->arena, exchange, err);
}

static void ask_result(void *user);

/* Deliver one stream; false when it is no bytes. */
static bool deliver(struct agent_session *state, struct arena *arena, int stream, const struct value *value)
{
	struct str bytes;

	if (value == NULL || value->kind != VALUE_TEXT)
		return value == NULL;
	if (!proxmox_decode_bytes(arena, value->text.data, value->text.len, &bytes))
		return false;
	if (stream == 2 && state->scripted) {
		script_notes_feed(&state->notes, stream, bytes.data, bytes.len);
		script_notes_finish(&state->notes, stream);
	} else if (bytes.len > 0) {
		state->session->on_output(state->session, stream, bytes.data, bytes.len);
	}
	return true;
}

static void conclude(struct agent_session *state, struct arena *arena, const struct agent_result *result)
{
	bool whole = deliver(state, arena, 1, result->out) && deliver(state, arena, 2, result->err);

	if (!whole)
		end_with(state, outcome_lost(state->session, "the agent's output cannot be read as bytes"));
	else if (result->out_truncated != 0 || result->err_truncated != 0)
		end_with(state,
		         outcome_lost(state->session, "the agent keeps only 16 MiB of a stream: the rest is lost"));
	else if (state->notes.folder_missing)
		end_with(state, outcome_no_folder(state->session));
	else if (state->notes.program_missing && result->exit_status.present)
		end_with(state, outcome_no_program(state->session, (int)result->exit_status.value));
	else if (result->signal.present)
		end_with(state, outcome_exited(128 + (int)(result->signal.value & 0x7F)));
	else if (result->exit_status.present)
		end_with(state, outcome_exited((int)(result->exit_status.value & 0xFF)));
	else
		end_with(state, outcome_lost(state->session, "the agent gives no status"));
}

static void result_came(struct http_exchange *exchange)
{
	struct agent_session *state = exchange->user;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(RESULT_LIMIT);
	struct findings findings = { .arena = arena };
	struct agent_result result = { 0 };
	struct proxmox_answer answer;
	struct error err;

	state->asking = false;
	if (!proxmox_answer_read(arena, state->session->asset, exchange, &answer, &err)) {
		bool lost = exchange->failed || exchange->status / 100 == 5;

		if (lost && !state->repeated) {
			state->repeated = true;
			loop_arm(state->session->context->loop, &state->soon, FIRST_PAUSE_MS, ask_result, state);
			return;
		}
		end_with(state,
		         outcome_lost(state->session, state->repeated ? "a reply with the result was lost, and the "
		                                                        "agent gives it only once"
		                                                      : err.message));
		return;
	}
	state->repeated = false;
	if (answer.data == NULL ||
	    !decode(arena, "answer", "data", answer.data, result_fields, DECODE_LENIENT, &result, &findings)) {
		end_with(state, outcome_lost(state->session, "the agent answers what the protocol does not have"));
		return;
	}
	if (result.exited != 0) {
		conclude(state, arena, &result);
		return;
	}
	loop_arm(state->session->context->loop, &state->soon, state->pause_ms, ask_result, state);
	state->pause_ms = state->pause_ms * 3 / 2 > MOST_PAUSE_MS ? MOST_PAUSE_MS : state->pause_ms * 3 / 2;
}

static void ask_result(void *user)
{
	struct agent_session *state = user;
	struct text_pair pair = { "pid", arena_format(state->arena, "%lld", (long long)state->pid) };
	struct text_map query = { &pair, 1 };
	struct error err;

	proxmox_prepare(state->session->context, state->look.access, "GET", agent_path(state, "exec-status"),
	                LONGEST_ANSWER, &state->exchange);
	state->exchange.url =
	        url_build(state->arena, &state->look.access->url, agent_path(state, "exec-status"), &query);
	state->exchange.tries = HTTP_TRIES_NEVER;
	state->exchange.deadline = NO_DEADLINE;
	state->exchange.on_done = result_came;
	state->exchange.user = state;
	state->asking = http_start(state->look.http, state->arena, &state->exchange, &err);
	if (!state->asking)
		end_with(state, outcome_lost(state->session, err.message));
}

/* glib's words for a program that cannot be executed. */
static int failed_status(const char *cause)
{
	if (strstr(cause, "No such file or directory") != NULL)
		return EXIT_COMMAND_NOT_FOUND;
	return strstr(cause, "Permission denied") != NULL || strstr(cause, "Exec format error") != NULL
	               ? EXIT_NOT_EXECUTABLE
	               : 0;
}

static void exec_answered(struct http_exchange *exchange)
{
	struct agent_session *state = exchange->user;
	struct findings findings = { .arena = state->arena };
	struct proxmox_answer answer;
	struct error err;

	state->asking = false;
	if (!proxmox_answer_read(state->arena, state->session->asset, exchange, &answer, &err)) {
		int status = strstr(err.cause, "execute child process") != NULL ? failed_status(err.cause) : 0;

		if (status != 0)
			end_with(state, outcome_no_program(state->session, status));
		else if (exchange->failed && exchange->connect_us > 0)
			end_with(state, outcome_lost(state->session, "the answer to the start was lost"));
		else
			fail_before_start(state, &err);
		return;
	}
	if (answer.data == NULL ||
	    !decode(state->arena, "answer", "data", answer.data, started_fields, DECODE_LENIENT, state, &findings) ||
	    state->pid <= 0) {
		end_with(state,
		         outcome_not_started(state->session, ERROR_PLANE_PROTOCOL, "the agent names no process"));
		return;
	}
	if (state->session->on_started != NULL)
		state->session->on_started(state->session);
	if (state->signal != 0)
		agent_signal(state->session, state->signal);
	state->pause_ms = FIRST_PAUSE_MS;
	ask_result(state);
}

/* Once the guest is known and the input is whole. */
static void begin(struct agent_session *state)
{
	const struct session_request *request = state->session->request;
	const char *head[] = { "sh", "-c", INNER_SCRIPT, state->notes.mark, request->workdir, NULL };
	const char *const *argv;
	struct str body;
	struct error err;

	if (!state->found || state->begun || (request->want_input && !state->close_wanted))
		return;
	state->begun = true;
	if (state->signal != 0) {
		end_with(state,
		         outcome_not_started(state->session, ERROR_RUN_NOT_STARTED, "a signal came before the start"));
		return;
	}
	if (state->input_long) {
		end_with(state, outcome_not_started(state->session, ERROR_USAGE_BAD_VALUE,
		                                    "the guest agent takes at most 64 KiB of input"));
		return;
	}
	/* the agent itself takes no words that are not UTF-8 */
	argv = words_are_text(request->argv) ? request->argv : words_as_script(state->arena, request->argv);
	body = exec_body(state->arena, state->scripted ? head : NULL, argv, &state->input);
	state->asking = body.len > 0 && post(state, body, &state->exchange, exec_answered, &err);
	if (body.len == 0)
		end_with(state, outcome_not_started(state->session, ERROR_USAGE_BAD_VALUE, "the command is too long"));
	else if (!state->asking)
		fail_before_start(state, &err);
}

static void guest_found(struct proxmox_look *look)
{
	struct agent_session *state = look->user;

	if (look->failed) {
		fail_before_start(state, &look->error);
		return;
	}
	if (!text_equal(look->guest.status, "running")) {
		explain(state, outcome_not_started(state->session, ERROR_ASSET_NOT_RUNNING, PROXMOX_NOT_RUNNING),
		        false);
		return;
	}
	state->found = true;
	begin(state);
}

static void give_room(void *user)
{
	struct agent_session *state = user;

	if (!state->close_wanted && state->session->on_input_room != NULL)
		state->session->on_input_room(state->session);
}

bool agent_start(struct session *session, struct error *err)
{
	struct agent_session *state = arena_alloc(session->context->arena, sizeof *state);

	state->session = session;
	state->arena = session->context->arena;
	state->input = BUFFER(MOST_INPUT);
	state->look = (struct proxmox_look){
		.context = session->context,
		.asset = session->asset,
		.on_guest = guest_found,
		.user = state,
	};
	state->scripted = session->request->workdir != NULL;
	script_notes_start(&state->notes, session);
	session->state = state;
	if (!proxmox_look_start(&state->look, err))
		return false;
	if (session->request->want_input)
		loop_arm(session->context->loop, &state->soon, 0, give_room, state);
	return true;
}

size_t agent_write(struct session *session, const char *data, size_t len)
{
	struct agent_session *state = session->state;

	if (state->input_long || !buffer_append(&state->input, data, len))
		state->input_long = true;
	return len;
}

void agent_close_input(struct session *session)
{
	struct agent_session *state = session->state;

	state->close_wanted = true;
	begin(state);
}

void agent_pause_output(struct session *session, int stream, bool pause)
{
	/* it comes in one piece, which is already here */
	(void)session;
	(void)stream;
	(void)pause;
}

static void kill_answered(struct http_exchange *exchange)
{
	struct agent_session *state = exchange->user;

	state->kill_asking = false;
}

void agent_signal(struct session *session, int number)
{
	struct agent_session *state = session->state;
	const char *words[] = { "kill",
		                "-s",
		                arena_format(state->arena, "%d", number),
		                "--",
		                arena_format(state->arena, "%lld", (long long)state->pid),
		                NULL };
	struct error ignored;

	if (state->pid <= 0 || state->kill_asking) {
		state->signal = number;
		return;
	}
	state->kill_asking =
	        post(state, exec_body(state->arena, NULL, words, NULL), &state->killing, kill_answered, &ignored);
}

void agent_resize(struct session *session, struct terminal_size size)
{
	(void)session;
	(void)size;
}

void agent_stop(struct session *session)
{
	clean_up(session->state);
}
