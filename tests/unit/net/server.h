/* A server of canned answers on a loopback port, in threads of the test's own process; it ends with the process. */
#ifndef FOPS_TESTS_NET_SERVER_H
#define FOPS_TESTS_NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum after {
	AFTER_CLOSE,
	AFTER_KEEP,        /* read the next request of the connection */
	AFTER_RESET,       /* close so that the peer gets a reset */
	AFTER_CLOSE_BLIND, /* answer without reading, and close */
	AFTER_STALL,       /* neither send nor close any more */
};

/* What the n-th request gets, over all connections; the last one serves all further requests. */
struct reply {
	const char *text; /* NULL: nothing, not even reading the request */
	enum after after;
};

struct server;

/* certificate and key are PEM files; NULL certificate: plain. Text of replies is borrowed. Ends the test when it cannot
 * start. */
struct server *server_start(const struct reply *replies, size_t count, const char *certificate, const char *key);

struct connection;

/* Answers the n-th request by itself, in the connection's thread. */
typedef enum after server_talk(struct connection *connection, const char *request);

/*
 * A server with talks in place of replies. certificate and key as above; with client_authority (PEM text or NULL) the
 * client must show a certificate of that authority.
 */
struct server *server_start_talks(server_talk *const *talks, size_t count, const char *certificate, const char *key,
                                  const char *client_authority);

/* For talk: one read (0 at the end, negative when it failed), and a write of everything. */
ptrdiff_t connection_read(struct connection *connection, void *data, size_t size);
bool connection_write(struct connection *connection, const void *data, size_t len);
/* The descriptor below, for plain connections. */
int connection_descriptor(const struct connection *connection);
/* A connection to a loopback port, or -1. */
int connect_loopback(uint16_t port);

/* From now on it speaks TLS 1.2 and nothing newer. */
void server_limit_tls(struct server *server);

uint16_t server_port(const struct server *server);

/* Requests read whole so far, and one of them as it came. */
size_t server_requests(struct server *server);
const char *server_request(struct server *server, size_t i);
size_t server_connections(struct server *server);

/* A port on which nobody listens. */
uint16_t closed_port(void);

#endif
