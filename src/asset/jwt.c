/* Decodes the middle part of a token and reads one claim. */
#include "jwt.h"

#include "fops/data/decode.h"
#include "fops/data/document.h"

#define LONGEST_CLAIMS ((size_t)64 * 1024)
#define MEMORY         (LONGEST_CLAIMS * 16)

/* a token with more values than this has no expiry for us: they would not fit into MEMORY */
static const struct document_limits limits = {
	.bytes = LONGEST_CLAIMS, .depth = 16, .values = 1000, .text = LONGEST_CLAIMS, .documents = 1
};

struct claims {
	struct optional_int expiry; /* seconds since 1970 */
};

static const struct field claim_fields[] = {
	{ "exp", SLOT(struct claims, expiry), .text = "when the token ends" },
	{ 0 },
};

/* RFC 4648 section 5, without padding. Returns the bytes written, 0 for anything else. */
static size_t decode_base64url(const char *text, size_t len, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned held = 0;
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		const char *digit = strchr(digits, text[i]);

		if (digit == NULL || *digit == '\0')
			return 0;
		bits = bits << 6 | (uint32_t)(digit - digits);
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		out[count++] = (char)(bits >> held & 0xFF);
	}
	return count;
}

static bool read_claims(struct arena *arena, const char *part, size_t len, struct claims *ret_claims)
{
	char *text = arena_alloc(arena, len + 1);
	struct findings findings = { .arena = arena };
	struct error ignored;
	struct value value;
	size_t count = decode_base64url(part, len, text);
	bool good = count > 0 && json_parse(arena, "token", text, count, &limits, &value, &ignored) &&
	            decode(arena, "token", "", &value, claim_fields, DECODE_LENIENT, ret_claims, &findings);

	explicit_bzero(text, len);
	return good;
}

bool jwt_expiry(const char *token, struct instant *ret_expiry)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new(MEMORY);
	const char *first = strchr(token, '.');
	const char *second = first == NULL ? NULL : strchr(first + 1, '.');
	struct claims claims = { 0 };

	if (second == NULL || (size_t)(second - first) > LONGEST_CLAIMS ||
	    !read_claims(arena, first + 1, (size_t)(second - first) - 1, &claims) || !claims.expiry.present ||
	    claims.expiry.value < 0 || claims.expiry.value > INT64_MAX / 1000)
		return false;
	*ret_expiry = (struct instant){ claims.expiry.value * 1000 };
	return true;
}
