/* libcurl's multi interface on our loop: a pool of connections for each identity, and whatever ended in it. */
#include "fops/base/arena.h"
#include "fops/net/secret.h"
#include "http_easy.h"

/* The version from which several exchanges may share a connection; 7.88.1 loses ends of streams, versions between are
 * untried. */
#define SHARES_WELL 0x080e00

/* Everything that ended, outside of the library's own calls, so that owners may start and stop exchanges. */
static void collect_ended(struct transport *transport)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
		struct easy *easy = NULL;
		CURLcode code = message->data.result;

		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &easy);
		easy->ended(easy, code);
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

static bool transport_open(struct http *http, struct transport **ret_transport, struct error *err)
{
	struct transport *transport;
	CURLM *multi = NULL;
	long most = (long)http->options.most_connections;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
		multi = curl_multi_init();
		if (multi == NULL)
			curl_global_cleanup();
	}
	if (multi == NULL) {
		fail(err, ERROR_INTERNAL, "the HTTP library cannot start");
		return false;
	}
	transport = arena_alloc(http->arena, sizeof *transport);
	transport->http = http;
	transport->multi = multi;
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transport);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transport);
	/* older ones now and then never tell the end of a stream: the exchange then waits for its limit */
	(void)curl_multi_setopt(multi, CURLMOPT_PIPELINING,
	                        curl_version_info(CURLVERSION_NOW)->version_num < SHARES_WELL ? CURLPIPE_NOTHING
	                                                                                      : CURLPIPE_MULTIPLEX);
	/* the server's own limit still counts; the library's preset of 100 would open a connection for each further one
	 */
	(void)curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, most);
	(void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
	(void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most);
	*ret_transport = transport;
	return true;
}

static void add_secret(struct digest_context *context, const struct secret *secret)
{
	size_t len = 0;
	const char *value = secret == NULL ? "" : secret_expose(secret, &len);

	digest_add(context, &len, sizeof len);
	digest_add(context, value, len);
}

/* All zero for whoever shows no certificate and asks for no fingerprint. */
static struct digest identity_of(const struct http_tls *tls, const unsigned char *fingerprint)
{
	struct digest_context *context;

	if (tls->certificate == NULL && tls->fingerprint == NULL)
		return (struct digest){ 0 };
	context = digest_start();
	digest_add(context, fingerprint, FINGERPRINT_BYTES);
	add_secret(context, tls->certificate);
	add_secret(context, tls->key);
	return digest_finish(context);
}

bool transport_for(struct http *http, const struct http_tls *tls, struct transport **ret_transport, struct error *err)
{
	unsigned char fingerprint[FINGERPRINT_BYTES] = { 0 };
	struct transport *transport = http->transports;
	struct digest identity;

	if (tls->fingerprint != NULL && !fingerprint_read(tls->fingerprint, fingerprint))
		return fail(err, ERROR_INTERNAL, "an unchecked fingerprint came to the HTTP library");
	identity = identity_of(tls, fingerprint);
	while (transport != NULL && memcmp(&transport->identity, &identity, sizeof identity) != 0)
		transport = transport->next;
	if (transport == NULL) {
		if (!transport_open(http, &transport, err))
			return false;
		transport->identity = identity;
		memcpy(transport->fingerprint, fingerprint, sizeof fingerprint);
		transport->next = http->transports;
		http->transports = transport;
	}
	*ret_transport = transport;
	return true;
}

void transports_close(struct http *http)
{
	for (struct transport *transport = http->transports; transport != NULL; transport = transport->next) {
		(void)curl_multi_cleanup(transport->multi);
		crypto_forget_authorities(&transport->authorities);
		loop_disarm(http->loop, &transport->timer);
		curl_global_cleanup();
	}
	http->transports = NULL;
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
