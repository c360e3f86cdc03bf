/* What transfers and WebSocket links set up alike in the library, and the meaning of its failures. */
#include "http_easy.h"

#include <errno.h>

#include "fops/base/arena.h"
#include "fops/net/secret.h"
#include "http_crypto.h"

#define KEEPALIVE_AFTER_S 15L

static CURLcode prepare_context(CURL *handle, void *context, void *user)
{
	const struct easy *easy = user;

	(void)handle;
	if (easy->has_fingerprint)
		crypto_trust_only(context, easy->transport->fingerprint);
	else
		crypto_share_authorities(context, &easy->transport->authorities);
	if (easy->notes != NULL)
		crypto_note(context, easy->notes);
	return CURLE_OK;
}

static bool set_context(struct easy *easy, bool has_fingerprint)
{
	CURL *handle = easy->handle;

	easy->has_fingerprint = has_fingerprint;
	if (!has_fingerprint && easy->notes == NULL)
		return true;
	/* with a fingerprint authorities and names are not asked for: the callback replaces the verification */
	return curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, (void *)easy) == CURLE_OK &&
	       curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, prepare_context) == CURLE_OK &&
	       (!has_fingerprint || curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK);
}

/* The library's copy of a key would stay behind in freed memory, so it borrows one of ours. */
static bool set_client_certificate(struct easy *easy, const struct http_tls *tls)
{
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };
	size_t len;
	const char *text = secret_expose(tls->certificate, &len);

	blob.data = (void *)(uintptr_t)text;
	blob.len = len;
	if (curl_easy_setopt(easy->handle, CURLOPT_SSLCERT_BLOB, &blob) != CURLE_OK)
		return false;
	text = secret_expose(tls->key, &len);
	easy->key = secret_new(text, len);
	blob.data = (void *)(uintptr_t)secret_expose(easy->key, NULL);
	blob.len = len;
	blob.flags = CURL_BLOB_NOCOPY;
	/* without a password OpenSSL would ask for one on the terminal */
	return curl_easy_setopt(easy->handle, CURLOPT_SSLKEY_BLOB, &blob) == CURLE_OK &&
	       curl_easy_setopt(easy->handle, CURLOPT_KEYPASSWD, "") == CURLE_OK;
}

/* One copy for all connections of the pool instead of one for each; NULL when there are too many different ones. */
static const char *keep_ca(struct transport *transport, const char *ca)
{
	for (size_t i = 0; i < ARRAY_LEN(transport->ca); i++) {
		if (transport->ca[i] == NULL)
			transport->ca[i] = arena_copy(transport->http->arena, ca);
		if (strcmp(transport->ca[i], ca) == 0)
			return transport->ca[i];
	}
	return NULL;
}

static bool set_tls(struct easy *easy, const struct http_run *run, const struct transfer_request *request)
{
	const struct http_tls *tls = &run->exchange->access.tls;
	CURL *handle = easy->handle;
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	if (strcmp(run->target.scheme, "https") != 0)
		return true;
	(void)curl_easy_setopt(handle, CURLOPT_SSLVERSION,
	                       (long)(tls->only_1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
	/* some builds trust a folder as well, which would widen tls.ca and --ca */
	(void)curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file);
	if (tls->ca != NULL) {
		const char *kept = keep_ca(easy->transport, tls->ca);

		blob.data = (void *)(uintptr_t)(kept == NULL ? tls->ca : kept);
		blob.len = strlen(tls->ca);
		blob.flags = kept == NULL ? CURL_BLOB_COPY : CURL_BLOB_NOCOPY;
		(void)curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (tls->pin != NULL && curl_easy_setopt(handle, CURLOPT_PINNEDPUBLICKEY, tls->pin) != CURLE_OK)
		return false;
	if (tls->certificate != NULL && !set_client_certificate(easy, tls))
		return false;
	return set_context(easy, tls->fingerprint != NULL);
}

static void set_proxy(const struct easy *easy, const struct http_run *run, const struct transfer_request *request)
{
	CURL *handle = easy->handle;

	(void)curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* an https proxy is trusted by the same rules as a server without settings of its own */
	(void)curl_easy_setopt(handle, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(handle, CURLOPT_PROXY_CAPATH, NULL);
	(void)curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, request->proxy_ca_file);
	if (request->proxy != NULL) {
		(void)curl_easy_setopt(handle, CURLOPT_PROXY, request->proxy);
		(void)curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
	} else if (host_is_loopback(run->target.host)) {
		(void)curl_easy_setopt(handle, CURLOPT_PROXY, "");
	}
}

static void set_connection(struct easy *easy, const struct http_run *run, const struct transfer_request *request)
{
	CURL *handle = easy->handle;

	(void)curl_easy_setopt(handle, CURLOPT_PRIVATE, easy);
	(void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, easy->detail);
	(void)curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_AFTER_S);
	(void)curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_AFTER_S);
	(void)curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)run->http->options.connect_timeout_ms);
	if (request->connect_to != NULL) {
		easy->connect_to = curl_slist_append(NULL, request->connect_to);
		(void)curl_easy_setopt(handle, CURLOPT_CONNECT_TO, easy->connect_to);
	}
}

