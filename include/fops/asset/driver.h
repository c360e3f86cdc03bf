/* The one interface between commands and machines: what a driver must do, and nothing about how. */
#ifndef FOPS_ASSET_DRIVER_H
#define FOPS_ASSET_DRIVER_H

#include "fops/base/log.h"
#include "fops/base/loop.h"
#include "fops/base/terminal.h"
#include "fops/contract/topology.h"

struct http;
struct access;
struct kubernetes_pods;

/* What every operation of the room shares; owned by the verb, alive until its loop ended. */
struct asset_context {
	struct arena *arena;
	struct loop *loop;
	struct http *http;            /* opened by asset_http() at the first use */
	struct access *accesses;      /* endpoints in use */
	struct kubernetes_pods *pods; /* listings under way */
	/* A copy with an arena of its own names here what it was copied from, which keeps the three above; else NULL.
	 */
	struct asset_context *owner;
	const struct topology *topology;
	const struct log *log;
	struct deadline deadline; /* of the whole command */
	const char *ca_file;      /* --ca */
	unsigned most_retries;    /* --retries */
	size_t most_parallel;     /* --parallel */
};

/* The context that keeps what outlives one operation: context itself, or what it was copied from. */
static inline struct asset_context *asset_owner(struct asset_context *context)
{
	while (context->owner != NULL)
		context = context->owner;
	return context;
}

/* The command's HTTP client, opened on first use. errors as http_open */
CHECKED bool asset_http(struct asset_context *context, struct http **ret_http, struct error *err);

/* Close connections, and end what endpoints in use hold; harmless when nothing was opened. */
void asset_http_close(struct asset_context *context);

/* Name and version of every library that the network side links, in arena. */
struct text_map asset_libraries(struct arena *arena);

enum asset_ability {
	ASSET_INPUT = 1 << 0,       /* takes standard input */
	ASSET_HALF_CLOSE = 1 << 1,  /* tells the command the end of its input */
	ASSET_TERMINAL = 1 << 2,    /* can give the command a terminal, and resize it */
	ASSET_SIGNALS = 1 << 3,     /* can signal the command */
	ASSET_USER = 1 << 4,        /* --user */
	ASSET_WORKDIR = 1 << 5,     /* --workdir */
	ASSET_ENVIRONMENT = 1 << 6, /* --env */
	ASSET_STREAMING = 1 << 7,   /* output arrives while the command runs; without it, at the end */
};

/* One command to start; borrowed for the life of the session. */
struct session_request {
	const char *const *argv;      /* NULL-terminated, at least one word, passed exactly; no shell */
	struct text_list environment; /* "NAME=value" */
	const char *workdir;          /* absolute, or NULL */
	const char *user;             /* a name or number inside the asset, or NULL */
	bool want_input;              /* false: the command reads end-of-file at once */
	bool terminal;                /* give it a terminal of `size`; stderr is then part of stdout */
	struct terminal_size size;
	/*
	 * Descriptors that the driver may hand to a local program instead of copying bytes, -1 for none. A driver that
	 * cannot ignores them and delivers through the callbacks; the owner serves both. Output and errors that are the
	 * same file stay in the order in which they were written.
	 */
	int direct_input, direct_output, direct_errors;
};

/* Do output and errors go to the same file, so that their order counts? */
bool session_joins_streams(const struct session_request *request);

enum session_cause {
	SESSION_EXITED,      /* exit_status is the command's own, 0–255 or 128+signal */
	SESSION_NOT_STARTED, /* nothing ran; error says why (RUN_NOT_STARTED, ASSET_NOT_RUNNING, ASSET_DRIVER, PLANE_*)
	                      */
	SESSION_NOT_FOUND,   /* the asset has no such program: RUN_COMMAND_NOT_FOUND */
	SESSION_NOT_EXECUTABLE, /* RUN_NOT_EXECUTABLE */
	SESSION_LINK_LOST,      /* started, and the outcome is unknown: RUN_LINK_LOST */
};

struct session_outcome {
	enum session_cause cause;
	int exit_status;    /* only for SESSION_EXITED */
	bool derived;       /* the status was concluded from a message, not received */
	struct error error; /* filled for every cause but SESSION_EXITED */
};

/* One command on one asset, from start() to on_ended or stop(). Owner fills the first half; callbacks come from
 * loop_turn, never from inside an operation. */
struct session {
	struct asset_context *context;
	const struct runtime_asset *asset;
	const struct session_request *request;
	void (*on_started)(struct session *session); /* the command runs; at most once */
	void (*on_output)(struct session *session, int stream, const char *data, size_t len); /* stream 1 or 2 */
	/*
	 * Input is wanted: first when the driver is ready for it (never when it took direct_input), then each time
	 * after write() took less than it was given.
	 */
	void (*on_input_room)(struct session *session);
	void (*on_ended)(struct session *session,
	                 const struct session_outcome *outcome); /* once, after all output; resources are gone */
	void *user;
	/* of the driver: where the command runs, where the contract leaves a choice; for -v and the result file */
	const char *target;
	void *state; /* the driver's own */
};

