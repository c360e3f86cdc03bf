/* WebSockets (RFC 6455) on the command's event loop: messages in bounded memory both ways, nothing printed. */
#ifndef FOPS_NET_WEBSOCKET_H
#define FOPS_NET_WEBSOCKET_H

#include "fops/net/http.h"

enum websocket_kind {
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
};

/*
 * Bytes of one message that websocket_send takes at most; every message goes out as one unfragmented frame, the longest
 * one as two whole TLS records.
 */
#define WEBSOCKET_LONGEST_SEND ((size_t)32 * 1024 - 8)

/* A piece of a message as it arrives; first and last may both hold. */
struct websocket_piece {
	enum websocket_kind kind;
	bool first; /* the message begins with this piece */
	bool last;  /* the message ends with it; data may be empty */
	const char *data;
	size_t len;
};

/*
 * One connection. The caller fills the first half (zeroed otherwise) and keeps the struct until on_end was called or
 * websocket_cancel returned; texts are borrowed until then. Callbacks run inside loop_turn, never inside the functions
 * below.
 */
struct websocket {
	const char *url;            /* absolute, http or https */
	struct text_list protocols; /* Sec-WebSocket-Protocol, in the order of preference; may be empty */
	struct text_list headers;   /* "Name: value"; none of those that belong to the upgrade or the connection */
	struct http_access access;
	struct deadline deadline; /* of the opening and of the whole connection; zeroed: none */
	int64_t open_timeout_ms;  /* from the first byte sent to the answer of the upgrade; 0: 15,000 */
	int64_t ping_ms;          /* after so long without a byte from the peer a ping is sent; 0: never */
	/*
	 * without a byte from the peer for so long the link is dead; 0: never. Silence does not count while the owner
	 * pauses, or while a peer that lives takes no more of what is on its way to it
	 */
	int64_t dead_peer_ms;
	/*
	 * only connect: url may be the origin alone, and the upgrade waits for websocket_proceed. No callback comes
	 * before that; a connection that fails or grows old meanwhile is made anew then
	 */
	bool held;

	/* the upgrade was accepted: protocol is known, messages may be sent */
	void (*on_open)(struct websocket *websocket);
	/* messages in order; a message of any length comes in pieces, nothing is collected */
	void (*on_piece)(struct websocket *websocket, const struct websocket_piece *piece);
	/* websocket_send takes again what it had refused, or anything after the room was used up */
	void (*on_room)(struct websocket *websocket);
	/* once, at the end, after all pieces; the connection is gone. May start anew there */
	void (*on_end)(struct websocket *websocket);
	void *user;

	/* results; texts live in the arena given to websocket_open */
	bool opened;
	/*
	 * The end was not a closing handshake begun by either side: error says why. A refused upgrade (any answer but
	 * 101) is a failure with status, headers and body filled and the error that http_judge gives for them.
	 */
	bool failed;
	/* PLANE_UNAVAILABLE, PLANE_TLS, PLANE_PROTOCOL, PLANE_REDIRECT, PLANE_AUTH …, TIMEOUT; empty texts before */
	const struct error *error;
	const char *protocol;           /* what the server chose, one of protocols; NULL when it named none */
	int status;                     /* of the upgrade's answer, 101 when accepted; 0 without an answer */
	struct text_map answer_headers; /* lower-case names */
	const char *body;               /* of a refused upgrade, at most 64 KiB, NUL-terminated; else NULL */
	size_t body_len;
	int64_t retry_after_ms; /* of a refused upgrade, -1 when absent */
	int close_code; /* RFC 6455 §7.4: the peer's; 1005 when its close frame had none, 1006 without a close frame */
	const char *close_reason; /* UTF-8 checked, "" when absent */
	int64_t connect_us;       /* connection with TLS */
	int64_t open_us;          /* until the answer of the upgrade */

	struct websocket_run *run; /* of the module alone */
};

/*
 * Open a connection on the client's loop, over HTTP/1.1, with the client's authorities, proxies and time-outs (http.h).
 * Redirects inside the origin of url are followed (at most 5), others are PLANE_REDIRECT. Sec-WebSocket-Accept and the
 * chosen protocol are checked. Nothing is retried: whoever knows what the messages mean decides.
 * errors  DATA malformed url, protocol, header, credential, proxy or tls material; everything later ends in on_end
 */
CHECKED bool websocket_open(struct http *http, struct arena *arena, struct websocket *websocket, struct error *err);

/*
 * Go on with a connection that was opened `held`: websocket->url, in the same origin, headers, protocols and access are
 * taken as they are now. errors  as websocket_open
 */
CHECKED bool websocket_proceed(struct websocket *websocket, struct error *err);

/* Bytes of payload that the next websocket_send takes; 0: wait for on_room. At most WEBSOCKET_LONGEST_SEND. */
size_t websocket_room(const struct websocket *websocket);

/*
 * Queue one message: head (may be empty; a channel byte, say) followed by data. Returns false, and takes nothing, when
 * head_len + len is more than websocket_room, or the connection is not open; then on_room follows (if it is open).
 */
bool websocket_send(struct websocket *websocket, enum websocket_kind kind, const void *head, size_t head_len,
                    const void *data, size_t len);

/* Stop or go on reading (a slow reader); pings are not answered meanwhile, and no silence is counted. */
void websocket_pause(struct websocket *websocket, bool pause);

/* Drop the connection at once: no callback follows. Fine inside callbacks and for one that has ended. */
void websocket_cancel(struct websocket *websocket);

#endif