bool easy_open(struct easy *easy, const struct http_run *run, const struct transfer_request *request, struct error *err)
{
	easy->transport = run->transport;
	easy->handle = curl_easy_init();
	if (easy->handle == NULL)
		out_of_memory();
	set_connection(easy, run, request);
	set_proxy(easy, run, request);
	if (curl_easy_setopt(easy->handle, CURLOPT_URL, request->url) == CURLE_OK && set_tls(easy, run, request))
		return true;
	easy_close(easy);
	return fail(err, ERROR_INTERNAL, "the HTTP library cannot set up a connection");
}

bool easy_start(struct easy *easy, struct error *err)
{
	if (curl_multi_add_handle(easy->transport->multi, easy->handle) == CURLM_OK)
		return true;
	return fail(err, ERROR_INTERNAL, "the HTTP library refuses an exchange");
}

void easy_close(struct easy *easy)
{
	(void)curl_multi_remove_handle(easy->transport->multi, easy->handle);
	curl_easy_cleanup(easy->handle);
	curl_slist_free_all(easy->connect_to);
	secret_free(easy->key);
}

static bool detail_has(const struct easy *easy, const char *part)
{
	return strstr(easy->detail, part) != NULL;
}

/* The library's sentence without what it puts in front: "SSL certificate problem: certificate has expired". */
static const char *bare_detail(const struct easy *easy, CURLcode code)
{
	static const char *const fronts[] = { "certificate problem: ", "verify result: ", "SSL routines::" };

	if (*easy->detail == '\0')
		return curl_easy_strerror(code);
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		const char *found = strstr(easy->detail, fronts[i]);

		if (found != NULL)
			return found + strlen(fronts[i]);
	}
	return easy->detail;
}

static enum transfer_end connect_end(const struct easy *easy, const char **ret_detail)
{
	long number = 0;

	(void)curl_easy_getinfo(easy->handle, CURLINFO_OS_ERRNO, &number);
	if (number == ECONNREFUSED)
		return END_REFUSED;
	if (detail_has(easy, "CONNECT tunnel"))
		return END_PROXY;
	if (number != 0)
		*ret_detail = errno_text((int)number);
	return END_UNREACHABLE;
}

static enum transfer_end tls_end(const struct easy *easy, CURLcode code)
{
	switch (code) {
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return END_TLS_PIN;
	case CURLE_SSL_CACERT_BADFILE:
		return END_TLS_MATERIAL;
	case CURLE_SSL_CERTPROBLEM:
		return END_TLS_CLIENT;
	case CURLE_PEER_FAILED_VERIFICATION:
		if (detail_has(easy, "application verification"))
			return END_TLS_FINGERPRINT;
		/* the library compares names itself, behind OpenSSL's verification, and only its words tell */
		return detail_has(easy, "subject name") || detail_has(easy, "common name") ? END_TLS_NAME
		                                                                           : END_TLS_UNTRUSTED;
	default:
		break;
	}
	if (detail_has(easy, "wrong version number") || detail_has(easy, "packet length too long"))
		return END_NOT_TLS;
	if (detail_has(easy, "SYSCALL") || detail_has(easy, "unexpected eof") || detail_has(easy, "reset"))
		return END_TLS_CLOSED;
	return END_TLS_REFUSED;
}

