/* Stages of one command in a pod: choose the pod, connect, run, and after a lost link ask what became of the pod. */
#include "kubernetes_session.h"

#include "fops/base/arena.h"

#define LONGEST_COMPLAINT ((size_t)2048)
/* Everything that the command wrote is here, and its status: how long the server may take to say so itself. */
#define LINGER_MS  200
#define CLOSING_MS 2000 /* from the status to the end of the connection */
#define LIMIT_MS   250  /* for the owner to act on its own limit */
#define EXAMINE_MS 2000

static void connect_again(void *user);

static struct kubernetes_session *state_of(struct session *session)
{
	return session->state;
}

static struct loop *loop_of(const struct kubernetes_session *state)
{
	return state->session->context->loop;
}

struct session_outcome *kubernetes_outcome(struct kubernetes_session *state)
{
	if (state->outcome == NULL)
		state->outcome = arena_alloc(state->arena, sizeof *state->outcome);
	return state->outcome;
}

static void drop_link(struct kubernetes_session *state)
{
	loop_disarm(loop_of(state), &state->linger);
	if (state->connected)
		websocket_cancel(&state->websocket);
	state->connected = false;
	state->held = false;
}

static void stop_looking(struct kubernetes_session *state)
{
	if (state->looking)
		pod_look_stop(&state->look);
	state->looking = false;
}

static void release(struct kubernetes_session *state)
{
	loop_disarm(loop_of(state), &state->soon);
	loop_disarm(loop_of(state), &state->patience);
	drop_link(state);
	stop_looking(state);
	kubernetes_killer_stop(state);
	kubernetes_channels_done(&state->channels);
	buffer_done(&state->reports.complaints);
}

static void tell_outcome(void *user)
{
	struct kubernetes_session *state = user;
	struct session *session = state->session;
	struct session_outcome outcome = *kubernetes_outcome(state);

	if (outcome.cause == SESSION_EXITED)
		kubernetes_announce(state);
	release(state);
	session->on_ended(session, &outcome);
}

void kubernetes_conclude(struct kubernetes_session *state)
{
	drop_link(state);
	stop_looking(state);
	state->stage = KUBERNETES_END;
	loop_arm(loop_of(state), &state->soon, 0, tell_outcome, state);
}

static void fail_start(struct kubernetes_session *state, const struct error *err)
{
	*kubernetes_outcome(state) = (struct session_outcome){ .cause = SESSION_NOT_STARTED, .error = *err };
	error_effect(&kubernetes_outcome(state)->error, "nothing ran");
	error_object(&kubernetes_outcome(state)->error, "runtime-asset/%s", state->session->asset->asset_id);
	kubernetes_conclude(state);
}

/* The owner's limit is the same moment, and what it makes of that is for it to say. */
static void refuse_start(struct kubernetes_session *state, const struct error *err)
{
	if (err->id != ERROR_TIMEOUT || !deadline_passed(state->session->context->deadline)) {
		fail_start(state, err);
		return;
	}
	*kubernetes_outcome(state) = (struct session_outcome){ .cause = SESSION_NOT_STARTED, .error = *err };
	error_effect(&kubernetes_outcome(state)->error, "nothing ran");
	state->stage = KUBERNETES_WAIT;
	loop_arm(loop_of(state), &state->soon, LIMIT_MS, tell_outcome, state);
}

/* --- the pod --- */

/* Names come from the server and go into a path. */
static bool is_plain_name(const char *name)
{
	return name != NULL && name[0] != '\0' && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name);
}

static void take_pod(struct pod_look *look)
{
	struct kubernetes_session *state = look->user;
	struct error err;

	state->looking = false;
	if (state->stage == KUBERNETES_EXAMINE) {
		kubernetes_explain_loss(state);
		kubernetes_conclude(state);
		return;
	}
	if (look->failed) {
		refuse_start(state, look->error);
		return;
	}
	if (!pod_usable(look, &err)) {
		fail_start(state, &err);
		return;
	}
	if (!is_plain_name(look->pod.name) || !is_plain_name(look->pod.name_space) || look->pod.container == NULL) {
		fail(&err, ERROR_PLANE_PROTOCOL, "the API server named a pod that cannot exist");
		fail_start(state, &err);
		return;
	}
	state->pod = look->pod;
	state->access = look->access;
	state->session->target =
	        arena_format(state->arena, "%s/%s/%s", state->pod.name_space, state->pod.name, state->pod.container);
	log_detail(state->session->context->log, "%s: pod %s in %s, container %s", state->session->asset->asset_id,
	           state->pod.name, state->pod.name_space, state->pod.container);
	connect_again(state);
}

