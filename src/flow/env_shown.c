/* Finds the parts of a URL in texts that need not be one. */
#include "env_shown.h"

#include "fops/base/arena.h"
#include "fops/net/url.h"

#define SHORT_SECRET 4

bool env_holds_secret(const char *text, const struct text_list *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		const char *secret = secrets->items[i];

		if (secret[0] == '\0')
			continue;
		if (strlen(secret) < SHORT_SECRET ? strcmp(text, secret) == 0 : strstr(text, secret) != NULL)
			return true;
	}
	return false;
}

const char *env_shown(struct arena *arena, const char *text, const struct text_list *secrets)
{
	const char *authority = strstr(text, "://");
	const char *end, *user, *query;

	if (env_holds_secret(text, secrets))
		return NOT_SHOWN;
	if (authority == NULL)
		return text;
	authority += 3;
	end = authority + strcspn(authority, "/?#\\");
	user = memrchr(authority, '@', (size_t)(end - authority));
	query = strpbrk(end, "?#");
	if (user == NULL && query == NULL)
		return text;
	user = user == NULL ? authority : user;
	query = query == NULL ? text + strlen(text) : query;
	return arena_format(arena, "%.*s%s%.*s%s", (int)(authority - text), text, user == authority ? "" : NOT_SHOWN,
	                    (int)(query - user), user, *query == '\0' ? "" : "?" NOT_SHOWN);
}

static int hexadecimal(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit == '\0' ? NULL : strchr(digits, tolower((unsigned char)digit));

	return found == NULL ? -1 : (int)(found - digits);
}

const char *env_host(struct arena *arena, const char *text)
{
	const char *authority = strstr(text, "://");
	const char *end, *at, *colon;
	char *host;
	size_t len = 0;

	authority = authority == NULL ? text : authority + 3;
	end = authority + strcspn(authority, "/?#\\");
	at = memrchr(authority, '@', (size_t)(end - authority));
	authority = at == NULL ? authority : at + 1;
	colon = memrchr(authority, ':', (size_t)(end - authority));
	/* a port, unless the colons are those of an address */
	if (colon != NULL && (memchr(authority, ':', (size_t)(end - authority)) == colon || colon[-1] == ']'))
		end = colon;
	if (end > authority && *authority == '[') {
		authority++;
		end -= end[-1] == ']' ? 1 : 0;
	}
	host = arena_alloc(arena, (size_t)(end - authority) + 1);
	for (; authority < end; authority++) {
		int high = *authority == '%' && end - authority > 2 ? hexadecimal(authority[1]) : -1;
		int low = high < 0 ? -1 : hexadecimal(authority[2]);

		int byte = low < 0 ? (unsigned char)*authority : high * 16 + low;

		host[len++] = (char)tolower(byte);
		authority += low < 0 ? 0 : 2;
	}
	while (len > 0 && host[len - 1] == '.')
		len--;
	host[len] = '\0';
	return len == 0 ? NULL : host;
}

bool env_host_is_raw(const char *host)
{
	return host_is_address(host) || strcmp(host, "localhost") == 0 || text_ends(host, ".localhost");
}
