/* The only file of the room that knows OpenSSL: the ends of certificates in PEM. */
#include "fops/asset/authorities.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

#include "fops/base/arena.h"
#include "fops/net/http.h"

bool authorities_file(struct arena *arena, const char *named, const char **ret_path, struct error *err)
{
	return http_authorities(arena, named, ret_path, err);
}

static struct instant end_of(const X509 *certificate)
{
	struct tm when = { 0 };

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1)
		return (struct instant){ 0 };
	return (struct instant){ (int64_t)timegm(&when) * 1000 };
}

static const char *subject_of(struct arena *arena, const X509 *certificate)
{
	BIO *text = BIO_new(BIO_s_mem());
	const char *subject = NULL;
	char *data;
	long len;

	if (text != NULL && X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE) >= 0 &&
	    (len = BIO_get_mem_data(text, &data)) > 0)
		subject = arena_text(arena, data, (size_t)len);
	(void)BIO_free(text);
	return subject;
}

static void count_certificate(struct arena *arena, const X509 *certificate, struct instant at,
                              struct certificate_terms *terms)
{
	struct instant end = end_of(certificate);

	terms->count++;
	if (end.unix_ms <= at.unix_ms) {
		terms->expired++;
	} else if (terms->first.unix_ms == 0 || end.unix_ms < terms->first.unix_ms) {
		terms->first = end;
		terms->subject = subject_of(arena, certificate);
	}
}

bool certificates_read(struct arena *arena, const char *text, size_t len, struct instant at,
                       struct certificate_terms *ret_terms, struct error *err)
{
	struct certificate_terms terms = { 0 };
	BIO *source = len > INT_MAX ? NULL : BIO_new_mem_buf(text, (int)len);
	X509 *certificate;

	while (source != NULL && (certificate = PEM_read_bio_X509(source, NULL, NULL, NULL)) != NULL) {
		count_certificate(arena, certificate, at, &terms);
		X509_free(certificate);
	}
	(void)BIO_free(source);
	/* the end of the text is an error to the reader */
	ERR_clear_error();
	if (terms.count == 0)
		return fail(err, ERROR_DATA, "there is no certificate in PEM");
	*ret_terms = terms;
	return true;
}
