/* The expiry of tokens, and what is no token. */
#include "jwt.h"

#include <criterion/criterion.h>

#include "fops/base/buffer.h"

static void add_base64url(struct buffer *out, const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | (unsigned char)text[i];
		for (held += 8; held >= 6; held -= 6)
			buffer_byte(out, digits[bits >> (held - 6) & 0x3F]);
	}
	if (held > 0)
		buffer_byte(out, digits[bits << (6 - held) & 0x3F]);
}

/* The expiry of a token with these claims in milliseconds, -1 for none. */
static int64_t expiry_of(const char *claims, size_t len)
{
	struct buffer token = BUFFER((size_t)1 << 20);
	struct instant expiry = { -1 };

	buffer_text(&token, "eyJhbGciOiJub25lIn0.");
	add_base64url(&token, claims, len);
	buffer_text(&token, ".c2lnbmF0dXJl");
	if (!jwt_expiry(buffer_string(&token), &expiry))
		expiry.unix_ms = -1;
	buffer_done(&token);
	return expiry.unix_ms;
}

static int64_t expiry_of_text(const char *claims)
{
	return expiry_of(claims, strlen(claims));
}

Test(jwt, tells_when_a_token_ends)
{
	cr_assert_eq(expiry_of_text("{\"exp\":1700000000}"), 1700000000000);
	cr_assert_eq(expiry_of_text("{\"sub\":\"a\",\"exp\":0,\"aud\":[\"x\",{\"y\":1}]}"), 0);
	cr_assert_eq(expiry_of_text("{\"exp\":1,\"text\":\"\xC3\xBF\xC3\xBE>?~\"}"), 1000);
}

Test(jwt, claims_of_other_shapes_have_no_expiry)
{
	static const char *const claims[] = { "",
		                              "{}",
		                              "[]",
		                              "1",
		                              "null",
		                              "{\"exp\":null}",
		                              "{\"exp\":\"1700000000\"}",
		                              "{\"exp\":-1}",
		                              "{\"exp\":1e99}",
		                              "{\"exp\":9223372036854775807}",
		                              "{\"exp\":1,\"exp\":2}",
		                              "{\"exp\":1",
		                              "\xFF\xFE" };

	for (size_t i = 0; i < ARRAY_LEN(claims); i++)
		cr_assert_eq(expiry_of_text(claims[i]), -1, "%s", claims[i]);
	cr_assert_eq(expiry_of("{\"exp\":1}\0", 10), -1);
}

Test(jwt, texts_of_other_shapes_are_no_tokens)
{
	static const char *const tokens[] = {
		"",      "a",        ".",          "..",       "a.b",          "a..c",
		"a.!.c", "a.eyJ=.c", "a.eyJleHAi", "a.e+/y.c", "a.\xFF\xFF.c", "a.b.c.d"
	};

	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		struct instant expiry;

		cr_assert(!jwt_expiry(tokens[i], &expiry), "%s", tokens[i]);
	}
}

/* A token of a hostile server must neither cost memory nor end the program. */
static int64_t expiry_of_many(size_t count, const char *piece)
{
	struct buffer claims = BUFFER((size_t)1 << 20);
	int64_t found;

	buffer_text(&claims, "{\"exp\":1,\"a\":[");
	for (size_t i = 0; i < count; i++)
		buffer_format(&claims, "%s%s", i > 0 ? "," : "", piece);
	buffer_text(&claims, "]}");
	found = expiry_of(buffer_string(&claims), claims.len);
	buffer_done(&claims);
	return found;
}

Test(jwt, a_token_of_many_values_has_no_expiry)
{
	cr_assert_eq(expiry_of_many(900, "1"), 1000);
	cr_assert_eq(expiry_of_many(1100, "1"), -1);
	cr_assert_eq(expiry_of_many(20000, "0"), -1);
	cr_assert_eq(expiry_of_many(15000, "[]"), -1);
	cr_assert_eq(expiry_of_many(100000, "1"), -1);
}

Test(jwt, a_deep_token_has_no_expiry)
{
	char deep[401];

	memset(deep, '[', 200);
	memset(deep + 200, ']', 200);
	deep[400] = '\0';
	cr_assert_eq(expiry_of_many(1, deep), -1);
}
