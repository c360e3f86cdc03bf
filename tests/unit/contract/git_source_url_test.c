/* Which URLs name a git revision, and what each part of them means. */
#include "contract/git_source_url.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/text.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static struct git_source_url parse(struct arena *arena, const char *text)
{
	struct git_source_url url;
	struct error err;

	cr_assert(git_source_url_parse(arena, text, &url, &err), "%s: %s", text, err.message);
	return url;
}

static void refused(const char *text)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct git_source_url url;
	struct error err;

	cr_expect_not(git_source_url_parse(arena, text, &url, &err), "%s was taken", text);
	cr_expect_eq(err.id, ERROR_USAGE_BAD_VALUE, "%s", text);
	cr_expect_null(strstr(err.message, "hunter2"), "the message repeats a password");
	arena_free(arena);
}

Test(git_source_url, reads_every_part)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct git_source_url url =
	        parse(arena, "git+ssh://me@Host.Example:2222/srv/a%20b.git?ref=feature/x#contracts/core/");

	cr_assert_eq(url.scheme, GIT_SOURCE_SSH);
	cr_assert_str_eq(url.user, "me");
	cr_assert_str_eq(url.host, "host.example");
	cr_assert_eq(url.port, 2222);
	cr_assert_str_eq(url.path, "/srv/a b.git");
	cr_assert_str_eq(url.ref, "feature/x");
	cr_assert_str_eq(url.folder, "contracts/core");
	cr_assert_str_eq(url.repository, "git+ssh://me@host.example:2222/srv/a%20b.git");
	cr_assert_str_eq(url.remote, "ssh://me@host.example:2222/srv/a%20b.git");
	arena_free(arena);
}

Test(git_source_url, leaves_out_what_is_not_there)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct git_source_url file = parse(arena, "git+file:///srv/topology/");
	struct git_source_url https = parse(arena, "git+https://git.example.net/a/b.git#x.yaml");

	cr_assert_str_eq(file.path, "/srv/topology");
	cr_assert_str_eq(file.repository, "git+file:///srv/topology");
	cr_assert_null(file.host);
	cr_assert_null(file.ref);
	cr_assert_str_eq(file.folder, "");
	cr_assert_null(https.user);
	cr_assert_null(https.ref);
	cr_assert_eq(https.port, 0);
	cr_assert_str_eq(https.folder, "x.yaml");
	arena_free(arena);
}

Test(git_source_url, takes_addresses_and_plain_http_to_this_machine_alone)
{
	static const char *const here[] = { "localhost", "127.0.0.1:8080", "[::1]:80" };
	struct arena *arena = arena_new((size_t)1 << 20);

	cr_assert_str_eq(parse(arena, "git+https://[2001:DB8::1]:8443/x").host, "2001:db8::1");
	for (size_t i = 0; i < ARRAY_LEN(here); i++)
		cr_assert_eq(parse(arena, arena_format(arena, "git+http://%s/x", here[i])).scheme, GIT_SOURCE_HTTP);
	arena_free(arena);
	refused("git+http://git.example.net/x");
	refused("git+http://127.0.0.1.example.net/x");
	refused("git+http://localhost.example.net/x");
	refused("git+http://[::2]/x");
}

Test(git_source_url, tells_commits_from_names)
{
	cr_assert(git_source_is_commit(COMMIT));
	cr_assert_not(git_source_is_commit(COMMIT "8"));
	cr_assert_not(git_source_is_commit("0123456"));
	cr_assert_not(git_source_is_commit("0123456789ABCDEF0123456789ABCDEF01234567"));
	cr_assert_not(git_source_is_commit(NULL));
	cr_assert(git_source_url_is("git+ssh://x"));
	cr_assert_not(git_source_url_is("./git+ssh"));
}

Test(git_source_url, compares_servers_by_scheme_host_and_port)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct git_source_url one = parse(arena, "git+https://a.example/x");
	struct git_source_url same = parse(arena, "git+https://A.example/other?ref=x#y");
	struct git_source_url port = parse(arena, "git+https://a.example:8443/x");
	struct git_source_url scheme = parse(arena, "git+ssh://a.example/x");

	cr_assert(git_source_same_server(&one, &same));
	cr_assert_not(git_source_same_server(&one, &port));
	cr_assert_not(git_source_same_server(&one, &scheme));
	arena_free(arena);
}

Test(git_source_url, refuses_places_that_are_no_plain_place)
{
	refused("git+ftp://host/x");
	refused("git+ssh:/host/x");
	refused("git+ssh://host");
	refused("git+ssh://host/");
	refused("git+ssh:///x");
	refused("git+file://host/x");
	refused("git+file://relative");
	refused("git+ssh://user:hunter2@host/x");
	refused("git+https://user@host/x");
	refused("git+ssh://-user@host/x");
	refused("git+ssh://@host/x");
	refused("git+ssh://-host/x");
	refused("git+ssh://ho%73t/x");
	refused("git+ssh://host:0/x");
	refused("git+ssh://host:65536/x");
	refused("git+ssh://host:/x");
	refused("git+ssh://[::1/x");
	refused("git+ssh://[]/x");
	refused("git+ssh://[host]/x");
	refused("git+ssh://a..b/x");
}

Test(git_source_url, refuses_paths_that_lead_elsewhere)
{
	refused("git+ssh://host/a/../b");
	refused("git+ssh://host/./b");
	refused("git+ssh://host/a//b");
	refused("git+ssh://host/%2e%2e/b");
	refused("git+ssh://host/a%2fb");
	refused("git+ssh://host/a%00b");
	refused("git+ssh://host/a%zz");
	refused("git+ssh://host/a%2");
	refused("git+ssh://host/-x");
	refused("git+ssh://host/a b");
	refused("git+ssh://host/a\tb");
	refused("git+ssh://host/a;b");
	refused("git+ssh://host/a'b");
	refused("git+ssh://host/x#../y");
	refused("git+ssh://host/x#/y");
	refused("git+ssh://host/x#a//b");
	refused("git+ssh://host/x#a/./b");
	refused("git+ssh://host/x#%2e%2e/b");
	refused("git+ssh://host/x#y?ref=main");
}

Test(git_source_url, refuses_refs_that_git_would_refuse)
{
	static const char *const refs[] = { "",   "-x",   "a..b",  "a.lock", "a.lock/b", ".a",   "a/.b", "/a",
		                            "a/", "a//b", "a~1",   "a^",     "a%3Ab",    "a%20", "a*",   "a[",
		                            "@",  "a@{1", "a%5Cb", "a.",     "a%0Ab",    "a%7F", "a%" };
	struct arena *arena = arena_new((size_t)1 << 20);

	for (size_t i = 0; i < ARRAY_LEN(refs); i++)
		refused(arena_format(arena, "git+ssh://host/x?ref=%s", refs[i]));
	arena_free(arena);
	refused("git+ssh://host/x?");
	refused("git+ssh://host/x?depth=1");
	refused("git+ssh://host/x?ref=a&ref=b");
	refused("git+ssh://host/x?Ref=a");
}
