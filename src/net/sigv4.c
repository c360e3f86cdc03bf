/* The canonical form of a request, the string that is signed, and the key derived for a day, a region and a service. */
#include "fops/net/sigv4.h"

#include <time.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/digest.h"
#include "fops/net/secret.h"
#include "http_crypto.h"

#define LONGEST_TEXT ((size_t)1024 * 1024)
#define DATE_TEXT    17 /* "20150830T123600Z" and the NUL */
#define DAY_LEN      8

/* One header, or one parameter of the query, ready to be sorted. */
struct pair {
	const char *name;
	const char *value;
	size_t place; /* equal names stay in their order */
};

static bool is_unreserved(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
	       (byte != '\0' && strchr("-._~", byte) != NULL);
}

static void append_encoded(struct buffer *to, const char *text, size_t len, bool keep_slash)
{
	for (size_t i = 0; i < len; i++) {
		if (is_unreserved(text[i]) || (keep_slash && text[i] == '/'))
			buffer_byte(to, text[i]);
		else
			buffer_format(to, "%%%02X", (unsigned)(unsigned char)text[i]);
	}
}

static int digit_of(char byte)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *found = byte == '\0' ? NULL : strchr(digits, byte >= 'a' ? byte - 'a' + 'A' : byte);

	return found == NULL ? -1 : (int)(found - digits);
}

/* Percent-encoding undone; what is none stays as it is. */
static struct str decode(struct arena *arena, const char *text, size_t len)
{
	char *plain = arena_text(arena, text, len);
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len && digit_of(text[i + 1]) >= 0 && digit_of(text[i + 2]) >= 0) {
			plain[count++] = (char)(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
			i += 2;
		} else {
			plain[count++] = text[i];
		}
	}
	return (struct str){ plain, count };
}

/* "/a//b/../c" becomes "/a/c". */
static struct str normalise(struct arena *arena, const char *path)
{
	size_t len = strlen(path);
	char *plain = arena_text(arena, path, len);
	size_t count = 0;
	bool open = true;

	for (size_t i = 0; i < len;) {
		size_t segment = strcspn(path + i, "/");

		open = i + segment == len;
		if (segment == 2 && memcmp(path + i, "..", 2) == 0) {
			while (count > 0 && plain[--count] != '/')
				;
			open = false;
		} else if (segment == 1 && path[i] == '.') {
			open = false;
		} else if (segment > 0) {
			plain[count++] = '/';
			memmove(plain + count, path + i, segment);
			count += segment;
		}
		i += segment + 1;
	}
	if (count == 0 || !open)
		plain[count++] = '/';
	return (struct str){ plain, count };
}

static void append_path(struct buffer *to, struct arena *arena, const struct sigv4_key *key, const char *path)
{
	struct str plain = strcmp(key->service, "s3") == 0 ? decode(arena, path, strlen(path)) : normalise(arena, path);

	append_encoded(to, plain.data, plain.len, true);
	buffer_byte(to, '\n');
}

static int by_name(const void *a, const void *b)
{
	const struct pair *left = a;
	const struct pair *right = b;
	int order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	return left->place < right->place ? -1 : left->place > right->place;
}

static int by_name_and_value(const void *a, const void *b)
{
	int order = strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);

	return order != 0 ? order : strcmp(((const struct pair *)a)->value, ((const struct pair *)b)->value);
}

static const char *encode_again(struct arena *arena, const char *text, size_t len)
{
	struct str plain = decode(arena, text, len);
	struct buffer encoded = BUFFER(LONGEST_TEXT);
	const char *copy;

	append_encoded(&encoded, plain.data, plain.len, false);
	copy = arena_text(arena, buffer_string(&encoded), encoded.len);
	buffer_done(&encoded);
	return copy;
}

static void append_query(struct buffer *to, struct arena *arena, const char *query)
{
	size_t count = 1, used = 0;
	struct pair *pairs;

	for (const char *at = query == NULL ? "" : query; *at != '\0'; at++)
		count += *at == '&' ? 1 : 0;
	pairs = arena_array(arena, count, sizeof *pairs);
	while (query != NULL && *query != '\0') {
		size_t len = strcspn(query, "&");
		const char *equals = memchr(query, '=', len);
		size_t name = equals == NULL ? len : (size_t)(equals - query);

		if (len > 0) {
			pairs[used].name = encode_again(arena, query, name);
			pairs[used].value = equals == NULL ? "" : encode_again(arena, equals + 1, len - name - 1);
			used++;
		}
		query += len + (query[len] == '&' ? 1 : 0);
	}
	if (used > 0)
		qsort(pairs, used, sizeof *pairs, by_name_and_value);
	for (size_t i = 0; i < used; i++)
		buffer_format(to, "%s%s=%s", i == 0 ? "" : "&", pairs[i].name, pairs[i].value);
	buffer_byte(to, '\n');
}

/* Blanks around are dropped, several inside become one. */
static const char *squeeze(struct arena *arena, const char *value)
{
	char *plain = arena_text(arena, value, strlen(value));
	size_t count = 0;

	for (const char *at = value; *at != '\0'; at++) {
		bool blank = *at == ' ' || *at == '\t';

		if (!blank)
			plain[count++] = *at;
		else if (count > 0 && plain[count - 1] != ' ')
			plain[count++] = ' ';
	}
	while (count > 0 && plain[count - 1] == ' ')
		count--;
	plain[count] = '\0';
	return plain;
}

