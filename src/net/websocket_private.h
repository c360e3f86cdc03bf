/*
 * What the files behind websocket.h share: the life of a connection (websocket.c), its upgrade (websocket_upgrade.c),
 * its messages (websocket_flow.c), and the bytes below (websocket_link.c).
 */
#ifndef FOPS_NET_WEBSOCKET_PRIVATE_H
#define FOPS_NET_WEBSOCKET_PRIVATE_H

#include "http_crypto.h"
#include "http_private.h"
#include "websocket_queue.h"

/* One read; a client's WebSockets share the memory. */
#define INPUT_BYTES ((size_t)64 * 1024)

struct link;

enum websocket_state {
	STATE_WAITING, /* for its place among the client's connections */
	STATE_CONNECTING,
	STATE_HELD, /* connected, or not any more; the owner did not say yet what to ask for */
	STATE_UPGRADING,
	STATE_REFUSED, /* the body of a refused upgrade comes */
	STATE_OPEN,
	STATE_CLOSING, /* one side began to close; messages may still come */
	STATE_ENDED,   /* the owner is told as soon as nothing of the connection runs any more */
};

/* How much of a refused upgrade's body is to come. */
enum body_framing {
	BODY_UNTIL_CLOSE,
	BODY_LENGTH,
	BODY_CHUNKED,
};

struct body_reader {
	enum body_framing framing;
	uint64_t left; /* of the body, or of the chunk */
	bool in_data;  /* of a chunk */
	char line[32]; /* with a chunk's size */
	size_t line_len;
};

/* One connection from websocket_open to on_end. Not in the caller's arena, as with struct http_run. */
struct websocket_run {
	struct websocket_run *next;
	struct websocket_run *previous;
	struct http *http;
	struct websocket *websocket; /* NULL once cancelled */
	/* the opening as an exchange, so that its rules and words are those of all others */
	struct http_run opening;
	struct http_exchange *exchange; /* NULL once it is open */
	const char *address;            /* "127.0.0.1:8443", or NULL */
	struct link *link;
	struct error *error; /* NULL until it failed */
	enum websocket_state state;
	bool connecting; /* it counts among those that do */
	bool lost;       /* the held connection failed */
	bool has_place;  /* it counts among the client's connections */
	struct loop_timer timer;
	struct deadline deadline;
	unsigned busy; /* inside its own functions: it may be marked as ended, not freed */

	/* the upgrade */
	char accept[WEBSOCKET_ACCEPT_TEXT];
	struct buffer request;
	size_t request_sent;
	size_t head_bytes; /* of all heads, 1xx ones included */
	struct body_reader body;

	/* messages */
	struct frame_reader reader;
	struct websocket_queue queue;
	char *held; /* bytes that were read when the owner paused */
	size_t held_len;
	size_t held_at;
	bool paused;
	size_t wanted_room; /* what websocket_send refused; on_room is due once it fits */
	unsigned watched;   /* enum loop_events of the descriptor; 0: not watched */
	bool write_broken;  /* nothing can be sent; what the peer still says is read */
	bool deaf;          /* the peer broke the protocol: only its end is waited for */
	bool close_asked;   /* by the owner */
	bool close_seen;
	bool more_input; /* reading stopped for the others' sake */

	/* times of the monotonic clock */
	int64_t began_us;
	int64_t state_ms;    /* when the state began */
	int64_t received_ms; /* the last byte */
	int64_t pinged_ms;
	int64_t sent_ms;

	uint64_t bytes_received, bytes_sent, frames_received, frames_sent; /* payload of messages */
};

/* What a link says after one read or write. */
enum link_result {
	LINK_MOVED, /* ret_len bytes */
	LINK_LATER, /* not now */
	LINK_ENDED, /* the peer closed in order; only of reading */
	LINK_FAILED,
};

/* websocket_link.c */

/* Connect; ends in websocket_connected or websocket_unconnected. errors INTERNAL */
CHECKED bool link_open(struct websocket_run *run, const struct transfer_request *request, struct error *err);
/* Drop the connection. Not from inside the library's callbacks. */
void link_close(struct link *link);
int link_descriptor(const struct link *link);
enum link_result link_read(struct link *link, char *data, size_t size, size_t *ret_len);
enum link_result link_write(struct link *link, const char *data, size_t len, size_t *ret_len);
/* Give back what the connection needs only while bytes move. */
void link_rest(const struct link *link);
/* Are bytes on their way to a peer that lives and takes no more of them? Then its silence means nothing. */
bool link_is_pushed_back(const struct link *link);
/* Why the last read or write failed, as for an exchange whose answer came so far. detail is borrowed. */
struct transfer_result link_failure(const struct link *link, bool answering);

/* websocket.c */

/* Where the failure of run->websocket is told. */
struct error *websocket_error(struct websocket_run *run);
void websocket_connected(struct websocket_run *run);
void websocket_unconnected(struct websocket_run *run, const struct transfer_result *result);
void websocket_set_state(struct websocket_run *run, enum websocket_state state);
/* The connection is over; the error of run->websocket is filled when failed. on_end follows outside of everything. */
void websocket_over(struct websocket_run *run, bool failed);
/* Whoever counted run->busy up ends with this: it may free run, and call on_end. Not from inside the library. */
void websocket_leave(struct websocket_run *run);
/* Look at run's limits at the latest at at_ms. */
void websocket_schedule(struct websocket_run *run, int64_t at_ms);
/* Go to where a redirect of the upgrade leads. */
void websocket_redirected(struct websocket_run *run);

/* websocket_upgrade.c */

/* Check what the owner asks for and write the request; origin and target of run->opening are set. errors DATA INTERNAL
 */
CHECKED bool upgrade_prepare(struct websocket_run *run, struct error *err);
/* The request for run->opening.target, with a new key. errors INTERNAL */
CHECKED bool upgrade_write(struct websocket_run *run, struct error *err);
/* Forget the request, which holds the credential. */
void upgrade_wipe(struct websocket_run *run);
/* Take bytes of the answer; ret_taken of them belong to it. */
void upgrade_take(struct websocket_run *run, const char *data, size_t len, size_t *ret_taken);
/* The upgrade was refused, and of its body no more will come. */
void upgrade_judge(struct websocket_run *run);

/* websocket_flow.c */

/* Send and receive what is possible now, and watch for what is not. run may be ended afterwards. */
void flow_turn(struct websocket_run *run);
/* Send what is possible now, without any callback. */
void flow_write(struct websocket_run *run);
/* Outside of callbacks send what was queued at once; inside, the turn of the loop that they run in does. */
void flow_push(struct websocket_run *run);
/* Watch the descriptor for what run waits for; stop watching it. */
void flow_watch(struct websocket_run *run);
void flow_unwatch(struct websocket_run *run);

/* For the tests of this room, which hold the limits and the closing against a server: */

/* Bytes queued and not yet handed to the system. */
size_t websocket_queued(const struct websocket *websocket);

/*
 * Begin the closing handshake once what is queued was sent; on_end follows, after at most 2 s in which nothing more
 * could be sent. Before it is open: give up, with on_end.
 */
void websocket_close(struct websocket *websocket, int code, const char *reason);

#endif
