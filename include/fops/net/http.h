/* HTTP exchanges on the command's event loop: streaming both ways, many at once, nothing printed. */
#ifndef FOPS_NET_HTTP_H
#define FOPS_NET_HTTP_H

#include <sys/types.h>

#include "fops/base/clock.h"
#include "fops/base/error.h"
#include "fops/base/log.h"
#include "fops/base/text.h"

struct arena;
struct loop;
struct http;

struct http_grant;
struct sigv4_key;

/* A bearer token or other secret: only http.c looks inside; there is no way to print it. */
struct secret;

struct http_options {
	/* -v lines: method, URL without query, status, sizes and times; never header values or bodies */
	const struct log *log;
	/* --ca, or NULL: SSL_CERT_FILE, then the system's usual paths */
	const char *ca_file;
	/* until a request can be sent, with name lookup and TLS; 0: 3,000 */
	int64_t connect_timeout_ms;
	/* a stream without a byte for so long is dead unless the exchange says `quiet`; 0: 30,000 */
	int64_t dead_peer_timeout_ms;
	/* open at once in all, further exchanges wait; 0: 1,024; never more than 3/4 of RLIMIT_NOFILE */
	size_t most_connections;
};

enum http_tries {
	HTTP_TRIES_SAFE, /* retry when the method is idempotent: GET HEAD OPTIONS PUT DELETE (RFC 9110 §9.2.2) */
	HTTP_TRIES_NEVER,
	HTTP_TRIES_HARMLESS, /* retry whatever the method: a query that is sent as POST changes nothing */
};

/*
 * What TLS must hold, from the endpoint's contract; NULL members ask for nothing. TLS is at least 1.2. With server_name
 * the connection still goes to the URL's host and port; name check, SNI and the Host header are those of server_name
 * (and the URL's port), as if the URL named it: a server that is known by that name expects all three alike. Absolute
 * redirects to server_name count as the URL's own origin.
 */
struct http_tls {
	const char *ca;          /* PEM text: the only trusted authorities */
	const char *pin;         /* "sha256//BASE64" of the public key; asked for in addition to the authorities */
	const char *server_name; /* the name verified and sent as SNI, when it is not the URL's host */
	/*
	 * SHA-256 of the server's whole leaf certificate, 32 bytes as hexadecimal pairs with colons: trusted instead of
	 * authorities and names, and checked before the first byte is sent
	 */
	const char *fingerprint;
	const struct secret *certificate; /* the client's own, PEM text, with its chain; NULL: none */
	const struct secret *key;         /* its private key, PEM text */
	bool only_1_3;                    /* TLS 1.2 is refused as well */
};

/*
 * How fast exchanges may begin, retries included: `requests` in each period, and after a pause `burst` at once. Waiting
 * counts against the limits of the exchange. One struct serves all exchanges that share the limit.
 */
struct http_rate {
	int64_t requests;  /* at least 1 */
	int64_t period_ms; /* at least 1 */
	int64_t burst;     /* at least 1 */
	int64_t due_us;    /* of http.c alone, zeroed at first: when the next one were due without a burst */
};

/* How a server is reached and trusted, and who asks. */
struct http_access {
	struct http_tls tls;
	/*
	 * "http://host:port", "https://host:port" or "socks5h://host:port" (which resolves names itself), without a
	 * path or user; used for loopback, too. NULL: as http_open says. An https proxy excludes tls.fingerprint
	 */
	const char *proxy;
	/* sent as "Authorization: <scheme><value>", only ever to the URL's origin; NULL: none */
	const struct secret *credential;
	const char *scheme; /* "PVEAPIToken=root@pam!fops="; NULL: "Bearer " */
	/* "x-api-key": the credential alone is this header's value; NULL: Authorization, as scheme says */
	const char *header;
	/* sent as "Authorization: Basic …" with the credential as password, RFC 7617; NULL: not so */
	const char *user;
	const struct sigv4_key *signer; /* every request is signed; no credential, no WebSockets */
	struct http_grant *grant;       /* gives the credential, fetched before the first exchange; NULL: none */
	struct http_rate *rate;         /* NULL: as fast as it goes */
};

/* read_body's answer "nothing yet": http_resume asks again. */
#define HTTP_BODY_LATER (-2)

/*
 * One exchange. The caller fills the first half (zeroed otherwise) and keeps the struct until done was called; texts
 * are borrowed until then. Callbacks run inside loop_turn.
 */
struct http_exchange {
	const char *method;
	const char *url;          /* absolute */
	struct text_list headers; /* "Name: value" */
	struct http_access access;
	/* this exchange with all its tries; at most what is left of the deadline; 0: the deadline alone */
	int64_t timeout_ms;
	/* one try until the first byte of the answer, counted anew with each piece of body sent; 0: 15,000 */
	int64_t request_timeout_ms;
	struct deadline deadline; /* the command's; zeroed: none */
	const char *inside;       /* redirects must also stay below this path, "/x/"; NULL: anywhere in the origin */
	enum http_tries tries;
	unsigned most_retries; /* 2 by default in the command line; 0: none */
	bool quiet;            /* the answer may be silent for long: no dead-peer limit */

	/*
	 * body: exactly one of data (data_len bytes), read_body, or none. read_body fills at most size bytes, returns
	 * the count, 0 at the end, HTTP_BODY_LATER when nothing is there yet, -1 on failure (err filled). An exchange
	 * with read_body is never repeated; its body is sent chunked when body_len is unknown (-1), and otherwise must
	 * have exactly body_len bytes. POST, PUT and PATCH without a body send an empty one.
	 */
	const char *data;
	size_t data_len;
	int64_t body_len;
	ssize_t (*read_body)(struct http_exchange *exchange, char *data, size_t size, struct error *err);

