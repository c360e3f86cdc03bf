/* SHA-256 at once and in pieces (vectors of FIPS 180-4). */
#include <criterion/criterion.h>

#include "fops/data/digest.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Test(digest, knows_the_standard_vectors)
{
	static const struct {
		const char *data;
		const char *text;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", abc },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest digest = digest_of(rows[i].data, strlen(rows[i].data));
		char text[DIGEST_TEXT];

		digest_text(&digest, text);
		cr_expect_str_eq(text, rows[i].text);
	}
}

Test(digest, is_the_same_in_pieces)
{
	struct digest_context *context = digest_start();
	struct digest digest;
	char text[DIGEST_TEXT];

	digest_add(context, "a", 1);
	digest_add(context, NULL, 0);
	digest_add(context, "bc", 2);
	digest = digest_finish(context);
	digest_text(&digest, text);
	cr_expect_str_eq(text, abc);
}