/* Receiving or sending failed: what that means depends on how far the answer had come. */
static enum transfer_end stream_end(const struct easy *easy, struct easy_progress progress, const char **ret_detail)
{
	if (detail_has(easy, "CONNECT tunnel"))
		return END_PROXY;
	if (detail_has(easy, "hunk"))
		return END_BROKEN;
	/* with TLS 1.3 a server refuses a client's certificate after the handshake */
	if (easy->notes != NULL && easy->notes->alert != 0)
		*ret_detail = crypto_alert_text(easy->notes->alert);
	else if (!detail_has(easy, " alert "))
		return progress.answering ? END_TRUNCATED : END_RESET;
	if (!progress.answering)
		return END_TLS_REFUSED;
	return END_TRUNCATED;
}

enum transfer_end easy_end(const struct easy *easy, CURLcode code, struct easy_progress progress,
                           const char **ret_detail)
{
	*ret_detail = bare_detail(easy, code);
	switch (code) {
	case CURLE_OK:
		if (progress.has_head)
			return END_COMPLETE;
		return progress.answering ? END_TRUNCATED : END_CLOSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return END_NO_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return END_PROXY;
	case CURLE_COULDNT_CONNECT:
		return connect_end(easy, ret_detail);
	case CURLE_OPERATION_TIMEDOUT:
		return END_CONNECT_TIMEOUT; /* the library knows no other limit */
	case CURLE_GOT_NOTHING:
		return progress.answering ? END_TRUNCATED : END_CLOSED;
	case CURLE_PARTIAL_FILE:
		return END_TRUNCATED;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return stream_end(easy, progress, ret_detail);
	case CURLE_UNSUPPORTED_PROTOCOL:
		return END_NOT_HTTP;
	case CURLE_WEIRD_SERVER_REPLY:
		return progress.answering ? END_BROKEN : END_NOT_HTTP;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_PEER_FAILED_VERIFICATION:
		return tls_end(easy, code);
	case CURLE_WRITE_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
		return END_STOPPED;
	case CURLE_OUT_OF_MEMORY:
		/* libcurl below 8.4 says so of a line that is longer than it keeps */
		if (!progress.answering || progress.has_head)
			return END_MEMORY;
		*ret_detail = "a header line is too long";
		return END_BROKEN;
	default:
		return END_BROKEN;
	}
}

const char *easy_address(const struct easy *easy, struct arena *arena)
{
	char *address = NULL;
	long port = 0;

	(void)curl_easy_getinfo(easy->handle, CURLINFO_PRIMARY_IP, &address);
	(void)curl_easy_getinfo(easy->handle, CURLINFO_PRIMARY_PORT, &port);
	if (address == NULL || *address == '\0')
		return NULL;
	return arena_format(arena, strchr(address, ':') != NULL ? "[%s]:%ld" : "%s:%ld", address, port);
}

/* OpenSSL's own handle; NULL without TLS. */
static void *tls_of(const struct easy *easy)
{
	struct curl_tlssessioninfo *session = NULL;

	if (curl_easy_getinfo(easy->handle, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == NULL ||
	    session->backend != CURLSSLBACKEND_OPENSSL)
		return NULL;
	return session->internals;
}

struct instant easy_expiry(const struct easy *easy)
{
	void *connection = tls_of(easy);

	return (struct instant){ connection == NULL ? 0 : crypto_peer_expiry_ms(connection) };
}

void easy_rest(const struct easy *easy)
{
	void *connection = tls_of(easy);

	if (connection != NULL)
		crypto_rest(connection);
}

int64_t easy_connect_us(const struct easy *easy)
{
	curl_off_t tcp_us = 0;
	curl_off_t tls_us = 0;

	(void)curl_easy_getinfo(easy->handle, CURLINFO_CONNECT_TIME_T, &tcp_us);
	(void)curl_easy_getinfo(easy->handle, CURLINFO_APPCONNECT_TIME_T, &tls_us);
	return tls_us > tcp_us ? tls_us : tcp_us;
}