	/* status and headers of the final answer, once, before the first byte of its body; may be NULL. false stops
	 * with err */
	bool (*on_head)(struct http_exchange *exchange, struct error *err);
	/* body bytes as they come; NULL: the first keep_bytes are kept in body, more is an error PLANE_PROTOCOL */
	bool (*on_body)(struct http_exchange *exchange, const char *data, size_t len, struct error *err);
	size_t keep_bytes;
	/* called once at the end; failed tells whether error is filled. Never called from inside http_start */
	void (*on_done)(struct http_exchange *exchange);
	void *user;

	/* results; texts live in the arena given to http_start */
	bool failed; /* no complete answer: error says why. An answer with status 500 is not a failure */
	/* PLANE_UNAVAILABLE, PLANE_TLS, PLANE_PROTOCOL, PLANE_REDIRECT, TIMEOUT, IO_READ, or what a callback set */
	struct error error;
	int status;                     /* 100–599, 0 without an answer */
	const char *reason;             /* the status line's text, may be "" (HTTP/2 has none) */
	const char *http_version;       /* "1.1", "2" */
	struct text_map answer_headers; /* lower-case names, in order, repeated names repeated; at most 100 KiB */
	const char *body;               /* keep_bytes mode: NUL-terminated */
	size_t body_received;           /* bytes */
	int64_t retry_after_ms;         /* from Retry-After (seconds or date), -1 when absent */
	const char *request_id;         /* X-Request-Id or traceparent of the answer, NULL when absent */
	unsigned tries_made;
	int64_t connect_us, first_byte_us, total_us; /* times of the last try */
	const char *address;                         /* "127.0.0.1:8443" of the last try, or NULL */
	struct instant tls_expires;                  /* the end of the server's certificate; absent without TLS */

	struct http_run *run; /* of the client alone; NULL before http_start and after the end */
};

/*
 * Create the client on a loop; connections are kept and reused, HTTP/2 where the server offers it. Proxies: none are
 * taken from the environment for loopback; otherwise HTTPS_PROXY and NO_PROXY as curl reads them. Costs nothing until
 * the first exchange starts. Connections are never shared between different client certificates, keys or fingerprints.
 * options are copied, their texts borrowed. Trusted authorities: tls.ca, else ca_file, else
 * SSL_CERT_FILE, else the first of the usual system files.
 * errors  INTERNAL
 */
CHECKED bool http_open(struct arena *arena, struct loop *loop, const struct http_options *options,
                       struct http **ret_http, struct error *err);

/*
 * Close all connections; exchanges under way end without on_done. NULL is accepted. Not from inside a callback of an
 * exchange.
 */
void http_close(struct http *http);

/*
 * Start an exchange. Redirects (301 302 303 307 308) are followed at most 5 times and only inside the origin of url
 * (method rules of RFC 9110 §15.4); to another origin: PLANE_REDIRECT naming the target's origin. Retries: connection
 * failures and 502 503 504 and 429, when tries and the method allow, after Retry-After or a jittered back-off (100 ms,
 * 300 ms …), never past the deadline, each shown with -v. A connection failure is one before the first byte of an
 * answer; a server that accepts and stays silent until request_timeout_ms is not tried again, and neither is a refused
 * certificate. When no retry is left, the 429 or 5xx answer is delivered as any other. Only http and https; no cookies;
 * Accept-Encoding is not sent. Headers that frame the message or belong to the connection (Content-Length,
 * Transfer-Encoding, Connection, Expect …) are refused, and so is Authorization beside a credential.
 * errors  DATA malformed url, method, header, credential, proxy or tls material; everything later is reported in the
 * exchange
 */
CHECKED bool http_start(struct http *http, struct arena *arena, struct http_exchange *exchange, struct error *err);

/* Give up an exchange: no callback follows. Fine inside callbacks, also its own, and for one that has ended. */
void http_cancel(struct http *http, struct http_exchange *exchange);

/*
 * Ask read_body again after HTTP_BODY_LATER; until then no limit but timeout_ms and the deadline runs. Does nothing for
 * an exchange that does not wait or has ended.
 */
void http_resume(struct http *http, struct http_exchange *exchange);

/*
 * The error for an answer that is not 2xx, in our words: 401 403 PLANE_AUTH, 404 410 PLANE_NOT_FOUND, 409 412
 * PLANE_CONFLICT, 423 429 PLANE_BUSY (with retry_after_ms), 5xx PLANE_UNAVAILABLE, other 4xx PLANE_REJECTED, 3xx
 * PLANE_REDIRECT. Returns true for 2xx. what is the subject of the message, "GET /health of langboard-executor". In
 * keep_bytes mode the first line of the body is quoted as the cause, at most 200 bytes, with the credential masked.
 */
bool http_judge(const struct http_exchange *exchange, const char *what, struct error *err);

/* Replace in place what requests of that access show, wherever a server's text echoes it; as secret_mask. */
void http_mask(const struct http_access *access, char *text);

/* The instant of a Date header, "Sun, 06 Nov 1994 08:49:37 GMT"; false for any other form. */
bool http_date_parse(const char *text, struct instant *ret_instant);

/* "libcurl 8.14.1", "OpenSSL 3.5.6", "nghttp2 1.64.0", "zlib 1.3.1" …, as name=version pairs in arena. */
struct text_map http_libraries(struct arena *arena);

/*
 * The file of certificate authorities that is trusted where an exchange brings none: named, else SSL_CERT_FILE, else
 * the system's. errors  PLANE_TLS
 */
CHECKED bool http_authorities(struct arena *arena, const char *named, const char **ret_path, struct error *err);

#endif
