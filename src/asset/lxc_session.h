/* A session in an LXC container, whatever carries lxc-attach there. */
#ifndef FOPS_ASSET_LXC_SESSION_H
#define FOPS_ASSET_LXC_SESSION_H

#include "child.h"
#include "lxc_command.h"
#include "note_filter.h"
#include "scratch.h"

enum lxc_stage {
	LXC_LOOK_UP_USER,
	LXC_RUN,
	LXC_ASK_STATE, /* after a failure: stopped or missing? */
};

/* What a failed start told of the machine. */
enum lxc_found {
	LXC_FOUND_NOTHING,
	LXC_FOUND_STOPPED,
	LXC_FOUND_MISSING,
	LXC_FOUND_UNREACHABLE,
};

/* The reports of our scripts in the present stage. */
struct lxc_reports {
	bool folder_missing;
	bool started;
	bool has_group;           /* of the carrier's wrapper */
	uint64_t pid, group;      /* of the carrier's wrapper on the host */
	int exec_status;          /* the inner shell could not start the command: 126, 127; else -1 */
	int status;               /* the carrier's wrapper saw lxc-attach end with it; else -1 */
	struct buffer complaints; /* lines of lxc-attach and of shells */
};

struct lxc_session {
	struct session *session;
	const struct lxc_carrier *carrier;
	struct arena *arena;
	struct child child;
	enum lxc_stage stage;
	struct lxc_command command;
	const char *user_name; /* to be looked up, or NULL */
	const char *mark;
	const char *own_prefix; /* "lxc-attach: NAME: " */
	struct note_filter filter;
	int report_stream; /* the stream that carries reports */
	struct lxc_reports reports;
	struct buffer answer; /* what a look-up printed */
	struct str preamble;  /* given to the program before any input */
	bool wrapped;         /* the inner script reports in this stage */
	bool merged;          /* both streams go through one pipe */
	bool input_wanted;    /* on_input_room was called */
	bool close_wanted;    /* close_input came before the command's stage */
	bool announced;
	bool cancelled; /* a signal came before the command started */
	enum lxc_found found;
	struct session_outcome outcome;
	struct loop_timer soon;
	struct loop_timer limit; /* for the first report of a carrier that can hang before */
	struct scratch log;
	void *link; /* the carrier's own */
};

/* How words get to the machine that has the container. */
struct lxc_carrier {
	bool wraps;          /* reports are needed also without --workdir */
	bool log_file;       /* lxc-attach can write into our log */
	bool terminal_words; /* with a terminal the environment must stand in the words */
	/* how long the first report may take, 0: as long as it likes */
	int64_t (*start_limit_ms)(const struct lxc_session *state);
	/* make what every stage needs. errors ASSET_DRIVER, IO_CREATE, SECRET_* */
	bool (*open)(struct lxc_session *state, struct error *err);
	/* the program that runs these words there; *set is the environment they need, what the program itself needs is
	 * left in it */
	const char *const *(*wrap)(struct lxc_session *state, const char *const *words, bool terminal,
	                           struct text_list *set);
	/* conclude state->outcome from status, reports and log; found too */
	void (*judge)(struct lxc_session *state, int status);
	/* signal the command; SIGKILL ends everything */
	void (*signal)(struct lxc_session *state, int number);
	/* the command runs from now on; may be NULL */
	void (*reported)(struct lxc_session *state);
	/* the same with SIGKILL, done as well as it can be when this returns (at most half a second) */
	void (*kill)(struct lxc_session *state);
	void (*close)(struct lxc_session *state);
};

extern const struct lxc_carrier lxc_local_carrier;
extern const struct lxc_carrier lxc_ssh_carrier;

/* The functions of struct asset_driver, for both drivers. */
bool lxc_start(struct session *session, struct error *err);
size_t lxc_write(struct session *session, const char *data, size_t len);
void lxc_close_input(struct session *session);
void lxc_pause_output(struct session *session, int stream, bool pause);
void lxc_signal(struct session *session, int number);
void lxc_resize(struct session *session, struct terminal_size size);
void lxc_stop(struct session *session);
bool lxc_observe(struct observation *observation, struct error *err);
void lxc_stop_observing(struct observation *observation);

/* Outcomes: the command ended; did not start for a cause of the asset; for a reason of its own; or as the complaints of
 * lxc-attach say. */
void lxc_outcome_exited(struct lxc_session *state, int status);
void lxc_outcome_failed(struct lxc_session *state, enum error_id id, const char *cause);
void lxc_outcome_exec(struct lxc_session *state, int status);
void lxc_outcome_folder(struct lxc_session *state);
void lxc_outcome_complaint(struct lxc_session *state, const char *text, size_t len, int status);

#endif
