/* Checks an exchange before anything is sent: what a header, a method and TLS material may look like. */
#include <arpa/inet.h>
#include <ctype.h>

#include "fops/base/arena.h"
#include "fops/net/secret.h"
#include "fops/net/sigv4.h"
#include "http_crypto.h"
#include "http_private.h"

#define LONGEST_METHOD  32
#define LONGEST_HEADERS ((size_t)64 * 1024)
#define PIN_PREFIX      "sha256//"
#define PIN_CHARACTERS  44

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

/* Is it a header that says who asks? */
static bool is_own(const struct http_access *access, const char *line)
{
	if (access->signer != NULL && (header_is(line, "X-Amz-Date") || header_is(line, "X-Amz-Content-Sha256")))
		return true;
	if (access->header != NULL)
		return header_is(line, access->header);
	return header_is(line, "Authorization") &&
	       (access->credential != NULL || access->grant != NULL || access->signer != NULL);
}

/* The value is never part of a message: it may be a secret. */
static bool check_header(const char *line, const struct http_access *access, struct error *err)
{
	size_t name = strspn(line, TOKEN_CHARACTERS);

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
	if (is_own(access, line))
		return fail(err, ERROR_DATA, "the request header %.*s is set from the endpoint's secret", (int)name,
		            line);
	return true;
}

static bool check_headers(const struct http_exchange *exchange, struct error *err)
{
	size_t total = 0;

	for (size_t i = 0; i < exchange->headers.count; i++) {
		if (!check_header(exchange->headers.items[i], &exchange->access, err))
			return false;
		if (__builtin_add_overflow(total, strlen(exchange->headers.items[i]), &total) ||
		    total > LONGEST_HEADERS)
			return fail(err, ERROR_DATA, "the request headers are longer than 64 KiB");
	}
	return true;
}

/* Printable ASCII without what would end a header's value or split it at another place. */
static bool is_plain(const char *text, size_t len, const char *without)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7F || strchr(without, text[i]) != NULL)
			return false;
	}
	return true;
}

static bool check_signer(const struct http_exchange *exchange, struct error *err)
{
	const struct sigv4_key *signer = exchange->access.signer;
	size_t len;
	const char *value;

	if (signer == NULL)
		return true;
	if (exchange->access.credential != NULL || exchange->access.grant != NULL)
		return fail(err, ERROR_INTERNAL, "an exchange is signed and has a credential");
	value = secret_expose(signer->access_key, &len);
	if (len == 0 || !is_plain(value, len, " ,=/"))
		return fail(err, ERROR_DATA, "the access key's id holds a character that no header may hold");
	if (exchange->read_body != NULL && strcmp(signer->service, "s3") != 0)
		return fail(err, ERROR_DATA, "a signed request to %s needs its whole body at once", signer->service);
	return true;
}

