/* Keys on P-256, by OpenSSL. */
#include "certificate.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "fops/base/arena.h"

static const char *text_of(struct arena *arena, BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	const char *text = arena_text(arena, data, (size_t)len);

	BIO_free(bio);
	return text;
}

struct certificate certificate_make(struct arena *arena, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = X509_new();
	X509_NAME *subject = X509_get_subject_name(made);
	BIO *certificate_text = BIO_new(BIO_s_mem());
	BIO *key_text = BIO_new(BIO_s_mem());

	X509_set_version(made, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
	X509_gmtime_adj(X509_getm_notBefore(made), -60);
	X509_gmtime_adj(X509_getm_notAfter(made), 3600);
	X509_set_pubkey(made, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(made, subject);
	cr_assert(X509_sign(made, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(certificate_text, made);
	PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL);
	X509_free(made);
	EVP_PKEY_free(key);
	return (struct certificate){ text_of(arena, certificate_text), text_of(arena, key_text) };
}

const char *certificate_fingerprint(struct arena *arena, const char *certificate)
{
	BIO *bio = BIO_new_mem_buf(certificate, -1);
	X509 *read = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;
	char *text = arena_alloc(arena, (size_t)3 * EVP_MAX_MD_SIZE);

	cr_assert(read != NULL && X509_digest(read, EVP_sha256(), digest, &len) == 1);
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(text + (size_t)i * 3, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
	X509_free(read);
	BIO_free(bio);
	return text;
}
