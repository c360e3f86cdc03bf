/* The rule for URLs in contracts: what may stand there, and which hosts are raw addresses. */
#include "url_rule.h"

#define LONGEST_HOST 253
#define LAST_PORT    65535

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte <= ' ' || byte >= 0x7F || strchr("\\\"<>^`{|}", byte) != NULL)
			return false;
	}
	return true;
}

/* The length of one dot, plain or percent-encoded, at text; 0 for anything else. */
static size_t dot_at(const char *text)
{
	if (*text == '.')
		return 1;
	return strncasecmp(text, "%2e", 3) == 0 ? 3 : 0;
}

bool url_rule_has_dots(const char *path)
{
	while (*path != '\0') {
		const char *at = path;
		size_t dots = 0;

		while (dots < 2 && dot_at(at) > 0) {
			at += dot_at(at);
			dots++;
		}
		if (dots > 0 && (*at == '/' || *at == '\0'))
			return true;
		path = strchrnul(path, '/');
		path += *path == '/' ? 1 : 0;
	}
	return false;
}

const char *url_rule_path(const char *path)
{
	if (path[0] != '/')
		return "must be a path that starts with a slash";
	if (path[1] == '/')
		return "must start with one slash only";
	if (!is_plain(path))
		return "holds blanks, control characters, backslashes or characters that must be percent-encoded";
	if (strpbrk(path, "?#") != NULL)
		return "holds a query or a fragment";
	if (url_rule_has_dots(path))
		return "holds a \".\" or \"..\" segment";
	return NULL;
}

static bool is_hex(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* A label that inet_aton would read as a number: decimal, octal or 0x hexadecimal. No top-level domain looks like that.
 */
static bool is_number(struct str label)
{
	bool hex = label.len >= 2 && label.data[0] == '0' && (label.data[1] == 'x' || label.data[1] == 'X');

	if (label.len == 0)
		return false;
	for (size_t i = hex ? 2 : 0; i < label.len; i++) {
		if (hex ? !is_hex(label.data[i]) : (label.data[i] < '0' || label.data[i] > '9'))
			return false;
	}
	return true;
}

static struct str last_label(struct str host)
{
	size_t from = host.len;

	while (from > 0 && host.data[from - 1] != '.')
		from--;
	return (struct str){ host.data + from, host.len - from };
}

/* Names of the machine, its network and a cluster's services; `alone` when the word without a dot is one as well. */
static bool is_local_name(struct str host)
{
	static const struct {
		const char *word;
		bool alone;
	} names[] = {
		{ "localhost", true },     { "localdomain", true },  { "local", false },     { "svc", false },
		{ "localhost4", true },    { "localdomain4", true }, { "localhost6", true }, { "localdomain6", true },
		{ "ip6-localhost", true }, { "ip6-loopback", true },
	};
	struct str label = last_label(host);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (label.len == strlen(names[i].word) && strncasecmp(label.data, names[i].word, label.len) == 0)
			return names[i].alone || label.len < host.len;
	}
	return false;
}

static struct str without_last_dots(struct str host)
{
	while (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	return host;
}

/* No name has a label that ends in a hyphen, but punycode of ASCII alone does: some take xn--127- for 127. */
static bool has_cut_label(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (host.data[i] == '-' && (i + 1 == host.len || host.data[i + 1] == '.'))
			return true;
	}
	return false;
}

/* What is not plain ASCII could become a digit or a dot: in percent-encoding, or as a full-width form. */
static bool is_disguised(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		unsigned char byte = (unsigned char)host.data[i];

		if (byte == '%' || byte >= 0x80)
			return true;
	}
	return false;
}

bool url_rule_is_raw(struct str host)
{
	if (host.len > 0 && (host.data[0] == '[' || memchr(host.data, ':', host.len) != NULL))
		return true;
	if (is_disguised(host))
		return true;
	host = without_last_dots(host);
	return is_number(last_label(host)) || is_local_name(host) || has_cut_label(host);
}

/* All labels are numbers, two at least: 10.0.0.1, 127.1, 0x7f.1; dots may be doubled. */
static bool are_numbers(struct str text)
{
	size_t labels = 0;

	for (size_t from = 0; from < text.len;) {
		const char *dot = memchr(text.data + from, '.', text.len - from);
		size_t end = dot == NULL ? text.len : (size_t)(dot - text.data);

		if (end > from && !is_number((struct str){ text.data + from, end - from }))
			return false;
		labels += end > from ? 1 : 0;
		from = end + 1;
	}
	return labels > 1;
}

