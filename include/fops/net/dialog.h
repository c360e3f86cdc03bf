/* A bare connection for one question: TCP or TLS, some bytes there, some bytes back. */
#ifndef FOPS_NET_DIALOG_H
#define FOPS_NET_DIALOG_H

#include "fops/net/http.h"

/* What the owner thinks of the bytes so far. */
enum dialog_judgement {
	DIALOG_MORE,
	DIALOG_DONE,
};

/*
 * The caller fills the first half (zeroed otherwise) and keeps the struct until on_done or dialog_stop; texts are
 * borrowed until then.
 */
struct dialog {
	const char *url;           /* http: plain TCP, https: TLS, to its host and port; nothing else of it is used */
	struct http_access access; /* tls and proxy; the credential stays unused */
	struct deadline deadline;  /* the command's; zeroed: none */
	int64_t timeout_ms;        /* of everything; 0: the deadline alone */
	const char *request;       /* bytes to send once connected; NULL: a connection is all that is asked for */
	size_t request_len;
	size_t most_bytes; /* of the answer; more is PLANE_PROTOCOL */
	enum dialog_judgement (*on_bytes)(struct dialog *dialog);
	void (*on_done)(struct dialog *dialog); /* once, from the loop, never from inside the start */
	void *user;

	/* results; texts live in the arena given to dialog_start */
	bool failed;
	struct error error; /* PLANE_UNAVAILABLE, PLANE_TLS, PLANE_PROTOCOL, TIMEOUT */
	const char *data;   /* what came */
	size_t len;
	int64_t connect_us, total_us;
	struct instant tls_expires;
	const char *address;

	struct dialog_run *run; /* of the module alone */
};

/* errors  DATA malformed url, proxy or tls material; INTERNAL; everything later ends in on_done */
CHECKED bool dialog_start(struct http *http, struct arena *arena, struct dialog *dialog, struct error *err);

/* Drop it: no on_done follows. Fine for one that has ended; not from inside on_bytes. */
void dialog_stop(struct dialog *dialog);

#endif
