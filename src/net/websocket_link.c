/* A bare connection (TCP, TLS, proxies) made by libcurl and then used as a pipe of bytes. */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fops/base/arena.h"
#include "http_easy.h"
#include "websocket_private.h"

/* OpenSSL wants the same bytes again after a write that had to wait; a record is at most that long. */
#define LONGEST_WRITE ((size_t)16 * 1024)

struct link {
	struct easy easy;
	struct websocket_run *run;
	curl_socket_t socket;
	struct crypto_notes notes;
	CURLcode code; /* of the last read or write that failed */
};

static struct link *link_of(struct easy *easy)
{
	return (struct link *)(void *)((char *)easy - offsetof(struct link, easy));
}

static void link_ended(struct easy *easy, CURLcode code)
{
	struct link *link = link_of(easy);
	struct transfer_result result = { .expected_bytes = -1 };

	if (code == CURLE_OK &&
	    (curl_easy_getinfo(easy->handle, CURLINFO_ACTIVESOCKET, &link->socket) != CURLE_OK || link->socket < 0))
		code = CURLE_COULDNT_CONNECT;
	if (link->run->websocket != NULL) {
		link->run->address = easy_address(easy, link->run->opening.arena);
		link->run->exchange->address = link->run->address;
		link->run->exchange->connect_us = easy_connect_us(easy);
	}
	if (code == CURLE_OK) {
		websocket_connected(link->run);
		return;
	}
	result.end = easy_end(easy, code, (struct easy_progress){ 0 }, &result.detail);
	websocket_unconnected(link->run, &result);
}

bool link_open(struct websocket_run *run, const struct transfer_request *request, struct error *err)
{
	struct link *link = calloc(1, sizeof *link);
	CURL *handle;

	if (link == NULL)
		out_of_memory();
	link->run = run;
	link->socket = CURL_SOCKET_BAD;
	link->easy.ended = link_ended;
	link->easy.notes = &link->notes;
	if (!easy_open(&link->easy, &run->opening, request, err)) {
		free(link);
		return false;
	}
	handle = link->easy.handle;
	/* ALPN then offers HTTP/1.1 alone; a proxy is asked for a tunnel for http URLs, too */
	(void)curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
	(void)curl_easy_setopt(handle, CURLOPT_USERAGENT, USER_AGENT);
	if (easy_start(&link->easy, err)) {
		run->link = link;
		return true;
	}
	easy_close(&link->easy);
	free(link);
	return false;
}

void link_close(struct link *link)
{
	easy_close(&link->easy);
	free(link);
}

int link_descriptor(const struct link *link)
{
	return link->socket;
}

enum link_result link_read(struct link *link, char *data, size_t size, size_t *ret_len)
{
	size_t len = 0;
	CURLcode code = curl_easy_recv(link->easy.handle, data, size, &len);

	if (code == CURLE_AGAIN)
		return LINK_LATER;
	if (code != CURLE_OK) {
		link->code = code;
		return LINK_FAILED;
	}
	*ret_len = len;
	return len == 0 ? LINK_ENDED : LINK_MOVED;
}

enum link_result link_write(struct link *link, const char *data, size_t len, size_t *ret_len)
{
	size_t sent = 0;
	CURLcode code = curl_easy_send(link->easy.handle, data, len < LONGEST_WRITE ? len : LONGEST_WRITE, &sent);

	if (code == CURLE_AGAIN || (code == CURLE_OK && sent == 0))
		return LINK_LATER;
	if (code != CURLE_OK) {
		link->code = code;
		return LINK_FAILED;
	}
	*ret_len = sent;
	return LINK_MOVED;
}

void link_rest(const struct link *link)
{
	easy_rest(&link->easy);
}

bool link_is_pushed_back(const struct link *link)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof info;
	int waiting = 0;

	if (ioctl(link->socket, SIOCOUTQ, &waiting) != 0 || waiting <= 0 ||
	    getsockopt(link->socket, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return false;
	/* a full peer answers the probes of its window, so that at most one is under way; a dead one answers nothing */
	return info.tcpi_retransmits == 0 && info.tcpi_probes <= 1;
}

struct transfer_result link_failure(const struct link *link, bool answering)
{
	struct transfer_result result = { .expected_bytes = -1 };

	result.end = easy_end(&link->easy, link->code, (struct easy_progress){ answering, answering }, &result.detail);
	return result;
}
