/* Takes what comes from the container apart: the reports of the script, and what the command itself wrote. */
#include "kubernetes_session.h"

#define LONGEST_REPORT ((size_t)40)

void kubernetes_announce(struct kubernetes_session *state)
{
	if (state->announced)
		return;
	state->announced = true;
	if (state->session->on_started != NULL)
		state->session->on_started(state->session);
}

/* " pid 12", " started", " reads", " exec 127", " folder", " no-stty", " status 3", " end". */
static void read_report(struct kubernetes_session *state, const char *text, size_t len)
{
	struct kubernetes_reports *reports = &state->reports;
	char word[LONGEST_REPORT + 1] = { 0 };
	uint64_t number = 0;
	bool has_number;

	/* nothing of it is kept: whoever knows the mark could send as many as it likes */
	memcpy(word, text + 1, len - 1 < LONGEST_REPORT ? len - 1 : LONGEST_REPORT);
	has_number = parse_count(word + strcspn(word, " ") + (strchr(word, ' ') != NULL ? 1 : 0), &number);
	word[strcspn(word, " ")] = '\0';
	if (text_equal(word, "pid") && has_number && number > 1) {
		reports->pid = number;
	} else if (text_equal(word, "started")) {
		reports->started = true;
		kubernetes_announce(state);
	} else if (text_equal(word, "reads")) {
		reports->reads = true;
	} else if (text_equal(word, "folder")) {
		reports->folder_missing = true;
	} else if (text_equal(word, "no-stty")) {
		reports->no_terminal_program = true;
	} else if (text_equal(word, "exec") && has_number && number <= 255) {
		reports->exec_status = (int)number;
	} else if (text_equal(word, "status") && has_number && number <= 255) {
		reports->status = (int)number;
		reports->ended[1] = true;
		/* bash does not run the trap that tells it when a program may not be executed */
		if (reports->complained && reports->exec_status < 0)
			reports->exec_status = reports->status;
	} else if (text_equal(word, "end")) {
		reports->ended[0] = true;
	}
}

/* A line behind our mark: a report, or a message of a shell, which begins with its $0. */
static void take_note(struct kubernetes_session *state, int stream, const char *text, size_t len)
{
	struct kubernetes_reports *reports = &state->reports;

	if (len == 0 || text[0] != ' ') {
		reports->complained = reports->complained || reports->started;
		buffer_append(&reports->complaints, text, len);
		buffer_byte(&reports->complaints, '\n');
		return;
	}
	reports->begun[stream - 1] = true;
	read_report(state, text, len);
	if (reports->ended[0] && reports->ended[1])
		kubernetes_command_over(state);
	if (state->pending != 0 && reports->pid != 0)
		kubernetes_send_pending(state);
	if (state->session->request->terminal)
		kubernetes_feed_input(state);
}

static void take_output_note(void *user, size_t prefix, const char *text, size_t len)
{
	(void)prefix;
	take_note(user, 1, text, len);
}

static void take_error_note(void *user, size_t prefix, const char *text, size_t len)
{
	(void)prefix;
	take_note(user, 2, text, len);
}

/* Before the script speaks, only the container runtime does. */
static void take_text(void *user, int stream, const char *data, size_t len)
{
	struct kubernetes_session *state = user;

	if (state->reports.begun[stream - 1])
		state->session->on_output(state->session, stream, data, len);
	else
		buffer_append(&state->reports.complaints, data, len);
}

void kubernetes_take_channel(void *user, int stream, const char *data, size_t len)
{
	struct kubernetes_session *state = user;

	if (!state->direct) {
		note_filter_feed(&state->filters[stream - 1], stream, data, len);
		return;
	}
	kubernetes_announce(state);
	state->session->on_output(state->session, stream, data, len);
}

void kubernetes_open_filters(struct kubernetes_session *state)
{
	for (int stream = 1; stream <= 2; stream++)
		state->filters[stream - 1] = (struct note_filter){
			.prefixes = { state->direct ? NULL : state->mark },
			.active = { true },
			.on_note = stream == 1 ? take_output_note : take_error_note,
			.on_text = take_text,
			.user = state,
		};
}
