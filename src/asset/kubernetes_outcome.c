/* What a try to run a command in a pod came to: from the upgrade's answer, the status channel and the script's reports.
 */
#include "fops/base/arena.h"
#include "kubernetes_session.h"

#define FIRST_WAIT_MS   200
#define LONGEST_WAIT_MS 30000
#define LONGEST_WORDS   ((size_t)400)

/* What the node or the container runtime complains of, when it sends no exit code. */
enum complaint {
	COMPLAINT_OTHER,
	COMPLAINT_NO_PROGRAM,
	COMPLAINT_NOT_EXECUTABLE,
	COMPLAINT_NOT_RUNNING,
	COMPLAINT_NODE,
};

static enum complaint judge_message(const char *message)
{
	static const struct {
		const char *words;
		enum complaint complaint;
	} known[] = {
		{ "container not found", COMPLAINT_NOT_RUNNING },
		{ "container is not", COMPLAINT_NOT_RUNNING },
		{ "container is in CONTAINER_EXITED state", COMPLAINT_NOT_RUNNING },
		{ "stopped container", COMPLAINT_NOT_RUNNING },
		{ "error dialing backend", COMPLAINT_NODE },
		{ "error sending request", COMPLAINT_NODE },
		{ "executable file not found", COMPLAINT_NO_PROGRAM },
		{ "no such file or directory", COMPLAINT_NO_PROGRAM },
		{ "permission denied", COMPLAINT_NOT_EXECUTABLE },
		{ "is a directory", COMPLAINT_NOT_EXECUTABLE },
		{ "exec format error", COMPLAINT_NOT_EXECUTABLE },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strstr(message, known[i].words) != NULL)
			return known[i].complaint;
	}
	return COMPLAINT_OTHER;
}

/* Leave out a URL in quotes with the colon behind it: it holds the whole command, and says nothing that helps. */
static void drop_url(char *text)
{
	char *start = strstr(text, "\"http");
	char *end = start == NULL ? NULL : strstr(start, "\": ");

	if (end != NULL)
		memmove(start, end + 3, strlen(end + 3) + 1);
}

/* A server's words in one line, without the token. */
static const char *quote(const struct kubernetes_session *state, const char *text)
{
	char *copy = arena_text(state->arena, text, strlen(text));
	size_t len;

	secret_mask(state->access->token, copy);
	drop_url(copy);
	len = strcspn(copy, "\r\n");
	if (len > LONGEST_WORDS)
		len = LONGEST_WORDS;
	while (len > 0 && ((unsigned char)copy[len] & 0xC0) == 0x80)
		len--;
	copy[len] = '\0';
	return copy;
}

static void not_started(struct kubernetes_session *state, enum error_id id, const char *cause)
{
	*kubernetes_outcome(state) = outcome_not_started(state->session, id, cause);
}

void kubernetes_lost(struct kubernetes_session *state, const char *cause)
{
	struct error *err = &kubernetes_outcome(state)->error;

	*kubernetes_outcome(state) = outcome_lost(state->session, cause);
	if (state->announced)
		return;
	fail(err, ERROR_RUN_LINK_LOST, "the link to %s was lost", state->session->asset->asset_id);
	error_cause(err, "%s", cause);
	error_effect(err, "no start was reported; the command may run all the same");
	error_object(err, "runtime-asset/%s", state->session->asset->asset_id);
}

/* --- the upgrade --- */

static void refuse(struct kubernetes_session *state)
{
	const struct websocket *websocket = &state->websocket;
	struct error *err = &kubernetes_outcome(state)->error;

	*kubernetes_outcome(state) = (struct session_outcome){ .cause = SESSION_NOT_STARTED };
	if (websocket->status == 0 || websocket->body == NULL)
		*err = *websocket->error;
	else
		kubernetes_refused(state->arena, state->session->asset, state->access,
		                   arena_format(state->arena, "commands on %s", state->session->asset->asset_id),
		                   websocket->status, websocket->body, websocket->body_len, websocket->retry_after_ms,
		                   err);
	/* the server does not always say which of the two is missing */
	if (websocket->status == 403)
		error_fix(err, "Grant the rights to get and to create pods/exec in the pod's namespace.");
	/* behind a connection that broke before its answer, the command may have been started */
	error_effect(err, websocket->status == 0 && websocket->connect_us > 0 && !state->framed
	                          ? "no start was reported"
	                          : "nothing ran");
	error_object(err, "runtime-asset/%s", state->session->asset->asset_id);
}

/*
 * May it be asked again? What the server says it did not do, yes; a gateway's word is not enough for a command that
 * begins at once.
 */
static bool may_repeat(const struct kubernetes_session *state)
{
	int status = state->websocket.status;

	if (status == 429 || status == 503)
		return true;
	return status >= 500 && (state->framed || status == 500);
}

