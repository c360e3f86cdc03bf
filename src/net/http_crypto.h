/* What the room needs of OpenSSL beside the transport's own TLS. */
#ifndef FOPS_NET_HTTP_CRYPTO_H
#define FOPS_NET_HTTP_CRYPTO_H

#include "fops/base/compiler.h"

#define WEBSOCKET_ACCEPT_TEXT 29 /* base64 of 20 bytes and the NUL */

/*
 * Let context (an SSL_CTX that made no connection yet) trust exactly the leaf certificate with that SHA-256, whatever
 * its authorities, names and dates are. fingerprint is borrowed as long as the context lives.
 */
void crypto_trust_only(void *context, const unsigned char *fingerprint);

/* What a connection says of itself. */
struct crypto_notes {
	int alert;         /* the number of a fatal alert that the server sent, 0: none */
	int64_t expiry_ms; /* when the server's certificate ends, in ms since 1970; 0: it showed none */
};

/* Fill notes as things happen; they are borrowed as long as the context's connections live. */
void crypto_note(void *context, struct crypto_notes *notes);

/* The name of an alert: "certificate required". */
const char *crypto_alert_text(int alert);

/* When the certificate that the peer of connection (an SSL) showed ends, in ms since 1970; 0 when it showed none. */
int64_t crypto_peer_expiry_ms(void *connection);

/* Authorities that several contexts share. Zeroed at first; freed by crypto_forget_authorities. */
#define CRYPTO_AUTHORITIES 8
struct crypto_authorities {
	void *stores[CRYPTO_AUTHORITIES];
	size_t next;
};

/*
 * When context trusts exactly the certificates of an earlier one, and by the same rules, let both use one copy of them.
 * Long lists are left alone: the library shares those that come from a file.
 */
void crypto_share_authorities(void *context, struct crypto_authorities *authorities);
void crypto_forget_authorities(struct crypto_authorities *authorities);

/*
 * Give back what connection (an SSL whose handshake is over) does not need in this moment: the memory of records, about
 * 34 KiB, which the next one takes again, and what the handshake left. Does nothing while bytes wait in it.
 */
void crypto_rest(void *connection);

/* HMAC-SHA-256. Never fails; without memory the program ends in out_of_memory(). */
#define CRYPTO_HMAC_BYTES 32
void crypto_hmac(const void *key, size_t key_len, const void *data, size_t len,
                 unsigned char ret_mac[CRYPTO_HMAC_BYTES]);

/* Base64 with padding of len bytes into 4 * ((len + 2) / 3) + 1 bytes. */
void crypto_base64(const void *data, size_t len, char *ret_text);

/* What a server must answer to the Sec-WebSocket-Key key, RFC 6455 §4.2.2; false without memory. */
CHECKED bool crypto_websocket_accept(const char *key, char ret_text[WEBSOCKET_ACCEPT_TEXT]);

/* Base64 of 16 random bytes. */
#define WEBSOCKET_KEY_BYTES 16
#define WEBSOCKET_KEY_TEXT  25
void crypto_websocket_key(const unsigned char random[WEBSOCKET_KEY_BYTES], char ret_text[WEBSOCKET_KEY_TEXT]);

#endif
