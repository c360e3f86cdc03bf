/* Checks an exchange before anything is sent: what a header, a method and TLS material may look like. */
#include <arpa/inet.h>
#include <ctype.h>

#include "fops/base/arena.h"
#include "fops/net/secret.h"
#include "http_private.h"

#define LONGEST_METHOD  32
#define LONGEST_HEADERS ((size_t)64 * 1024)
#define PIN_PREFIX      "sha256//"
#define PIN_CHARACTERS  44

/* RFC 9110 §5.6.2 */
static const char token_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

/* They belong to the connection or frame the body: the transport alone sets them. */
static const char *const reserved_headers[] = {
	"Connection", "Content-Length",    "Expect",  "Keep-Alive",          "TE",
	"Trailer",    "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Accept-Encoding",
};

bool header_is(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

bool method_is_safe(const char *method)
{
	return text_in_choices("GET|HEAD|OPTIONS|PUT|DELETE", method);
}

bool host_is_loopback(const char *host)
{
	struct in_addr address;

	if (strcmp(host, "localhost") == 0 || text_ends(host, ".localhost") || strcmp(host, "::1") == 0)
		return true;
	return inet_aton(host, &address) != 0 && ntohl(address.s_addr) >> 24 == 127;
}

/* The value is never part of a message: it may be a secret. */
static bool check_header(const char *line, const struct secret *credential, struct error *err)
{
	size_t name = strspn(line, token_characters);

	if (name == 0 || line[name] != ':')
		return fail(err, ERROR_DATA, "a request header is not of the form \"Name: value\"");
	for (const char *at = line + name; *at != '\0'; at++) {
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F)
			return fail(err, ERROR_DATA, "the request header %.*s holds a control character", (int)name,
			            line);
	}
	for (size_t i = 0; i < ARRAY_LEN(reserved_headers); i++) {
		if (header_is(line, reserved_headers[i]))
			return fail(err, ERROR_DATA, "the request header %s is set by fops alone", reserved_headers[i]);
	}
	if (credential != NULL && header_is(line, "Authorization"))
		return fail(err, ERROR_DATA, "the request header Authorization is set from the endpoint's secret");
	return true;
}

static bool check_headers(const struct http_exchange *exchange, struct error *err)
{
	size_t total = 0;

	for (size_t i = 0; i < exchange->headers.count; i++) {
		if (!check_header(exchange->headers.items[i], exchange->access.credential, err))
			return false;
		if (__builtin_add_overflow(total, strlen(exchange->headers.items[i]), &total) ||
		    total > LONGEST_HEADERS)
			return fail(err, ERROR_DATA, "the request headers are longer than 64 KiB");
	}
	return true;
}

static bool check_credential(const struct secret *credential, struct error *err)
{
	size_t len;
	const char *value;

	if (credential == NULL)
		return true;
	value = secret_expose(credential, &len);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)value[i] <= 0x20 || (unsigned char)value[i] >= 0x7F)
			return fail(err, ERROR_DATA, "the credential holds a character that no header may hold");
	}
	return len > 0 || fail(err, ERROR_DATA, "the credential is empty");
}

static bool is_base64(char byte)
{
	return isalnum((unsigned char)byte) || byte == '+' || byte == '/';
}

static bool is_pin(const char *pin)
{
	const char *key = pin + strlen(PIN_PREFIX);
	size_t len = 0;

	if (!text_starts(pin, PIN_PREFIX))
		return false;
	while (is_base64(key[len]))
		len++;
	return len == PIN_CHARACTERS - 1 && strcmp(key + len, "=") == 0;
}

static bool check_tls(struct arena *arena, const struct http_tls *tls, const struct url *url, struct error *err)
{
	struct url named;

	if (tls->ca == NULL && tls->pin == NULL && tls->server_name == NULL)
		return true;
	if (strcmp(url->scheme, "https") != 0)
		return fail(err, ERROR_DATA, "tls settings need a URL with https");
	if (tls->ca != NULL && strstr(tls->ca, "-----BEGIN CERTIFICATE-----") == NULL)
		return fail(err, ERROR_DATA, "tls.ca holds no certificate in PEM form");
	if (tls->pin != NULL && !is_pin(tls->pin))
		return fail(err, ERROR_DATA, "tls.pin is not of the form sha256//BASE64 of 32 bytes");
	if (tls->server_name == NULL)
		return true;
	if (host_is_address(tls->server_name) ||
	    !url_parse(arena, arena_format(arena, "https://%.300s", tls->server_name), &named, err) ||
	    strcasecmp(named.host, tls->server_name) != 0)
		return fail(err, ERROR_DATA, "tls.serverName is not a host name");
	return true;
}

bool request_check(struct arena *arena, const struct http_exchange *exchange, struct url *ret_url, struct error *err)
{
	const char *method = exchange->method;
	struct url url;

	if (!url_parse(arena, exchange->url, &url, err))
		return false;
	if (*method == '\0' || strlen(method) > LONGEST_METHOD || strspn(method, token_characters) != strlen(method) ||
	    text_in_choices("CONNECT|TRACE", method))
		return fail(err, ERROR_DATA, "the request method is not one that can be sent");
	if (exchange->data != NULL && exchange->read_body != NULL)
		return fail(err, ERROR_INTERNAL, "an exchange has two bodies");
	if (!check_headers(exchange, err) || !check_credential(exchange->access.credential, err) ||
	    !check_tls(arena, &exchange->access.tls, &url, err))
		return false;
	*ret_url = url;
	return true;
}
