/* One try of an exchange by libcurl's multi interface on our loop; the only file that knows the library. */
#include <curl/curl.h>
#include <errno.h>

#include "fops/base/arena.h"
#include "fops/net/secret.h"
#include "http_private.h"

#define KEEPALIVE_AFTER_S 15L

struct transport {
	struct http *http;
	CURLM *multi;
	struct loop_timer timer;
};

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	char detail[CURL_ERROR_SIZE];
};

static bool detail_has(const struct transfer *transfer, const char *part)
{
	return strstr(transfer->detail, part) != NULL;
}

/* The library's sentence without what it puts in front: "SSL certificate problem: certificate has expired". */
static const char *bare_detail(const struct transfer *transfer)
{
	static const char *const fronts[] = { "certificate problem: ", "verify result: ", "SSL routines::" };

	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		const char *found = strstr(transfer->detail, fronts[i]);

		if (found != NULL)
			return found + strlen(fronts[i]);
	}
	return transfer->detail;
}

static enum transfer_end connect_end(const struct transfer *transfer, const char **ret_detail)
{
	long number = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
	if (number == ECONNREFUSED)
		return END_REFUSED;
	if (detail_has(transfer, "CONNECT tunnel"))
		return END_PROXY;
	if (number != 0)
		*ret_detail = errno_text((int)number);
	return END_UNREACHABLE;
}

static enum transfer_end tls_end(const struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return END_TLS_PIN;
	if (code == CURLE_SSL_CACERT_BADFILE)
		return END_TLS_MATERIAL;
	/* the library compares names itself, behind the verification of OpenSSL, and only its words tell */
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return detail_has(transfer, "subject name") || detail_has(transfer, "common name") ? END_TLS_NAME
		                                                                                   : END_TLS_UNTRUSTED;
	if (detail_has(transfer, "wrong version number") || detail_has(transfer, "packet length too long"))
		return END_NOT_TLS;
	if (detail_has(transfer, "SYSCALL") || detail_has(transfer, "unexpected eof") || detail_has(transfer, "reset"))
		return END_TLS_CLOSED;
	return END_TLS_REFUSED;
}

/* Receiving or sending failed: what that means depends on how far the answer had come. */
static enum transfer_end stream_end(const struct transfer *transfer, const struct http_run *run)
{
	if (detail_has(transfer, "CONNECT tunnel"))
		return END_PROXY;
	if (detail_has(transfer, "hunk"))
		return END_BROKEN;
	return run->answering ? END_TRUNCATED : END_RESET;
}

static enum transfer_end translate(const struct http_run *run, CURLcode code, const char **ret_detail)
{
	const struct transfer *transfer = run->transfer;

	switch (code) {
	case CURLE_OK:
		if (run->has_head)
			return END_COMPLETE;
		return run->answering ? END_TRUNCATED : END_CLOSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return END_NO_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return END_PROXY;
	case CURLE_COULDNT_CONNECT:
		return connect_end(transfer, ret_detail);
	case CURLE_OPERATION_TIMEDOUT:
		return END_CONNECT_TIMEOUT; /* the library knows no other limit */
	case CURLE_GOT_NOTHING:
		return run->answering ? END_TRUNCATED : END_CLOSED;
	case CURLE_PARTIAL_FILE:
		return END_TRUNCATED;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return stream_end(transfer, run);
	case CURLE_UNSUPPORTED_PROTOCOL:
		return END_NOT_HTTP;
	case CURLE_WEIRD_SERVER_REPLY:
		return run->answering ? END_BROKEN : END_NOT_HTTP;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_PEER_FAILED_VERIFICATION:
		return tls_end(transfer, code);
	case CURLE_WRITE_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
		return END_STOPPED;
	case CURLE_OUT_OF_MEMORY:
		return END_MEMORY;
	default:
		return END_BROKEN;
	}
}

/* Everything that ended, outside of the library's own calls, so that owners may start and stop exchanges. */
static void collect_ended(struct transport *transport)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
		char detail[CURL_ERROR_SIZE];
		struct transfer_result result = { .detail = detail, .expected_bytes = -1 };
		const char *words;
		struct http_run *run = NULL;
		curl_off_t expected = -1;

		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &run);
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &expected);
		words = *run->transfer->detail == '\0' ? curl_easy_strerror(message->data.result)
		                                       : bare_detail(run->transfer);
		result.end = translate(run, message->data.result, &words);
		result.expected_bytes = expected;
		(void)snprintf(detail, sizeof detail, "%s", words);
		transfer_describe(run);
		transfer_stop(run);
		run_ended(run, &result);
	}
}

static void drive(struct transport *transport, curl_socket_t socket, int events)
{
	bool busy = transport->http->busy;
	int running;

	transport->http->busy = true;
	(void)curl_multi_socket_action(transport->multi, socket, events, &running);
	collect_ended(transport);
	transport->http->busy = busy;
}