static bool has_time(const struct kubernetes_session *state, int64_t wait_ms)
{
	int left = deadline_left_ms(state->session->context->deadline);

	return wait_ms <= LONGEST_WAIT_MS && (left < 0 || wait_ms < left);
}

/* Kubelets of the older protocol tell in their answer what newer servers tell on the status channel. */
static bool judge_answer(struct kubernetes_session *state)
{
	const struct websocket *websocket = &state->websocket;
	struct kubernetes_status status;
	const char *message = websocket->body;

	if (websocket->status == 401 || websocket->status == 403 || message == NULL)
		return false;
	if (kubernetes_status_read(state->arena, message, websocket->body_len, &status))
		message = status.message;
	if (judge_message(message) != COMPLAINT_NOT_RUNNING)
		return false;
	not_started(state, ERROR_ASSET_NOT_RUNNING, "its container does not run");
	return true;
}

enum kubernetes_next kubernetes_judge_refusal(struct kubernetes_session *state, int64_t *ret_wait_ms)
{
	const struct websocket *websocket = &state->websocket;
	int64_t wait_ms = websocket->retry_after_ms;

	if (judge_answer(state))
		return KUBERNETES_CONCLUDE;
	if (websocket->status == 401 && !state->renewed && access_renew(state->access)) {
		state->renewed = true;
		*ret_wait_ms = 0;
		return KUBERNETES_TRY_AGAIN;
	}
	if (websocket->status == 404 && !state->looked_again) {
		state->looked_again = true;
		return KUBERNETES_LOOK_AGAIN;
	}
	if (wait_ms < 0)
		wait_ms = FIRST_WAIT_MS << (state->tries < 6 ? state->tries : 6);
	if (may_repeat(state) && state->tries < state->session->context->most_retries && has_time(state, wait_ms)) {
		state->tries++;
		*ret_wait_ms = wait_ms;
		log_detail(state->session->context->log, "the API server answered %d; try %u of %u in %lld ms",
		           websocket->status, state->tries + 1, state->session->context->most_retries + 1,
		           (long long)wait_ms);
		return KUBERNETES_TRY_AGAIN;
	}
	refuse(state);
	return KUBERNETES_CONCLUDE;
}

/* --- the end --- */

static enum kubernetes_next no_shell(struct kubernetes_session *state)
{
	const char *need = kubernetes_needs_script(state);

	if (need == NULL) {
		log_detail(state->session->context->log,
		           "the container of %s has no sh: running the command without it; it cannot be signalled",
		           state->session->asset->asset_id);
		return KUBERNETES_RUN_DIRECTLY;
	}
	not_started(state, ERROR_RUN_NOT_STARTED,
	            arena_format(state->arena, "its container has no shell \"sh\", which %s needs", need));
	return KUBERNETES_CONCLUDE;
}

/* The command, with or without the script, was not started for a cause that has no exit code. */
static enum kubernetes_next judge_complaint(struct kubernetes_session *state, const char *message)
{
	const char *words = quote(state, message);

	switch (judge_message(message)) {
	case COMPLAINT_NOT_RUNNING:
		not_started(state, ERROR_ASSET_NOT_RUNNING, "its container does not run");
		break;
	case COMPLAINT_NODE:
		not_started(state, ERROR_PLANE_UNAVAILABLE,
		            arena_format(state->arena, "the API server does not reach the pod's node: %s", words));
		break;
	case COMPLAINT_NO_PROGRAM:
		if (!state->direct)
			return no_shell(state);
		*kubernetes_outcome(state) = outcome_no_program(state->session, EXIT_COMMAND_NOT_FOUND);
		error_cause(&kubernetes_outcome(state)->error, "%s", words);
		break;
	case COMPLAINT_NOT_EXECUTABLE:
		if (!state->direct)
			return no_shell(state);
		*kubernetes_outcome(state) = outcome_no_program(state->session, EXIT_NOT_EXECUTABLE);
		error_cause(&kubernetes_outcome(state)->error, "%s", words);
		break;
	case COMPLAINT_OTHER:
		not_started(state, ERROR_RUN_NOT_STARTED, words);
		break;
	}
	return KUBERNETES_CONCLUDE;
}

static bool conclude_reports(struct kubernetes_session *state)
{
	const struct kubernetes_reports *reports = &state->reports;

	if (reports->no_terminal_program)
		not_started(state, ERROR_RUN_NOT_STARTED, "its container has no stty, which --env with --tty needs");
	else if (reports->folder_missing)
		not_started(state, ERROR_RUN_NOT_STARTED,
		            arena_format(state->arena, "the folder %s cannot be entered there",
		                         state->session->request->workdir));
	else if (reports->exec_status >= 0)
		*kubernetes_outcome(state) = outcome_no_program(state->session, reports->exec_status);
	else
		return false;
	return true;
}

