/* Names of Kubernetes: what its API server takes and what it refuses. */
#include "contract/kubernetes_name.h"

#include <criterion/criterion.h>

#define LETTERS_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LETTERS_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct str str_of(const char *text)
{
	return (struct str){ text, strlen(text) };
}

Test(kubernetes_name, knows_labels)
{
	static const char *const good[] = { "a", "0", "a-b", "a--b", LETTERS_63 };
	static const char *const bad[] = { "", "-a", "a-", "A", "a.b", "a_b", "a b", "ä", "a\n", LETTERS_64 };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect(is_dns_label(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(is_dns_label(str_of(bad[i])), "%s", bad[i]);
	/* a NUL inside is no character of a name */
	cr_expect_not(is_dns_label((struct str){ "a\0b", 3 }));
}

Test(kubernetes_name, knows_subdomains)
{
	static const char *const good[] = { "a", "a.b", "a-1.b-2", LETTERS_63 };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "a.-b", "a-.b", "A.b", "a/b" };
	char longest[256];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect(is_dns_name(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(is_dns_name(str_of(bad[i])), "%s", bad[i]);
	memset(longest, 'a', sizeof longest);
	cr_expect(is_dns_name((struct str){ longest, 253 }));
	cr_expect_not(is_dns_name((struct str){ longest, 254 }));
}

Test(kubernetes_name, knows_label_keys_and_values)
{
	static const char *const keys[] = { "app", "App", "a.b_c-D", "example.net/app", "0/0", LETTERS_63 };
	static const char *const no_keys[] = { "",    "-a",   "a-", "a/", "/a", "a/b/c", "A.net/b", "a b",     "a=b/c",
		                               "a,b", "a\nb", "ä",  "_a", "a.", "a_/b",  "a/b/",    LETTERS_64 };
	static const char *const values[] = { "", "a", "A.b_c-D", "0" };
	static const char *const no_values[] = { "-", "a-", "a b", "a/b", "a,b", "a=b", "!a", "a\n" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		cr_expect(is_selector_key(keys[i]), "%s", keys[i]);
	for (size_t i = 0; i < ARRAY_LEN(no_keys); i++)
		cr_expect_not(is_selector_key(no_keys[i]), "%s", no_keys[i]);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		cr_expect(is_selector_value(values[i]), "%s", values[i]);
	for (size_t i = 0; i < ARRAY_LEN(no_values); i++)
		cr_expect_not(is_selector_value(no_values[i]), "%s", no_values[i]);
}

Test(kubernetes_name, knows_ports)
{
	static const char *const good[] = { "1", "65535", "http", "a1", "1a", "http-alt", "abcdefghijklmno" };
	static const char *const bad[] = {
		"",    "0",   "65536", "99999999999999999999", "-1", "http_alt", "a--b", "-a", "a-", "HTTP", "1-2",
		"a b", "1.5", "a:b",   "abcdefghijklmnop"
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect(is_port_name(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(is_port_name(bad[i]), "%s", bad[i]);
}

Test(kubernetes_name, knows_workloads)
{
	static const char *const good[] = { "deployment/a",   "statefulset/a.b", "daemonset/a",
		                            "replicaset/a-1", "job/a",           "pod/a" };
	static const char *const bad[] = { "",       "a",     "/a",       "pod",     "pod/",  "Pod/a",
		                           "pods/a", "pod/A", "pod/a/b",  "pod/a b", "pod/-", "deployment.apps/a",
		                           "x/a",    "|/a",   "pod|job/a" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect(is_workload(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_not(is_workload(bad[i]), "%s", bad[i]);
}