static bool look_for_pod(struct kubernetes_session *state, enum kubernetes_stage stage, struct error *err)
{
	state->stage = stage;
	state->look = (struct pod_look){
		.context = state->session->context,
		.asset = state->session->asset,
		.on_pod = take_pod,
		.user = state,
	};
	state->looking = pod_look_start(&state->look, err);
	return state->looking;
}

static void look_expired(void *user)
{
	struct kubernetes_session *state = user;

	stop_looking(state);
	kubernetes_conclude(state);
}

/* The link is lost; a deleted pod or an API server that is gone is the better cause. */
static void examine(struct kubernetes_session *state)
{
	struct error ignored;

	drop_link(state);
	if (state->signalled || !look_for_pod(state, KUBERNETES_EXAMINE, &ignored)) {
		kubernetes_conclude(state);
		return;
	}
	loop_arm(loop_of(state), &state->soon, EXAMINE_MS, look_expired, state);
}

/* --- the connection --- */

/* The command ended: more input could only break the link before the status is here. */
static bool is_over(const struct kubernetes_session *state)
{
	return state->channels.status.len > 0 || state->reports.status >= 0;
}

/* Give what waits, in its order: size, environment, input, end of the input. */
void kubernetes_feed_input(struct kubernetes_session *state)
{
	const struct session_request *request = state->session->request;
	struct str *preamble = &state->preamble;

	if (state->stage != KUBERNETES_RUN || is_over(state))
		return;
	if (state->size.columns > 0 && kubernetes_send_size(&state->websocket, state->size))
		state->size = (struct terminal_size){ 0 };
	if (preamble->len > 0 && (!request->terminal || state->reports.reads)) {
		size_t put = kubernetes_send_input(&state->websocket, preamble->data, preamble->len);

		preamble->data += put;
		preamble->len -= put;
	}
	/* a terminal would show, and our script would read, what is typed before the command runs */
	if (preamble->len > 0 || (request->terminal && !state->direct && !state->reports.started))
		return;
	if (state->close_wanted || !request->want_input) {
		if (!state->close_sent && state->half_close && (request->want_input || state->framed))
			state->close_sent = kubernetes_send_end(&state->websocket);
		return;
	}
	state->input_open = true;
	if (state->session->on_input_room != NULL)
		state->session->on_input_room(state->session);
}

static void link_room(struct websocket *websocket)
{
	kubernetes_feed_input(websocket->user);
}

/* The upgrade was accepted in a protocol that cannot carry this command. */
static void refuse_protocol(struct kubernetes_session *state, const char *cause, const char *fix)
{
	if (state->framed)
		*kubernetes_outcome(state) = outcome_not_started(state->session, ERROR_RUN_NOT_STARTED, cause);
	else
		kubernetes_lost(state, cause);
	error_fix(&kubernetes_outcome(state)->error, "%s", fix);
	kubernetes_conclude(state);
}

static void link_opened(struct websocket *websocket)
{
	struct kubernetes_session *state = websocket->user;
	const struct session_request *request = state->session->request;

	state->stage = KUBERNETES_RUN;
	state->half_close = text_equal(websocket->protocol, KUBERNETES_V5);
	if (!state->half_close && !text_equal(websocket->protocol, KUBERNETES_V4)) {
		refuse_protocol(state, "its API server speaks an old protocol that does not tell how a command ends",
		                "Use an API server of version 1.9 or newer.");
		return;
	}
	log_trace(state->session->context->log, "protocol %s", websocket->protocol);
	if (!state->half_close && request->want_input && !request->terminal) {
		refuse_protocol(
		        state,
		        "its API server speaks v4.channel.k8s.io, which cannot tell a command the end of its input",
		        "Leave out --stdin, or use an API server of version 1.30 or newer.");
		return;
	}
	state->size = request->terminal ? request->size : (struct terminal_size){ 0 };
	kubernetes_feed_input(state);
}

