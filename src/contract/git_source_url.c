/* A strict reader of git+SCHEME:// URLs: what is unusual is refused, not mended. */
#include "git_source_url.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"

#define LONGEST_URL  4096
#define LONGEST_NAME 253
#define LOWER        "abcdefghijklmnopqrstuvwxyz"
#define UPPER        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS       "0123456789"
#define NAME_CHARS   LOWER UPPER DIGITS "._-"
/* RFC 3986 pchar and '/', without what shells and remote programs give a meaning */
#define PATH_CHARS NAME_CHARS "~+@=,:/%"

static const struct {
	const char *prefix;
	enum git_source_scheme scheme;
} schemes[] = {
	{ "git+file://", GIT_SOURCE_FILE },
	{ "git+ssh://", GIT_SOURCE_SSH },
	{ "git+https://", GIT_SOURCE_HTTPS },
	{ "git+http://", GIT_SOURCE_HTTP },
};

static bool refuse(const char *reason, struct error *err)
{
	fail(err, ERROR_USAGE_BAD_VALUE, "a topology URL is not one that fops takes: %s", reason);
	error_fix(err, "git+ssh://git@HOST/PATH?ref=BRANCH#FOLDER; fops help topology has the others");
	return false;
}

bool git_source_url_is(const char *text)
{
	return text_starts(text, "git+");
}

bool git_source_is_commit(const char *ref)
{
	return ref != NULL && strlen(ref) == GIT_COMMIT_DIGITS && strspn(ref, DIGITS "abcdef") == GIT_COMMIT_DIGITS;
}

bool git_source_same_server(const struct git_source_url *a, const struct git_source_url *b)
{
	return a->scheme == b->scheme && a->port == b->port && text_equal(a->host, b->host);
}

static int digit_value(char digit)
{
	const char *found = digit == '\0' ? NULL : strchr("0123456789abcdef0123456789ABCDEF", digit);

	return found == NULL ? -1 : (int)((found - "0123456789abcdef0123456789ABCDEF") % 16);
}

/* The text without percent-encoding, or NULL: broken, or it hides a slash or a control character. */
static const char *decode(struct arena *arena, const char *text, size_t len)
{
	char *plain = arena_text(arena, text, len);
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			plain[used++] = text[i];
			continue;
		}
		high = i + 2 < len ? digit_value(text[i + 1]) : -1;
		low = i + 2 < len ? digit_value(text[i + 2]) : -1;
		if (high < 0 || low < 0)
			return NULL;
		plain[used] = (char)(high * 16 + low);
		if ((unsigned char)plain[used] < ' ' || plain[used] == 0x7f || plain[used] == '/')
			return NULL;
		used++;
		i += 2;
	}
	plain[used] = '\0';
	return is_utf8(plain, used, NULL) ? plain : NULL;
}

/* No part of the path is empty, "." or "..". */
static bool has_plain_parts(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
		if (*path == '/' && path[1] == '\0')
			return false;
		path += *path == '/' ? 1 : 0;
	}
	return true;
}

/* git-check-ref-format(1) */
static bool is_ref(const char *ref)
{
	size_t len = strlen(ref);

	if (len == 0 || len > LONGEST_NAME || ref[0] == '-' || ref[len - 1] == '.' || strchr(ref, '\\') != NULL ||
	    strpbrk(ref, " ~^:?*[") != NULL || strstr(ref, "..") != NULL || strstr(ref, "@{") != NULL ||
	    text_equal(ref, "@") || !has_plain_parts(ref))
		return false;
	for (const char *at = ref; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	}
	while (ref != NULL) {
		size_t part = strcspn(ref, "/");

		if (ref[0] == '.' || (part >= 5 && strncmp(ref + part - 5, ".lock", 5) == 0))
			return false;
		ref = ref[part] == '/' ? ref + part + 1 : NULL;
	}
	return true;
}

static bool read_query(struct arena *arena, struct git_source_url *url, const char *query, size_t len,
                       struct error *err)
{
	if (len < 4 || strncmp(query, "ref=", 4) != 0 || memchr(query, '&', len) != NULL)
		return refuse("behind '?' only ref=NAME may stand, once", err);
	/* a slash is an ordinary part of a branch's name */
	url->ref = decode(arena, query + 4, len - 4);
	if (url->ref == NULL || !is_ref(url->ref))
		return refuse("ref is not the name of a branch or tag, nor a commit", err);
	return true;
}

static bool read_fragment(struct arena *arena, struct git_source_url *url, const char *fragment, struct error *err)
{
	size_t len = strlen(fragment);

	if (len > 0 && fragment[len - 1] == '/')
		len--;
	url->folder = decode(arena, fragment, len);
	if (url->folder == NULL || url->folder[0] == '/' || memchr(fragment, '?', len) != NULL ||
	    !has_plain_parts(url->folder))
		return refuse("behind '#' stands a path inside the repository, without . and .. parts", err);
	return true;
}

