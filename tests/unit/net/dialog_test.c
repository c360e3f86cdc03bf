/* One question over a bare connection, plain and with TLS. */
#include "fops/net/dialog.h"

#include <criterion/criterion.h>

#include "client.h"
#include "fops/base/file.h"
#include "server.h"

#define QUESTION "PING\r\n\r\n"

static const struct reply replies[] = { { "PONG and more", AFTER_STALL } };

static struct client client;
static struct dialog dialog;
static bool done;

static void ended(struct dialog *one)
{
	cr_assert_eq(one, &dialog);
	cr_assert_not(done);
	done = true;
}

static enum dialog_judgement until_more(struct dialog *one)
{
	return text_ends(one->data, "more") ? DIALOG_DONE : DIALOG_MORE;
}

static const char *fixture(struct arena *arena, const char *name)
{
	return path_join(arena, getenv("TLS_FIXTURES"), name);
}

static void open_dialog(const char *scheme, uint16_t port)
{
	client_open(&client, port, "/");
	dialog = (struct dialog){ .url = arena_format(client.arena, "%s://127.0.0.1:%u", scheme, (unsigned)port),
		                  .timeout_ms = 2000,
		                  .request = QUESTION,
		                  .request_len = sizeof QUESTION - 1,
		                  .most_bytes = 64,
		                  .on_bytes = until_more,
		                  .on_done = ended };
}

static void run_dialog(void)
{
	done = false;
	cr_assert(dialog_start(client.http, client.arena, &dialog, &client.error), "%s", client.error.message);
	cr_assert_not(done, "never from inside");
	client_turn_until(&client, &done);
}

Test(dialog, asks_and_is_answered)
{
	struct server *server = server_start(replies, 1, NULL, NULL);

	open_dialog("http", server_port(server));
	run_dialog();
	cr_expect_not(dialog.failed, "%s", dialog.error.message);
	cr_expect_str_eq(dialog.data, "PONG and more");
	cr_expect(text_starts(server_request(server, 0), "PING"));
	cr_expect(text_starts(dialog.address, "127.0.0.1:"));
	cr_expect_eq(dialog.tls_expires.unix_ms, 0);
	client_close(&client);
}

Test(dialog, asks_over_tls)
{
	struct arena *arena = arena_new((size_t)1024 * 1024);
	struct server *server;
	struct str authority;
	struct error err;

	server = server_start(replies, 1, fixture(arena, "address.pem"), fixture(arena, "server.key"));
	open_dialog("https", server_port(server));
	cr_assert(file_read(client.arena, fixture(arena, "authority.pem"), 65536, &authority, &err));
	dialog.access.tls.ca = authority.data;
	run_dialog();
	cr_expect_not(dialog.failed, "%s: %s", dialog.error.message, dialog.error.cause);
	cr_expect_str_eq(dialog.data, "PONG and more");
	cr_expect_gt(dialog.tls_expires.unix_ms, clock_now().unix_ms);
	cr_assert(file_read(client.arena, fixture(arena, "stranger.pem"), 65536, &authority, &err));
	dialog.access.tls.ca = authority.data;
	run_dialog();
	cr_expect(dialog.failed);
	cr_expect_eq(dialog.error.id, ERROR_PLANE_TLS, "%s", dialog.error.cause);
	client_close(&client);
	arena_free(arena);
}

Test(dialog, is_content_with_a_connection)
{
	struct server *server = server_start(replies, 1, NULL, NULL);

	open_dialog("http", server_port(server));
	dialog.request = NULL;
	dialog.request_len = 0;
	dialog.on_bytes = NULL;
	run_dialog();
	cr_expect_not(dialog.failed);
	client_close(&client);
}

static const struct {
	const char *name;
	struct reply reply;
	size_t most;
	enum error_id id;
	const char *part;
} failures[] = {
	{ "silence", { "", AFTER_STALL }, 64, ERROR_TIMEOUT, "" },
	{ "an end without a word", { "", AFTER_CLOSE }, 64, ERROR_PLANE_UNAVAILABLE, "without an answer" },
	{ "an end too early", { "PON", AFTER_CLOSE }, 64, ERROR_PLANE_PROTOCOL, "" },
	{ "a reset", { "", AFTER_RESET }, 64, ERROR_PLANE_UNAVAILABLE, "" },
	{ "too much", { "PONG and much too long", AFTER_STALL }, 8, ERROR_PLANE_PROTOCOL, "" },
};

Test(dialog, ends_whatever_the_peer_does)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		struct server *server = server_start(&failures[i].reply, 1, NULL, NULL);

		open_dialog("http", server_port(server));
		dialog.most_bytes = failures[i].most;
		dialog.timeout_ms = 300;
		run_dialog();
		cr_expect(dialog.failed, "%s", failures[i].name);
		cr_expect_eq(dialog.error.id, failures[i].id, "%s: %s: %s", failures[i].name, dialog.error.message,
		             dialog.error.cause);
		cr_expect_not_null(strstr(dialog.error.cause, failures[i].part), "%s: %s", failures[i].name,
		                   dialog.error.cause);
		client_close(&client);
	}
}

Test(dialog, is_refused_and_stopped)
{
	struct server *server = server_start(replies, 1, NULL, NULL);

	open_dialog("http", closed_port());
	run_dialog();
	cr_expect(dialog.failed);
	cr_expect_not_null(strstr(dialog.error.cause, "refused the connection"), "%s", dialog.error.cause);
	client_close(&client);
	/* stopped by its owner, and dropped by the end of the client */
	open_dialog("http", server_port(server));
	cr_assert(dialog_start(client.http, client.arena, &dialog, &client.error));
	dialog_stop(&dialog);
	dialog_stop(&dialog);
	cr_assert(dialog_start(client.http, client.arena, &dialog, &client.error));
	client_close(&client);
}