static bool check_credential(const struct http_access *access, struct error *err)
{
	const char *scheme = access->scheme == NULL ? "" : access->scheme;
	size_t len;
	const char *value;

	if (access->credential == NULL)
		return true;
	if (!is_plain(scheme, strlen(scheme), ""))
		return fail(err, ERROR_DATA, "the credential's scheme holds a character that no header may hold");
	if (access->header != NULL &&
	    (*access->header == '\0' || strspn(access->header, TOKEN_CHARACTERS) != strlen(access->header)))
		return fail(err, ERROR_DATA, "the credential's header has no valid name");
	value = secret_expose(access->credential, &len);
	if (len == 0)
		return fail(err, ERROR_DATA, "the credential is empty");
	/* in base64 a password may hold anything */
	if (access->user != NULL)
		return is_plain(access->user, strlen(access->user), ":") ||
		       fail(err, ERROR_DATA, "the user of a credential holds a colon or a control character");
	return is_plain(value, len, " ") ||
	       fail(err, ERROR_DATA, "the credential holds a character that no header may hold");
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

static int hexadecimal(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit == '\0' ? NULL : strchr(digits, tolower((unsigned char)digit));

	return found == NULL ? -1 : (int)(found - digits);
}

bool fingerprint_read(const char *text, unsigned char ret_bytes[FINGERPRINT_BYTES])
{
	if (strlen(text) != FINGERPRINT_BYTES * 3 - 1)
		return false;
	for (size_t i = 0; i < FINGERPRINT_BYTES; i++) {
		int high = hexadecimal(text[i * 3]);
		int low = hexadecimal(text[i * 3 + 1]);

		if (high < 0 || low < 0 || (i + 1 < FINGERPRINT_BYTES && text[i * 3 + 2] != ':'))
			return false;
		ret_bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool holds_pem(const struct secret *secret)
{
	return strstr(secret_expose(secret, NULL), "-----BEGIN ") != NULL;
}

static bool check_client(const struct http_tls *tls, struct error *err)
{
	if (tls->certificate == NULL && tls->key == NULL)
		return true;
	if (tls->certificate == NULL || tls->key == NULL)
		return fail(err, ERROR_DATA, "a client certificate needs its key, and a key its certificate");
	if (!holds_pem(tls->certificate) || !holds_pem(tls->key))
		return fail(err, ERROR_DATA, "the client certificate or its key is not in PEM form");
	if (strstr(secret_expose(tls->key, NULL), "ENCRYPTED") != NULL)
		return fail(err, ERROR_DATA, "the key of the client certificate is locked by a password");
	return true;
}

static bool check_server_name(struct arena *arena, const char *name, struct error *err)
{
	struct url named;

	if (host_is_address(name) || !url_parse(arena, arena_format(arena, "https://%.300s", name), &named, err) ||
	    strcasecmp(named.host, name) != 0)
		return fail(err, ERROR_DATA, "tls.serverName is not a host name");
	return true;
}

static bool check_tls(struct arena *arena, const struct http_tls *tls, const struct url *url, struct error *err)
{
	unsigned char fingerprint[FINGERPRINT_BYTES];

	if (tls->ca == NULL && tls->pin == NULL && tls->server_name == NULL && tls->fingerprint == NULL &&
	    tls->certificate == NULL && tls->key == NULL)
		return true;
	if (strcmp(url->scheme, "https") != 0)
		return fail(err, ERROR_DATA, "tls settings need a URL with https");
	if (tls->ca != NULL && strstr(tls->ca, "-----BEGIN CERTIFICATE-----") == NULL)
		return fail(err, ERROR_DATA, "tls.ca holds no certificate in PEM form");
	if (tls->pin != NULL && !is_pin(tls->pin))
		return fail(err, ERROR_DATA, "tls.pin is not of the form sha256//BASE64 of 32 bytes");
	if (tls->fingerprint != NULL && !fingerprint_read(tls->fingerprint, fingerprint))
		return fail(err, ERROR_DATA, "tls.fingerprint is not of the form AB:CD:… of 32 bytes");
	if (tls->server_name != NULL && !check_server_name(arena, tls->server_name, err))
		return false;
	return check_client(tls, err);
}

/* The library's preset of a proxy's port is another one than everybody else's. */
static const struct {
	const char *scheme;
	unsigned port;
} proxy_schemes[] = {
	{ "http", 80 },
	{ "https", 443 },
	{ "socks5h", 1080 },
};

/* Does "://host:port" name its port? Behind the brackets of an IPv6 address. */
static bool has_port(const char *rest)
{
	const char *bracket = strchr(rest, ']');

	return strchr(bracket != NULL ? bracket : rest + 1, ':') != NULL;
}

const char *proxy_text(struct arena *arena, const char *proxy)
{
	size_t len = strcspn(proxy, ":");
	struct url url;
	struct error ignored;

	for (size_t i = 0; i < ARRAY_LEN(proxy_schemes); i++) {
		const char *scheme = proxy_schemes[i].scheme;

		if (strlen(scheme) != len || strncasecmp(scheme, proxy, len) != 0)
			continue;
		if (!url_parse(arena, arena_format(arena, "http%s", proxy + len), &url, &ignored) ||
		    strcmp(url.path, "/") != 0 || url.query != NULL)
			return NULL;
		if (!has_port(proxy + len))
			url.port = (uint16_t)proxy_schemes[i].port;
		return arena_format(arena, strchr(url.host, ':') != NULL ? "%s://[%s]:%u" : "%s://%s:%u", scheme,
		                    url.host, (unsigned)url.port);
	}
	return NULL;
}

static bool check_proxy(struct arena *arena, const struct http_access *access, struct error *err)
{
	if (access->proxy == NULL)
		return true;
	if (proxy_text(arena, access->proxy) == NULL)
		return fail(err, ERROR_DATA, "a proxy is not of the form http://HOST:PORT, https:// or socks5h://");
	/* the library shows both certificates to the same callback */
	if (access->tls.fingerprint != NULL && strncasecmp(access->proxy, "https:", 6) == 0)
		return fail(err, ERROR_DATA, "tls.fingerprint cannot be checked behind an https proxy");
	return true;
}

const struct secret *access_secret(const struct http_access *access)
{
	return access->grant != NULL ? grant_token(access->grant) : access->credential;
}

size_t credential_length(const struct http_access *access)
{
	size_t len;
	size_t user = access->user == NULL ? 0 : strlen(access->user) + 1;
	size_t front = (access->header == NULL ? strlen("Authorization") : strlen(access->header)) +
	               (access->scheme == NULL ? strlen("Bearer ") : strlen(access->scheme));

	(void)secret_expose(access_secret(access), &len);
	return front + 8 + (user == 0 ? len : (user + len + 2) / 3 * 4);
}

/* base64 of "user:password" (RFC 7617), written in place. */
static void append_basic(struct buffer *line, const char *user, const char *password, size_t len)
{
	size_t front = strlen(user) + 1;
	size_t size = front + len;
	char *joined = malloc(size);

	if (joined == NULL)
		out_of_memory();
	memcpy(joined, user, front - 1);
	joined[front - 1] = ':';
	memcpy(joined + front, password, len);
	crypto_base64(joined, size, line->data + line->len);
	line->len += (size + 2) / 3 * 4;
	explicit_bzero(joined, size);
	free(joined);
}

struct buffer credential_header(const struct http_access *access)
{
	struct buffer line = BUFFER(SIZE_MAX / 4);
	size_t len;
	const char *value = secret_expose(access_secret(access), &len);

	/* one allocation, so that no piece of the value stays behind in freed memory */
	line.size = credential_length(access) + 1;
	line.data = malloc(line.size);
	if (line.data == NULL)
		out_of_memory();
	if (access->header != NULL) {
		buffer_format(&line, "%s: ", access->header);
	} else {
		buffer_text(&line, "Authorization: ");
		buffer_text(&line, access->user != NULL     ? "Basic "
		                   : access->scheme != NULL ? access->scheme
		                                            : "Bearer ");
	}
	if (access->user != NULL)
		append_basic(&line, access->user, value, len);
	else
		buffer_append(&line, value, len);
	return line;
}

bool request_check(struct arena *arena, const struct http_exchange *exchange, struct url *ret_url, struct error *err)
{
	const char *method = exchange->method;
	struct url url;

	if (!url_parse(arena, exchange->url, &url, err))
		return false;
	if (*method == '\0' || strlen(method) > LONGEST_METHOD || strspn(method, TOKEN_CHARACTERS) != strlen(method) ||
	    text_in_choices("CONNECT|TRACE", method))
		return fail(err, ERROR_DATA, "the request method is not one that can be sent");
	if (exchange->data != NULL && exchange->read_body != NULL)
		return fail(err, ERROR_INTERNAL, "an exchange has two bodies");
	if (!check_headers(exchange, err) || !check_credential(&exchange->access, err) ||
	    !check_signer(exchange, err) || !check_tls(arena, &exchange->access.tls, &url, err) ||
	    !check_proxy(arena, &exchange->access, err))
		return false;
	*ret_url = url;
	return true;
}
