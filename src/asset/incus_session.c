/* From the exec call to the result of its operation. */
#include "incus_session.h"

#include "fops/base/arena.h"
#include "fops/data/emit.h"
#include "inner_script.h"
#include "word_script.h"

#define LONGEST_ANSWER  ((size_t)1024 * 1024)
#define LONGEST_BODY    ((size_t)16 * 1024 * 1024)
#define LONGEST_LOOK_UP ((size_t)4096)
/* a command may close its streams and go on for as long as it likes */
#define RESULT_WAIT_MS ((int64_t)7 * 24 * 60 * 60 * 1000)

static void clean_up(struct incus_session *state)
{
	loop_disarm(state->session->context->loop, &state->soon);
	if (state->asking)
		http_cancel(state->http, &state->exchange);
	state->asking = false;
	incus_streams_stop(state);
	buffer_done(&state->answer);
}

static void finish(void *user)
{
	struct incus_session *state = user;

	clean_up(state);
	state->session->on_ended(state->session, &state->outcome);
}

/* From the loop, so that no stream ends inside its own callback. */
static void end_with(struct incus_session *state, struct session_outcome outcome)
{
	state->outcome = outcome;
	loop_arm(state->session->context->loop, &state->soon, 0, finish, state);
}

static void fail_before_start(struct incus_session *state, const struct error *err)
{
	struct session_outcome outcome = { .cause = SESSION_NOT_STARTED, .error = *err };

	error_effect(&outcome.error, "nothing ran");
	end_with(state, outcome);
}

static bool ask(struct incus_session *state, const char *method, const char *path, struct str body, int64_t wait_ms,
                void (*on_done)(struct http_exchange *exchange), struct error *err)
{
	state->exchange = (struct http_exchange){
		.method = method,
		.url = incus_url(state->arena, state->access, state->session->asset, path, NULL),
		.data = body.data,
		.data_len = body.len,
		.request_timeout_ms = wait_ms,
		.quiet = wait_ms > 0,
		.tries = HTTP_TRIES_SAFE,
		.keep_bytes = LONGEST_ANSWER,
		.on_done = on_done,
		.user = state,
	};
	if (body.data != NULL)
		text_list_add(state->arena, &state->exchange.headers, "Content-Type: application/json");
	access_prepare(state->session->context, state->access, &state->exchange);
	/* the owner of the session keeps the time */
	state->exchange.deadline = NO_DEADLINE;
	state->asking = http_start(state->http, state->arena, &state->exchange, err);
	return state->asking;
}

static void result_came(struct http_exchange *exchange)
{
	struct incus_session *state = exchange->user;
	const struct runtime_asset *asset = state->session->asset;
	struct incus_answer answer;
	struct incus_operation operation;
	struct error err;
	int status;

	state->asking = false;
	if (!incus_answer_read(state->arena, asset, exchange, &answer, &err) ||
	    !incus_operation_read(state->arena, asset, &answer, &operation, &err)) {
		end_with(state, outcome_lost(state->session, err.message));
		return;
	}
	if (!operation.exit_status.present) {
		end_with(state, outcome_lost(state->session, operation.error == NULL || operation.error[0] == '\0'
		                                                     ? "the operation ended without a status"
		                                                     : operation.error));
		return;
	}
	status = (int)(operation.exit_status.value & 0xFF);
	script_notes_finish(&state->notes, state->noted);
	if (state->notes.folder_missing)
		end_with(state, outcome_no_folder(state->session));
	else if (state->notes.program_missing)
		end_with(state, outcome_no_program(state->session, status));
	else if (!state->notes.began)
		end_with(state, outcome_not_started(state->session, ERROR_RUN_NOT_STARTED,
		                                    "the instance has no shell \"sh\", which this needs"));
	else
		end_with(state, outcome_exited(status));
}

static void announce(struct incus_session *state)
{
	if (state->announced)
		return;
	state->announced = true;
	if (state->session->on_started != NULL)
		state->session->on_started(state->session);
}

void incus_streams_output(struct incus_session *state, int stream, const char *data, size_t len)
{
	announce(state);
	if (stream == state->noted)
		script_notes_feed(&state->notes, stream, data, len);
	else
		state->session->on_output(state->session, stream, data, len);
}

