/* One command on an Incus instance. Shared by the files behind the lxc/incus driver. */
#ifndef FOPS_ASSET_INCUS_SESSION_H
#define FOPS_ASSET_INCUS_SESSION_H

#include "incus.h"
#include "outcome.h"
#include "script_notes.h"

enum incus_socket {
	INCUS_INPUT, /* with a terminal: both directions */
	INCUS_OUTPUT,
	INCUS_ERRORS,
	INCUS_CONTROL,
	INCUS_SOCKETS,
};

struct incus_session;

/* One of the WebSockets of an operation. */
struct incus_stream {
	struct incus_session *state;
	enum incus_socket which;
	struct websocket websocket;
	bool running; /* opened or opening */
	bool ended;   /* the other side said that no more comes, or closed it in order */
};

struct incus_session {
	struct session *session;
	struct arena *arena;
	struct http *http;
	struct access *access;
	struct http_exchange exchange; /* the start, then the result */
	bool asking;
	const char *operation; /* path of it */
	struct incus_stream streams[INCUS_SOCKETS];
	const char *secrets[INCUS_SOCKETS];
	size_t open_streams;
	size_t wanted_streams;
	bool started;      /* all streams are open */
	bool announced;    /* it is known that the command began */
	bool may_run;      /* nobody knows whether it did */
	bool close_wanted; /* no more input */
	bool close_told;
	bool input_refused; /* write took less than it was given */
	int signal;         /* came before the start; 0: none */
	struct lxc_user user;
	struct session look_up; /* asks for a user's numbers */
	struct session_request look_up_request;
	const char *user_name;
	struct buffer answer;
	struct script_notes notes; /* the server's own words do not tell a missing program from a status 127, and it
	                              ignores a missing folder */
	struct str preamble;       /* what the script reads first */
	bool merged;               /* both streams go one way */
	int noted;                 /* the stream that carries reports */
	bool input_asked;
	struct session_outcome outcome;
	struct loop_timer soon;
};

bool incus_start(struct session *session, struct error *err);
size_t incus_write(struct session *session, const char *data, size_t len);
void incus_close_input(struct session *session);
void incus_pause_output(struct session *session, int stream, bool pause);
void incus_signal(struct session *session, int number);
void incus_resize(struct session *session, struct terminal_size size);
void incus_stop(struct session *session);

/* The body of the exec call (Incus REST API, POST /1.0/instances/{name}/exec). In arena. */
struct str incus_exec_body(const struct incus_session *state);

/* incus_stream.c: open all WebSockets of an operation; callbacks below follow from the loop. errors  DATA */
CHECKED bool incus_streams_open(struct incus_session *state, const struct incus_operation *operation,
                                struct error *err);
void incus_streams_stop(struct incus_session *state);
/* Tell the command the end of its input as soon as there is room. */
void incus_streams_close_input(struct incus_session *state);
/* Send a message of the control socket; dropped when it is not open. */
void incus_streams_control(struct incus_session *state, const char *message);

/* Give the script what it reads first, then ask for input or end it; called whenever there is room. */
void incus_streams_feed(struct incus_session *state);

/* incus_session.c: what streams report */
void incus_streams_output(struct incus_session *state, int stream, const char *data, size_t len);
void incus_streams_opened(struct incus_session *state);
void incus_streams_lost(struct incus_session *state, const char *cause);
void incus_streams_drained(struct incus_session *state);

#endif
