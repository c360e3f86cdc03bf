/* Which file of authorities is trusted, and when what it holds ends. */
#include "fops/asset/authorities.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"

#define LIMIT ((size_t)64 << 20)

static const char *fixture(struct arena *arena, const char *name)
{
	const char *folder = getenv("TLS_FIXTURES");

	return path_join(arena, folder == NULL ? "tests/fixtures/tls" : folder, name);
}

/* The texts of two fixtures behind one another. */
static struct str read_both(struct arena *arena, const char *first, const char *second)
{
	struct str a, b;
	struct error err;
	char *text;

	cr_assert(file_read(arena, fixture(arena, first), LIMIT, &a, &err), "%s", err.message);
	cr_assert(file_read(arena, fixture(arena, second), LIMIT, &b, &err), "%s", err.message);
	text = arena_format(arena, "%sa remark between them\n%s", a.data, b.data);
	return (struct str){ text, strlen(text) };
}

Test(authorities, tells_how_many_ended_and_which_ends_first)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct str text = read_both(arena, "expired.pem", "address.pem");
	struct certificate_terms terms;
	struct error err;

	cr_assert(certificates_read(arena, text.data, text.len, clock_now(), &terms, &err), "%s", err.message);
	cr_assert_eq(terms.count, 2);
	cr_assert_eq(terms.expired, 1);
	cr_assert_str_eq(instant_format(arena, terms.first, false), "2120-01-01T00:00:00Z");
	cr_assert_str_eq(terms.subject, "CN = address");
}

Test(authorities, compares_with_the_instant_that_is_given)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	struct str text = read_both(arena, "expired.pem", "address.pem");
	/* 2020-01-02T00:00:00Z, when the first one ends */
	struct instant end = { 1577923200000 }, before = { end.unix_ms - 1 };
	struct certificate_terms terms;
	struct error err;

	cr_assert(certificates_read(arena, text.data, text.len, before, &terms, &err));
	cr_assert_eq(terms.expired, 0);
	cr_assert_eq(terms.first.unix_ms, end.unix_ms);
	cr_assert(certificates_read(arena, text.data, text.len, end, &terms, &err));
	cr_assert_eq(terms.expired, 1);
}

Test(authorities, refuses_a_text_without_a_certificate)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	static const char *const texts[] = { "", "nothing",
		                             "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		                             "-----BEGIN CERTIFICATE-----\n" };
	struct certificate_terms terms = { .count = 7 };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cr_assert_not(certificates_read(arena, texts[i], strlen(texts[i]), clock_now(), &terms, &err));
		cr_assert_eq(err.id, ERROR_DATA);
		cr_assert_eq(terms.count, 7, "nothing is returned");
	}
}

Test(authorities, come_from_the_flag_before_the_variable)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(LIMIT);
	const char *one = fixture(arena, "authority.pem"), *two = fixture(arena, "stranger.pem");
	const char *path = NULL;
	struct error err;

	cr_assert_eq(setenv("SSL_CERT_FILE", two, 1), 0);
	cr_assert(authorities_file(arena, one, &path, &err));
	cr_assert_str_eq(path, one);
	cr_assert(authorities_file(arena, NULL, &path, &err));
	cr_assert_str_eq(path, two);
	cr_assert_not(authorities_file(arena, "/proc/nowhere/ca.pem", &path, &err));
	cr_assert_eq(err.id, ERROR_PLANE_TLS);
	cr_assert_eq(setenv("SSL_CERT_FILE", "/proc/nowhere/ca.pem", 1), 0);
	cr_assert_not(authorities_file(arena, NULL, &path, &err));
	cr_assert_str_eq(path, two, "it stays as it was");
}
