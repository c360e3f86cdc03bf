/* What the files behind http.h share: the life of an exchange (http.c), one try of it (http_transfer.c), and the rules
 * between. */
#ifndef FOPS_NET_HTTP_PRIVATE_H
#define FOPS_NET_HTTP_PRIVATE_H

#include <sys/types.h>

#include "fops/base/buffer.h"
#include "fops/base/loop.h"
#include "fops/net/http.h"
#include "fops/net/url.h"

#define MOST_REDIRECTS    5
#define LONGEST_HEAD      ((size_t)100 * 1024)
#define FINGERPRINT_BYTES 32
#define USER_AGENT        "fops/" FOPS_VERSION
/* RFC 9110 §5.6.2 */
#define TOKEN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"

struct transport;
struct transfer;
struct websocket_run;
struct dialog_run;

/* What follows once the head of an answer is known. */
enum http_step {
	STEP_DELIVER,  /* it is the final answer */
	STEP_REPEAT,   /* drop it, try again later */
	STEP_REDIRECT, /* drop it, go where it points */
	STEP_FAIL,     /* drop it, the exchange's error is filled */
};

/* Where an exchange stands between its access's token and rate. */
struct gate {
	uint64_t round;  /* of the grant, whose end it waits for; 0: none */
	uint64_t serial; /* of the token that it was sent with */
	bool renewed;    /* a refused token was replaced once */
	bool waits;      /* for the grant */
	bool slowed;     /* by the rate */
};

enum gate_state {
	GATE_OPEN,
	GATE_WAIT,
	GATE_FAILED,
};

/* One exchange from http_start to on_done. It is not in the caller's arena, because http_cancel may free that inside a
 * callback. */
struct http_run {
	struct http_run *next;
	struct http_run *previous;
	struct http *http;
	struct http_exchange *exchange; /* NULL once cancelled */
	struct arena *arena;
	struct transport *transport;
	struct transfer *transfer; /* the try under way, or NULL: the next one starts at wake_at_ms */
	bool linked;               /* the opening of a WebSocket: a link carries it, not a transfer */
	struct url origin;         /* of exchange->url */
	struct url target;         /* where this try goes */
	const char *method;        /* of this try: a redirect may turn it into GET */
	bool bodyless;             /* a redirect dropped the body */
	struct deadline deadline;
	int64_t request_timeout_ms;
	int64_t started_ms;
	int64_t try_started_ms;
	int64_t active_ms; /* when the try began, sent or received something last */
	int64_t wake_at_ms;
	unsigned retries;
	unsigned redirects;
	struct buffer head;
	struct buffer body;
	bool connected;
	bool answering; /* the first byte has come */
	bool has_head;  /* the final answer's head is complete */
	enum http_step step;
	size_t dropped;  /* bytes of an answer that is not delivered */
	int64_t sent;    /* bytes of the request's body */
	bool body_waits; /* read_body had nothing yet */
	bool resume;     /* transfer_resume is due */
	bool has_error;  /* exchange->error was filled inside a callback */
	struct gate gate;
};

struct http {
	struct http_options options;
	struct arena *arena;
	struct loop *loop;
	struct transport *transports; /* one for each identity shown to servers */
	const char *ca_file;          /* found by trust_file; NULL before */
	struct http_run *first;
	struct http_run *last;
	struct websocket_run *websockets;
	size_t websocket_count;
	size_t websockets_connecting;
	struct dialog_run *dialogs;
	char *input;      /* what a WebSocket reads in this moment */
	size_t transfers; /* under way, WebSockets included */
	struct loop_timer timer;
	bool busy; /* inside a callback of the loop: runs may only be marked, not freed */
};

/* How a try ended, in no library's words. */
enum transfer_end {
	END_COMPLETE,
	END_STOPPED, /* a run_… function said so */
	END_NO_NAME,
	END_REFUSED,
	END_UNREACHABLE,
	END_CONNECT_TIMEOUT,
	END_RESET,
	END_CLOSED, /* without a byte of an answer */
	END_TRUNCATED,
	END_NOT_HTTP,
	END_BROKEN,
	END_SILENT, /* no byte for too long; which limit depends on run->answering */
	END_DEADLINE,
	END_PROXY,
	END_NOT_TLS,
	END_TLS_CLOSED,
	END_TLS_REFUSED,
	END_TLS_UNTRUSTED,
	END_TLS_NAME,
	END_TLS_PIN,
	END_TLS_MATERIAL,
	END_TLS_FINGERPRINT,
	END_TLS_CLIENT, /* our own certificate or key is of no use */
	END_MEMORY,
};

struct transfer_result {
	enum transfer_end end;
	const char *detail;     /* a sentence of the library, or ""; borrowed */
	int64_t expected_bytes; /* Content-Length, -1 unknown */
};

/* What one try sends and trusts; borrowed until transfer_start returns. */
struct transfer_request {
	const char *url;
	const char *connect_to; /* "name:port:host:port" or NULL */
	const char *ca_file;
	const char *proxy;         /* "https://host:port", NULL: the environment's, none for loopback */
	const char *proxy_ca_file; /* for https proxies; may be NULL */
	bool upload;               /* send a body, which may be empty */
	int64_t body_len;          /* -1 unknown: chunked */
	bool fresh;                /* no kept connection: its silent end would make the library send twice */
};

/* http_multi.c: the pool for what tls says. errors INTERNAL */
CHECKED bool transport_for(struct http *http, const struct http_tls *tls, struct transport **ret_transport,
                           struct error *err);
