/*
 * libcurl for the files that carry bytes by it: dialog.c, http_easy.c, http_multi.c, http_transfer.c and
 * websocket_link.c (a lint names them). Nobody else sees the library.
 */
#ifndef FOPS_NET_HTTP_EASY_H
#define FOPS_NET_HTTP_EASY_H

#include <curl/curl.h>

#include "fops/data/digest.h"
#include "http_crypto.h"
#include "http_private.h"

/*
 * The connections of one identity. The library compares neither client keys nor what the callback of a fingerprint
 * asks for when it lends a connection or resumes a session, so every such identity has a pool of its own.
 */
struct transport {
	struct transport *next;
	struct http *http;
	CURLM *multi;
	struct loop_timer timer;
	struct digest identity;
	struct crypto_authorities authorities;
	const char *ca[CRYPTO_AUTHORITIES]; /* texts of tls.ca that its handles borrow, in the client's arena */
	unsigned char fingerprint[FINGERPRINT_BYTES]; /* read while a connection of this pool lives */
};

/* What every user of a handle of the library has; CURLOPT_PRIVATE points to it. */
struct easy {
	CURL *handle;
	struct transport *transport;
	void (*ended)(struct easy *easy, CURLcode code); /* outside of the library's calls; may free the owner */
	struct curl_slist *connect_to;
	struct secret *key;
	bool has_fingerprint;
	struct crypto_notes *notes; /* NULL, or of owners that live as long as the connection */
	char detail[CURL_ERROR_SIZE];
};

/* How far an answer has come, for the meaning of a failure. */
struct easy_progress {
	bool answering;
	bool has_head;
};

/*
 * Prepare what every connection needs: where it goes, through which proxy, how it is trusted, which limits it has.
 * transport comes from transport_for. errors INTERNAL
 */
CHECKED bool easy_open(struct easy *easy, const struct http_run *run, const struct transfer_request *request,
                       struct error *err);

/* Give it to the library, which will call ended. errors INTERNAL */
CHECKED bool easy_start(struct easy *easy, struct error *err);

/* Take it back, with whatever it still does. Not from inside the library's callbacks. */
void easy_close(struct easy *easy);

/* Why it ended, in our words; ret_detail becomes a sentence of the library or the system, or "". */
enum transfer_end easy_end(const struct easy *easy, CURLcode code, struct easy_progress progress,
                           const char **ret_detail);

/* "127.0.0.1:8443" or NULL, and the microseconds until it was connected, with TLS. */
const char *easy_address(const struct easy *easy, struct arena *arena);
int64_t easy_connect_us(const struct easy *easy);

/* When the server's certificate ends; absent without TLS. Only while the connection is there. */
struct instant easy_expiry(const struct easy *easy);

/* Give back memory that the connection needs only while bytes are on their way. */
void easy_rest(const struct easy *easy);

#endif