void kubernetes_conclude_reported(struct kubernetes_session *state)
{
	if (!conclude_reports(state))
		*kubernetes_outcome(state) = outcome_exited(state->reports.status);
}

/*
 * A success that the script did not tell as well is none: an API server that loses a node sends it all the same
 * (kubernetes issue 124571), and output is missing then.
 */
static bool is_invented(const struct kubernetes_session *state, int code)
{
	const struct kubernetes_reports *reports = &state->reports;

	return !state->direct && code == 0 && !(reports->ended[0] && reports->ended[1]);
}

/* The runtime told an exit code (0 for a success). */
static enum kubernetes_next judge_exit(struct kubernetes_session *state, int code)
{
	const struct kubernetes_reports *reports = &state->reports;

	if (conclude_reports(state))
		return KUBERNETES_CONCLUDE;
	if (is_invented(state, code)) {
		kubernetes_lost(state, "the server told a success, and the end of the output is missing");
		return KUBERNETES_ASK_POD;
	}
	if (state->direct || reports->started) {
		/* the script's own word is the better one: runtimes differ in how they tell a signal */
		*kubernetes_outcome(state) = outcome_exited(reports->status >= 0 ? reports->status : code);
		return KUBERNETES_CONCLUDE;
	}
	if (!reports->begun[0] && (code == EXIT_COMMAND_NOT_FOUND || code == EXIT_NOT_EXECUTABLE))
		return no_shell(state);
	if (state->killed)
		not_started(state, ERROR_RUN_NOT_STARTED, SIGNAL_BEFORE_START);
	else
		not_started(state, ERROR_RUN_NOT_STARTED,
		            arena_format(state->arena, "its shell ended with status %d%s%s", code,
		                         reports->complaints.len > 0 ? ": " : "",
		                         quote(state, buffer_string(&reports->complaints))));
	return KUBERNETES_CONCLUDE;
}

static const char *describe_close(struct kubernetes_session *state)
{
	const struct websocket *websocket = &state->websocket;

	if (state->channels.broken)
		return "the server sent a text message, which the protocol does not know";
	if (state->channels.status.len > 0)
		return "what the server said at the end cannot be read";
	if (websocket->failed)
		return websocket->error->cause[0] != '\0' ? websocket->error->cause : websocket->error->message;
	if (websocket->close_code == 1001)
		return "the server went away (close code 1001) without the command's status";
	return arena_format(state->arena, "the connection was closed (code %d%s%s) without the command's status",
	                    websocket->close_code, websocket->close_reason[0] == '\0' ? "" : ", ",
	                    quote(state, websocket->close_reason));
}

enum kubernetes_next kubernetes_judge_end(struct kubernetes_session *state)
{
	struct kubernetes_status status;
	const struct buffer *text = &state->channels.status;

	if (!state->channels.broken && text->len > 0 && !text->overflow &&
	    kubernetes_status_read(state->arena, text->data, text->len, &status)) {
		if (status.success || status.exit_code >= 0)
			return judge_exit(state, status.success ? 0 : status.exit_code);
		if (!state->announced && !state->reports.begun[0])
			return judge_complaint(state, status.message);
		kubernetes_lost(state, arena_format(state->arena, "the server says: %s", quote(state, status.message)));
		return KUBERNETES_ASK_POD;
	}
	kubernetes_lost(state, arena_copy(state->arena, describe_close(state)));
	return KUBERNETES_ASK_POD;
}

void kubernetes_explain_loss(struct kubernetes_session *state)
{
	const struct pod_look *look = &state->look;
	const char *cause = arena_copy(state->arena, kubernetes_outcome(state)->error.cause);
	const char *more = NULL;

	/* one that goes down cuts a handshake or an answer as well */
	if (look->failed && (look->error->id == ERROR_PLANE_UNAVAILABLE || look->error->id == ERROR_PLANE_TLS ||
	                     look->error->id == ERROR_PLANE_PROTOCOL || look->error->id == ERROR_TIMEOUT))
		more = "the API server does not answer any more";
	else if (!look->failed && (look->pod.name == NULL || look->pod.state == POD_NONE))
		more = "its pod was deleted";
	else if (!look->failed && !text_equal(look->pod.uid, state->pod.uid))
		more = "its pod is no longer the one to use";
	else if (!look->failed && look->pod.state == POD_LEAVING)
		more = "its pod is being deleted";
	else if (!look->failed && look->pod.state == POD_NOT_RUNNING)
		more = "its container does not run any more";
	if (more != NULL)
		error_cause(&kubernetes_outcome(state)->error, "%s; %s", more, cause);
}