static bool is_host_name(const char *host, size_t len)
{
	return len > 0 && len <= LONGEST_NAME && strspn(host, LOWER DIGITS ".-") == len && host[0] != '-' &&
	       host[0] != '.' && strstr(host, "..") == NULL;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT in the len bytes. */
static bool read_host(struct arena *arena, struct git_source_url *url, const char *text, size_t len, struct error *err)
{
	char *host = arena_text(arena, text, len);
	char *port = strrchr(host, ':');
	uint64_t number;

	if (host[0] == '[') {
		char *end = strchr(host, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':') || end == host + 1 ||
		    strspn(host + 1, DIGITS "abcdefABCDEF:.") != (size_t)(end - host - 1))
			return refuse("its host is no address in brackets", err);
		port = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
		host++;
	}
	if (port != NULL) {
		*port++ = '\0';
		if (!parse_count(port, &number) || number == 0 || number > UINT16_MAX)
			return refuse("its port is not a number from 1 to 65535", err);
		url->port = (uint16_t)number;
	}
	for (char *at = host; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	if (strchr(host, ':') == NULL && !is_host_name(host, strlen(host)))
		return refuse("it has no host, or one that is no name", err);
	url->host = host;
	return true;
}

static bool read_authority(struct arena *arena, struct git_source_url *url, const char *text, size_t len,
                           struct error *err)
{
	const char *at = memchr(text, '@', len);

	if (at != NULL) {
		size_t user = (size_t)(at - text);

		if (memchr(text, ':', user) != NULL)
			return refuse("a password does not belong into a URL; see git in fops help contexts", err);
		if (user == 0 || user > 64 || strspn(text, NAME_CHARS) < user || text[0] == '-')
			return refuse("its user is no plain name", err);
		if (url->scheme != GIT_SOURCE_SSH)
			return refuse("a user belongs into the context's git settings", err);
		url->user = arena_text(arena, text, user);
		len -= user + 1;
		text = at + 1;
	}
	return read_host(arena, url, text, len, err);
}

static bool is_this_machine(const char *host)
{
	return text_equal(host, "localhost") || text_equal(host, "::1") ||
	       (text_starts(host, "127.") && strspn(host, DIGITS ".") == strlen(host));
}

/* The two whole forms, from the checked parts; encoded is the path as it was given. */
static void write_forms(struct arena *arena, struct git_source_url *url, const char *prefix, const char *encoded)
{
	const char *port = url->port == 0 ? "" : arena_format(arena, ":%u", (unsigned)url->port);
	const char *host = url->host == NULL                ? ""
	                   : strchr(url->host, ':') != NULL ? arena_format(arena, "[%s]", url->host)
	                                                    : url->host;
	const char *user = url->user == NULL ? "" : arena_format(arena, "%s@", url->user);

	url->repository = arena_format(arena, "%s%s%s%s%s", prefix, user, host, port, encoded);
	url->remote = arena_format(arena, "%s%s%s%s%s", prefix + strlen("git+"), user, host, port, encoded);
}

static bool read_place(struct arena *arena, struct git_source_url *url, const char *prefix, const char *text,
                       size_t len, struct error *err)
{
	const char *slash = memchr(text, '/', len);
	size_t authority = slash == NULL ? len : (size_t)(slash - text);
	char *path;

	if (url->scheme == GIT_SOURCE_FILE && authority != 0)
		return refuse("git+file:// is followed by an absolute path", err);
	if (url->scheme != GIT_SOURCE_FILE && !read_authority(arena, url, text, authority, err))
		return false;
	if (url->scheme == GIT_SOURCE_HTTP && !is_this_machine(url->host))
		return refuse("git+http is for this machine alone; use git+https", err);
	if (slash == NULL || slash[1] == '\0' || len - authority < 2)
		return refuse("it has no path", err);
	path = arena_text(arena, slash, len - authority);
	if (path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	url->path = decode(arena, path, strlen(path));
	if (url->path == NULL || path[strspn(path, PATH_CHARS)] != '\0' || path[0] != '/' || path[1] == '-' ||
	    !has_plain_parts(url->path + 1))
		return refuse("its path has unusual characters, or empty, . or .. parts", err);
	write_forms(arena, url, prefix, path);
	return true;
}

bool git_source_url_parse(struct arena *arena, const char *text, struct git_source_url *ret_url, struct error *err)
{
	struct git_source_url url = { .folder = "" };
	size_t scheme = 0, place;
	const char *rest;

	while (scheme < ARRAY_LEN(schemes) && !text_starts(text, schemes[scheme].prefix))
		scheme++;
	if (scheme == ARRAY_LEN(schemes))
		return refuse("it starts with git+file://, git+ssh:// or git+https://", err);
	if (strlen(text) > LONGEST_URL || !is_utf8(text, strlen(text), NULL))
		return refuse("it is longer than 4096 bytes, or no UTF-8", err);
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return refuse("it has a blank or a control character", err);
	}
	url.scheme = schemes[scheme].scheme;
	rest = text + strlen(schemes[scheme].prefix);
	place = strcspn(rest, "?#");
	if (!read_place(arena, &url, schemes[scheme].prefix, rest, place, err))
		return false;
	rest += place;
	if (*rest == '?') {
		place = strcspn(rest, "#");
		if (!read_query(arena, &url, rest + 1, place - 1, err))
			return false;
		rest += place;
	}
	if (*rest == '#' && !read_fragment(arena, &url, rest + 1, err))
		return false;
	*ret_url = url;
	return true;
}