static void socket_ready(void *user, int descriptor, unsigned events)
{
	int bits = ((events & (LOOP_READ | LOOP_HANGUP)) != 0 ? CURL_CSELECT_IN : 0) |
	           ((events & (LOOP_WRITE | LOOP_HANGUP)) != 0 ? CURL_CSELECT_OUT : 0);

	drive(user, descriptor, bits);
}

static void timer_expired(void *user)
{
	drive(user, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *unused)
{
	struct transport *transport = user;
	unsigned events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? LOOP_READ : 0u) |
	                  (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? LOOP_WRITE : 0u);
	struct error ignored;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE || events == 0)
		loop_unwatch(transport->http->loop, socket);
	else if (!loop_watch(transport->http->loop, socket, events, socket_ready, transport, &ignored))
		return 0; /* this exchange then ends by its limits; -1 would end all others too */
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *user)
{
	struct transport *transport = user;

	(void)multi;
	if (ms < 0)
		loop_disarm(transport->http->loop, &transport->timer);
	else
		loop_arm(transport->http->loop, &transport->timer, ms, timer_expired, transport);
	return 0;
}

bool transport_open(struct http *http, struct transport **ret_transport, struct error *err)
{
	struct transport *transport;
	CURLM *multi = NULL;
	long most = (long)http->options.most_connections;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fail(err, ERROR_INTERNAL, "the HTTP library cannot start");
	multi = curl_multi_init();
	if (multi == NULL) {
		curl_global_cleanup();
		return fail(err, ERROR_INTERNAL, "the HTTP library cannot start");
	}
	transport = arena_alloc(http->arena, sizeof *transport);
	transport->http = http;
	transport->multi = multi;
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transport);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transport);
	(void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	/* the server's own limit still counts; the library's preset of 100 would open a connection for each further one
	 */
	(void)curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, most);
	(void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
	(void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most);
	*ret_transport = transport;
	return true;
}

void transport_close(struct transport *transport)
{
	if (transport == NULL)
		return;
	(void)curl_multi_cleanup(transport->multi);
	loop_disarm(transport->http->loop, &transport->timer);
	curl_global_cleanup();
}

static size_t receive_head(char *line, size_t size, size_t count, void *user)
{
	return run_take_head(user, line, size * count) ? size * count : 0;
}

static size_t receive_body(char *data, size_t size, size_t count, void *user)
{
	return run_take_body(user, data, size * count) ? size * count : CURL_WRITEFUNC_ERROR;
}

static size_t send_body(char *data, size_t size, size_t count, void *user)
{
	ssize_t given = run_give_body(user, data, size * count);

	if (given == HTTP_BODY_LATER)
		return CURL_READFUNC_PAUSE;
	return given < 0 ? CURL_READFUNC_ABORT : (size_t)given;
}

/* A kept connection that died is replaced by the library, which then begins the body anew. */
static int rewind_body(void *user, curl_off_t offset, int origin)
{
	struct http_run *run = user;

	if (origin != SEEK_SET || run->exchange == NULL || run->exchange->read_body != NULL)
		return CURL_SEEKFUNC_CANTSEEK;
	run->sent = offset;
	return CURL_SEEKFUNC_OK;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library prescribes the type */
static int note_connected(void *user, char *peer, char *own, int peer_port, int own_port)
{
	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	run_connected(user);
	return CURL_PREREQFUNC_OK;
}

static void add_header(struct transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);

	if (longer == NULL)
		out_of_memory();
	transfer->headers = longer;
}

/* The library takes "Name:" as "leave it out"; an empty value is written "Name;". */
static void add_exchange_header(struct transfer *transfer, struct arena *arena, const char *line)
{
	size_t name = strcspn(line, ":");

	if (line[name + 1 + strspn(line + name + 1, " \t")] != '\0')
		add_header(transfer, line);
	else
		add_header(transfer, arena_format(arena, "%.*s;", (int)name, line));
}

static void add_credential(struct transfer *transfer, const struct http_access *access)
{
	static const char front[] = "Authorization: ";
	const char *scheme = access->scheme == NULL ? "Bearer " : access->scheme;
	struct buffer line = BUFFER(SIZE_MAX / 4);
	size_t len;
	const char *value = secret_expose(access->credential, &len);

	/* one allocation, so that no piece of the value stays behind in freed memory */
	line.size = sizeof front + strlen(scheme) + len;
	line.data = malloc(line.size);
	if (line.data == NULL)
		out_of_memory();
	buffer_text(&line, front);
	buffer_text(&line, scheme);
	buffer_append(&line, value, len);
	add_header(transfer, buffer_string(&line));
	explicit_bzero(line.data, line.size);
	buffer_done(&line);
}