enum observation_state {
	OBSERVED_RUNNING,     /* runs, and starting a command works */
	OBSERVED_STOPPED,     /* exists, does not run */
	OBSERVED_MISSING,     /* does not exist */
	OBSERVED_UNREACHABLE, /* its host or control surface does not answer */
	OBSERVED_REFUSED,     /* it runs, and starting a command fails */
	OBSERVED_UNREADY,     /* it runs, and says itself that it is not ready */
	OBSERVED_LEAVING,     /* it is being deleted, and nothing takes its place yet */
	OBSERVED_UNKNOWN,     /* it could not be asked: no right, no credential, an answer that makes no sense */
};

/* The words for them, as check and list print them; a look that the time limit cut is "unknown" as well. */
#define OBSERVED_WORDS "running|unready|stopped|leaving|missing|unreachable|refused|unknown"

/* A look at one machine, ended by on_observed. */
struct observation {
	struct asset_context *context;
	const struct runtime_asset *asset;
	void (*on_observed)(struct observation *observation);
	void *user;
	void *state; /* the driver's own */
	enum observation_state result;
	struct error error; /* cause and fix, for every result but OBSERVED_RUNNING */
	int64_t latency_us;
	/* what the driver knows beyond that; NULL or absent otherwise, texts in the context's arena */
	const char *phase;            /* in the platform's words: "Running", "Pending" */
	const char *reason;           /* why it does not run or is not ready, in one or a few words */
	struct instant since;         /* when it started */
	struct optional_int restarts; /* how often what runs in it was started anew */
};

/*
 * A look that costs little memory and shares its calls with all others that begin in the same turn of the loop, for
 * drivers that can ask for thousands of machines at once. The asset is borrowed only until the start returned.
 */
struct glance {
	struct asset_context *context;
	const struct runtime_asset *asset;
	/* seen and its texts are there during the call only */
	void (*on_glanced)(struct glance *glance, const struct observation *seen);
	void *user;
	void *state; /* the driver's own */
};

/*
 * A driver. It fits what is to come without change:
 * - Kubernetes: start() opens the WebSocket (loop_watch on its socket), channel 1/2 -> on_output, channel 0 <- write(),
 * close_input() sends the v5 half-close, resize() channel 4, on_ended only after the Status on channel 3,
 * SESSION_LINK_LOST without one; no signals: stop() runs a second exec with kill.
 * - Proxmox qemu agent: start() posts exec and arms a loop_timer to poll exec-status; no STREAMING, no TERMINAL: output
 * comes once, before on_ended.
 * - Incus: start() posts the operation, then one WebSocket a stream; signal() and resize() go to the control socket;
 * the outcome is read from the operation. Descriptors in the request are hints that only drivers with a local program
 * use.
 */
struct asset_driver {
	const char *name;   /* "lxc/local": kind and driver of the contract */
	const char *text;   /* one sentence for help */
	unsigned abilities; /* enum asset_ability */

	/* Begin. errors ASSET_DRIVER, USAGE_* for what the driver cannot do; everything later ends in on_ended. */
	bool (*start)(struct session *session, struct error *err);
	/* Give input; returns how many bytes were taken (0: wait for on_input_room). */
	size_t (*write)(struct session *session, const char *data, size_t len);
	/* No more input. */
	void (*close_input)(struct session *session);
	/* Stop or go on delivering output of a stream (the owner's reader is slow). */
	void (*pause_output)(struct session *session, int stream, bool pause);
	/* Send a signal to the command; on drivers without ASSET_SIGNALS it does what comes nearest. */
	void (*signal)(struct session *session, int number);
	void (*resize)(struct session *session, struct terminal_size size);
	/* End at once: kill the command as well as the driver can, free everything; no callback follows. */
	void (*stop)(struct session *session);

	/* Look whether the machine runs and takes commands; ends with on_observed, also at the context's deadline.
	 * errors ASSET_DRIVER */
	bool (*observe)(struct observation *observation, struct error *err);
	void (*stop_observing)(struct observation *observation);
	/* The same by a glance, ended by on_glanced; NULL for drivers that look at one machine at a time. errors as
	 * observe */
	bool (*glance)(struct glance *glance, struct error *err);
	void (*stop_glancing)(struct glance *glance);
	/* A key that is equal for assets that are the same machine reached the same way, in arena: it is observed once.
	 */
	const char *(*identity)(struct arena *arena, const struct runtime_asset *asset);
};

/* The driver table, ended by NULL. */
extern const struct asset_driver *const asset_drivers[];

/* The driver of an asset. errors CONTRACT_INVALID for a driver that this version lacks */
CHECKED bool asset_driver_of(const struct runtime_asset *asset, const struct asset_driver **ret_driver,
                             struct error *err);

#endif