void incus_streams_drained(struct incus_session *state)
{
	struct error err;

	if (state->asking || state->soon.armed)
		return;
	if (!ask(state, "GET", arena_format(state->arena, "%s/wait", state->operation), (struct str){ 0 },
	         RESULT_WAIT_MS, result_came, &err))
		end_with(state, outcome_lost(state->session, err.message));
}

void incus_streams_lost(struct incus_session *state, const char *cause)
{
	if (state->soon.armed)
		return;
	if (state->announced || state->may_run)
		end_with(state, outcome_lost(state->session, cause));
	else
		end_with(state, outcome_not_started(state->session, ERROR_PLANE_UNAVAILABLE, cause));
}

void incus_streams_opened(struct incus_session *state)
{
	struct session *session = state->session;

	state->started = true;
	announce(state);
	if (state->signal != 0)
		incus_signal(session, state->signal);
	if (!session->request->want_input && !session->request->terminal)
		state->close_wanted = true;
	incus_streams_feed(state);
}

static void exec_answered(struct http_exchange *exchange)
{
	struct incus_session *state = exchange->user;
	const struct runtime_asset *asset = state->session->asset;
	struct incus_answer answer;
	struct incus_operation operation;
	struct error err;

	state->asking = false;
	if (!incus_answer_read(state->arena, asset, exchange, &answer, &err) ||
	    !incus_operation_read(state->arena, asset, &answer, &operation, &err)) {
		fail_before_start(state, &err);
		return;
	}
	state->operation = answer.operation;
	if (state->operation == NULL || !text_starts(state->operation, "/1.0/operations/") ||
	    !url_check_path(state->operation, &err)) {
		end_with(state,
		         outcome_not_started(state->session, ERROR_PLANE_PROTOCOL, "the server names no operation"));
		return;
	}
	if (!incus_streams_open(state, &operation, &err))
		fail_before_start(state, &err);
}

/* A variable that the caller may have set anew. */
static void emit_preset(struct emitter *emitter, const struct text_list *environment, const char *name,
                        const char *value)
{
	size_t len = strlen(name);

	if (value == NULL)
		return;
	for (size_t i = 0; i < environment->count; i++) {
		if (strncmp(environment->items[i], name, len) == 0 && environment->items[i][len] == '=')
			return;
	}
	emit_key(emitter, name);
	emit_text(emitter, value);
}

static void emit_environment(struct emitter *emitter, const struct incus_session *state)
{
	const struct session_request *request = state->session->request;
	const struct text_list *environment = &request->environment;
	const char *terminal_name = getenv("TERM");

	emit_key(emitter, "environment");
	emit_object(emitter);
	emit_preset(emitter, environment, "HOME", state->user.home);
	emit_preset(emitter, environment, "USER", state->user.name);
	if (request->terminal)
		emit_preset(emitter, environment, "TERM", terminal_name == NULL ? "dumb" : terminal_name);
	/* with a terminal there is no other way; else the values go through the command's input */
	for (size_t i = 0; request->terminal && i < environment->count; i++) {
		const char *entry = environment->items[i];
		size_t name = strcspn(entry, "=");

		emit_key(emitter, arena_text(state->arena, entry, name));
		emit_text(emitter, entry + name + 1);
	}
	emit_object_end(emitter);
}

static void emit_number(struct emitter *emitter, const char *key, const char *digits)
{
	uint64_t number;

	if (digits == NULL || !parse_count(digits, &number))
		return;
	emit_key(emitter, key);
	emit_count(emitter, number);
}

/* The server itself sets LANG, even to nothing, unless the call does. */
static bool sets_language(const struct session_request *request)
{
	for (size_t i = 0; request->terminal && i < request->environment.count; i++) {
		if (text_starts(request->environment.items[i], "LANG="))
			return true;
	}
	return false;
}

