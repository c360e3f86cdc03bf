/* A client with one exchange, and turns of its loop until that is done. */
#ifndef FOPS_TESTS_NET_CLIENT_H
#define FOPS_TESTS_NET_CLIENT_H

#include "fops/base/arena.h"
#include "fops/base/loop.h"
#include "fops/net/http.h"
#include "fops/net/secret.h"

struct client {
	struct arena *arena;
	struct loop *loop;
	struct http *http;
	struct http_exchange exchange;
	struct error error;
	bool done;
	unsigned heads;
	char body[4096];
	size_t body_len;
};

/* A client whose exchange is a GET of http://127.0.0.1:port/path with a deadline of 10 s; change it before client_run.
 */
void client_open(struct client *client, uint16_t port, const char *path);
void client_open_with(struct client *client, const struct http_options *options, uint16_t port, const char *path);

/* Start the exchange and turn the loop until it is done; the test fails when that takes 10 s. */
void client_run(struct client *client);
void client_turn_until(struct client *client, const bool *flag);
void client_close(struct client *client);

#endif