static void end_run(struct kubernetes_session *state);

/* The outcome is known, and the connection is still there: something that the command left behind holds it. */
static void link_expired(void *user)
{
	struct kubernetes_session *state = user;

	if (state->paused[0] || state->paused[1]) {
		loop_arm(loop_of(state), &state->linger, LINGER_MS, link_expired, state);
		return;
	}
	drop_link(state);
	if (state->channels.status.len > 0) {
		end_run(state);
		return;
	}
	kubernetes_conclude_reported(state);
	kubernetes_conclude(state);
}

void kubernetes_command_over(struct kubernetes_session *state)
{
	if (!state->linger.armed)
		loop_arm(loop_of(state), &state->linger, LINGER_MS, link_expired, state);
}

static void link_piece(struct websocket *websocket, const struct websocket_piece *piece)
{
	struct kubernetes_session *state = websocket->user;

	if (state->stage != KUBERNETES_RUN)
		return;
	kubernetes_channels_take(&state->channels, piece);
	if (state->channels.broken) {
		(void)kubernetes_judge_end(state);
		kubernetes_conclude(state);
	} else if (state->channels.status.len > 0 && piece->last) {
		loop_arm(loop_of(state), &state->linger, CLOSING_MS, link_expired, state);
	}
}

static void follow(struct kubernetes_session *state, enum kubernetes_next next, int64_t wait_ms)
{
	struct error err;

	switch (next) {
	case KUBERNETES_CONCLUDE:
		kubernetes_conclude(state);
		break;
	case KUBERNETES_RUN_DIRECTLY:
		state->direct = true;
		state->stage = KUBERNETES_WAIT;
		loop_arm(loop_of(state), &state->soon, 0, connect_again, state);
		break;
	case KUBERNETES_TRY_AGAIN:
		state->stage = KUBERNETES_WAIT;
		loop_arm(loop_of(state), &state->soon, wait_ms, connect_again, state);
		break;
	case KUBERNETES_LOOK_AGAIN:
		if (!look_for_pod(state, KUBERNETES_LOOK, &err))
			fail_start(state, &err);
		break;
	case KUBERNETES_ASK_POD:
		examine(state);
		break;
	}
}

/* A try that led nowhere is not followed by another one when a signal waits. */
static void follow_unless_told(struct kubernetes_session *state, enum kubernetes_next next, int64_t wait_ms)
{
	if (state->pending != 0 && next != KUBERNETES_CONCLUDE && next != KUBERNETES_ASK_POD) {
		*kubernetes_outcome(state) =
		        outcome_not_started(state->session, ERROR_RUN_NOT_STARTED, SIGNAL_BEFORE_START);
		next = KUBERNETES_CONCLUDE;
	}
	follow(state, next, wait_ms);
}

/* What the filters still hold is half a note: behind a whole stream nothing is left in them. */
static void end_run(struct kubernetes_session *state)
{
	loop_disarm(loop_of(state), &state->linger);
	follow_unless_told(state, kubernetes_judge_end(state), 0);
}

static void link_ended(struct websocket *websocket)
{
	struct kubernetes_session *state = websocket->user;
	int64_t wait_ms = 0;
	enum kubernetes_next next;

	state->connected = false;
	if (state->stage == KUBERNETES_RUN) {
		end_run(state);
	} else if (state->stage == KUBERNETES_CONNECT) {
		next = kubernetes_judge_refusal(state, &wait_ms);
		follow_unless_told(state, next, wait_ms);
	}
}

/* Whatever an earlier try left is forgotten. */
static void reset_try(struct kubernetes_session *state)
{
	struct buffer complaints = state->reports.complaints;

	buffer_clear(&complaints);
	state->reports = (struct kubernetes_reports){ .exec_status = -1, .status = -1, .complaints = complaints };
	kubernetes_channels_open(&state->channels);
}

