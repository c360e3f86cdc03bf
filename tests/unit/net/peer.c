/* RFC 6455 from the server's side, as plainly as it can be written, independent of the product's code. */
#include "peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "loop_inspect.h"

#define LONGEST_TEST_MS 10000

const char *peer_answer(const char *request, const char *protocol)
{
	static _Thread_local char answer[512];
	const char *key = strcasestr(request, "\r\nSec-WebSocket-Key: ");
	char joined[128];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char accept[64];
	unsigned len;

	cr_assert(key != NULL, "no key: %s", request);
	(void)snprintf(joined, sizeof joined, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 21);
	EVP_Digest(joined, strlen(joined), digest, &len, EVP_sha1(), NULL);
	EVP_EncodeBlock(accept, digest, (int)len);
	(void)snprintf(answer, sizeof answer,
	               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	               "Sec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
	               (char *)accept,
	               protocol == NULL ? "" : "Sec-WebSocket-Protocol: ", protocol == NULL ? "" : protocol,
	               protocol == NULL ? "" : "\r\n");
	return answer;
}

void peer_accept(struct connection *connection, const char *request)
{
	const char *answer = peer_answer(request, NULL);

	(void)connection_write(connection, answer, strlen(answer));
}

void peer_send(struct connection *connection, unsigned char first, const void *data, size_t len)
{
	unsigned char head[10] = { first };
	size_t size = len < 126 ? 2 : len < 65536 ? 4 : 10;
	char *whole = malloc(size + len);

	head[1] = (unsigned char)(size == 2 ? len : size == 4 ? 126 : 127);
	for (size_t i = 0; i < size - 2; i++)
		head[size - 1 - i] = (unsigned char)(len >> (8 * i));
	memcpy(whole, head, size);
	if (len > 0)
		memcpy(whole + size, data, len);
	(void)connection_write(connection, whole, size + len);
	free(whole);
}

static bool read_exactly(struct connection *connection, void *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		ptrdiff_t count = connection_read(connection, (char *)data + at, len - at);

		if (count <= 0)
			return false;
		at += (size_t)count;
	}
	return true;
}

bool peer_read(struct connection *connection, struct peer_frame *frame)
{
	unsigned char head[2];
	unsigned char length[8];
	size_t extra;

	if (!read_exactly(connection, head, 2))
		return false;
	cr_assert((head[1] & 0x80) != 0, "a frame of the client is not masked");
	frame->first = head[0];
	frame->len = head[1] & 0x7F;
	extra = frame->len == 126 ? 2 : frame->len == 127 ? 8 : 0;
	if (extra > 0) {
		if (!read_exactly(connection, length, extra))
			return false;
		frame->len = 0;
		for (size_t i = 0; i < extra; i++)
			frame->len = frame->len << 8 | length[i];
	}
	cr_assert(frame->len < sizeof frame->data, "a frame of %zu bytes", frame->len);
	if (!read_exactly(connection, frame->mask, 4) || !read_exactly(connection, frame->data, frame->len))
		return false;
	for (size_t i = 0; i < frame->len; i++)
		frame->data[i] = (char)(frame->data[i] ^ (char)frame->mask[i % 4]);
	frame->data[frame->len] = '\0';
	return true;
}

int peer_read_close(struct connection *connection)
{
	struct peer_frame *frame = malloc(sizeof *frame);
	int code = -1;

	while (peer_read(connection, frame)) {
		if (frame->first == CLOSE)
			code = frame->len < 2 ? 1005
			                      : (unsigned char)frame->data[0] << 8 | (unsigned char)frame->data[1];
	}
	free(frame);
	return code;
}

static sem_t told;
static int told_number;

static void __attribute__((constructor)) prepare_told(void)
{
	(void)sem_init(&told, 0, 0);
}

void peer_tell(int number)
{
	told_number = number;
	(void)sem_post(&told);
}

int peer_wait(void)
{
	struct timespec limit;

	(void)clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += LONGEST_TEST_MS / 1000;
	cr_assert(sem_timedwait(&told, &limit) == 0, "the server's thread said nothing");
	return told_number;
}

/* Bytes of one direction; false at its end. */
static bool pass(int from, int to)
{
	char data[16384];
	ssize_t count = read(from, data, sizeof data);

	for (ssize_t at = 0; at < count;) {
		ssize_t written = write(to, data + at, (size_t)(count - at));

		if (written <= 0)
			return false;
		at += written;
	}
	return count > 0;
}

/* Until one of them ends. */
static void splice_ends(int first, int second)
{
	struct pollfd ends[2] = { { .fd = first, .events = POLLIN }, { .fd = second, .events = POLLIN } };

	while (poll(ends, 2, -1) > 0) {
		if ((ends[0].revents != 0 && !pass(first, second)) || (ends[1].revents != 0 && !pass(second, first)))
			break;
	}
	close(second);
}

