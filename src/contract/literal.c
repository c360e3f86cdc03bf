/* Marks by which a secret, a human's token or a raw address is recognized in a literal text. */
#include "fops/contract/literal.h"

#include "check.h"
#include "url_rule.h"

#define MOST_WORDS 32

/* A token is its prefix and at least so many characters of the set behind it. */
struct mark {
	const char *prefix;
	size_t least;
	const char *characters;
	const char *sort;
};

static const char upper_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char word_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
static const char private_key[] = "a private key";
static const char github_token[] = "a GitHub token";
static const char gitlab_token[] = "a GitLab token";
static const char slack_token[] = "a Slack token";
static const char bao_token[] = "an OpenBao token";
static const char aws_key[] = "an AWS access key";

/* The first rows are a human's. */
static const struct mark human_marks[] = {
	{ "ghp_", 16, word_digits, github_token },
	{ "github_pat_", 16, word_digits, github_token },
	{ "gho_", 16, word_digits, github_token },
	{ "ghu_", 16, word_digits, github_token },
	{ 0 },
};

static const struct mark marks[] = {
	{ "ghs_", 16, word_digits, github_token },
	{ "ghr_", 16, word_digits, github_token },
	{ "glpat-", 16, word_digits, gitlab_token },
	{ "gldt-", 16, word_digits, gitlab_token },
	{ "glrt-", 16, word_digits, gitlab_token },
	{ "AKIA", 16, upper_digits, aws_key },
	{ "ASIA", 16, upper_digits, aws_key },
	{ "xoxb-", 10, word_digits, slack_token },
	{ "xoxp-", 10, word_digits, slack_token },
	{ "xoxa-", 10, word_digits, slack_token },
	{ "xoxr-", 10, word_digits, slack_token },
	{ "xoxs-", 10, word_digits, slack_token },
	{ "xapp-", 10, word_digits, slack_token },
	{ "hvs.", 20, word_digits, bao_token },
	{ "hvb.", 20, word_digits, bao_token },
	{ "hvr.", 20, word_digits, bao_token },
	{ "s.", 24, letters_digits, bao_token },
	{ "npm_", 30, word_digits, "an npm token" },
	{ "pypi-", 30, word_digits, "a PyPI token" },
	{ "dckr_pat_", 16, word_digits, "a Docker token" },
	{ "sk_live_", 16, word_digits, "a Stripe key" },
	{ "rk_live_", 16, word_digits, "a Stripe key" },
	{ "AIza", 35, word_digits, "a Google API key" },
	{ "AGE-SECRET-KEY-", 20, upper_digits, private_key },
	/* base64 of "-----BEGIN PRIVATE", and the like with RSA, EC, OPENSSH and ENCRYPTED before it */
	{ "LS0tLS1CRUdJTiBQUklWQVRF", 0, base64_digits, private_key },
	{ "LS0tLS1CRUdJTiBSU0EgUFJJVkFU", 0, base64_digits, private_key },
	{ "LS0tLS1CRUdJTiBFQyBQUklWQVRF", 0, base64_digits, private_key },
	{ "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVE", 0, base64_digits, private_key },
	{ "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFU", 0, base64_digits, private_key },
	{ 0 },
};

static bool is_letter_or_digit(char byte)
{
	return byte != '\0' && strchr(letters_digits, byte) != NULL;
}

/* The mark that stands at a place of a text, behind the border of a word. */
static const struct mark *mark_at(const struct mark *rows, const char *text, const char *at)
{
	if (at > text && (is_letter_or_digit(at[-1]) || at[-1] == '_'))
		return NULL;
	for (; rows->prefix != NULL; rows++) {
		size_t len = strlen(rows->prefix);

		if (*at == rows->prefix[0] && strncmp(at, rows->prefix, len) == 0 &&
		    strspn(at + len, rows->characters) >= rows->least)
			return rows;
	}
	return NULL;
}

static const struct mark *find_mark(const struct mark *rows, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		const struct mark *mark = mark_at(rows, text, at);

		if (mark != NULL)
			return mark;
	}
	return NULL;
}

/* "eyJ….eyJ…." : two JSON objects in base64url, and a signature. */
static bool has_signed_token(const char *text)
{
	for (const char *at = strstr(text, "eyJ"); at != NULL; at = strstr(at + 1, "eyJ")) {
		size_t head = strspn(at, word_digits);
		const char *body = at + head + 1;
		size_t len;

		if (head < 10 || at[head] != '.' || strncmp(body, "eyJ", 3) != 0)
			continue;
		len = strspn(body, word_digits);
		if (body[len] == '.' && strspn(body + len + 1, word_digits) >= 10)
			return true;
	}
	return false;
}

