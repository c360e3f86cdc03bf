/* Opens, runs and closes the client of a test. */
#include "client.h"

#include <criterion/criterion.h>

#include "loop_inspect.h"

#define LONGEST_TEST_MS 10000

static void note_done(struct http_exchange *exchange)
{
	struct client *client = exchange->user;

	cr_assert(!client->done, "on_done came twice");
	client->done = true;
}

void client_open_with(struct client *client, const struct http_options *options, uint16_t port, const char *path)
{
	*client = (struct client){ .arena = arena_new((size_t)64 * 1024 * 1024) };
	cr_assert(loop_new(&client->loop, &client->error));
	cr_assert(http_open(client->arena, client->loop, options, &client->http, &client->error));
	client->exchange = (struct http_exchange){
		.method = "GET",
		.url = arena_format(client->arena, "http://127.0.0.1:%u%s", (unsigned)port, path),
		.deadline = deadline_after(LONGEST_TEST_MS),
		.most_retries = 2,
		.keep_bytes = 4096,
		.on_done = note_done,
		.user = client,
	};
}

void client_open(struct client *client, uint16_t port, const char *path)
{
	client_open_with(client, &(struct http_options){ .connect_timeout_ms = 2000 }, port, path);
}

void client_turn_until(struct client *client, const bool *flag)
{
	struct deadline limit = deadline_after(LONGEST_TEST_MS + 1000);

	while (!*flag) {
		cr_assert(loop_turn(client->loop, limit, &client->error));
		cr_assert(!deadline_passed(limit), "the exchange never ended");
	}
}

void client_run(struct client *client)
{
	client->done = false;
	cr_assert(http_start(client->http, client->arena, &client->exchange, &client->error), "%s",
	          client->error.message);
	cr_assert(!client->done, "done inside http_start");
	client_turn_until(client, &client->done);
}

void client_close(struct client *client)
{
	http_close(client->http);
	cr_expect_eq(loop_pending(client->loop), 0, "the client left something in the loop");
	loop_free(client->loop);
	arena_free(client->arena);
}
