/* URLs, request paths and literal addresses, by tables of good and bad ones. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/net/url.h"

static struct arena *arena;

static void setup(void)
{
	arena = arena_new((size_t)4 * 1024 * 1024);
}

static void teardown(void)
{
	arena_free(arena);
}

TestSuite(url, .init = setup, .fini = teardown);

Test(url, reads_good_ones_into_parts)
{
	static const struct {
		const char *text, *scheme, *host;
		uint16_t port;
		const char *path, *query, *again;
	} rows[] = {
		{ "http://h", "http", "h", 80, "/", NULL, "http://h/" },
		{ "HTTPS://Host.Example:443/A%2fb?x=1&y=/?", "https", "host.example", 443, "/A%2fb", "x=1&y=/?",
		  "https://host.example/A%2fb?x=1&y=/?" },
		{ "http://127.0.0.1:8080?", "http", "127.0.0.1", 8080, "/", "", "http://127.0.0.1:8080/?" },
		{ "https://[0:0:0:0:0:0:0:1]:8443/x", "https", "::1", 8443, "/x", NULL, "https://[::1]:8443/x" },
		{ "http://a_b-c.d./", "http", "a_b-c.d.", 80, "/", NULL, "http://a_b-c.d./" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url url;
		struct error err;

		cr_assert(url_parse(arena, rows[i].text, &url, &err), "%s: %s", rows[i].text, err.message);
		cr_expect_str_eq(url.scheme, rows[i].scheme);
		cr_expect_str_eq(url.host, rows[i].host);
		cr_expect_eq(url.port, rows[i].port);
		cr_expect_str_eq(url.path, rows[i].path);
		cr_expect(text_equal(url.query, rows[i].query));
		cr_expect_str_eq(url_text(arena, &url), rows[i].again);
	}
}

Test(url, refuses_bad_ones)
{
	static const char *const rows[] = {
		"",
		"h",
		"/path",
		"//h/",
		"http:/h",
		"http:h",
		"ftp://h/",
		"file:///etc",
		"http://",
		"http:///x",
		"http://?x",
		"http://u@h/",
		"http://u:p@h/",
		"http://h:/",
		"http://h:0/",
		"http://h:65536/",
		"http://h:8x/",
		"http://h:-1/",
		"http://h#f",
		"http://h/a#f",
		"http://h/a b",
		"http://h/\t",
		"http://h/\n",
		"http://h\\x",
		"http://h/\\x",
		"http://h/%",
		"http://h/%2",
		"http://h/%zz",
		"http://h/ü",
		"http://ü/",
		"http://h%41/",
		"http://a..b/",
		"http://.a/",
		"http://[::1/",
		"http://[::1]x/",
		"http://[fe80::1%25eth0]/",
		"http://[1.2.3.4]/",
		"http://a b/",
		"http://h/{x}",
		"http://h/\"",
		"http://h/<",
		"http://h?a|b",
		" http://h/",
		"http ://h/",
		"http://[]/",
		"http://a:b:c/",
		"javascript://h/",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url url;
		struct error err;

		cr_expect_not(url_parse(arena, rows[i], &url, &err), "\"%s\" was taken", rows[i]);
		cr_expect_eq(err.id, ERROR_DATA);
	}
}

Test(url, refuses_what_is_too_long)
{
	char *text = arena_alloc(arena, 9001);
	struct url url;
	struct error err;

	memset(text, 'a', 9000);
	memcpy(text, "http://h/", 9);
	cr_expect_not(url_parse(arena, text, &url, &err));
	text[8192] = '\0';
	cr_expect(url_parse(arena, text, &url, &err));
	memcpy(text, "/", 1);
	cr_expect_not(url_check_path(text, &err));
	memset(text, 'a', 300);
	cr_expect_not(host_is_address(text));
}

Test(url, compares_origins)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "http://h/a", "http://H:80/b?c", true },   { "http://h/", "https://h/", false },
		{ "http://h/", "http://h:81/", false },      { "http://h/", "http://h.x/", false },
		{ "http://[::1]/", "http://[0::1]/", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url a, b;
		struct error err;

		cr_assert(url_parse(arena, rows[i].a, &a, &err) && url_parse(arena, rows[i].b, &b, &err));
		cr_expect_eq(url_same_origin(&a, &b), rows[i].same, "%s %s", rows[i].a, rows[i].b);
	}
}

/* RFC 3986 §5.4, without what url_parse refuses */
Test(url, resolves_references)
{
	static const struct {
		const char *reference, *result;
	} rows[] = {
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" },
		{ ";x", "http://a/b/c/;x" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "https://x:1/y", "https://x:1/y" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
	};
	struct url base;
	struct error err;

	cr_assert(url_parse(arena, "http://a/b/c/d;p?q", &base, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url url;

		cr_assert(url_resolve(arena, &base, rows[i].reference, &url, &err), "%s: %s", rows[i].reference,
		          err.message);
		cr_expect_str_eq(url_text(arena, &url), rows[i].result, "%s: %s", rows[i].reference,
		                 url_text(arena, &url));
	}
	cr_expect_not(url_resolve(arena, &base, "mailto:x@y", &base, &err));
	cr_expect_not(url_resolve(arena, &base, "http:g", &base, &err));
	cr_expect_not(url_resolve(arena, &base, "a b", &base, &err));
}

Test(url, takes_good_request_paths)
{
	static const char *const rows[] = { "/",    "/a",     "/a/b/",  "/a//b", "/a.b/..c/d..",
		                            "/%20", "/a;b=1", "/a:b@c", "/...",  "/%2e%2e%2e" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err;

		cr_expect(url_check_path(rows[i], &err), "%s: %s", rows[i], err.cause);
	}
}

Test(url, refuses_bad_request_paths)
{
	static const char *const rows[] = {
		"",       "a",     "//host/x",  "http://h/", "/a#b",        "/a?b",        "/a b",     "/a\nb",
		"/a\x7f", "/a\\b", "/..",       "/.",        "/a/../b",     "/a/./b",      "/a/..",    "/%2e%2e/x",
		"/.%2E",  "/%2e",  "/a/%2e%2e", "/a/..%2fb", "/a%2f..%2fb", "/a%5c..%5cb", "/a/..;/b", "/a/..;x=1/b",
		"/%",     "/%0",   "/%0a",      "/%00",      "/%7f",        "/ü",          "/{x}",     "/\"",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err;

		cr_expect_not(url_check_path(rows[i], &err), "\"%s\" was taken", rows[i]);
		cr_expect_eq(err.id, ERROR_REQUEST_PATH);
	}
}

Test(url, builds_from_base_path_and_query)
{
	struct text_pair pairs[] = { { "a b", "c&d" }, { "e", "ü" }, { "f", "" } };
	struct text_map query = { pairs, ARRAY_LEN(pairs) };
	struct url base;
	struct error err;

	cr_assert(url_parse(arena, "http://h:8080/base//", &base, &err));
	cr_expect_str_eq(url_build(arena, &base, "/x", NULL), "http://h:8080/base/x");
	cr_expect_str_eq(url_build(arena, &base, "/x", &query), "http://h:8080/base/x?a%20b=c%26d&e=%C3%BC&f=");
	cr_assert(url_parse(arena, "http://h?k=v", &base, &err));
	query.count = 1;
	cr_expect_str_eq(url_build(arena, &base, "/x", &query), "http://h/x?k=v&a%20b=c%26d");
}

Test(url, knows_literal_addresses)
{
	static const char *const addresses[] = { "127.0.0.1",  "127.1",        "2130706433",     "0x7f000001", "0x7f.1",
		                                 "0177.0.0.1", "10.1.65535",   "127.0.0.1.",     "0",          "::1",
		                                 "[::1]",      "fe80::1%eth0", "::ffff:1.2.3.4", "00.0x.0.1" };
	static const char *const names[] = {
		"",   "localhost", "a.1",  "1.2.3.4.5", "256.1.1.1",        "1.2.3.256", "4294967296", "1..2", ".1",
		"x1", "1.2.3.a",   "0x1g", "089",       "10.0.0.1.example", "host:80",   "1-2",        "."
	};

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		cr_expect(host_is_address(addresses[i]), "%s", addresses[i]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		cr_expect_not(host_is_address(names[i]), "%s", names[i]);
}
