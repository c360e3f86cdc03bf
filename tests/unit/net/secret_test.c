/* Secrets: copied, and masked in texts that came back. */
#include <criterion/criterion.h>

#include "fops/net/secret.h"

Test(secret, keeps_a_copy)
{
	char value[] = "token\0tail";
	struct secret *secret = secret_new(value, 10);
	size_t len;

	value[0] = 'x';
	cr_expect_eq(memcmp(secret_expose(secret, &len), "token\0tail", 11), 0);
	cr_expect_eq(len, 10);
	secret_cleanup(&secret);
	cr_expect_null(secret);
	secret_free(NULL);
}

Test(secret, masks_every_occurrence)
{
	static const struct {
		const char *value, *text, *masked;
	} rows[] = {
		{ "longsecret", "a longsecret, longsecretlongsecret", "a (secret), (secret)(secret)" },
		{ "12345678", "12345678", "(secret)" },
		{ "abc", "xabcabcy", "x**y" },
		{ "abc", "nothing", "nothing" },
		{ "", "text", "text" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct secret *secret = secret_new(rows[i].value, strlen(rows[i].value));
		char text[64];

		(void)snprintf(text, sizeof text, "%s", rows[i].text);
		secret_mask(secret, text);
		cr_expect_str_eq(text, rows[i].masked);
		secret_free(secret);
	}
}