/* The words of the call, behind the script that reports. */
static const char *const *command_words(const struct incus_session *state)
{
	const struct session_request *request = state->session->request;
	const char *script =
	        arena_format(state->arena, "%s%s%s%s%s", sets_language(request) ? "" : "unset LANG\n",
	                     state->merged && !request->terminal ? JOIN_SCRIPT : "",
	                     state->preamble.len > 0 ? PREAMBLE_SCRIPT : "",
	                     state->preamble.len > 0 && !request->want_input ? NO_INPUT_SCRIPT : "", INNER_SCRIPT);
	const char *head[] = { "sh", "-c", script, state->notes.mark,
		               request->workdir == NULL ? "" : request->workdir };
	const char *const *argv =
	        words_are_text(request->argv) ? request->argv : words_as_script(state->arena, request->argv);
	const char **words;
	size_t count = 0;

	while (argv[count] != NULL)
		count++;
	words = arena_array(state->arena, ARRAY_LEN(head) + count + 1, sizeof *words);
	memcpy(words, head, sizeof head);
	memcpy(words + ARRAY_LEN(head), argv, count * sizeof *argv);
	return words;
}

struct str incus_exec_body(const struct incus_session *state)
{
	const struct session_request *request = state->session->request;
	const char *const *words = command_words(state);
	struct buffer body = BUFFER(LONGEST_BODY);
	struct emitter emitter;
	struct str text;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&body));
	emit_object(&emitter);
	emit_key(&emitter, "command");
	emit_array(&emitter);
	for (; *words != NULL; words++)
		emit_text(&emitter, *words);
	emit_array_end(&emitter);
	emit_environment(&emitter, state);
	emit_key(&emitter, "wait-for-websocket");
	emit_bool(&emitter, true);
	emit_key(&emitter, "interactive");
	emit_bool(&emitter, request->terminal);
	if (request->terminal) {
		emit_key(&emitter, "width");
		emit_count(&emitter, request->size.columns);
		emit_key(&emitter, "height");
		emit_count(&emitter, request->size.rows);
	}
	emit_number(&emitter, "user", state->user.uid);
	emit_number(&emitter, "group", state->user.gid);
	emit_key(&emitter, "cwd");
	emit_text(&emitter, "/");
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, false))
		buffer_clear(&body);
	text = (struct str){ arena_text(state->arena, buffer_string(&body), body.len), body.len };
	buffer_done(&body);
	return text;
}

static bool begin(struct incus_session *state, struct error *err)
{
	struct str body = incus_exec_body(state);

	if (body.len == 0)
		return fail(err, ERROR_USAGE_BAD_VALUE, "the command is longer than the driver can send");
	return ask(state, "POST", incus_instance_path(state->arena, state->session->asset, "/exec"), body, 0,
	           exec_answered, err);
}

static void look_up_output(struct session *session, int stream, const char *data, size_t len)
{
	struct incus_session *state = session->user;

	if (stream == 1)
		(void)buffer_append(&state->answer, data, len);
}

static void look_up_room(struct session *session)
{
	(void)session;
}

static void look_up_ended(struct session *session, const struct session_outcome *outcome)
{
	struct incus_session *state = session->user;
	const char *text = buffer_string(&state->answer);
	struct error err;

	session->state = NULL;
	if (outcome->cause != SESSION_EXITED) {
		end_with(state, *outcome);
	} else if (outcome->exit_status != 0 || !lxc_user_read(state->arena, text, state->user_name, &state->user)) {
		end_with(state,
		         outcome_not_started(state->session, ERROR_RUN_NOT_STARTED,
		                             arena_format(state->arena, "it has no user \"%s\"", state->user_name)));
	} else if (!begin(state, &err)) {
		fail_before_start(state, &err);
	}
}

/* The API takes numbers only: a name is asked for by a command of its own. */
static bool look_up_user(struct incus_session *state, struct error *err)
{
	state->look_up_request = (struct session_request){
		.argv = lxc_user_words(state->arena, state->user_name),
		.direct_input = -1,
		.direct_output = -1,
		.direct_errors = -1,
	};
	state->look_up = (struct session){
		.context = state->session->context,
		.asset = state->session->asset,
		.request = &state->look_up_request,
		.on_output = look_up_output,
		.on_input_room = look_up_room,
		.on_ended = look_up_ended,
		.user = state,
	};
	return incus_start(&state->look_up, err);
}

