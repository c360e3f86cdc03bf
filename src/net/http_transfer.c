/* One try of an exchange, carried by libcurl. */
#include "fops/base/arena.h"
#include "fops/net/sigv4.h"
#include "http_easy.h"

struct transfer {
	struct easy easy;
	struct http_run *run;
	struct curl_slist *headers;
};

static struct transfer *transfer_of(struct easy *easy)
{
	return (struct transfer *)(void *)((char *)easy - offsetof(struct transfer, easy));
}

static void transfer_ended(struct easy *easy, CURLcode code)
{
	struct http_run *run = transfer_of(easy)->run;
	struct easy_progress progress = { run->answering, run->has_head };
	struct transfer_result result = { .expected_bytes = -1 };
	char detail[CURL_ERROR_SIZE];
	const char *words;
	curl_off_t expected = -1;

	(void)curl_easy_getinfo(easy->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &expected);
	result.end = easy_end(easy, code, progress, &words);
	result.expected_bytes = expected;
	result.detail = detail;
	(void)snprintf(detail, sizeof detail, "%s", words);
	transfer_describe(run);
	transfer_stop(run);
	run_ended(run, &result);
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
	struct buffer line = credential_header(access);

	add_header(transfer, buffer_string(&line));
	explicit_bzero(line.data, line.size);
	buffer_done(&line);
}

/* The Host header as the library writes it for the URL that is sent. */
static const char *host_header(const struct http_run *run)
{
	const char *name = run->exchange->access.tls.server_name;
	uint16_t usual = strcmp(run->target.scheme, "https") == 0 ? 443 : 80;

	if (name == NULL)
		name = run->target.host;
	name = arena_format(run->arena, strchr(name, ':') != NULL ? "[%s]" : "%s", name);
	return run->target.port == usual ? name : arena_format(run->arena, "%s:%u", name, (unsigned)run->target.port);
}

/* Each try is signed anew, for the place that it goes to. */
static void add_signature(const struct http_run *run, struct transfer *transfer)
{
	const struct http_exchange *exchange = run->exchange;
	struct sigv4_request request = {
		.method = run->method,
		.host = host_header(run),
		.path = run->target.path,
		.query = run->target.query,
		.headers = exchange->headers,
		.payload = SIGV4_NO_PAYLOAD,
		.when = clock_now(),
	};
	struct text_list lines;
	char payload[DIGEST_TEXT];

	if (run->bodyless) {
		request.headers = (struct text_list){ 0 };
	} else if (exchange->data != NULL) {
		struct digest digest = digest_of(exchange->data, exchange->data_len);

		digest_text(&digest, payload);
		request.payload = payload;
	} else if (exchange->read_body != NULL) {
		request.payload = "UNSIGNED-PAYLOAD";
	}
	lines = sigv4_sign(run->arena, exchange->access.signer, &request);
	for (size_t i = 0; i < lines.count; i++)
		add_header(transfer, lines.items[i]);
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
	if (access_secret(&exchange->access) != NULL)
		add_credential(transfer, &exchange->access);
	if (exchange->access.signer != NULL)
		add_signature(run, transfer);
	(void)curl_easy_setopt(transfer->easy.handle, CURLOPT_HTTPHEADER, transfer->headers);
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

static void set_callbacks(struct http_run *run, CURL *easy)
{
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

bool transfer_start(struct http_run *run, const struct transfer_request *request, struct error *err)
{
	struct transfer *transfer = calloc(1, sizeof *transfer);
	CURL *handle;

	if (transfer == NULL)
		out_of_memory();
	transfer->run = run;
	transfer->easy.ended = transfer_ended;
	if (!easy_open(&transfer->easy, run, request, err)) {
		free(transfer);
		return false;
	}
	run->transfer = transfer;
	handle = transfer->easy.handle;
	(void)curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* the first connection tells whether the server takes all exchanges on it; without TLS none does */
	if (strcmp(run->target.scheme, "https") == 0)
		(void)curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_USERAGENT, USER_AGENT);
	(void)curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
	set_callbacks(run, handle);
	set_method(run, handle, request);
	set_headers(run, transfer);
	if (easy_start(&transfer->easy, err))
		return true;
	transfer_stop(run);
	run->transfer = NULL;
	return false;
}

void transfer_stop(struct http_run *run)
{
	struct transfer *transfer = run->transfer;

	easy_close(&transfer->easy);
	for (struct curl_slist *item = transfer->headers; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(transfer->headers);
	free(transfer);
}

bool transfer_resume(struct http_run *run)
{
	return curl_easy_pause(run->transfer->easy.handle, CURLPAUSE_CONT) == CURLE_OK;
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
	CURL *handle = run->transfer->easy.handle;
	long version = 0;

	if (exchange == NULL)
		return;
	exchange->address = easy_address(&run->transfer->easy, run->arena);
	(void)curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &version);
	exchange->http_version = version_text(version);
	exchange->connect_us = easy_connect_us(&run->transfer->easy);
	/* at the end the connection may be gone already */
	if (exchange->tls_expires.unix_ms == 0)
		exchange->tls_expires = easy_expiry(&run->transfer->easy);
	(void)curl_easy_getinfo(handle, CURLINFO_STARTTRANSFER_TIME_T, &exchange->first_byte_us);
	(void)curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &exchange->total_us);
}