static void set_headers(struct http_run *run, struct transfer *transfer)
{
	const struct http_exchange *exchange = run->exchange;

	add_header(transfer, "Expect:");
	for (size_t i = 0; i < exchange->headers.count; i++) {
		/* what describes a body goes with it */
		if (!run->bodyless || strncasecmp(exchange->headers.items[i], "Content-", 8) != 0)
			add_exchange_header(transfer, run->arena, exchange->headers.items[i]);
	}
	if (exchange->access.credential != NULL)
		add_credential(transfer, &exchange->access);
	(void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_method(const struct http_run *run, CURL *easy, const struct transfer_request *request)
{
	if (strcmp(run->method, "HEAD") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (request->upload)
		(void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	if (request->upload)
		(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_len);
	if (strcmp(run->method, "HEAD") != 0)
		(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, run->method);
}

static void set_tls(const struct http_run *run, CURL *easy, const struct transfer_request *request)
{
	const struct http_tls *tls = &run->exchange->access.tls;
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	if (strcmp(run->target.scheme, "https") != 0)
		return;
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* some builds trust a folder as well, which would widen tls.ca and --ca */
	(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
	if (tls->ca != NULL) {
		blob.data = (void *)(uintptr_t)tls->ca;
		blob.len = strlen(tls->ca);
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (tls->pin != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, tls->pin);
	/* the first connection tells whether the server takes all exchanges on it */
	(void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
}

static void set_callbacks(struct http_run *run, CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, run);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, run->transfer->detail);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_head);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, run);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, run);
	(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, send_body);
	(void)curl_easy_setopt(easy, CURLOPT_READDATA, run);
	(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
	(void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, run);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, note_connected);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, run);
}

static void set_connection(const struct http_run *run, struct transfer *transfer,
                           const struct transfer_request *request)
{
	CURL *easy = transfer->easy;

	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "fops/" FOPS_VERSION);
	(void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_AFTER_S);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_AFTER_S);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)run->http->options.connect_timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
	if (host_is_loopback(run->target.host))
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (request->connect_to != NULL) {
		transfer->connect_to = curl_slist_append(NULL, request->connect_to);
		(void)curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	}
}

bool transfer_start(struct http_run *run, const struct transfer_request *request, struct error *err)
{
	struct transfer *transfer = calloc(1, sizeof *transfer);

	if (transfer == NULL)
		out_of_memory();
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		out_of_memory();
	run->transfer = transfer;
	set_callbacks(run, transfer->easy);
	set_connection(run, transfer, request);
	set_tls(run, transfer->easy, request);
	set_method(run, transfer->easy, request);
	set_headers(run, transfer);
	if (curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url) == CURLE_OK &&
	    curl_multi_add_handle(run->http->transport->multi, transfer->easy) == CURLM_OK)
		return true;
	transfer_stop(run);
	run->transfer = NULL;
	return fail(err, ERROR_INTERNAL, "the HTTP library refuses an exchange");
}

void transfer_stop(struct http_run *run)
{
	struct transfer *transfer = run->transfer;

	(void)curl_multi_remove_handle(run->http->transport->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	for (struct curl_slist *item = transfer->headers; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	free(transfer);
}

bool transfer_resume(struct http_run *run)
{
	return curl_easy_pause(run->transfer->easy, CURLPAUSE_CONT) == CURLE_OK;
}

static const char *version_text(long version)
{
	switch (version) {
	case CURL_HTTP_VERSION_1_0:
		return "1.0";
	case CURL_HTTP_VERSION_1_1:
		return "1.1";
	case CURL_HTTP_VERSION_2_0:
		return "2";
	default:
		return "";
	}
}

void transfer_describe(struct http_run *run)
{
	struct http_exchange *exchange = run->exchange;
	CURL *easy = run->transfer->easy;
	char *address = NULL;
	long port = 0;
	long version = 0;
	curl_off_t tls_us = 0;

	if (exchange == NULL)
		return;
	(void)curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
	(void)curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
	if (address != NULL && *address != '\0')
		exchange->address =
		        arena_format(run->arena, strchr(address, ':') != NULL ? "[%s]:%ld" : "%s:%ld", address, port);
	(void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	exchange->http_version = version_text(version);
	(void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &exchange->connect_us);
	(void)curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &tls_us);
	if (tls_us > exchange->connect_us)
		exchange->connect_us = tls_us;
	(void)curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &exchange->first_byte_us);
	(void)curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &exchange->total_us);
}

static void add_library(struct arena *arena, struct text_map *map, const char *name, const char *version)
{
	if (version != NULL && *version != '\0')
		map->items[map->count++] = (struct text_pair){ name, arena_copy(arena, version) };
}

struct text_map http_libraries(struct arena *arena)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct text_map map = { arena_array(arena, 8, sizeof *map.items), 0 };
	const char *tls = info->ssl_version == NULL ? "" : info->ssl_version;
	size_t slash = strcspn(tls, "/");

	add_library(arena, &map, "libcurl", info->version);
	if (tls[slash] != '\0')
		add_library(arena, &map, arena_text(arena, tls, slash), tls + slash + 1);
	add_library(arena, &map, "nghttp2", info->nghttp2_version);
	add_library(arena, &map, "zlib", info->libz_version);
	add_library(arena, &map, "brotli", info->brotli_version);
	add_library(arena, &map, "zstd", info->zstd_version);
	return map;
}
