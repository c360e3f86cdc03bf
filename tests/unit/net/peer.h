/* The other end of a WebSocket in a reply's talk, and the owner of one in the test. */
#ifndef FOPS_TESTS_NET_PEER_H
#define FOPS_TESTS_NET_PEER_H

#include "fops/base/arena.h"
#include "fops/base/loop.h"
#include "fops/net/http.h"
#include "fops/net/secret.h"
#include "fops/net/websocket.h"
#include "server.h"

/* Bits of a frame's first byte. */
#define FINAL  0x80
#define TEXT   0x81
#define BINARY 0x82
#define CLOSE  0x88
#define PING   0x89
#define PONG   0x8A

/* What the client sent, unmasked. */
struct peer_frame {
	unsigned char first;
	size_t len;
	unsigned char mask[4];
	char data[65536];
};

/* The 101 for request with the protocol (NULL: none), as text in static memory of the thread. */
const char *peer_answer(const char *request, const char *protocol);
void peer_accept(struct connection *connection, const char *request);
/* An unmasked frame. */
void peer_send(struct connection *connection, unsigned char first, const void *data, size_t len);
/* Read one frame whole; false at the end of the connection. An unmasked frame ends the test. */
bool peer_read(struct connection *connection, struct peer_frame *frame);
/* Read until the client closes, the last close frame's code is the answer; -1: none came. */
int peer_read_close(struct connection *connection);
/* Tell the test's thread a number, and wait there for it (10 s). */
void peer_tell(int number);
int peer_wait(void);

/* A proxy: reads "CONNECT host:port", connects to 127.0.0.1:port and passes bytes until both ends are done. */
enum after peer_tunnel(struct connection *connection, const char *request);

/* A SOCKS 5 proxy for one connection, which takes every name for 127.0.0.1; its port, and the name it was asked for. */
uint16_t socks_start(void);
const char *socks_name(void);

/* A WebSocket with all that its callbacks said. */
struct owner {
	struct arena *arena;
	struct loop *loop;
	struct http *http;
	struct websocket websocket;
	struct error error;
	bool opened;
	bool ended;
	unsigned pieces;
	unsigned messages;
	unsigned rooms;
	size_t bytes;
	char text[4096]; /* the first bytes of all messages, '|' behind each */
	size_t text_len;
	void (*then)(struct owner *owner); /* after each callback but on_end */
};

/* A client with a WebSocket of ws://127.0.0.1:port/path, not yet opened. */
void owner_prepare(struct owner *owner, uint16_t port, const char *path);
/* Open it and turn the loop until the flag is set; the test fails after 10 s. */
void owner_open(struct owner *owner);
void owner_turn_until(struct owner *owner, const bool *flag);
void owner_run(struct owner *owner);
void owner_close(struct owner *owner);

#endif