void transports_close(struct http *http);

/* http_transfer.c */

/* Start run's next try; it ends in run_ended, never before this returned. errors INTERNAL, DATA */
CHECKED bool transfer_start(struct http_run *run, const struct transfer_request *request, struct error *err);

/* Stop run's try without run_ended. Not from inside a run_… function. */
void transfer_stop(struct http_run *run);

/* Ask again for what run_give_body put off; false: a run_… function stopped the try meanwhile. */
bool transfer_resume(struct http_run *run);

/* Fill address, version and times of exchange from the try. */
void transfer_describe(struct http_run *run);

/* http.c */

/* Look at all runs at the latest at at_ms: one timer serves them all, so that starting many costs nothing. */
void http_schedule(struct http *http, int64_t at_ms);

/* One of http->transfers is over. */
void http_release_place(struct http *http);

/* Where and by which trust run's next try goes. errors PLANE_TLS */
CHECKED bool run_aim(struct http_run *run, struct transfer_request *request, struct error *err);

/* A try is over by itself; its transfer is gone. */
void run_ended(struct http_run *run, const struct transfer_result *result);

/* http_flow.c: what a try reports while it runs */

void run_connected(struct http_run *run);
/* False to stop. */
bool run_take_head(struct http_run *run, const char *line, size_t len);
bool run_take_body(struct http_run *run, const char *data, size_t len);
/* The count, 0 at the end, HTTP_BODY_LATER, or -1 to stop. */
ssize_t run_give_body(struct http_run *run, char *data, size_t size);

/* http_request.c: is the exchange fit to be sent? errors DATA */
CHECKED bool request_check(struct arena *arena, const struct http_exchange *exchange, struct url *ret_url,
                           struct error *err);
/* Does line name that header? */
bool header_is(const char *line, const char *name);
bool method_is_safe(const char *method);
bool host_is_loopback(const char *host);
/* 32 bytes of "AB:CD:…". */
CHECKED bool fingerprint_read(const char *text, unsigned char ret_bytes[FINGERPRINT_BYTES]);
/* The proxy as the library wants it, with its port; NULL for what no proxy's URL may be. In arena. */
const char *proxy_text(struct arena *arena, const char *proxy);
/* The secret that a request shows: the credential, or the grant's token; NULL: none. */
const struct secret *access_secret(const struct http_access *access);
/* The header line with that secret in one allocation, to be wiped by the caller; and a bound of its length. */
struct buffer credential_header(const struct http_access *access);
size_t credential_length(const struct http_access *access);

/*
 * http_gate.c: may run's next try begin? GATE_WAIT: at run->wake_at_ms, or as soon as the grant has an answer.
 * errors of GATE_FAILED  as grant_ask
 */
enum gate_state gate_pass(struct http_run *run, struct error *err);
/* Is one more try due, because the token of a 401 can be replaced? */
bool gate_renew(struct http_run *run);
/* The grant has an answer: whoever waits for it goes on. */
void gate_wake(struct http *http, const struct http_grant *grant);
/* What a run waits for, when it does: "a token of https://id.example.net"; else NULL. In the run's arena. */
const char *gate_phase(const struct http_run *run);

/*
 * http_grant.c: is there a token for the exchange? Fetches one where there is none.
 * errors of GATE_FAILED  PLANE_AUTH PLANE_UNAVAILABLE PLANE_TLS PLANE_PROTOCOL PLANE_REJECTED TIMEOUT; DATA
 */
enum gate_state grant_ask(struct http *http, struct http_grant *grant, struct gate *gate, struct error *err);
/* The token of that serial was refused. */
void grant_refuse(struct http_grant *grant, uint64_t serial);
const struct secret *grant_token(const struct http_grant *grant);
const char *grant_url(const struct http_grant *grant);

/* http_answer.c: read the raw head (status line, header lines, blank line) into the exchange. errors PLANE_PROTOCOL */
CHECKED bool answer_read(struct arena *arena, const struct buffer *head, struct http_exchange *exchange,
                         struct error *err);
/* Milliseconds from a Retry-After value at now, -1 when it is none. RFC 9110 §10.2.3 */
int64_t retry_after_parse(const char *value, struct instant now);

/* http_retry.c: may this exchange be tried again, and when (ret_wait_ms from now)? Counts and logs the retry. */
bool retry_answer(struct http_run *run, int64_t *ret_wait_ms);
bool retry_failure(struct http_run *run, const struct transfer_result *result, int64_t *ret_wait_ms);
/* Decide on the answer whose head was just read. */
enum http_step choose_step(struct http_run *run);
/* Point run at the redirect's target; false with the exchange's error filled. */
bool follow_redirect(struct http_run *run);

/* http_failure.c: the error for a try that gave no answer */
void failure_fill(const struct http_run *run, const struct transfer_result *result, struct error *err);
/* The cause alone: "127.0.0.1:8443 refused the connection". */
const char *failure_cause(const struct http_run *run, const struct transfer_result *result);

/* http_trust.c: the file of trusted authorities when the exchange names none. errors PLANE_TLS */
CHECKED bool trust_file(struct http *http, struct error *err);

/* dialog.c: drop them all */
void dialogs_close(struct http *http);

/* websocket.c */

/* Start those that wait for a place, free those that were cancelled; drop them all. */
void websockets_serve(struct http *http);
void websockets_close(struct http *http);

#endif
