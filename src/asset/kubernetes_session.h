/* One command in a pod. Shared by the files behind the driver `kubernetes`. */
#ifndef FOPS_ASSET_KUBERNETES_SESSION_H
#define FOPS_ASSET_KUBERNETES_SESSION_H

#include "kubernetes.h"
#include "kubernetes_channel.h"
#include "note_filter.h"
#include "outcome.h"

#define SIGNAL_BEFORE_START "a signal came before the start"

enum kubernetes_stage {
	KUBERNETES_LOOK,    /* for the pod */
	KUBERNETES_WAIT,    /* until the next try */
	KUBERNETES_CONNECT, /* asked for the upgrade */
	KUBERNETES_RUN,     /* it was accepted */
	KUBERNETES_EXAMINE, /* the link is lost: does the pod still exist? */
	KUBERNETES_END,     /* the outcome is known and about to be told */
};

/* What the script around the command told of this try. */
struct kubernetes_reports {
	bool begun[2]; /* the stream carried a note: what comes before is not the command's */
	bool ended[2]; /* everything that the command itself wrote to the stream is here */
	bool started;
	bool complained; /* a shell of ours had something to say behind the start: the command could not be started */
	bool folder_missing;
	bool no_terminal_program; /* stty, to hide the environment from the terminal */
	bool reads;               /* the environment can be sent through the terminal now */
	uint64_t pid;             /* of the script's shell, which leads the command's group; 0: not told yet */
	int exec_status;          /* the command could not be started: 126, 127; else -1 */
	int status;               /* the command ended with it; else -1 */
	struct buffer complaints;
};

/* A second command that signals the first one. */
struct kubernetes_killer {
	struct websocket websocket;
	const struct log *log;
	const char *asset_id;
	bool running;
};

struct kubernetes_session {
	struct session *session;
	struct arena *arena;
	enum kubernetes_stage stage;
	struct pod_look look;
	bool looking;
	struct pod pod;
	struct access *access;

	struct websocket websocket;
	bool connected;  /* the WebSocket is ours to cancel */
	bool held;       /* it is connected ahead, while the pod is being looked for */
	bool direct;     /* without the script: the container has no shell */
	bool merged;     /* both outputs are one stream */
	bool framed;     /* the script waits for the preamble: nothing runs before it */
	bool half_close; /* the protocol can tell the end of the input */
	const char *mark;
	struct str preamble; /* what of it is left to send */
	struct kubernetes_channels channels;
	struct note_filter filters[2];
	struct kubernetes_reports reports;

	bool input_open; /* on_input_room was called */
	bool close_wanted, close_sent;
	struct terminal_size size; /* to be told; zeroed: none */
	bool paused[2];
	bool announced;

	unsigned tries; /* refused for the moment */
	bool renewed;   /* the token was read anew after a 401 */
	bool looked_again;

	int pending;    /* a signal that waits for the process id */
	bool signalled; /* the command was told to stop */
	bool killed;
	struct kubernetes_killer *killer;
	struct session_outcome *outcome; /* of kubernetes_outcome */
	struct loop_timer soon;          /* the outcome is told, or the next try begins */
	struct loop_timer linger;        /* the command ended, and the connection does not */
	struct loop_timer patience;      /* a signal waits no longer */
};

/* --- kubernetes_session_words.c: what is asked for --- */

/* The upgrade's URL for the command with its script, or for the command alone (state->direct). Sets mark, framed,
 * merged and preamble. */
const char *kubernetes_run_url(struct kubernetes_session *state);

/* Does the request need the script? Says for what. */
const char *kubernetes_needs_script(const struct kubernetes_session *state);

/* The upgrade's URL for a command that signals the first one's group, or the processes below it. */
const char *kubernetes_signal_url(const struct kubernetes_session *state, struct arena *arena, int number);

/* Fill what every WebSocket to the pod has; arena lives as long as the connection. errors  SECRET_*, PLANE_AUTH */
CHECKED bool kubernetes_prepare_websocket(const struct kubernetes_session *state, struct arena *arena,
                                          struct websocket *websocket, struct error *err);

/* --- kubernetes_session.c --- */

/* What the session comes to. It takes 2 KiB, which it gets when the first word of it is known. */
struct session_outcome *kubernetes_outcome(struct kubernetes_session *state);

/* Send what waits: the terminal's size, the preamble, input, its end. */
void kubernetes_feed_input(struct kubernetes_session *state);

/*
 * Tell the outcome, from the loop: the owner may free everything then, so nothing of the connection may be on the
 * stack.
 */
void kubernetes_conclude(struct kubernetes_session *state);

/* The command ended, and everything that it wrote is here: the server's own word is not awaited for long. */
void kubernetes_command_over(struct kubernetes_session *state);

/* --- kubernetes_session_output.c --- */

/* Tell the owner, once, that the command runs. */
void kubernetes_announce(struct kubernetes_session *state);

/* What came on channel 1 or 2. */
void kubernetes_take_channel(void *user, int stream, const char *data, size_t len);

/* Begin with both streams of a try; its mark is known. */
void kubernetes_open_filters(struct kubernetes_session *state);

/* --- kubernetes_session_signal.c --- */

/* Send the signal now (reports.pid is known). It goes on after the session's end when arena outlives it. */
void kubernetes_killer_start(struct kubernetes_session *state, struct arena *arena, int number);
void kubernetes_killer_stop(struct kubernetes_session *state);

/* The process of the command is known: a signal that came before can be delivered. */
void kubernetes_send_pending(struct kubernetes_session *state);

/* --- kubernetes_outcome.c: what a try came to --- */

enum kubernetes_next {
	KUBERNETES_CONCLUDE,     /* state->outcome is filled */
	KUBERNETES_RUN_DIRECTLY, /* the container has no shell */
	KUBERNETES_LOOK_AGAIN,   /* the pod is gone */
	KUBERNETES_TRY_AGAIN,    /* after *ret_wait_ms */
	KUBERNETES_ASK_POD,      /* state->outcome is a lost link; the pod may tell why */
};

/* The upgrade was refused, or there was no connection. */
enum kubernetes_next kubernetes_judge_refusal(struct kubernetes_session *state, int64_t *ret_wait_ms);

/* The connection ended after the upgrade, with or without a status. */
enum kubernetes_next kubernetes_judge_end(struct kubernetes_session *state);

/* The script told that the command ended, and something it left behind holds the connection. */
void kubernetes_conclude_reported(struct kubernetes_session *state);

/* After a lost link: what the pod's state adds to the cause. */
void kubernetes_explain_loss(struct kubernetes_session *state);

/* The link is lost, for that cause. */
void kubernetes_lost(struct kubernetes_session *state, const char *cause);

#endif
