/* Blocking sockets, one thread a connection; TLS by OpenSSL. */
#include "server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_REQUESTS   64
#define LONGEST_REQUEST ((size_t)2 * 1024 * 1024)

struct server {
	int listener;
	uint16_t port;
	const struct reply *replies;
	server_talk *const *talks;
	size_t reply_count;
	SSL_CTX *tls;
	pthread_mutex_t lock;
	size_t taken; /* replies given out */
	size_t requests;
	size_t connections;
	char *texts[MOST_REQUESTS];
};

struct connection {
	struct server *server;
	int descriptor;
	SSL *tls;
};

ptrdiff_t connection_read(struct connection *connection, void *data, size_t size)
{
	return connection->tls != NULL ? SSL_read(connection->tls, data, (int)size)
	                               : read(connection->descriptor, data, size);
}

bool connection_write(struct connection *connection, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t count = connection->tls != NULL ? SSL_write(connection->tls, at, (int)len)
		                                        : write(connection->descriptor, at, len);

		if (count <= 0)
			return false;
		at += count;
		len -= (size_t)count;
	}
	return true;
}

int connection_descriptor(const struct connection *connection)
{
	return connection->descriptor;
}

int connect_loopback(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		                             .sin_port = htons(port),
		                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
		return descriptor;
	close(descriptor);
	return -1;
}

/* Has text a whole request? Only the two framings that the client uses. */
static bool is_whole(const char *text, size_t len)
{
	const char *head_end = strstr(text, "\r\n\r\n");
	const char *length;

	if (head_end == NULL)
		return false;
	if (strcasestr(text, "\r\nTransfer-Encoding: chunked") != NULL)
		return strstr(head_end, "\r\n0\r\n\r\n") != NULL;
	length = strcasestr(text, "\r\nContent-Length: ");
	if (length == NULL || length > head_end)
		return true;
	return len >= (size_t)(head_end + 4 - text) + strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
}

static char *read_request(struct connection *connection)
{
	char *text = calloc(1, LONGEST_REQUEST + 1);
	size_t len = 0;

	while (len < LONGEST_REQUEST && !is_whole(text, len)) {
		ptrdiff_t count = connection_read(connection, text + len, LONGEST_REQUEST - len);

		if (count <= 0) {
			free(text);
			return NULL;
		}
		len += (size_t)count;
	}
	return text;
}

static size_t next_reply(struct server *server, char *request)
{
	size_t i;

	pthread_mutex_lock(&server->lock);
	i = server->taken < server->reply_count ? server->taken++ : server->reply_count - 1;
	if (server->requests < MOST_REQUESTS && request != NULL)
		server->texts[server->requests++] = request;
	else
		free(request);
	pthread_mutex_unlock(&server->lock);
	return i;
}

static bool needs_request(struct server *server)
{
	size_t i;

	pthread_mutex_lock(&server->lock);
	i = server->taken < server->reply_count ? server->taken : server->reply_count - 1;
	pthread_mutex_unlock(&server->lock);
	return server->replies == NULL ||
	       (server->replies[i].text != NULL && server->replies[i].after != AFTER_CLOSE_BLIND);
}

static enum after serve_request(struct connection *connection)
{
	struct server *server = connection->server;
	const struct reply *reply;
	char *request = NULL;
	size_t i;

	if (needs_request(server)) {
		request = read_request(connection);
		if (request == NULL)
			return AFTER_CLOSE;
	}
	i = next_reply(server, request);
	if (server->replies == NULL)
		return server->talks[i](connection, request);
	reply = &server->replies[i];
	if (reply->text != NULL)
		(void)connection_write(connection, reply->text, strlen(reply->text));
	return reply->after;
}

/* Connections whose threads still hold memory of the library. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	size_t count;
} open_talks = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void begin_talk(void)
{
	pthread_mutex_lock(&open_talks.lock);
	open_talks.count++;
	pthread_mutex_unlock(&open_talks.lock);
}

static void end_talk(void)
{
	OPENSSL_thread_stop();
	pthread_mutex_lock(&open_talks.lock);
	open_talks.count--;
	pthread_cond_signal(&open_talks.ended);
	pthread_mutex_unlock(&open_talks.lock);
}

/* A thread that ends while the leak check runs looks like a leak. */
static void wait_for_talks(void)
{
	struct timespec until;
	int waited = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&open_talks.lock);
	while (open_talks.count > 0 && waited == 0)
		waited = pthread_cond_timedwait(&open_talks.ended, &open_talks.lock, &until);
	pthread_mutex_unlock(&open_talks.lock);
}