/* url NULL: only connect to the API server. */
static bool open_websocket(struct kubernetes_session *state, const char *url, struct error *err)
{
	struct websocket *websocket = &state->websocket;
	struct http *http;

	if (!asset_http(state->session->context, &http, err) ||
	    !kubernetes_prepare_websocket(state, state->arena, websocket, err))
		return false;
	websocket->held = url == NULL;
	websocket->url = url == NULL ? url_origin(state->arena, &state->access->url) : url;
	websocket->on_open = link_opened;
	websocket->on_piece = link_piece;
	websocket->on_room = link_room;
	websocket->on_end = link_ended;
	websocket->user = state;
	return websocket_open(http, state->arena, websocket, err);
}

/* The token may have been read anew since the connection was made. */
static bool proceed(struct kubernetes_session *state, const char *url, struct error *err)
{
	state->held = false;
	if (!access_refresh(state->access, err))
		return false;
	state->websocket.url = url;
	state->websocket.access = state->access->http;
	return websocket_proceed(&state->websocket, err);
}

/*
 * The handshakes of the connection take as long as the list of pods, so the first command connects meanwhile. Whatever
 * fails here fails again, and is told, when the pod is known.
 */
static void connect_ahead(struct kubernetes_session *state)
{
	struct asset_context *context = state->session->context;
	struct error ignored;

	if (context->most_parallel > 1 && context->owner != NULL)
		return;
	state->held = access_open(context, state->session->asset->kubernetes.cluster, &state->access, &ignored) &&
	              open_websocket(state, NULL, &ignored);
	state->connected = state->held;
}

static void connect_again(void *user)
{
	struct kubernetes_session *state = user;
	struct websocket *websocket = &state->websocket;
	const char *url;
	struct error err;

	reset_try(state);
	url = kubernetes_run_url(state);
	kubernetes_open_filters(state);
	if (!(state->held ? proceed(state, url, &err) : open_websocket(state, url, &err))) {
		fail_start(state, &err);
		return;
	}
	state->connected = true;
	state->stage = KUBERNETES_CONNECT;
	websocket_pause(websocket, state->paused[0] || state->paused[1]);
}

/* --- the driver's operations --- */

bool kubernetes_start(struct session *session, struct error *err)
{
	struct kubernetes_session *state = arena_alloc(session->context->arena, sizeof *state);

	if (session->request->user != NULL)
		return fail(err, ERROR_USAGE_CONFLICT, "a pod's user cannot be chosen: leave out --user");
	state->session = session;
	state->arena = session->context->arena;
	state->reports.complaints = BUFFER(LONGEST_COMPLAINT);
	state->channels.on_output = kubernetes_take_channel;
	state->channels.user = state;
	session->state = state;
	if (look_for_pod(state, KUBERNETES_LOOK, err)) {
		connect_ahead(state);
		return true;
	}
	release(state);
	return false;
}

size_t kubernetes_write(struct session *session, const char *data, size_t len)
{
	struct kubernetes_session *state = state_of(session);

	if (!state->input_open || state->stage != KUBERNETES_RUN || is_over(state))
		return 0;
	return kubernetes_send_input(&state->websocket, data, len);
}

void kubernetes_close_input(struct session *session)
{
	struct kubernetes_session *state = state_of(session);

	state->close_wanted = true;
	kubernetes_feed_input(state);
}

/* Both streams come through one connection: while one waits, so does the other. */
void kubernetes_pause_output(struct session *session, int stream, bool pause)
{
	struct kubernetes_session *state = state_of(session);

	state->paused[stream - 1] = pause;
	if (state->connected)
		websocket_pause(&state->websocket, state->paused[0] || state->paused[1]);
}

void kubernetes_resize(struct session *session, struct terminal_size size)
{
	struct kubernetes_session *state = state_of(session);

	if (state->stage != KUBERNETES_RUN || kubernetes_send_size(&state->websocket, size))
		return;
	state->size = size;
}

void kubernetes_stop(struct session *session)
{
	struct kubernetes_session *state = state_of(session);
	bool runs = state->stage == KUBERNETES_RUN && state->reports.pid > 0 && state->reports.status < 0;

	release(state);
	/* the last signal goes its way as long as the loop turns */
	if (runs && !state->killed)
		kubernetes_killer_start(state, asset_owner(session->context)->arena, SIGKILL);
}
