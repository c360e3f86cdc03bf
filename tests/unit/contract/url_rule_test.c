/* The URL rule: base URLs, raw addresses in every notation, request paths. */
#include "contract/url_rule.h"

#include <criterion/criterion.h>

#include "fops/base/compiler.h"

static bool is_raw_url(const char *text)
{
	struct str host;
	const char *wrong = url_rule_base(text, &host);

	cr_assert_null(wrong, "%s %s", text, wrong);
	return url_rule_is_raw(host);
}

Test(url_rule, takes_names_as_names)
{
	static const char *const good[] = {
		"https://board.example.net",
		"http://board.example.net/",
		"HTTPS://Board.Example.NET:8443/base/path",
		"https://10.example.net",
		"https://a-b_c.example",
		"https://portal",
		"https://1e100.net",
		"https://0x7f.example",
		"https://localhost.example.net",
		"https://svc",
		"https://local",
		"https://board.svc.example.net",
		"https://xn--bcher-kva.example",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect_not(is_raw_url(good[i]), "%s", good[i]);
}

Test(url_rule, knows_raw_addresses_in_every_notation)
{
	static const char *const raw[] = {
		"http://10.20.0.5",
		"http://127.0.0.1:8080/x",
		"http://127.1",
		"http://2130706433",
		"http://0177.0.0.1",
		"http://017700000001",
		"http://0x7f.0.0.1",
		"http://0x7f000001",
		"http://0X7F.1",
		"http://10.20.0.5.",
		"http://0x",
		"http://256.256.256.256",
		"http://[::1]",
		"http://[fd00::1]:443/x",
		"http://[::ffff:10.0.0.1]",
		"http://localhost",
		"http://LocalHost.:80",
		"http://app.localhost",
		"http://127.0.0.1..",
		"http://localhost...",
		"http://printer.local",
		"http://node.localdomain",
		"http://localdomain",
		"http://board.boards.svc:8080",
		"http://Board.Boards.SVC.cluster.LOCAL.",
		"http://xn--127-.0.0.xn--1-",
		"http://xn--localhost-",
		"http://[::ffff:7f00:1]",
		"http://[0:0:0:0:0:0:0:1]",
	};

	for (size_t i = 0; i < ARRAY_LEN(raw); i++)
		cr_expect(is_raw_url(raw[i]), "%s", raw[i]);
}

Test(url_rule, refuses_what_is_no_base_url)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{ "ftp://board.example.net", "http:// or https://" },
		{ "board.example.net", "http:// or https://" },
		{ "//board.example.net", "http:// or https://" },
		{ "https:board.example.net", "http:// or https://" },
		{ "", "http:// or https://" },
		{ "https://", "host" },
		{ "https:///path", "host" },
		{ "https://.example.net", "host" },
		{ "https://-x.example.net", "host" },
		{ "https://user@board.example.net", "user info" },
		{ "https://user:password@board.example.net/x", "user info" },
		{ "https://@board.example.net", "user info" },
		{ "https://board.example.net:0", "port" },
		{ "https://board.example.net:", "port" },
		{ "https://board.example.net:65536", "port" },
		{ "https://board.example.net:99999999999", "port" },
		{ "https://board.example.net:80a", "port" },
		{ "https://board.example.net?x=1", "query" },
		{ "https://board.example.net/?", "query" },
		{ "https://board.example.net/#top", "fragment" },
		{ "https://board.example.net/a b", "blanks" },
		{ "https://board.example.net/a\\b", "blanks" },
		{ "https://board.example.net/a\tb", "blanks" },
		{ "https://board.example.net\\@evil.example", "backslash" },
		{ "https://board.example.net/../x", "dot segments" },
		{ "https://board.example.net/%2e%2E/x", "dot segments" },
		{ "https://board.example.net/x/.", "dot segments" },
		{ "https://board%2eexample.net", "characters" },
		{ "https://b\xc3\xb6rd.example.net", "characters" },
		{ "https://\xef\xbc\x91\xef\xbc\x92.example", "host" },
		{ "https://[::1", "host" },
		{ "https://[]", "host" },
		{ "https://[fe80::1%25eth0]", "host" },
		{ "https://[::1]x", "characters" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct str host = { 0 };
		const char *wrong = url_rule_base(bad[i].text, &host);

		cr_expect_not_null(wrong, "accepted: %s", bad[i].text);
		cr_expect(wrong != NULL && strstr(wrong, bad[i].part) != NULL, "%s: %s", bad[i].text, wrong);
		cr_expect_null(host.data);
	}
}

Test(url_rule, refuses_a_host_that_is_too_long)
{
	char text[400] = "https://";
	struct str host;

	memset(text + 8, 'a', 300);
	cr_assert_not_null(url_rule_base(text, &host));
}

Test(url_rule, judges_proxies)
{
	static const char *const good[] = { "http://proxy.example.net:3128", "https://10.0.0.1:443",
		                            "socks5h://[::1]:1080" };
	static const char *const bad[] = { "",
		                           "proxy:3128",
		                           "socks5://proxy:1080",
		                           "HTTP://proxy:80",
		                           "http://proxy",
		                           "http://proxy:",
		                           "http://proxy:0",
		                           "http://proxy:65536",
		                           "http://:80",
		                           "http://me@proxy:80",
		                           "http://me:x@proxy:80",
		                           "http://proxy:80/",
		                           "http://proxy:80?x",
		                           "http://proxy:80#x",
		                           "http://pro xy:80",
		                           "http://-proxy:80",
		                           "http://[::1:80" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect_null(url_rule_proxy(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not_null(url_rule_proxy(bad[i]), "%s", bad[i]);
}

Test(url_rule, judges_request_paths)
{
	static const char *const good[] = { "/", "/health", "/a/b%20c/d..e/.well-known", "/a;b=c,d:e@f!g", "/..." };
	static const char *const bad[] = { "",      "health", "//host/x", "/a b",   "/a?b",    "/a#b",
		                           "/a\\b", "/./a",   "/a/..",    "/%2e/a", "/.%2E/a", "/a\x7f",
		                           "/\n",   "/a\xc3", "/<a>",     "/.",     "http://h" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect_null(url_rule_path(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not_null(url_rule_path(bad[i]), "accepted: %s", bad[i]);
}

Test(url_rule, knows_raw_identities_in_every_notation)
{
	static const char *const raw[] = {
		"10.0.0.1",         "127.1",
		"10.0.0.1.",        "10..0.0.1",
		"2130706433",       "017700000001",
		"0x7f000001",       "0x7f.1",
		"ip-10-0-0-1",      "10-0-0-1",
		"10_0_0_1",         "localhost",
		"localhost..",      "app.localhost",
		"node.local",       "localdomain",
		"board.boards.svc", "board.boards.svc.cluster.local",
	};
	static const char *const names[] = {
		"12",    "20260510",  "0.a_b-c", "board-01",    "v1.2", "local",   "svc",       "ip-10-0-0",
		"1-2-3", "1-2-3-4-5", "1-2-3-x", "10-0-0-1000", "0x",   "a.svc.b", "a10.0.0.1", "localhost-01",
	};

	for (size_t i = 0; i < ARRAY_LEN(raw); i++)
		cr_expect(url_rule_is_raw_identity(raw[i]), "%s", raw[i]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		cr_expect_not(url_rule_is_raw_identity(names[i]), "%s", names[i]);
}
