/* What texts give away, and what only looks like it. */
#include "fops/contract/literal.h"

#include <criterion/criterion.h>

#define DIGITS "0123456789abcdefghijABCDEFGHIJ"

Test(literal, knows_secrets_by_their_marks)
{
	static const struct {
		const char *text, *sort;
	} secrets[] = {
		{ "-----BEGIN PRIVATE KEY-----\nMII", "private key" },
		{ "x -----BEGIN OPENSSH PRIVATE KEY-----", "private key" },
		{ "-----BEGIN RSA PRIVATE KEY-----\\nMII", "private key" },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----", "private key" },
		{ "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1J", "private key" },
		{ "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCk1J", "private key" },
		{ "PuTTY-User-Key-File-3: ssh-ed25519", "private key" },
		{ ("ghp_" DIGITS), "GitHub" },
		{ ("github_pat_" DIGITS), "GitHub" },
		{ ("token=ghs_" DIGITS), "GitHub" },
		{ ("Bearer gho_" DIGITS " "), "GitHub" },
		{ ("glpat-" DIGITS), "GitLab" },
		{ "AKIA"
		  "ABCDEFGHIJKLMNOP",
		  "AWS" },
		{ ("xoxb-" DIGITS), "Slack" },
		{ ("hvs." DIGITS), "OpenBao" },
		{ ("s." DIGITS), "OpenBao" },
		{ ("npm_" DIGITS), "npm" },
		{ "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmNkZWYifQ.c2lnbmF0dXJlLXRleHQ", "signed token" },
		{ "https://me:pass@host/x", "user info" },
		{ "https://token@github.com/x", "user info" },
		{ "postgres://app:pw@db:5432/x", "user info" },
		{ "a, redis://:pw@cache", "user info" },
		{ "HTTPS://me@host", "user info" },
	};

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const char *sort = literal_secret(secrets[i].text);

		cr_expect_not_null(sort, "%s", secrets[i].text);
		cr_expect(sort != NULL && strstr(sort, secrets[i].sort) != NULL, "%s: %s", secrets[i].text, sort);
	}
}

Test(literal, leaves_plain_texts_alone)
{
	static const char *const plain[] = {
		"",
		"info",
		"ghp_",
		"ghp_short",
		"the prefix ghp_ stands for a person",
		("graphp_" DIGITS),
		"AKIA",
		"s.",
		"e.g. s. a",
		"eyJ",
		"https://host/path@x",
		"https://host/?a=b@c",
		"postgres://app@db/x",
		"me@example.net",
		"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
		"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
		"env://GITHUB_TOKEN",
		"openbao://kv/board#token",
		"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		cr_expect_null(literal_secret(plain[i]), "%s: %s", plain[i], literal_secret(plain[i]));
}

Test(literal, knows_the_tokens_of_humans)
{
	static const char *const human[] = { "ghp_x",
		                             "github_pat_x",
		                             (" ghp_" DIGITS),
		                             ("\"ghp_" DIGITS "\""),
		                             ("token ghp_" DIGITS),
		                             ("x-access-token:github_pat_" DIGITS),
		                             ("gho_" DIGITS),
		                             ("ghu_" DIGITS),
		                             ("{\"token\":\"ghp_" DIGITS "\"}") };
	static const char *const others[] = { "",     ("ghs_" DIGITS), ("v1." DIGITS),  ("GHP_" DIGITS),
		                              "ghpx", "pat_",          ("xghp_" DIGITS) };

	for (size_t i = 0; i < ARRAY_LEN(human); i++)
		cr_expect(literal_is_human_token(human[i]), "%s", human[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_expect_not(literal_is_human_token(others[i]), "%s", others[i]);
}

Test(literal, knows_names_of_humans_tokens)
{
	static const char *const human[] = { "GITHUB_PAT",
		                             "GH_PAT",
		                             "gh_pat",
		                             "MY_GITHUB_PAT_2",
		                             "GHPAT",
		                             "GITHUBPAT",
		                             "PAT_FOR_GITHUB",
		                             "openbao://kv/github#pat",
		                             "env://DEPLOY_GH_PAT",
		                             "GITHUB_PERSONAL_ACCESS_TOKEN" };
	static const char *const others[] = { "GITHUB_TOKEN", "GH_PATH",      "GRAPH_PATH", "PATH",
		                              "PAT",          "GITHUB_PATCH", "GH_TOKEN",   "HIGHPAT" };

	for (size_t i = 0; i < ARRAY_LEN(human); i++)
		cr_expect(literal_names_human_token(human[i]), "%s", human[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_expect_not(literal_names_human_token(others[i]), "%s", others[i]);
}

Test(literal, knows_names_of_secrets)
{
	static const char *const secrets[] = { "DB_PASS",        "MYSQL_PWD", "PASSWORD", "DB_PASSWORD",  "api_key",
		                               "SESSION_SECRET", "TOKEN",     "APIKEY",   "S3_SECRET_KEY" };
	static const char *const others[] = { "",           "PWD",       "OLDPWD",
		                              "PASS",       "TOKEN_URL", "PASSWORD_MIN_LENGTH",
		                              "KEY",        "CACHE_KEY", "TOKENIZER",
		                              "SECRET_NAME" };

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		cr_expect(literal_names_secret(secrets[i]), "%s", secrets[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_expect_not(literal_names_secret(others[i]), "%s", others[i]);
	cr_expect(literal_has_word("A_Public_URL", "PUBLIC"));
	cr_expect_not(literal_has_word("REPUBLIC_URL", "PUBLIC"));
}

Test(literal, knows_raw_urls_however_they_are_written)
{
	static const char *const raw[] = {
		"http://10.0.0.1",        "https://127.1:8080/x",
		"http://2130706433",      "http://0x7f000001",
		"http://[::1]/",          "http://[fe80::1%25eth0]",
		"http://me:x@127.0.0.1",  "http://%31%32%37.0.0.1",
		"http://localhost.",      "HTTP://LOCALHOST",
		"http://board.board.svc", "http://a.b.svc.cluster.local",
		"http://xn--127-.0.0.1",  "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
		"http://printer.local..",
	};
	static const char *const others[] = {
		"https://board.example.net",       "10.0.0.1", "ftp://10.0.0.1", "", "http://svc.example.net",
		"https://10.example.net/127.0.0.1"
	};

	for (size_t i = 0; i < ARRAY_LEN(raw); i++)
		cr_expect(literal_is_raw_url(raw[i]), "%s", raw[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		cr_expect_not(literal_is_raw_url(others[i]), "%s", others[i]);
}
