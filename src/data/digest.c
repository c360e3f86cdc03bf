/* SHA-256 through OpenSSL. */
#include "fops/data/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "fops/base/arena.h"

struct digest_context {
	EVP_MD_CTX *state;
};

struct digest_context *digest_start(void)
{
	struct digest_context *context = calloc(1, sizeof *context);

	if (context == NULL)
		out_of_memory();
	/* a digest needs nothing of openssl.cnf, and reading it takes longer than a digest */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	context->state = EVP_MD_CTX_new();
	if (context->state == NULL || EVP_DigestInit_ex(context->state, EVP_sha256(), NULL) != 1)
		out_of_memory();
	return context;
}

void digest_add(struct digest_context *context, const void *data, size_t len)
{
	if (len > 0 && EVP_DigestUpdate(context->state, data, len) != 1)
		out_of_memory();
}

struct digest digest_finish(struct digest_context *context)
{
	struct digest digest;

	if (EVP_DigestFinal_ex(context->state, digest.bytes, NULL) != 1)
		out_of_memory();
	EVP_MD_CTX_free(context->state);
	free(context);
	return digest;
}

struct digest digest_of(const void *data, size_t len)
{
	struct digest_context *context = digest_start();

	digest_add(context, data, len);
	return digest_finish(context);
}

void digest_text(const struct digest *digest, char ret_text[DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		ret_text[2 * i] = digits[digest->bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	ret_text[DIGEST_TEXT - 1] = '\0';
}