static void *serve_connection(void *user)
{
	struct connection *connection = user;
	const struct linger reset = { .l_onoff = 1 };
	enum after after = AFTER_KEEP;

	if (connection->server->tls != NULL) {
		connection->tls = SSL_new(connection->server->tls);
		SSL_set_fd(connection->tls, connection->descriptor);
		if (SSL_accept(connection->tls) != 1)
			after = AFTER_CLOSE;
	}
	while (after == AFTER_KEEP)
		after = serve_request(connection);
	if (after == AFTER_STALL) {
		end_talk();
		for (;;)
			pause();
	}
	if (after == AFTER_RESET)
		(void)setsockopt(connection->descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (connection->tls != NULL)
		SSL_free(connection->tls);
	close(connection->descriptor);
	free(connection);
	end_talk();
	return NULL;
}

static void *accept_connections(void *user)
{
	struct server *server = user;
	int descriptor;

	while ((descriptor = accept(server->listener, NULL, NULL)) >= 0) {
		struct connection *connection = calloc(1, sizeof *connection);
		pthread_t thread;

		*connection = (struct connection){ .server = server, .descriptor = descriptor };
		pthread_mutex_lock(&server->lock);
		server->connections++;
		pthread_mutex_unlock(&server->lock);
		begin_talk();
		pthread_create(&thread, NULL, serve_connection, connection);
		pthread_detach(thread);
	}
	return NULL;
}

static int bind_loopback(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(bind(descriptor, (struct sockaddr *)&address, len) == 0);
	cr_assert(getsockname(descriptor, (struct sockaddr *)&address, &len) == 0);
	*ret_port = ntohs(address.sin_port);
	return descriptor;
}

static struct server *start(struct server *server, const char *certificate, const char *key,
                            const char *client_authority)
{
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	(void)atexit(wait_for_talks);
	pthread_mutex_init(&server->lock, NULL);
	if (certificate != NULL) {
		server->tls = SSL_CTX_new(TLS_server_method());
		cr_assert(SSL_CTX_use_certificate_chain_file(server->tls, certificate) == 1, "%s", certificate);
		cr_assert(SSL_CTX_use_PrivateKey_file(server->tls, key, SSL_FILETYPE_PEM) == 1, "%s", key);
	}
	if (client_authority != NULL) {
		BIO *text = BIO_new_mem_buf(client_authority, -1);
		X509 *authority = PEM_read_bio_X509(text, NULL, NULL, NULL);

		cr_assert(X509_STORE_add_cert(SSL_CTX_get_cert_store(server->tls), authority) == 1);
		SSL_CTX_set_verify(server->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		X509_free(authority);
		BIO_free(text);
	}
	server->listener = bind_loopback(&server->port);
	cr_assert(listen(server->listener, 64) == 0);
	cr_assert(pthread_create(&thread, NULL, accept_connections, server) == 0);
	pthread_detach(thread);
	return server;
}

struct server *server_start(const struct reply *replies, size_t count, const char *certificate, const char *key)
{
	struct server *server = calloc(1, sizeof *server);

	server->replies = replies;
	server->reply_count = count;
	return start(server, certificate, key, NULL);
}

struct server *server_start_talks(server_talk *const *talks, size_t count, const char *certificate, const char *key,
                                  const char *client_authority)
{
	struct server *server = calloc(1, sizeof *server);

	server->talks = talks;
	server->reply_count = count;
	return start(server, certificate, key, client_authority);
}

void server_limit_tls(struct server *server)
{
	cr_assert(SSL_CTX_set_max_proto_version(server->tls, TLS1_2_VERSION) == 1);
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

size_t server_requests(struct server *server)
{
	size_t count;

	pthread_mutex_lock(&server->lock);
	count = server->requests;
	pthread_mutex_unlock(&server->lock);
	return count;
}

const char *server_request(struct server *server, size_t i)
{
	const char *text;

	pthread_mutex_lock(&server->lock);
	text = i < server->requests ? server->texts[i] : "";
	pthread_mutex_unlock(&server->lock);
	return text;
}

size_t server_connections(struct server *server)
{
	size_t count;

	pthread_mutex_lock(&server->lock);
	count = server->connections;
	pthread_mutex_unlock(&server->lock);
	return count;
}

uint16_t closed_port(void)
{
	uint16_t port;
	int descriptor = bind_loopback(&port);

	/* bound and never listening: refused for as long as the descriptor is open */
	(void)descriptor;
	return port;
}