/* "scheme://user:password@host", also "scheme://token@host" of http and https, where a user alone is of no use. */
static bool has_user_info(const char *text)
{
	for (const char *at = strstr(text, "://"); at != NULL; at = strstr(at + 1, "://")) {
		const char *authority = at + 3;
		size_t len = strcspn(authority, "/?#\\ \t\"'<>");
		const char *sign = memrchr(authority, '@', len);
		const char *colon = sign == NULL ? NULL : memchr(authority, ':', (size_t)(sign - authority));
		bool web = (at - text >= 4 && strncasecmp(at - 4, "http", 4) == 0) ||
		           (at - text >= 5 && strncasecmp(at - 5, "https", 5) == 0);

		if (sign != NULL && sign > authority && (web || (colon != NULL && colon + 1 < sign)))
			return true;
	}
	return false;
}

const char *literal_secret(const char *text)
{
	const struct mark *mark;

	if (strstr(text, "PRIVATE KEY-----") != NULL || strstr(text, "PRIVATE KEY BLOCK-----") != NULL ||
	    strstr(text, "PuTTY-User-Key-File-") != NULL)
		return private_key;
	mark = find_mark(human_marks, text);
	if (mark == NULL)
		mark = find_mark(marks, text);
	if (mark != NULL)
		return mark->sort;
	if (has_signed_token(text))
		return "a signed token";
	return has_user_info(text) ? "user info in a URL" : NULL;
}

bool literal_is_human_token(const char *text)
{
	/* whoever sends it takes blanks around it away */
	text += strspn(text, " \t\r\n\"'");
	for (const struct mark *mark = human_marks; mark->prefix != NULL; mark++) {
		if (strncmp(text, mark->prefix, strlen(mark->prefix)) == 0)
			return true;
	}
	return find_mark(human_marks, text) != NULL;
}

/* A name's words: letters and digits between other signs. Borrowed pieces; words beyond the limit are passed over. */
static size_t split(const char *name, struct str words[MOST_WORDS])
{
	size_t count = 0;

	while (*name != '\0' && count < MOST_WORDS) {
		size_t len = strspn(name, letters_digits);

		if (len > 0)
			words[count++] = (struct str){ name, len };
		name += len;
		name += strcspn(name, letters_digits);
	}
	return count;
}

static bool is_word(struct str word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.data, text, word.len) == 0;
}

static bool is_any_of(struct str word, const char *const *texts)
{
	for (; *texts != NULL; texts++) {
		if (is_word(word, *texts))
			return true;
	}
	return false;
}

bool literal_has_word(const char *name, const char *word)
{
	struct str words[MOST_WORDS];
	size_t count = split(name, words);

	for (size_t i = 0; i < count; i++) {
		if (is_word(words[i], word))
			return true;
	}
	return false;
}

bool literal_names_human_token(const char *name)
{
	static const char *const places[] = { "GH", "GITHUB", NULL };
	static const char *const tokens[] = { "PAT", "PATS", "PERSONAL", NULL };
	static const char *const joined[] = { "GHPAT", "GITHUBPAT", "GHPATS", "GITHUBPATS", NULL };
	struct str words[MOST_WORDS];
	size_t count = split(name, words);
	bool place = false, token = false;

	for (size_t i = 0; i < count; i++) {
		place = place || is_any_of(words[i], places);
		token = token || is_any_of(words[i], tokens);
		if (is_any_of(words[i], joined))
			return true;
	}
	return place && token;
}

bool literal_names_secret(const char *name)
{
	static const char *const ends[] = { "PASSWORD", "PASSWD",    "PASSPHRASE", "SECRET", "TOKEN",
		                            "APIKEY",   "SECRETKEY", "PRIVATEKEY", NULL };
	static const char *const short_ends[] = { "PASS", "PWD", NULL };
	static const char *const before_key[] = { "API", "SECRET", "PRIVATE", "ACCESS", "SIGNING", "ENCRYPTION", NULL };
	struct str words[MOST_WORDS];
	size_t count = split(name, words);

	if (count == 0)
		return false;
	if (is_any_of(words[count - 1], ends))
		return true;
	/* alone these are words of other meanings: PWD is a shell's folder */
	if (count > 1 && is_any_of(words[count - 1], short_ends))
		return true;
	return count > 1 && is_word(words[count - 1], "KEY") && is_any_of(words[count - 2], before_key);
}

bool literal_is_raw_url(const char *text)
{
	static const char *const schemes[] = { "http://", "https://", "ws://", "wss://" };
	const char *authority = strstr(text, "://");
	bool known = false;
	const char *sign;
	struct str host;

	/* readers of URLs drop blanks in front */
	text += strspn(text, " \t\r\n");
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		known = known || strncasecmp(text, schemes[i], strlen(schemes[i])) == 0;
	if (authority == NULL || !known)
		return false;
	host = (struct str){ authority + 3, strcspn(authority + 3, "/?#\\") };
	sign = memrchr(host.data, '@', host.len);
	if (sign != NULL)
		host = (struct str){ sign + 1, host.len - (size_t)(sign + 1 - host.data) };
	if (host.len > 0 && host.data[0] != '[' && memchr(host.data, ':', host.len) != NULL)
		host.len = (size_t)((const char *)memchr(host.data, ':', host.len) - host.data);
	return url_rule_is_raw(host);
}