enum after peer_tunnel(struct connection *connection, const char *request)
{
	static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	const char *colon = strchr(request, ':');
	int target;

	cr_assert(strncmp(request, "CONNECT ", 8) == 0 && colon != NULL, "no CONNECT: %s", request);
	target = connect_loopback((uint16_t)strtoul(colon + 1, NULL, 10));
	cr_assert(target >= 0);
	(void)connection_write(connection, established, sizeof established - 1);
	splice_ends(connection_descriptor(connection), target);
	return AFTER_CLOSE;
}

static char asked_name[256];

/* RFC 1928, with a name and without a password. */
static void *serve_socks(void *user)
{
	int listener = (int)(intptr_t)user;
	int descriptor = accept(listener, NULL, NULL);
	unsigned char bytes[256];
	int target;

	cr_assert(read(descriptor, bytes, 2) == 2 && bytes[0] == 5 &&
	          read(descriptor, bytes + 2, bytes[1]) == bytes[1]);
	cr_assert(write(descriptor, "\5\0", 2) == 2);
	cr_assert(read(descriptor, bytes, 5) == 5 && bytes[1] == 1 && bytes[3] == 3, "no name");
	cr_assert(read(descriptor, asked_name, bytes[4]) == bytes[4] && read(descriptor, bytes, 2) == 2);
	target = connect_loopback((uint16_t)(bytes[0] << 8 | bytes[1]));
	cr_assert(target >= 0);
	cr_assert(write(descriptor, "\5\0\0\1\0\0\0\0\0\0", 10) == 10);
	splice_ends(descriptor, target);
	close(descriptor);
	return NULL;
}

uint16_t socks_start(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	cr_assert(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 1) == 0);
	cr_assert(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	cr_assert(pthread_create(&thread, NULL, serve_socks, (void *)(intptr_t)listener) == 0);
	pthread_detach(thread);
	return ntohs(address.sin_port);
}

const char *socks_name(void)
{
	return asked_name;
}

static void then(struct owner *owner)
{
	if (owner->then != NULL)
		owner->then(owner);
}

static void note_open(struct websocket *websocket)
{
	struct owner *owner = websocket->user;

	cr_assert(!owner->opened, "on_open came twice");
	owner->opened = true;
	then(owner);
}

static void note_piece(struct websocket *websocket, const struct websocket_piece *piece)
{
	struct owner *owner = websocket->user;
	size_t room = sizeof owner->text - 2 - owner->text_len;
	size_t count = piece->len < room ? piece->len : room;

	memcpy(owner->text + owner->text_len, piece->data, count);
	owner->text_len += count;
	owner->pieces++;
	owner->bytes += piece->len;
	if (piece->last) {
		owner->messages++;
		if (room > count)
			owner->text[owner->text_len++] = '|';
	}
	owner->text[owner->text_len] = '\0';
	then(owner);
}

static void note_room(struct websocket *websocket)
{
	struct owner *owner = websocket->user;

	owner->rooms++;
	then(owner);
}

static void note_end(struct websocket *websocket)
{
	struct owner *owner = websocket->user;

	cr_assert(!owner->ended, "on_end came twice");
	owner->ended = true;
}

void owner_prepare(struct owner *owner, uint16_t port, const char *path)
{
	*owner = (struct owner){ .arena = arena_new((size_t)64 * 1024 * 1024) };
	cr_assert(loop_new(&owner->loop, &owner->error));
	cr_assert(http_open(owner->arena, owner->loop, &(struct http_options){ .connect_timeout_ms = 2000 },
	                    &owner->http, &owner->error));
	owner->websocket = (struct websocket){
		.url = arena_format(owner->arena, "http://127.0.0.1:%u%s", (unsigned)port, path),
		.deadline = deadline_after(LONGEST_TEST_MS),
		.on_open = note_open,
		.on_piece = note_piece,
		.on_room = note_room,
		.on_end = note_end,
		.user = owner,
	};
}

void owner_open(struct owner *owner)
{
	owner->ended = false;
	owner->opened = false;
	cr_assert(websocket_open(owner->http, owner->arena, &owner->websocket, &owner->error), "%s",
	          owner->error.message);
	cr_assert(!owner->opened && !owner->ended, "a callback came from inside websocket_open");
}

void owner_turn_until(struct owner *owner, const bool *flag)
{
	struct deadline limit = deadline_after(LONGEST_TEST_MS + 1000);

	while (!*flag) {
		cr_assert(loop_turn(owner->loop, limit, &owner->error));
		cr_assert(!deadline_passed(limit), "nothing happened any more");
	}
}

void owner_run(struct owner *owner)
{
	owner_open(owner);
	owner_turn_until(owner, &owner->ended);
}

void owner_close(struct owner *owner)
{
	http_close(owner->http);
	cr_expect_eq(loop_pending(owner->loop), 0, "the client left something in the loop");
	loop_free(owner->loop);
	arena_free(owner->arena);
}