/* A whole address as one number; a shorter one such as 12 or a date may well be a name. */
static bool is_whole_address(struct str text)
{
	return is_number(text) && text.len >= 9 && text.len <= 12;
}

/* Four numbers of up to three digits between hyphens or underscores, as clouds name their machines: ip-10-0-0-1. */
static bool is_hyphened(struct str text)
{
	size_t numbers = 0;
	size_t at = text.len > 3 && (strncasecmp(text.data, "ip-", 3) == 0 || strncasecmp(text.data, "ip_", 3) == 0)
	                    ? 3
	                    : 0;

	while (at < text.len) {
		size_t digits = 0;

		while (at + digits < text.len && text.data[at + digits] >= '0' && text.data[at + digits] <= '9')
			digits++;
		if (digits == 0 || digits > 3)
			return false;
		numbers++;
		at += digits;
		if (at < text.len && text.data[at] != '-' && text.data[at] != '_')
			return false;
		at += at < text.len ? 1 : 0;
	}
	return numbers == 4 && text.data[text.len - 1] >= '0' && text.data[text.len - 1] <= '9';
}

bool url_rule_is_raw_identity(const char *text)
{
	struct str host = without_last_dots((struct str){ text, strlen(text) });

	return are_numbers(host) || is_whole_address(host) || is_hyphened(host) || is_local_name(host);
}

/* The end of the host in an authority without user info, NULL when brackets or characters do not fit. */
static const char *host_end(const char *authority, const char *end)
{
	const char *at = authority;

	if (*at == '[') {
		for (at++; at < end && (is_hex(*at) || *at == ':' || *at == '.'); at++)
			;
		return at < end && *at == ']' && at > authority + 2 ? at + 1 : NULL;
	}
	while (at < end &&
	       (is_hex(*at) || (*at >= 'g' && *at <= 'z') || (*at >= 'G' && *at <= 'Z') || strchr(".-_", *at) != NULL))
		at++;
	return at == authority || *authority == '.' || *authority == '-' ? NULL : at;
}

static bool is_port(const char *from, const char *end)
{
	uint32_t port = 0;

	if (from == end)
		return false;
	for (; from < end; from++) {
		if (*from < '0' || *from > '9')
			return false;
		port = port * 10 + (uint32_t)(*from - '0');
		if (port > LAST_PORT)
			return false;
	}
	return port > 0;
}

const char *url_rule_base(const char *text, struct str *ret_host)
{
	const char *authority, *end, *stop;

	if (strncasecmp(text, "http://", 7) != 0 && strncasecmp(text, "https://", 8) != 0)
		return "must be a http:// or https:// URL";
	authority = strstr(text, "://") + 3;
	end = authority + strcspn(authority, "/?#\\");
	/* user info first: no later message may tempt anyone to keep a password there */
	if (memchr(authority, '@', (size_t)(end - authority)) != NULL)
		return "must not hold user info";
	stop = host_end(authority, end);
	if (stop == NULL || stop - authority > LONGEST_HOST)
		return "has no valid host name";
	if (stop < end && *stop != ':')
		return "has a host with other characters than letters, digits, dots and hyphens";
	if (stop < end && !is_port(stop + 1, end))
		return "has a port outside 1 to 65535";
	if (strpbrk(end, "?#") != NULL)
		return "must not hold a query or a fragment";
	if (*end != '\0' && (!is_plain(end) || url_rule_has_dots(end)))
		return "has a path with blanks, control characters, backslashes or dot segments";
	*ret_host = (struct str){ authority, (size_t)(stop - authority) };
	return NULL;
}

const char *url_rule_proxy(const char *text)
{
	static const char *const schemes[] = { "http://", "https://", "socks5h://" };
	const char *authority = NULL, *end, *stop;

	for (size_t i = 0; i < ARRAY_LEN(schemes) && authority == NULL; i++)
		authority = text_starts(text, schemes[i]) ? text + strlen(schemes[i]) : NULL;
	if (authority == NULL)
		return "must start with http://, https:// or socks5h://";
	end = authority + strcspn(authority, "/?#\\");
	if (memchr(authority, '@', (size_t)(end - authority)) != NULL)
		return "must not hold user info";
	if (*end != '\0')
		return "must not hold a path, query or fragment";
	stop = host_end(authority, end);
	if (stop == NULL || stop - authority > LONGEST_HOST)
		return "has no valid host name";
	if (stop == end)
		return "must name its port";
	return *stop == ':' && is_port(stop + 1, end) ? NULL : "has a port outside 1 to 65535";
}
