/* The only file of the room that knows OpenSSL: fingerprints of certificates, and the handshake of WebSockets. */
#include "http_crypto.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http_private.h"

/* RFC 6455 §1.3 */
#define WEBSOCKET_MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static int verify_fingerprint(X509_STORE_CTX *store, void *user)
{
	const unsigned char *wanted = user;
	const X509 *leaf = X509_STORE_CTX_get0_cert(store);
	unsigned char seen[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (leaf != NULL && X509_digest(leaf, EVP_sha256(), seen, &len) == 1 && len == FINGERPRINT_BYTES &&
	    CRYPTO_memcmp(seen, wanted, FINGERPRINT_BYTES) == 0) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

void crypto_trust_only(void *context, const unsigned char *fingerprint)
{
	SSL_CTX_set_cert_verify_callback(context, verify_fingerprint, (void *)(uintptr_t)fingerprint);
}

static void note_alert(const SSL *connection, int where, int value)
{
	int *alert = SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection));

	if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL && alert != NULL)
		*alert = value & 0xFF;
}

void crypto_note_alert(void *context, int *alert)
{
	SSL_CTX_set_app_data(context, alert);
	SSL_CTX_set_info_callback(context, note_alert);
}

const char *crypto_alert_text(int alert)
{
	return SSL_alert_desc_string_long(alert);
}

bool crypto_websocket_accept(const char *key, char ret_text[WEBSOCKET_ACCEPT_TEXT])
{
	char joined[WEBSOCKET_KEY_TEXT + sizeof WEBSOCKET_MAGIC];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int count = snprintf(joined, sizeof joined, "%s" WEBSOCKET_MAGIC, key);

	if (EVP_Digest(joined, (size_t)count, digest, &len, EVP_sha1(), NULL) != 1 || len != 20)
		return false;
	(void)EVP_EncodeBlock((unsigned char *)ret_text, digest, (int)len);
	return true;
}

void crypto_websocket_key(const unsigned char random[WEBSOCKET_KEY_BYTES], char ret_text[WEBSOCKET_KEY_TEXT])
{
	(void)EVP_EncodeBlock((unsigned char *)ret_text, random, WEBSOCKET_KEY_BYTES);
}