static bool check_environment(const struct session_request *request, struct error *err)
{
	for (size_t i = 0; request->terminal && i < request->environment.count; i++) {
		const char *entry = request->environment.items[i];

		if (!is_utf8(entry, strlen(entry), NULL)) {
			fail(err, ERROR_USAGE_BAD_VALUE, "--env %.*s: the value is not UTF-8", (int)strcspn(entry, "="),
			     entry);
			error_cause(err, "the driver lxc/incus sends the environment as JSON");
			return false;
		}
	}
	return true;
}

static void prepare_script(struct incus_session *state)
{
	const struct session_request *request = state->session->request;

	state->merged = request->terminal || session_joins_streams(request);
	state->noted = state->merged ? 1 : 2;
	script_notes_start(&state->notes, state->session);
	if (request->environment.count > 0 && !request->terminal)
		state->preamble = inner_preamble(state->arena, &request->environment, NULL);
}

bool incus_start(struct session *session, struct error *err)
{
	struct asset_context *context = session->context;
	struct incus_session *state = arena_alloc(context->arena, sizeof *state);

	state->session = session;
	state->arena = context->arena;
	state->answer = BUFFER(LONGEST_LOOK_UP);
	prepare_script(state);
	if (!check_environment(session->request, err) ||
	    !lxc_user_parse(state->arena, session->request->user, &state->user, &state->user_name, err) ||
	    !access_open(context, session->asset->lxc.incus.endpoint, &state->access, err) ||
	    !access_refresh(state->access, err) || !asset_http(context, &state->http, err))
		return false;
	session->state = state;
	return state->user_name == NULL ? begin(state, err) : look_up_user(state, err);
}

void incus_streams_feed(struct incus_session *state)
{
	struct websocket *input = &state->streams[INCUS_INPUT].websocket;

	while (state->preamble.len > 0) {
		size_t len = websocket_room(input) < state->preamble.len ? websocket_room(input) : state->preamble.len;

		if (len == 0 || !websocket_send(input, WEBSOCKET_BINARY, NULL, 0, state->preamble.data, len))
			return;
		state->preamble.data += len;
		state->preamble.len -= len;
	}
	if (state->close_wanted) {
		incus_streams_close_input(state);
	} else if (!state->input_asked || state->input_refused) {
		state->input_asked = true;
		state->input_refused = false;
		state->session->on_input_room(state->session);
	}
}

size_t incus_write(struct session *session, const char *data, size_t len)
{
	struct incus_session *state = session->state;
	struct incus_stream *input = &state->streams[INCUS_INPUT];
	size_t room;

	/* the command no longer reads */
	if (input->ended || state->close_wanted)
		return len;
	room = state->preamble.len > 0 ? 0 : websocket_room(&input->websocket);
	if (room < len)
		state->input_refused = true;
	else
		room = len;
	if (room == 0 || !websocket_send(&input->websocket, WEBSOCKET_BINARY, NULL, 0, data, room))
		return 0;
	return room;
}

void incus_close_input(struct session *session)
{
	incus_streams_close_input(session->state);
}

void incus_pause_output(struct session *session, int stream, bool pause)
{
	struct incus_session *state = session->state;
	enum incus_socket which = session->request->terminal ? INCUS_INPUT : stream == 2 ? INCUS_ERRORS : INCUS_OUTPUT;

	if (state->streams[which].running)
		websocket_pause(&state->streams[which].websocket, pause);
}

void incus_signal(struct session *session, int number)
{
	struct incus_session *state = session->state;

	if (state->started)
		incus_streams_control(state,
		                      arena_format(state->arena, "{\"command\":\"signal\",\"signal\":%d}", number));
	else
		state->signal = number;
}

void incus_resize(struct session *session, struct terminal_size size)
{
	struct incus_session *state = session->state;

	incus_streams_control(
	        state, arena_format(state->arena,
	                            "{\"command\":\"window-resize\",\"args\":{\"width\":\"%u\",\"height\":\"%u\"}}",
	                            (unsigned)size.columns, (unsigned)size.rows));
}

void incus_stop(struct session *session)
{
	struct incus_session *state = session->state;

	/* the server kills the command when its control socket closes */
	if (state->look_up.state != NULL)
		incus_stop(&state->look_up);
	state->look_up.state = NULL;
	clean_up(state);
}
