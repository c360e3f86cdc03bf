/* One command in a pod, run against a scripted API server. */
#ifndef FOPS_TESTS_ASSET_EXEC_H
#define FOPS_TESTS_ASSET_EXEC_H

#include "../net/peer.h"
#include "cluster.h"

#define V5 "v5.channel.k8s.io"
#define V4 "v4.channel.k8s.io"

/* The session and what it told. Fill request, input and the rest before exec_prepare. */
struct exec_run {
	struct session_request request;
	struct session session;
	struct session_outcome outcome;
	bool ended;
	unsigned started;
	char outputs[2][8192];
	const char *input;  /* given at the first room */
	bool close_at_room; /* and then its end */
	void (*then)(void); /* after the start was told */
};

extern struct exec_run exec;

/* For TestSuite; the command is echo "it's". */
void exec_make(void);

/* Start the server whose n-th request gets the n-th talk, and fill the session. */
void exec_prepare(server_talk *const *talks, size_t count, const char *auth);
void exec_start(void);
void exec_turn_until(const bool *flag);

#define RUN_WITH(auth, ...)                                                                                            \
	exec_prepare((server_talk *const[]){ __VA_ARGS__ },                                                            \
	             sizeof((server_talk *const[]){ __VA_ARGS__ }) / sizeof(server_talk *), auth);                     \
	exec_start();                                                                                                  \
	exec_turn_until(&exec.ended)
#define RUN(...) RUN_WITH("{mode: none}", __VA_ARGS__)

void expect_exit(int status);
void expect_error(enum session_cause cause, enum error_id id, const char *words);

/* --- for talks --- */

#define SUCCESS "{\"metadata\":{},\"status\":\"Success\"}"
#define FAILURE(code)                                                                                                  \
	"{\"metadata\":{},\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":["             \
	"{\"reason\":\"ExitCode\",\"message\":\"" code "\"}]}}"

/* The one pod; no pod. */
enum after tell_pods(struct connection *connection, const char *asked);
enum after tell_no_pods(struct connection *connection, const char *asked);
/* Accept the upgrade, as Kubernetes does with an empty message first. */
void open_as(struct connection *connection, const char *asked, const char *protocol);
void say(struct connection *connection, int channel, const char *text);
/* A line behind the mark that the request's words hold. */
void note(struct connection *connection, const char *asked, int channel, const char *text);
/* The notes of a start, and of an end with "status 3". */
void begin(struct connection *connection, const char *asked);
void finish(struct connection *connection, const char *asked, const char *status);
/* Send a status (NULL: none) and close. */
enum after close_with(struct connection *connection, const char *status);
/* A command that says "out" and "err" and ends with 3; input that comes back until its end. */
enum after run_well(struct connection *connection, const char *asked);
enum after echo_input(struct connection *connection, const char *asked);
/* Version 4, and then nothing. */
enum after open_and_wait(struct connection *connection, const char *asked);

#endif