static struct pair header_pair(struct arena *arena, const char *line, size_t place)
{
	size_t len = strcspn(line, ":");
	char *name = arena_text(arena, line, len);

	for (size_t i = 0; i < len; i++)
		name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
	return (struct pair){ name, squeeze(arena, line[len] == ':' ? line + len + 1 : ""), place };
}

/* The signed headers, one a line, and their names. */
static void append_headers(struct buffer *to, struct buffer *names, struct arena *arena, const struct text_list *lines)
{
	struct pair *pairs = arena_array(arena, lines->count, sizeof *pairs);

	for (size_t i = 0; i < lines->count; i++)
		pairs[i] = header_pair(arena, lines->items[i], i);
	qsort(pairs, lines->count, sizeof *pairs, by_name);
	for (size_t i = 0; i < lines->count; i++) {
		bool again = i > 0 && strcmp(pairs[i].name, pairs[i - 1].name) == 0;

		if (again)
			buffer_format(to, ",%s", pairs[i].value);
		else
			buffer_format(to, "%s%s:%s", i == 0 ? "" : "\n", pairs[i].name, pairs[i].value);
		if (!again)
			buffer_format(names, "%s%s", i == 0 ? "" : ";", pairs[i].name);
	}
	buffer_text(to, "\n\n");
}

/* The digest of the canonical request, in hexadecimal. */
static void digest_request(struct arena *arena, const struct sigv4_key *key, const struct sigv4_request *request,
                           const struct text_list *lines, struct buffer *names, char ret_digest[DIGEST_TEXT])
{
	struct buffer text = BUFFER(LONGEST_TEXT);
	struct digest digest;

	buffer_format(&text, "%s\n", request->method);
	append_path(&text, arena, key, request->path);
	append_query(&text, arena, request->query);
	append_headers(&text, names, arena, lines);
	buffer_format(&text, "%s\n%s", buffer_string(names), request->payload);
	digest = digest_of(buffer_string(&text), text.len);
	digest_text(&digest, ret_digest);
	buffer_done(&text);
}

/* A link of the chain of keys; the material of the one before is gone afterwards. */
static void derive(unsigned char key[CRYPTO_HMAC_BYTES], const char *text, size_t len)
{
	unsigned char next[CRYPTO_HMAC_BYTES];

	crypto_hmac(key, CRYPTO_HMAC_BYTES, text, len, next);
	memcpy(key, next, sizeof next);
	explicit_bzero(next, sizeof next);
}

static void sign_text(const struct sigv4_key *key, const char *date, const struct buffer *text,
                      char ret_signature[DIGEST_TEXT])
{
	static const char front[] = "AWS4";
	static const char end[] = "aws4_request";
	struct digest mac;
	size_t len;
	const char *value = secret_expose(key->secret_key, &len);
	size_t size = sizeof front - 1 + len;
	char *first = malloc(size);

	if (first == NULL)
		out_of_memory();
	memcpy(first, front, sizeof front - 1);
	memcpy(first + sizeof front - 1, value, len);
	crypto_hmac(first, size, date, DAY_LEN, mac.bytes);
	explicit_bzero(first, size);
	free(first);
	derive(mac.bytes, key->region, strlen(key->region));
	derive(mac.bytes, key->service, strlen(key->service));
	derive(mac.bytes, end, sizeof end - 1);
	derive(mac.bytes, buffer_string(text), text->len);
	digest_text(&mac, ret_signature);
}

static const char *authorise(struct arena *arena, const struct sigv4_key *key, const struct sigv4_request *request,
                             const char *date, const struct text_list *lines)
{
	struct buffer names = BUFFER(LONGEST_TEXT);
	struct buffer text = BUFFER(LONGEST_TEXT);
	char digest[DIGEST_TEXT], signature[DIGEST_TEXT];
	const char *scope = arena_format(arena, "%.*s/%s/%s/aws4_request", DAY_LEN, date, key->region, key->service);
	const char *line;

	digest_request(arena, key, request, lines, &names, digest);
	buffer_format(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, digest);
	sign_text(key, date, &text, signature);
	line = arena_format(arena, "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
	                    secret_expose(key->access_key, NULL), scope, buffer_string(&names), signature);
	buffer_done(&names);
	buffer_done(&text);
	return line;
}

struct text_list sigv4_sign(struct arena *arena, const struct sigv4_key *key, const struct sigv4_request *request)
{
	struct text_list own = { 0 };
	struct text_list lines = { 0 };
	time_t seconds = (time_t)(request->when.unix_ms / 1000);
	char date[DATE_TEXT] = "";
	struct tm when;

	if (gmtime_r(&seconds, &when) != NULL)
		(void)strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &when);
	text_list_add(arena, &own, arena_format(arena, "X-Amz-Date: %s", date));
	if (strcmp(key->service, "s3") == 0)
		text_list_add(arena, &own, arena_format(arena, "X-Amz-Content-Sha256: %s", request->payload));
	for (size_t i = 0; i < request->headers.count; i++)
		text_list_add(arena, &lines, request->headers.items[i]);
	for (size_t i = 0; i < own.count; i++)
		text_list_add(arena, &lines, own.items[i]);
	text_list_add(arena, &lines, arena_format(arena, "Host: %s", request->host));
	text_list_add(arena, &own, authorise(arena, key, request, date, &lines));
	return own;
}
