/* The only file of the room that knows OpenSSL: fingerprints of certificates, and the handshake of WebSockets. */
#include "http_crypto.h"

#include <limits.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "fops/base/arena.h"
#include "http_private.h"

/* RFC 6455 §1.3 */
#define WEBSOCKET_MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* Certificates of a store that is compared with others. */
#define LONGEST_SHARED 16

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

static int64_t expiry_of(const SSL *connection)
{
	X509 *leaf = SSL_get1_peer_certificate(connection);
	struct tm when = { 0 };
	int64_t expiry_ms = 0;

	if (leaf != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &when) == 1)
		expiry_ms = (int64_t)timegm(&when) * 1000;
	X509_free(leaf);
	return expiry_ms;
}

int64_t crypto_peer_expiry_ms(void *connection)
{
	return expiry_of(connection);
}

static bool has_certificate(const STACK_OF(X509_OBJECT) * objects, const X509 *wanted)
{
	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		const X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (one != NULL && X509_cmp(one, wanted) == 0)
			return true;
	}
	return false;
}

/* Certificates alone, the same ones, and the same rules; a revocation list makes a store unlike any other. */
static bool trusts_alike(X509_STORE *left, X509_STORE *right)
{
	const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(left);
	const STACK_OF(X509_OBJECT) *others = X509_STORE_get0_objects(right);
	int count = sk_X509_OBJECT_num(objects);

	if (count < 1 || count > LONGEST_SHARED || count != sk_X509_OBJECT_num(others) ||
	    X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(left)) !=
	            X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(right)))
		return false;
	for (int i = 0; i < count; i++) {
		const X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
		const X509 *other = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(others, i));

		if (one == NULL || other == NULL || !has_certificate(others, one) || !has_certificate(objects, other))
			return false;
	}
	return true;
}

void crypto_share_authorities(void *context, struct crypto_authorities *authorities)
{
	X509_STORE *own = SSL_CTX_get_cert_store(context);
	size_t place = authorities->next;

	if (own == NULL || sk_X509_OBJECT_num(X509_STORE_get0_objects(own)) > LONGEST_SHARED)
		return;
	for (size_t i = 0; i < CRYPTO_AUTHORITIES; i++) {
		X509_STORE *shared = authorities->stores[i];

		if (shared == own)
			return;
		if (shared != NULL && trusts_alike(shared, own)) {
			SSL_CTX_set1_cert_store(context, shared);
			return;
		}
	}
	if (X509_STORE_up_ref(own) != 1)
		return;
	X509_STORE_free(authorities->stores[place]);
	authorities->stores[place] = own;
	authorities->next = (place + 1) % CRYPTO_AUTHORITIES;
}

void crypto_forget_authorities(struct crypto_authorities *authorities)
{
	for (size_t i = 0; i < CRYPTO_AUTHORITIES; i++)
		X509_STORE_free(authorities->stores[i]);
	*authorities = (struct crypto_authorities){ 0 };
}

/* Another type wipes and frees what a key holds, and leaves the object to its owner. */
static void empty_key(EVP_PKEY *key)
{
	if (EVP_PKEY_get0_provider(key) != NULL)
		(void)EVP_PKEY_set_type(key, EVP_PKEY_X25519);
	EVP_PKEY_free(key);
}

/*
 * With TLS 1.3 neither our key of the exchange nor the server's public key is used again behind the handshake, and
 * OpenSSL keeps both as long as the connection: 9 KiB where the exchange is ML-KEM's, and 3 KiB.
 */
static void drop_handshake_keys(SSL *connection)
{
	EVP_PKEY *key = NULL;
	X509 *leaf;

	if (SSL_version(connection) != TLS1_3_VERSION || SSL_is_init_finished(connection) != 1)
		return;
	if (SSL_get_tmp_key(connection, &key) == 1)
		empty_key(key);
	leaf = SSL_get1_peer_certificate(connection);
	key = leaf == NULL ? NULL : X509_get_pubkey(leaf);
	if (key != NULL)
		empty_key(key);
	X509_free(leaf);
}

void crypto_rest(void *connection)
{
	if (SSL_free_buffers(connection) == 1)
		drop_handshake_keys(connection);
}

static void take_note(const SSL *connection, int where, int value)
{
	struct crypto_notes *notes = SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection));

	if (notes == NULL)
		return;
	if (where == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
		notes->alert = value & 0xFF;
	if (where == SSL_CB_HANDSHAKE_DONE)
		notes->expiry_ms = expiry_of(connection);
}

void crypto_note(void *context, struct crypto_notes *notes)
{
	SSL_CTX_set_app_data(context, notes);
	SSL_CTX_set_info_callback(context, take_note);
}

const char *crypto_alert_text(int alert)
{
	return SSL_alert_desc_string_long(alert);
}

void crypto_hmac(const void *key, size_t key_len, const void *data, size_t len,
                 unsigned char ret_mac[CRYPTO_HMAC_BYTES])
{
	unsigned count = 0;

	if (key_len > INT_MAX || HMAC(EVP_sha256(), key, (int)key_len, data, len, ret_mac, &count) == NULL)
		out_of_memory();
}

void crypto_base64(const void *data, size_t len, char *ret_text)
{
	(void)EVP_EncodeBlock((unsigned char *)ret_text, data, (int)len);
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
